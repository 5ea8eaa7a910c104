/** What checks resources before they may touch a person's record: compiled yes or no, and on 'no' every fault explained. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { Canonicals } from '../fhir/canonicals.ts';
import type { Definitions } from '../fhir/definitions.ts';
import type { Checked } from '../fhir/outcome.ts';
import { Checks } from './checks.ts';
import { Explainer } from './explain/explain.ts';
import { Place } from './explain/faults.ts';
import { prepare } from './prepare.ts';
import { resolveReference } from './resolve.ts';
import { type MakeSnapshot, RuleBooks } from './rule-books.ts';
import { type Answers, claimsOf, type Json, type PendingCode, runOn } from './run.ts';
import { snapshotOf } from './snapshot/snapshot.ts';
import { createTerminology, type Towards } from './terminology/terminology.ts';
import { Terms } from './terms.ts';

export interface ValidateOptions {
  /** canonicals of profiles that the resource must conform to, besides those in its `meta.profile` */
  readonly profiles?: readonly string[];
  /** also says what was not checked, and codes outside preferred value sets, where nothing is wrong */
  readonly isThorough?: boolean;
}

/** What a validation found. */
export interface Verdict {
  /** each with severity, our rule id, a FHIRPath expression, what to change and where it is written; empty when all is well */
  readonly issues: readonly OperationOutcomeIssue[];
  /** codes that only a terminology server knows: good as far as anyone here can tell */
  readonly pending: readonly PendingCode[];
}

export interface Validator {
  /** @returns true when there is neither an error nor a warning; compiled, tens of microseconds */
  accepts(resource: Resource, profiles?: readonly string[]): boolean;
  /** @returns every issue found; see `Verdict` */
  validate(resource: Resource, options?: ValidateOptions): readonly OperationOutcomeIssue[];
  /** @returns issues and pending codes */
  examine(resource: Resource, options?: ValidateOptions): Verdict;
  /**
   * Compiles a definition with all that it refers to, before it is first needed.
   * @returns what cannot be compiled: an invariant, a snapshot, a slice that nothing tells from others
   */
  prepare(canonical: string): Checked<true>;
  /** @returns all codes of a value set, where it is known whole here */
  codesOf(valueSet: string): readonly { readonly system: string; readonly code: string }[] | undefined;
  /** @returns a code and all that stand above or below it in its system, where the system is known whole here and has it */
  relatedCodes(system: string, code: string, towards: Towards): readonly string[] | undefined;
  /** whether a profile is known */
  knows(canonical: string): boolean;
}

export interface ValidatorParts {
  /** StructureDefinitions, ValueSets, CodeSystems, Questionnaires; base R4 among them */
  readonly canonicals: Canonicals;
  /** types for FHIRPath */
  readonly definitions: Definitions;
  /** default: `snapshotOf` */
  readonly makeSnapshot?: MakeSnapshot;
}

/** @returns a validator over these definitions; nothing is compiled before it is needed */
export function createValidator({
  canonicals,
  definitions,
  makeSnapshot = snapshotOf,
}: ValidatorParts): Validator {
  const books = new RuleBooks(canonicals, makeSnapshot);
  const terminology = createTerminology(canonicals);
  const checks = new Checks(books, definitions, new Terms(terminology));
  const answers: Answers = {
    resolve: resolveReference,
    memberOf: (coded, valueSet) => checks.isIn(coded, valueSet),
    conformsTo: (item, profile) => (books.find(profile) ? checks.conforms(item, profile) : undefined),
  };
  const examine = (resource: Resource, options: ValidateOptions = {}): Verdict =>
    runOn(resource as unknown as Json, answers, (run) => {
      const { profiles = [], isThorough = false } = options;
      if (!isThorough && isFine(checks, run.resource, profiles))
        return { issues: NOTHING, pending: run.pending };
      run.pending.length = 0;
      run.depth = 0;
      return { issues: explained(checks, run.resource, profiles), pending: run.pending };
    });
  return {
    accepts: (resource, profiles = []) =>
      runOn(resource as unknown as Json, answers, ({ resource: value }) => isFine(checks, value, profiles)),
    validate: (resource, options) => examine(resource, options).issues,
    examine,
    prepare: (canonical) => prepare(checks, canonical),
    codesOf: (valueSet) => {
      const { listed } = terminology.codes(valueSet);
      return listed && [...listed].flatMap(([system, codes]) => [...codes].map((code) => ({ system, code })));
    },
    relatedCodes: (system, code, towards) => terminology.codeSystem(system).related(code, towards),
    knows: (canonical) => books.find(canonical) !== undefined,
  };
}

const NOTHING: readonly OperationOutcomeIssue[] = [];

/** A profile's rules hold its type's too, so that the type alone is asked only where no profile is. */
function isFine(checks: Checks, value: Json, profiles: readonly string[]): boolean {
  const check = checks.ofResource(value);
  if (!check) return false;
  const { resourceType } = value;
  let isProfiled = false;
  for (const url of [...claimsOf(value), ...profiles]) {
    const book = checks.books.find(url);
    if (!book && checks.books.isFaulty(url)) return false;
    if (!book) continue;
    if (!checks.isOf(value, book) || !checks.ofBook(book)(value)) return false;
    isProfiled ||= book.type === resourceType;
  }
  return isProfiled || check(value);
}

function explained(
  checks: Checks,
  value: Json,
  profiles: readonly string[],
): readonly OperationOutcomeIssue[] {
  const explainer = new Explainer(checks);
  // what is no type is a value like any other, and is not repeated
  const type = checks.ofResource(value) ? String(value.resourceType) : 'Resource';
  explainer.resource(value, new Place(type), profiles);
  return explainer.faults.issues;
}
