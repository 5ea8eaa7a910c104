/** Turns a resource, or a Bundle with all that is in it, into everything that can be said of it: by FHIR, by profiles, by the domain rules. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { hasErrors, ruleOf } from '../fhir/outcome.ts';
import { entriesOf } from './bundle/entry.ts';
import { checkDomainEach } from './domain/domain-rules.ts';
import type { Beyond, Identified } from './domain/journey.ts';
import { relatedIn } from './domain/related.ts';
import { type AskCodes, settlePending } from './pending.ts';
import type { Json } from './run.ts';
import type { Validator, Verdict } from './validator.ts';

/** What was found, and in how many resources. */
export interface Whole extends Verdict {
  /** 1, or the resources in the entries of a Bundle */
  readonly resources: number;
}

/**
 * Checks thoroughly. The domain rules are asked only of what has no error, for they trust its structure; of the resources
 * of a Bundle they see one another.
 * @param related what is known beyond the resource; not for a Bundle
 */
export function checkWhole(
  validator: Pick<Validator, 'examine'>,
  resource: Resource,
  profiles: readonly string[] = [],
  related?: Beyond,
): Whole {
  const { issues, pending } = validator.examine(resource, { profiles, isThorough: true });
  if (resource.resourceType === 'Bundle') {
    const { resources, issues: domain } = checkEntries(resource as unknown as Json, issues);
    return { resources, issues: [...issues, ...domain], pending };
  }
  if (hasErrors(issues)) return { resources: 1, issues, pending };
  const identified = { ...resource, id: resource.id ?? 'unnamed' };
  return { resources: 1, issues: [...issues, ...checkDomainEach([identified], related).flat()], pending };
}

function checkEntries(
  bundle: Json,
  issues: readonly OperationOutcomeIssue[],
): { resources: number; issues: OperationOutcomeIssue[] } {
  const entries = entriesOf(bundle).filter(({ resource }) => resource !== undefined);
  const faulty = new Set(issues.filter((issue) => hasErrors([issue])).map(entryOf));
  const sound = entries.filter(({ index }) => !faulty.has(index));
  const identified = sound.map(({ resource, index }): Identified => {
    return { ...(resource as unknown as Resource), id: (resource!.id as string) ?? `entry-${index}` };
  });
  const batch = identified.map((resource) => ({ resource, partial: false }));
  const { resource, responsesOf } = relatedIn([batch], []);
  const byUrl = new Map(sound.map(({ fullUrl }, at) => [fullUrl, identified[at]!]));
  const beyond: Beyond = { resource: (key) => resource(key) ?? byUrl.get(key), responsesOf };
  const found = identified.map((one) => checkDomainEach([one], beyond).flat());
  return {
    resources: entries.length,
    issues: found.flatMap((own, at) => own.map((issue) => inEntry(issue, sound[at]!.index))),
  };
}

/** @returns index of the entry that an issue of a Bundle is about */
function entryOf({ expression = [] }: OperationOutcomeIssue): number | undefined {
  const [, index] = /^Bundle\.entry\[(\d+)\]/.exec(expression[0] ?? '') ?? [];
  return index === undefined ? undefined : Number(index);
}

/** The same issue, its place as seen from the Bundle. */
function inEntry(issue: OperationOutcomeIssue, index: number): OperationOutcomeIssue {
  const { expression = [], diagnostics = '' } = issue;
  const place = `Bundle.entry[${index}].resource`;
  const placed = expression.map((path) => path.replace(/^[A-Za-z]+/, place));
  const isNamed = expression[0] !== undefined && diagnostics.startsWith(expression[0]);
  const text = isNamed ? placed[0]! + diagnostics.slice(expression[0]!.length) : diagnostics;
  return { ...issue, diagnostics: text, ...(placed.length > 0 && { expression: placed }) };
}

const NOT_CHECKED = 'terminology-not-checked';

/**
 * Asks a terminology server about the codes that nobody here knows.
 * @returns the issues, with what the server says in place of 'not checked'; without a server as they are
 */
export async function settled(
  { issues, pending }: Verdict,
  ask: AskCodes | undefined,
): Promise<readonly OperationOutcomeIssue[]> {
  if (!ask || pending.length === 0) return issues;
  const answers = await Promise.all(pending.map((one) => settlePending([one], ask)));
  const decided = pending.filter((_, at) => answers[at]!.unchecked === 0);
  const places = new Set(decided.map(({ expression }) => expression));
  const left = issues.filter(
    (issue) => ruleOf(issue) !== NOT_CHECKED || !places.has(issue.expression?.[0] ?? ''),
  );
  return [...left, ...answers.flatMap(({ issues: [issue] }) => issue ?? [])];
}
