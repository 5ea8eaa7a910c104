/** Decides whether the answers to a question meet a condition (`enableWhen`): yes, no, or not to be told. */
import { jsonOf } from '../json-parts.ts';
import type { Json } from '../run.ts';
import type { Condition } from './form.ts';
import { type TypedValue, typedValue } from './values.ts';

/** undefined: cannot be told */
export type Told = boolean | undefined;

/** Types whose values can be compared with each other. */
const ALIKE: Readonly<Record<string, string>> = {
  Decimal: 'number',
  Integer: 'number',
  Date: 'moment',
  DateTime: 'moment',
  String: 'text',
  Uri: 'text',
};

/**
 * R4 says of `>` and its like "at least no answer", where it means "at least one". Of `!=` it says that no answer is
 * equal; whether that is met where nothing is answered is read in both ways, and not told here.
 * @param answers to the question that the condition asks for
 * @source hl7.org/fhir/R4/valueset-questionnaire-enable-operator.html
 */
export function isMet({ operator, answer }: Condition, answers: readonly Json[]): Told {
  const given = answers.flatMap((one) => typedValue(one, 'value') ?? []);
  if (answer?.value === undefined) return undefined;
  if (operator === 'exists') {
    if (typeof answer.value !== 'boolean' || given.length < answers.length) return undefined;
    return given.length > 0 === answer.value;
  }
  if (operator === '!=') {
    const isEqual = some(given.map((one) => isSame(one, answer)));
    return isEqual === undefined || given.length === 0 ? undefined : !isEqual;
  }
  return some(given.map((one) => holds(operator, one, answer)));
}

/** @returns true when one is; undefined when none is for sure, and one may be */
export function some(all: readonly Told[]): Told {
  if (all.includes(true)) return true;
  return all.includes(undefined) ? undefined : false;
}

/** @returns false when one is; undefined when none is for sure, and one may be */
export function every(all: readonly Told[]): Told {
  if (all.includes(false)) return false;
  return all.includes(undefined) ? undefined : true;
}

function holds(operator: unknown, given: TypedValue, wanted: TypedValue): Told {
  if (operator === '=') return isSame(given, wanted);
  const order = orderOf(given, wanted);
  if (order === undefined) return undefined;
  switch (operator) {
    case '>':
      return order > 0;
    case '<':
      return order < 0;
    case '>=':
      return order >= 0;
    case '<=':
      return order <= 0;
    default:
      return undefined;
  }
}

function isSame(given: TypedValue, wanted: TypedValue): Told {
  if (alike(given) !== alike(wanted)) return undefined;
  const [one, other] = [jsonOf(given.value), jsonOf(wanted.value)];
  if (!one || !other) {
    if (typeof given.value === 'boolean') return given.value === wanted.value;
    const order = orderOf(given, wanted);
    return order === undefined ? undefined : order === 0;
  }
  if (given.type === 'Coding') return isSameCode(one, other);
  if (given.type === 'Quantity') {
    const order = orderOf(given, wanted);
    return order === undefined ? undefined : order === 0;
  }
  return given.type === 'Reference' && one.reference === other.reference ? true : undefined;
}

/** Where only one names its system, the same code may mean another thing. */
function isSameCode(one: Json, other: Json): Told {
  if (one.code === undefined || other.code === undefined) return undefined;
  if (one.code !== other.code) return false;
  if (one.system === other.system) return true;
  return one.system === undefined || other.system === undefined ? undefined : false;
}

/** @returns below, at or above 0; undefined where the two have no order, or their precision leaves it open */
function orderOf(given: TypedValue, wanted: TypedValue): number | undefined {
  if (alike(given) !== alike(wanted)) return undefined;
  const [one, other] = [given.value, wanted.value];
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  if (given.type === 'Quantity') return orderOfQuantities(jsonOf(one), jsonOf(other));
  if (typeof one !== 'string' || typeof other !== 'string') return undefined;
  if (alike(given) === 'moment') return orderOfMoments(one, other);
  if (given.type === 'Time') return secondsOf(one) - secondsOf(other);
  return one === other ? 0 : one < other ? -1 : 1;
}

function orderOfQuantities(one: Json | undefined, other: Json | undefined): number | undefined {
  if (typeof one?.value !== 'number' || typeof other?.value !== 'number') return undefined;
  if (one.comparator !== undefined || other.comparator !== undefined) return undefined;
  const isCoded = one.code !== undefined && other.code !== undefined;
  const isSameUnit = isCoded
    ? one.code === other.code && one.system === other.system
    : one.unit === other.unit && one.code === other.code;
  return isSameUnit ? one.value - other.value : undefined;
}

function orderOfMoments(one: string, other: string): number | undefined {
  if (one.includes('T') !== other.includes('T')) return undefined;
  if (one.includes('T')) return orUndefined(Date.parse(one) - Date.parse(other));
  const precision = Math.min(one.length, other.length);
  const [first, second] = [one.slice(0, precision), other.slice(0, precision)];
  if (first !== second) return first < second ? -1 : 1;
  return one.length === other.length ? 0 : undefined;
}

function secondsOf(time: string): number {
  return time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}

function orUndefined(difference: number): number | undefined {
  return Number.isNaN(difference) ? undefined : difference;
}

function alike({ type }: TypedValue): string {
  return ALIKE[type] ?? type;
}
