/** Turns a Questionnaire into its items, ready to be held against responses; each Questionnaire is read once. */
import { jsonOf, listOf, textOf } from '../json-parts.ts';
import { DEEPEST, type Json } from '../run.ts';
import { answerTypes, keyOf, type TypedValue, typedValue } from './values.ts';

/** One `enableWhen`. */
export interface Condition {
  /** linkId */
  readonly question: string;
  readonly operator: unknown;
  readonly answer: TypedValue | undefined;
}

/** What may stand at one level: at the top, or below an item. */
export interface Level {
  readonly items: ReadonlyMap<string, Item>;
  readonly required: readonly Item[];
}

export interface Item extends Level {
  readonly linkId: string;
  readonly type: unknown;
  /** place among its siblings */
  readonly order: number;
  readonly repeats: boolean;
  readonly maxLength: number | undefined;
  /** names of types as they follow `value`; undefined: any */
  readonly types: readonly string[] | undefined;
  /** keys of the options; undefined where it has none, or one of them cannot be compared */
  readonly options: ReadonlySet<string> | undefined;
  /** canonical, or `#id` of a value set that the Questionnaire contains */
  readonly valueSet: string | undefined;
  readonly conditions: readonly Condition[];
  /** `all` or `any`; undefined where it is not said */
  readonly behavior: unknown;
}

export interface Form {
  readonly questionnaire: Json;
  readonly top: Level;
  /** every item by linkId */
  readonly all: ReadonlyMap<string, Item>;
  /** linkId of the item around each that has one */
  readonly around: ReadonlyMap<string, string>;
  /** linkIds that conditions ask for */
  readonly asked: ReadonlySet<string>;
}

const forms = new WeakMap<Json, Form>();

/** @param questionnaire of any form: a contained one is as good as its response */
export function formOf(questionnaire: Json): Form {
  const known = forms.get(questionnaire);
  if (known) return known;
  const all = new Map<string, Item>();
  const around = new Map<string, string>();
  const asked = new Set<string>();
  const top = levelOf(questionnaire.item, { all, around, asked }, []);
  const form = { questionnaire, top, all, around, asked };
  forms.set(questionnaire, form);
  return form;
}

interface Growing {
  readonly all: Map<string, Item>;
  readonly around: Map<string, string>;
  readonly asked: Set<string>;
}

function levelOf(list: unknown, growing: Growing, around: readonly string[]): Level {
  const items = new Map<string, Item>();
  const required: Item[] = [];
  if (!Array.isArray(list) || around.length > DEEPEST) return { items, required };
  list.forEach((one: unknown, order) => {
    const source = jsonOf(one);
    const linkId = textOf(source?.linkId);
    if (!source || linkId === undefined || items.has(linkId)) return;
    const item = itemOf(source, linkId, order, levelOf(source.item, growing, [...around, linkId]));
    for (const { question } of item.conditions) growing.asked.add(question);
    if (!growing.all.has(linkId)) {
      growing.all.set(linkId, item);
      const above = around.at(-1);
      if (above !== undefined) growing.around.set(linkId, above);
    }
    items.set(linkId, item);
    if (source.required === true && item.type !== 'display') required.push(item);
  });
  return { items, required };
}

function itemOf(source: Json, linkId: string, order: number, below: Level): Item {
  const { type, repeats, maxLength, answerValueSet, enableBehavior } = source;
  const options = listOf(source.answerOption).flatMap((one) => typedValue(one, 'value') ?? []);
  const keys = options.map(keyOf);
  return {
    ...below,
    linkId,
    type,
    order,
    repeats: repeats === true,
    maxLength: typeof maxLength === 'number' ? maxLength : undefined,
    types: answerTypes(type, new Set(options.map((one) => one.type))),
    options: keys.length > 0 && !keys.includes(undefined) ? new Set(keys as readonly string[]) : undefined,
    valueSet: textOf(answerValueSet),
    conditions: listOf(source.enableWhen).flatMap(conditionOf),
    behavior: enableBehavior,
  };
}

function conditionOf(source: Json): readonly Condition[] {
  const question = textOf(source.question);
  if (question === undefined) return [];
  return [{ question, operator: source.operator, answer: typedValue(source, 'answer') }];
}
