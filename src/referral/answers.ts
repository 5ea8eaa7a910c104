/** Turns a QuestionnaireResponse into one number an item, and the faults of answers that are none. */
import type {
  Extension,
  QuestionnaireResponse,
  QuestionnaireResponseItem,
  QuestionnaireResponseItemAnswer,
} from '@medplum/fhirtypes';
import { type Instrument, type Item, LOINC_SYSTEM } from './instrument.ts';

/** LOINC answers of PHQ-9 and GAD-7, and of their question on difficulty. */
const LOINC_ORDINALS: ReadonlyMap<string, number> = new Map([
  ['LA6568-5', 0],
  ['LA6569-3', 1],
  ['LA6570-1', 2],
  ['LA6571-9', 3],
  ['LA6572-7', 0],
  ['LA6573-5', 1],
  ['LA6574-3', 2],
  ['LA6575-0', 3],
]);
const ORDINAL_EXTENSION = 'http://hl7.org/fhir/StructureDefinition/ordinalValue';

/** Why an answer cannot be used: no such item, several answers, no number, not whole, out of range. */
export type AnswerFaultKind = 'unknown-item' | 'repeated' | 'no-number' | 'not-whole' | 'out-of-range';

export interface AnswerFault {
  readonly kind: AnswerFaultKind;
  /** as in the response; an unknown one may be any text, so it is not for messages */
  readonly linkId: string | undefined;
  /** the item it was read as, where the instrument has it */
  readonly item: Item | undefined;
  /** FHIRPath of the item */
  readonly expression: string;
}

export interface Answers {
  /** usable answers; refused, blank and faulty ones are absent, never 0 */
  readonly numbers: ReadonlyMap<string, number>;
  readonly words: ReadonlyMap<string, string>;
  readonly faults: readonly AnswerFault[];
}

interface PlacedItem {
  readonly item: QuestionnaireResponseItem;
  readonly expression: string;
}

/** Reads the answers of one instrument; items may stand in groups. */
export function readAnswers(response: QuestionnaireResponse, instrument: Instrument): Answers {
  const numbers = new Map<string, number>();
  const words = new Map<string, string>();
  const faults: AnswerFault[] = [];
  const seen = new Set<string>();
  for (const { item, expression } of answeredItems(response.item ?? [], 'QuestionnaireResponse')) {
    const { linkId, answer } = item;
    const known = instrument.items.find((one) => one.linkId === linkId);
    const fault = (kind: AnswerFaultKind) => faults.push({ kind, linkId, item: known, expression });
    if (seen.has(linkId) || answer!.length > 1) {
      numbers.delete(linkId); // which of the two is meant, nobody knows
      fault('repeated');
    } else if (instrument.words?.includes(linkId)) {
      const text = answer![0]?.valueString;
      if (text !== undefined) words.set(linkId, text);
    } else if (!known) fault('unknown-item');
    else {
      const value = numberOf(answer![0]!);
      const kind = faultOf(value, known);
      if (kind) fault(kind);
      else numbers.set(linkId, value!);
    }
    seen.add(linkId);
  }
  return { numbers, words, faults };
}

function faultOf(value: number | undefined, item: Item): AnswerFaultKind | undefined {
  if (value === undefined) return 'no-number';
  if (!item.decimal && !Number.isInteger(value)) return 'not-whole';
  return value < item.min || value > item.max ? 'out-of-range' : undefined;
}

/** A refused item has no answer, or one that holds only a data-absent-reason: both are missing. */
function answeredItems(items: readonly QuestionnaireResponseItem[], parent: string): PlacedItem[] {
  return items.flatMap((item, at) => {
    const expression = `${parent}.item[${at}]`;
    const here = item.answer?.some(holdsValue) ? [{ item, expression }] : [];
    const below = (item.answer ?? []).flatMap((answer, n) =>
      answeredItems(answer.item ?? [], `${expression}.answer[${n}]`),
    );
    return [...here, ...answeredItems(item.item ?? [], expression), ...below];
  });
}

function holdsValue(answer: QuestionnaireResponseItemAnswer): boolean {
  return Object.keys(answer).some((key) => key.startsWith('value'));
}

/** @returns the number an answer stands for: itself, the ordinal of its coding, or undefined */
function numberOf(answer: QuestionnaireResponseItemAnswer): number | undefined {
  const value = answer.valueInteger ?? answer.valueDecimal ?? answer.valueQuantity?.value;
  if (value !== undefined) return value;
  const coding = answer.valueCoding;
  return (
    ordinalOf(answer.extension) ??
    ordinalOf(coding?.extension) ??
    (coding?.system === LOINC_SYSTEM ? LOINC_ORDINALS.get(coding.code ?? '') : undefined)
  );
}

function ordinalOf(extensions: readonly Extension[] | undefined): number | undefined {
  return extensions?.find((one) => one.url === ORDINAL_EXTENSION)?.valueDecimal;
}
