/** Holds prepared records to profiles, terminology and the domain's rules: what breaks them is refused, with the fields that it came from. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { hasErrors, issueAt, outcomeOf } from '../fhir/outcome.ts';
import { withSources } from '../mapping/name-sources.ts';
import type { CommitRecord } from '../store/store.ts';
import type { Beyond } from '../validation/domain/journey.ts';
import { relatedIn } from '../validation/domain/related.ts';
import { type Examined, examineRecord } from '../validation/examine-record.ts';
import { settlePending } from '../validation/pending.ts';
import { fitFor } from './activity-fit.ts';
import { withClaimedNumbers } from './claimed-numbers.ts';
import { type PipelineParts, type Prepared, resourcesOf, timed } from './parts.ts';

/** Each resource alone, then what FHIR cannot state about them together; codes that nobody here knows are asked for. */
export async function checkRecords(
  parts: PipelineParts,
  prepared: readonly Prepared[],
  stored: readonly (Resource | undefined)[],
): Promise<Prepared[]> {
  const mapped = parts.asksRegister ? prepared.map(withClaimedNumbers) : prepared;
  const batch = resourcesOf(mapped);
  const related = { ...relatedIn(batch, stored), fit: await fitFor(parts, batch) };
  const found = mapped.map(({ record }) => record && examine(parts, record, related));
  const pending = found.flatMap((one) => one?.flatMap((of) => of.pending) ?? []);
  const { issues, unchecked } = await settlePending(pending, parts.askCodes);
  if (unchecked > 0) parts.onUnchecked?.(unchecked);
  const settled = issues.values(); // one a pending code, in their order
  return mapped.map((one, index) => {
    const { record } = one;
    const own = found[index];
    if (!record || !own) return one;
    const all = own.flatMap(({ resource, issues: early, pending: codes }) => {
      const late = codes.map(() => settled.next().value).filter((issue) => issue !== undefined);
      return traced(parts, record, resource, [...early, ...late]);
    });
    return judged(record, all);
  });
}

function examine(parts: PipelineParts, { resources }: CommitRecord, related: Beyond): readonly Examined[] {
  // what only adds to another record's resource is checked when the two are merged
  const whole = resources.flatMap(({ resource, partial }) => (partial ? [] : [resource]));
  return timed(parts, 'validate', () => examineRecord(parts.validator, whole, related));
}

/** Issues of a resource, with the source's fields that it was made of. */
function traced(
  { maps }: PipelineParts,
  { source, kind, payload, client }: CommitRecord,
  resource: Resource,
  issues: readonly OperationOutcomeIssue[],
): readonly OperationOutcomeIssue[] {
  const place = client?.places.get(`${resource.resourceType}/${resource.id}`);
  if (place !== undefined) return issues.map((issue) => issueAt(issue, place));
  const map = maps.get(source)?.kinds.get(kind);
  return map && issues.length > 0 ? withSources(issues, resource, { map, source, payload }) : issues;
}

function judged(record: CommitRecord, issues: readonly OperationOutcomeIssue[]): Prepared {
  if (issues.length === 0) return { record };
  const all = [...record.warnings, ...issues];
  return hasErrors(issues)
    ? { refused: { ...record, outcome: outcomeOf(...all) } }
    : { record: { ...record, warnings: all } };
}
