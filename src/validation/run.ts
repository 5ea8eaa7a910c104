/** What one validation knows while it runs: the resource it is in, references it can follow, codes that nobody here knows. */

import type { InvariantContext } from '../fhirpath/invariant.ts';
import { Held } from './held.ts';

export type Json = Readonly<Record<string, unknown>>;

/** A coded value that no local terminology can decide: a terminology server may. */
export interface PendingCode {
  readonly valueSet: string;
  readonly strength: 'required' | 'extensible';
  /** one of them must be in the set; without a system where the element is a mere code */
  readonly codes: readonly { readonly system: string | undefined; readonly code: string }[];
  /** FHIRPath of the element, without indexes where it was not explained */
  readonly expression: string;
  /** why it cannot be told here */
  readonly because: string;
}

/** Objects within objects; real resources stay under 20, and what recurses over a resource needs an end. */
export const DEEPEST = 60;

/** The entries of a Bundle, as references find them. */
export interface Entries {
  readonly bundle: Json;
  /**
   * @param reference absolute or relative, not to a contained resource
   * @param from resource of the entry that it stands in
   */
  find(reference: string, from: Json): Json | undefined;
}

/** What a resource contains, as references find it. */
export interface Contained {
  /** of several with one id the first */
  readonly byId: ReadonlyMap<unknown, Json>;
  readonly all: ReadonlySet<unknown>;
}

/** The state of the validation that runs: checks are plain functions of a value, and this is where they find the rest. */
export type Run = {
  /** nearest resource around the value */
  resource: Json;
  /** the resource that contains it, where it is contained; else the same */
  rootResource: Json;
  /** of the innermost Bundle */
  entries: Entries | undefined;
  depth: number;
  readonly pending: PendingCode[];
  /** what resources contain, by the resource, as far as it was asked */
  contained: Map<Json, Contained> | undefined;
  /** what is being held, or was held, against which definition: what refers to itself ends there */
  readonly held: Held;
} & Answers;

/** What FHIRPath asks of the validator; the same for every run. */
export type Answers = Required<Pick<InvariantContext, 'resolve' | 'memberOf' | 'conformsTo'>>;

let current: Run | undefined;

/** @returns the validation that runs; there is always one while checks are called */
export function running(): Run {
  return current!;
}

/** Runs one validation of a resource; one that runs already goes on afterwards. */
export function runOn<T>(resource: Json, answers: Answers, body: (run: Run) => T): T {
  const before = current;
  // one literal: spreading two objects costs as much as a small resource's check
  current = {
    resource,
    rootResource: resource,
    entries: undefined,
    depth: 0,
    contained: undefined,
    pending: [],
    held: new Held(),
    resolve: answers.resolve,
    memberOf: answers.memberOf,
    conformsTo: answers.conformsTo,
  };
  try {
    return body(current);
  } finally {
    current = before;
  }
}

/** Runs the check of a resource within another: contained, in a Bundle, or in Parameters. */
export function within<T>(resource: Json, isContained: boolean, body: () => T): T {
  const run = current!;
  const { resource: outer, rootResource } = run;
  run.resource = resource;
  if (!isContained) run.rootResource = resource;
  try {
    return body();
  } finally {
    run.resource = outer;
    run.rootResource = rootResource;
  }
}

/** Runs the check of a Bundle, whose references go to its own entries. */
export function among<T>(entries: Entries, body: () => T): T {
  const run = current!;
  const outer = run.entries;
  if (outer?.bundle === entries.bundle) return body();
  run.entries = entries;
  try {
    return body();
  } finally {
    run.entries = outer;
  }
}

/** @returns the profiles that a resource says it conforms to */
export function claimsOf({ meta }: Json): readonly string[] {
  const profile = (meta as Json | null | undefined)?.profile;
  return Array.isArray(profile) ? profile.filter((one) => typeof one === 'string') : [];
}
