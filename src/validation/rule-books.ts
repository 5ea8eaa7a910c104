/** Finds the rules of a type or a profile by canonical URL, from snapshots that are made when they are asked for. */
import type { OperationOutcomeIssue, StructureDefinition } from '@medplum/fhirtypes';
import type { Canonicals } from '../fhir/canonicals.ts';
import { type Checked, issueOf } from '../fhir/outcome.ts';
import { ByName } from './by-name.ts';
import { urlOfType } from './discriminator-path.ts';
import { rulesOf, type TypeBook } from './element-rules.ts';

/** Makes a definition's snapshot: `snapshotOf`, or a cache over it. */
export type MakeSnapshot = (
  definition: StructureDefinition,
  canonicals: Canonicals,
) => Checked<StructureDefinition>;

/** Canonicals of which it is remembered what they name. */
const MOST_NAMES = 10_000;

export class RuleBooks {
  readonly canonicals: Canonicals;
  /** why definitions could not be read as rules */
  readonly faults: OperationOutcomeIssue[] = [];
  readonly #makeSnapshot: MakeSnapshot;
  /** by `url|version`; faulty is a definition that is here and of no use */
  readonly #books = new Map<string, TypeBook | 'faulty'>();
  /** by the canonical that was asked for */
  readonly #named = new ByName<TypeBook | 'faulty' | 'unknown'>(MOST_NAMES);
  readonly #types = new Map<string, TypeBook>();

  constructor(canonicals: Canonicals, makeSnapshot: MakeSnapshot) {
    this.canonicals = canonicals;
    this.#makeSnapshot = makeSnapshot;
  }

  /** @returns undefined when the definition is not known, or is faulty: then `faults` says why */
  find(canonical: string): TypeBook | undefined {
    const found = this.#named.get(canonical) ?? this.#find(canonical);
    return typeof found === 'string' ? undefined : found;
  }

  /** @returns true for a definition that is here and cannot be used: nothing conforms to it */
  isFaulty(canonical: string): boolean {
    return (this.#named.get(canonical) ?? this.#find(canonical)) === 'faulty';
  }

  #find(canonical: string): TypeBook | 'faulty' | 'unknown' {
    const definition = this.canonicals.find('StructureDefinition', canonical);
    const found = definition ? this.#bookOf(definition) : 'unknown';
    this.#named.keep(canonical, found);
    return found;
  }

  #bookOf(definition: StructureDefinition): TypeBook | 'faulty' {
    const url = `${definition.url}|${definition.version ?? ''}`;
    const known = this.#books.get(url);
    if (known) return known;
    const book = this.#read(definition) ?? 'faulty';
    this.#books.set(url, book);
    return book;
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
