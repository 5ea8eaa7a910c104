/** Says which types of value a question takes, and finds the value of an answer, an option or a condition. */
import type { Json } from '../run.ts';

/** A value with the FHIR type that its member names: `valueCoding` is a Coding. */
export interface TypedValue {
  readonly type: string;
  /** undefined where only an id or extensions stand there */
  readonly value: unknown;
}

/** By item type: what `value[x]` of an answer may be. Options of a choice may be of other types than Coding. */
const ANSWER_TYPES: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['boolean', ['Boolean']],
  ['decimal', ['Decimal']],
  ['integer', ['Integer']],
  ['date', ['Date']],
  ['dateTime', ['DateTime']],
  ['time', ['Time']],
  ['string', ['String']],
  ['text', ['String']],
  ['url', ['Uri']],
  ['attachment', ['Attachment']],
  ['reference', ['Reference']],
  ['quantity', ['Quantity']],
]);

/**
 * @param type of the item
 * @param options types of its options; empty where it has none
 * @returns names of types as they follow `value`; undefined where any will do, none for what takes no answer
 * @source hl7.org/fhir/R4/valueset-item-type.html
 */
export function answerTypes(type: unknown, options: ReadonlySet<string>): readonly string[] | undefined {
  if (type === 'group' || type === 'display') return [];
  if (type === 'choice') return options.size > 0 ? [...options] : ['Coding'];
  if (type === 'open-choice') return [...new Set([...options, 'Coding', 'String'])];
  return ANSWER_TYPES.get(type);
}

/** @returns the value of the choice element, by its stem: `value`, `answer` */
export function typedValue(owner: Json, stem: string): TypedValue | undefined {
  for (const key in owner) {
    const name = key.startsWith('_') ? key.slice(1) : key;
    if (owner[key] === undefined || !name.startsWith(stem) || !/^[A-Z]/.test(name.slice(stem.length)))
      continue;
    return { type: name.slice(stem.length), value: owner[name] };
  }
  return undefined;
}

/** @returns text that two values share when they are the same answer; undefined when it cannot be told */
export function keyOf({ type, value }: TypedValue): string | undefined {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return `${type} ${String(value)}`;
  if (typeof value !== 'object' || value === null) return undefined;
  const { system, code, reference } = value as Json;
  if (type === 'Coding')
    return typeof code === 'string'
      ? `Coding ${typeof system === 'string' ? system : ''} ${code}`
      : undefined;
  return typeof reference === 'string' ? `Reference ${reference}` : undefined;
}
