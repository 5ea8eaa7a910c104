/** Takes records out to FHIR and back, and names what did not come back as it went. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { compileExpression } from '../../src/fhirpath/compile.ts';
import type { Loss } from '../../src/mapping/loss.ts';
import type { KindMap } from '../../src/mapping/map-set.ts';

export type SourceRecordValue = Readonly<Record<string, unknown>>;

export interface Difference {
  /** dotted path of the record, without indices */
  readonly field: string;
  readonly loss: Exclude<Loss['loss'], 'reworded'>;
  readonly before: unknown;
  readonly after: unknown;
  /** the object of the record that has the field, or would have it */
  readonly holder: unknown;
}

/** @returns true when two words of a field have the same code */
export type MeansTheSame = (field: string, before: unknown, after: unknown) => boolean;

export interface RoundTrip {
  readonly bundle: Bundle;
  /** what the way out reports */
  readonly issues: readonly OperationOutcomeIssue[];
  readonly back: SourceRecordValue | undefined;
  /** what the way back reports */
  readonly backIssues: readonly OperationOutcomeIssue[];
}

export function roundTrip(map: KindMap, record: SourceRecordValue): RoundTrip {
  const issues: OperationOutcomeIssue[] = [];
  const backIssues: OperationOutcomeIssue[] = [];
  const bundle = map.run(record, issues);
  return { bundle, issues, back: map.back?.(bundle, backIssues), backIssues };
}

/** @returns where two records differ; lists of things are compared one by one, an empty list or object is none */
export function differences(before: unknown, after: unknown, field = '', holder?: unknown): Difference[] {
  if (isEmpty(before) && isEmpty(after)) return [];
  if (isEmpty(before)) return [{ field, loss: 'added', before, after, holder }];
  if (isEmpty(after)) return [{ field, loss: 'dropped', before, after, holder }];
  if (isThings(before) && isThings(after) && before.length === after.length)
    return before.flatMap((item, at) => differences(item, after[at], field, holder));
  if (isThing(before) && isThing(after)) {
    const names = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...names].flatMap((name) =>
      differences(before[name], after[name], field === '' ? name : `${field}.${name}`, before),
    );
  }
  return canonicalJson(before) === canonicalJson(after)
    ? []
    : [{ field, loss: 'changed', before, after, holder }];
}

function isThing(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isThings(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.every(isThing);
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    (Array.isArray(value) && value.length === 0) ||
    (isThing(value) && Object.values(value).every(isEmpty))
  );
}

/** The declared losses of one kind, and those of them that happened. */
export class Ledger {
  readonly #entries: readonly Entry[];
  readonly #isSame: MeansTheSame;
  readonly #happened = new Set<string>();

  constructor(losses: readonly Loss[], isSame: MeansTheSame) {
    this.#entries = losses.map((loss) => ({ loss, holds: conditionOf(loss) }));
    this.#isSame = isSame;
  }

  /** @returns the differences that no loss declares for this record */
  undeclared(record: SourceRecordValue, differences: readonly Difference[]): string[] {
    return differences.flatMap((difference) => {
      const { field, before, after, holder } = difference;
      const isReworded = difference.loss === 'changed' && this.#isSame(field, before, after);
      const loss = isReworded ? 'reworded' : difference.loss;
      const found = this.#entries.flatMap((entry) => {
        const paths = entry.loss.loss === loss ? entry.loss.fields.filter((path) => covers(path, field)) : [];
        return paths.length > 0 && entry.holds(record, before, holder)
          ? paths.map((path) => keyOf(entry.loss, path))
          : [];
      });
      for (const key of found) this.#happened.add(key);
      return found.length > 0 ? [] : [`${field} ${loss}`];
    });
  }

  /** @returns the declared losses that no record showed */
  unseen(): string[] {
    return this.#entries.flatMap(({ loss }) =>
      loss.fields.map((field) => keyOf(loss, field)).filter((key) => !this.#happened.has(key)),
    );
  }
}

interface Entry {
  readonly loss: Loss;
  readonly holds: (record: SourceRecordValue, value: unknown, holder: unknown) => boolean;
}

/** A path that starts with `**.` stands for every field that ends so. */
function covers(path: string, field: string): boolean {
  return path.startsWith('**.') ? `.${field}`.endsWith(path.slice(2)) : path === field;
}

function keyOf({ loss, when }: Loss, field: string): string {
  return `${field} ${loss}${when === undefined ? '' : ` when ${when}`}`;
}

function conditionOf({ when }: Loss): Entry['holds'] {
  if (when === undefined) return () => true;
  const compiled = compileExpression(when, { variables: ['value', 'holder'] });
  if (!compiled.ok) throw new Error(`${when}: ${compiled.outcome.issue[0]?.diagnostics}`);
  return (record, value, holder) => compiled.value(record, { value, holder })[0] === true;
}
