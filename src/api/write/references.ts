/** Turns what written resources refer to into what must be here, or says which reference leads nowhere. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Identified, ResourceKey, SeenStore } from '../../store/store.ts';
import { type Attempt, placed } from './asked.ts';
import { referencesIn } from './rewrite.ts';
import type { Target } from './target.ts';

/** A target with what it is to be. */
export interface Content {
  readonly target: Target;
  readonly resource: Identified;
}

const RELATIVE = /^([A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/**
 * What a version that is written over referred to may be referred to again, whatever has become of it.
 * @param gone what the same write deletes
 * @returns what must be here and is not written now; or refusal 422 of every reference that leads nowhere, or to what the
 *   client does not see
 */
export async function refersTo(
  seen: Pick<SeenStore, 'readMany'>,
  contents: readonly Content[],
  gone: ReadonlySet<ResourceKey>,
): Promise<Attempt<readonly ResourceKey[]>> {
  const written = new Set(contents.map(({ target }) => target.key));
  const wanted = new Map<ResourceKey, { readonly content: Content; readonly expression: string }[]>();
  const faults: OperationOutcomeIssue[] = [];
  for (const content of contents) {
    const known = content.target.current?.resource;
    const before = known ? referencesIn(known) : new Map<string, string>();
    for (const [reference, expression] of referencesIn(content.resource)) {
      if (isElsewhere(reference)) continue;
      const key = RELATIVE.exec(reference)?.[1] as ResourceKey | undefined;
      if (before.has(reference) && !(key && gone.has(key))) continue;
      if (reference.startsWith('urn:')) faults.push(issueAt(content, entryFault(expression)));
      else if (key === undefined) faults.push(issueAt(content, formFault(expression)));
      else if (!written.has(key)) wanted.set(key, [...(wanted.get(key) ?? []), { content, expression }]);
    }
  }
  const keys = [...wanted.keys()];
  const here = new Set(
    (keys.length === 0 ? [] : await seen.readMany(keys))
      .filter(({ state }) => state === 'current')
      .map(({ type, id }): ResourceKey => `${type}/${id}`),
  );
  const missing = keys.filter((key) => !here.has(key) || gone.has(key));
  for (const key of missing)
    for (const { content, expression } of wanted.get(key)!)
      faults.push(issueAt(content, missingFault(expression)));
  return faults.length > 0
    ? { ok: false, status: 422, outcome: outcomeOf(...faults) }
    : { ok: true, value: keys };
}

/** What is contained, and what is known by an address of its own; a URN is none, but the name of an entry of one Bundle. */
function isElsewhere(reference: string): boolean {
  return reference.startsWith('#') || /^(?!urn:)[a-z][a-z0-9+.-]*:/i.test(reference);
}

function issueAt({ target }: Content, issue: OperationOutcomeIssue): OperationOutcomeIssue {
  const refusal = { ok: false, status: 422, outcome: outcomeOf(issue) } as const;
  return placed(refusal, target.asked.place).outcome.issue[0]!;
}

function missingFault(expression: string): OperationOutcomeIssue {
  return issueOf({
    code: 'not-found',
    rule: 'api-reference',
    diagnostics: `${expression} names a resource that is not here: send that first, or in one transaction with this.`,
    expression,
  });
}

function entryFault(expression: string): OperationOutcomeIssue {
  return issueOf({
    code: 'not-found',
    rule: 'api-reference-entry',
    diagnostics: `${expression} is a URN that is the fullUrl of no entry of this transaction: correct it, send what it names as an entry, or write Type/id. Of what is known elsewhere by an identifier, write Reference.identifier instead.`,
    expression,
  });
}

function formFault(expression: string): OperationOutcomeIssue {
  return issueOf({
    code: 'value',
    rule: 'api-reference-form',
    diagnostics: `${expression} is no reference: write Type/id, an absolute URL, or # and the id of a contained resource; what is searched for is found in a transaction alone.`,
    expression,
  });
}
