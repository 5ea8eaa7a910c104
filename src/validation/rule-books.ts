/** Finds the rules of a type or a profile by canonical URL, from snapshots that are made when they are asked for. */
import type { OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import type { Canonicals } from '../fhir/canonicals.ts';
import { type Checked, issueOf } from '../fhir/outcome.ts';
import { urlOfType } from './discriminate.ts';
import { rulesOf, type TypeBook } from './element-rules.ts';

/** Makes a definition's snapshot: `snapshotOf`, or a cache over it. */
export type MakeSnapshot = (
  definition: StructureDefinition,
  canonicals: Canonicals,
) => Checked<StructureDefinition>;

/** Canonicals that are remembered as unknown. */
const MOST_UNKNOWN = 10_000;

export class RuleBooks {
  readonly canonicals: Canonicals;
  /** why definitions could not be read as rules */
  readonly faults: OperationOutcomeIssue[] = [];
  readonly #makeSnapshot: MakeSnapshot;
  readonly #books = new Map<string, TypeBook>();
  readonly #unknown = new Set<string>();
  /** known, but of no use */
  readonly #faulty = new Set<string>();
  readonly #types = new Map<string, TypeBook>();

  constructor(canonicals: Canonicals, makeSnapshot: MakeSnapshot) {
    this.canonicals = canonicals;
    this.#makeSnapshot = makeSnapshot;
  }

  /** @returns undefined when the definition is not known, or is faulty: then `faults` says why */
  find(canonical: string): TypeBook | undefined {
    const known = this.#books.get(canonical);
    if (known) return known;
    return this.#unknown.has(canonical) ? undefined : this.#find(canonical);
  }

  #find(canonical: string): TypeBook | undefined {
    const definition = this.canonicals.find('StructureDefinition', canonical);
    if (!definition) {
      if (this.#unknown.size >= MOST_UNKNOWN) this.#forget(); // there is no end of the names that data may hold
      this.#unknown.add(canonical);
      return undefined;
    }
    const url = `${definition.url}|${definition.version ?? ''}`;
    const book = this.#books.get(url) ?? this.#read(definition);
    if (!book) {
      this.#unknown.add(canonical);
      this.#faulty.add(canonical);
      return undefined;
    }
    this.#books.set(url, book);
    this.#books.set(canonical, book);
    return book;
  }

  /** @returns true for a definition that is here and cannot be used: nothing conforms to it */
  isFaulty(canonical: string): boolean {
    return this.find(canonical) === undefined && this.#faulty.has(canonical);
  }

  /** @param code a data type or a resource type of base R4 */
  type(code: string): TypeBook | undefined {
    const known = this.#types.get(code);
    if (known) return known;
    const book = this.find(urlOfType(code));
    if (book) this.#types.set(code, book);
    return book;
  }

  /** @returns the resource type that a canonical stands for: `Patient`, also for a profile on Patient */
  resourceType(canonical: string): string {
    return this.find(canonical)?.type ?? canonical.slice(canonical.lastIndexOf('/') + 1);
  }

  #forget(): void {
    this.#unknown.clear();
    for (const canonical of this.#faulty) this.#unknown.add(canonical);
  }

  #read(definition: StructureDefinition): TypeBook | undefined {
    const snapshot = this.#makeSnapshot(definition, this.canonicals);
    if (snapshot.ok && snapshot.value.snapshot?.element?.length) return rulesOf(snapshot.value);
    this.faults.push(...(snapshot.ok ? [nothingIn(definition)] : snapshot.outcome.issue));
    return undefined;
  }
}

function nothingIn({ url }: StructureDefinition): OperationOutcomeIssue {
  return issueOf({
    rule: 'profile-empty',
    code: 'not-supported',
    diagnostics: `${url} has a snapshot without elements: leave the snapshot out, or publish it whole.`,
  });
}
