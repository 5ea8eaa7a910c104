/** Turns what became of an organisation into an item of the worklist, where a person must look. */
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { NewWork, ResourceKey, StoredVersion } from '../../store/store.ts';
import type { Succession } from './directory.ts';
import type { OdsOrganisation } from './organisation.ts';

export const CLOSED_RULE = 'ods-practice-closed';
export const UNKNOWN_RULE = 'ods-code-unknown';

/**
 * @param version the Organization that names the code
 * @param practiceRole role that makes a practice
 * @returns one item for one end of the matter, with the code as its key; undefined where the organisation works
 */
export function closedWork(
  version: Pick<StoredVersion, 'id' | 'ownerOrg'>,
  code: string,
  succession: Succession,
  practiceRole: string,
): NewWork | undefined {
  if (succession.kind === 'open') return undefined;
  const rule = succession.kind === 'unknown' ? UNKNOWN_RULE : CLOSED_RULE;
  const chain = succession.kind === 'unknown' ? [] : succession.chain;
  const cause = [rule, code, succession.kind, ...chain.map((one) => one.code), ...heirsOf(chain.at(-1))];
  const diagnostics =
    succession.kind === 'unknown' ? unknownWords(code) : closedWords(succession, practiceRole);
  const issue = issueOf({
    severity: 'warning',
    code: succession.kind === 'unknown' ? 'not-found' : 'business-rule',
    rule,
    diagnostics,
    expression: 'Organization.identifier',
  });
  return {
    id: uuidV5(PROJECT_NAMESPACE, JSON.stringify(cause)),
    kind: 'warning',
    ownerOrg: version.ownerOrg,
    source: undefined,
    recordKind: undefined,
    recordKey: code,
    file: undefined,
    line: undefined,
    resource: `Organization/${version.id}` as ResourceKey,
    target: undefined,
    outcome: outcomeOf(issue),
  };
}

function heirsOf(last: OdsOrganisation | undefined): readonly string[] {
  return (last?.successors ?? []).map(({ code }) => code).sort();
}

function unknownWords(code: string): string {
  return `ODS knows no organisation with the code ${code}: correct it in the system that it came from.`;
}

function closedWords(succession: Exclude<Succession, { kind: 'unknown' }>, practiceRole: string): string {
  const { chain, kind } = succession;
  const [first] = chain;
  const last = chain.at(-1);
  if (!first || !last) return '';
  const isPractice = first.roles.some(({ code }) => code === practiceRole);
  const on = first.closedOn === undefined ? '' : ` on ${first.closedOn}`;
  const closed = `The ${isPractice ? 'practice' : 'organisation'} ${first.code} (${first.name}) closed${on}.`;
  const by = chain.slice(1, -1).map(({ code }) => code);
  const through = by.length === 0 ? '' : `, by way of ${by.join(', ')}`;
  const ask = 'Ask where its people are registered now, and correct the records.';
  switch (kind) {
    case 'succeeded':
      return `${closed} ${last.code} (${last.name}) took over from ${first.code}${through}: what is sent by practice goes from ${first.code} to ${last.code} now. Check that this is right, and write ${last.code} where records name ${first.code}.`;
    case 'split':
      return `${closed} Several took over from ${last.code}: ${heirsOf(last).join(', ')}. Nothing was sent elsewhere. ${ask}`;
    case 'lost':
      return `${closed} ${heirsOf(last).join(', ')}, which took over from ${last.code}, is not known to ODS. Nothing was sent elsewhere. ${ask}`;
    case 'circular':
    case 'too-long':
      return `${closed} Its successors in ODS lead to none that works (${chain.map(({ code }) => code).join(', ')}). Nothing was sent elsewhere. ${ask}`;
    default:
      return `${closed} ODS names nobody who took over from ${last.code}${through}. Nothing was sent elsewhere. ${ask}`;
  }
}
