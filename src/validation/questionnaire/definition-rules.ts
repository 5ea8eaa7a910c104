/** Turns a Questionnaire into the faults that neither its structure nor its invariants (que-…) say. */
import { listOf, textOf } from '../json-parts.ts';
import { DEEPEST, type Json } from '../run.ts';
import type { SpecialFault } from '../special-fault.ts';
import { type Form, formOf, type Item } from './form.ts';
import { answerTypes, typedValue } from './values.ts';

/** Types that have no order: `>` and its like say nothing of them. */
const UNORDERED: ReadonlySet<string> = new Set(['Boolean', 'Coding', 'Reference']);
const ORDERING: ReadonlySet<unknown> = new Set(['>', '<', '>=', '<=']);

/** Types that an option may have, by the type of its item; a choice takes any. */
const OPTION_TYPES: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['integer', ['Integer']],
  ['decimal', ['Integer']],
  ['date', ['Date']],
  ['dateTime', ['Date']],
  ['time', ['Time']],
  ['string', ['String']],
  ['text', ['String']],
]);

/** @source hl7.org/fhir/R4/questionnaire-definitions.html */
export function questionnaireFaults(questionnaire: Json): readonly SpecialFault[] {
  const form = formOf(questionnaire);
  const faults: SpecialFault[] = [];
  const visit = (list: unknown, path: string, depth: number): void => {
    if (!Array.isArray(list) || depth > DEEPEST) return;
    list.forEach((one: unknown, index) => {
      const [source] = listOf([one]);
      const linkId = textOf(source?.linkId);
      if (!source || linkId === undefined) return;
      const at = `${path}[${index}]`;
      faults.push(...enableFaults(source, { form, linkId }, at), ...valueFaults(source, at));
      visit(source.item, `${at}.item`, depth + 1);
    });
  };
  visit(questionnaire.item, 'item', 0);
  return faults;
}

/** The item that has the conditions. */
interface Conditioned {
  readonly form: Form;
  readonly linkId: string;
}

function enableFaults(source: Json, asking: Conditioned, at: string): readonly SpecialFault[] {
  const conditions = listOf(source.enableWhen);
  const faults = conditions.flatMap((condition, index) => {
    const question = textOf(condition.question);
    return question === undefined
      ? []
      : conditionFaults(condition, question, asking, `${at}.enableWhen[${index}]`);
  });
  // que-12 means more than one, and counts more than two
  if (conditions.length !== 2 || source.enableBehavior !== undefined || source._enableBehavior !== undefined)
    return faults;
  const text = 'is missing: write all or any, as there are two conditions';
  const element = `${at}.enableBehavior`;
  return [
    ...faults,
    { rule: 'questionnaire-enable-behavior', element, text, severity: 'warning', code: 'required' },
  ];
}

function conditionFaults(
  condition: Json,
  question: string,
  { form, linkId }: Conditioned,
  at: string,
): readonly SpecialFault[] {
  const rule = 'questionnaire-enable-question';
  const element = `${at}.question`;
  const target = form.all.get(question);
  if (!target) return [{ rule, element, text: 'is the linkId of no item: correct it', code: 'not-found' }];
  const itself = form.all.get(linkId);
  if (target === itself || (itself && isBelow(target, itself, form)))
    return [
      { rule, element, text: 'names the item itself or one below it: name another', code: 'business-rule' },
    ];
  if (target.type === 'group' || target.type === 'display')
    return [
      { rule, element, text: `names a ${target.type}, which has no answer: name a question`, code: 'value' },
    ];
  return answerFaults(condition, target, at);
}

function isBelow({ linkId }: Item, above: Item, form: Form): boolean {
  for (let at = form.around.get(linkId); at !== undefined; at = form.around.get(at))
    if (at === above.linkId) return true;
  return false;
}

function answerFaults(condition: Json, target: Item, at: string): readonly SpecialFault[] {
  const { operator } = condition;
  const answer = typedValue(condition, 'answer');
  if (operator === 'exists' || !answer) return []; // que-7
  const wanted = target.types?.map((type) => (type === 'Uri' ? 'String' : type));
  if (wanted && !wanted.includes(answer.type)) {
    const names = wanted.filter((type) => type !== 'Attachment').map((type) => `answer${type}`);
    const instead = names.length > 0 ? `write ${names.join(' or ')}` : 'only whether it exists can be asked';
    const text = `has another type than the answers to "${target.linkId}": ${instead}`;
    return [{ rule: 'questionnaire-enable-type', element: `${at}.answer`, text, code: 'value' }];
  }
  if (!ORDERING.has(operator) || !UNORDERED.has(answer.type)) return [];
  const text = `compares what has no order, a ${answer.type}: write = or !=`;
  return [{ rule: 'questionnaire-enable-operator', element: `${at}.operator`, text, code: 'value' }];
}

function valueFaults({ type, answerOption, initial }: Json, at: string): readonly SpecialFault[] {
  const options = listOf(answerOption).map((one) => typedValue(one, 'value')?.type);
  const ofOptions = OPTION_TYPES.get(type);
  const ofInitial = answerTypes(type, new Set(options.filter((one) => one !== undefined)));
  const faults = (
    name: 'answerOption' | 'initial',
    types: readonly (string | undefined)[],
    allowed: readonly string[] | undefined,
  ): readonly SpecialFault[] =>
    types.flatMap((one, index) => {
      if (!allowed || allowed.length === 0 || one === undefined || allowed.includes(one)) return [];
      return [
        {
          rule: name === 'initial' ? 'questionnaire-initial-type' : 'questionnaire-option-type',
          element: `${at}.${name}[${index}].value`,
          text: `does not fit the type of the item, ${String(type)}: write ${allowed.map((fit) => `value${fit}`).join(' or ')}`,
          code: 'value',
        },
      ];
    });
  const ofFirst = listOf(initial).map((one) => typedValue(one, 'value')?.type);
  return [...faults('answerOption', options, ofOptions), ...faults('initial', ofFirst, ofInitial)];
}
