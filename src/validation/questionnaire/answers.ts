/** Turns one answer into faults: its type, and whether it is one of those that the question takes. */

import { pendingOf } from '../bindings.ts';
import type { Checking } from '../checking.ts';
import { jsonOf, listOf, textOf } from '../json-parts.ts';
import { containedIn } from '../resolve.ts';
import { type Json, running } from '../run.ts';
import { NO_FAULTS, type SpecialFault } from '../special-fault.ts';
import { codesOf } from '../terms.ts';
import type { Item } from './form.ts';
import { keyOf, type TypedValue, typedValue } from './values.ts';

/** What an answer is held against. */
export interface Question {
  readonly item: Item;
  /** the questionnaire, whose value sets may be contained in it */
  readonly questionnaire: Json;
  readonly checks: Checking;
}

/** @param at path of the answer below the response: `item[2].answer[0]` */
export function answerFaults(answer: Json, question: Question, at: string): readonly SpecialFault[] {
  const { item } = question;
  const found = typedValue(answer, 'value');
  if (!found) return NO_FAULTS;
  const element = `${at}.value`;
  if (item.types && !item.types.includes(found.type)) {
    const wanted = item.types.map((type) => `value${type}`).join(' or ');
    const text = `has the wrong type for the question "${item.linkId}": write ${wanted}`;
    return [{ rule: 'questionnaire-answer-type', element, text, code: 'value' }];
  }
  if (found.value === undefined) return NO_FAULTS;
  return [...lengthFaults(found, item, element), ...choiceFaults(found, question, element)];
}

function lengthFaults({ value }: TypedValue, item: Item, element: string): readonly SpecialFault[] {
  const { maxLength, linkId } = item;
  if (maxLength === undefined || (typeof value !== 'string' && typeof value !== 'number')) return NO_FAULTS;
  const text = String(value);
  if (text.length <= maxLength || [...text].length <= maxLength) return NO_FAULTS;
  return [
    {
      rule: 'questionnaire-max-length',
      element,
      text: `is longer than the question "${linkId}" allows: write at most ${maxLength} characters`,
      code: 'too-long',
    },
  ];
}

function choiceFaults(found: TypedValue, question: Question, element: string): readonly SpecialFault[] {
  const { type, linkId, options, valueSet } = question.item;
  if (type === 'open-choice' && found.type === 'String') return NO_FAULTS;
  if (options && !isOption(found, options))
    return [
      {
        rule: 'questionnaire-answer-option',
        element,
        text: `is no option of the question "${linkId}": write one of its ${options.size} options, with their system and code`,
        code: 'code-invalid',
      },
    ];
  if (valueSet === undefined || found.type !== 'Coding') return NO_FAULTS;
  const isIn = isInSet(found.value, valueSet, question);
  if (isIn === undefined) return [notChecked(found.value, valueSet, question, element)];
  if (isIn) return NO_FAULTS;
  const text = `is no code of ${valueSet}, which the question "${linkId}" takes its answers from`;
  return [{ rule: 'questionnaire-answer-value-set', element, text, code: 'code-invalid' }];
}

/** An option without a system stands for the code in any. */
function isOption(found: TypedValue, options: ReadonlySet<string>): boolean {
  const key = keyOf(found);
  if (key !== undefined && options.has(key)) return true;
  const code = found.type === 'Coding' ? jsonOf(found.value)?.code : undefined;
  return typeof code === 'string' && options.has(`Coding  ${code}`);
}

function isInSet(
  coding: unknown,
  valueSet: string,
  { questionnaire, checks }: Question,
): boolean | undefined {
  if (!valueSet.startsWith('#')) return checks.terms.isIn(coding, valueSet);
  const codes = codesWithin(containedIn(questionnaire, valueSet.slice(1)));
  const key = keyOf({ type: 'Coding', value: coding });
  return codes === undefined ? undefined : key !== undefined && codes.has(key);
}

const read = new WeakMap<Json, ReadonlySet<string> | undefined>();

/** @returns the codes that a contained value set lists; undefined where it does more than to list */
function codesWithin(valueSet: Json | undefined): ReadonlySet<string> | undefined {
  if (!valueSet) return undefined;
  if (!read.has(valueSet)) read.set(valueSet, codesListed(valueSet));
  return read.get(valueSet);
}

function codesListed(valueSet: Json): ReadonlySet<string> | undefined {
  const compose = jsonOf(valueSet.compose);
  const includes = listOf(compose?.include);
  const isList = includes.every(
    ({ system, concept, filter, valueSet: other }) =>
      textOf(system) !== undefined && Array.isArray(concept) && filter === undefined && other === undefined,
  );
  if (includes.length === 0 || !isList || compose?.exclude !== undefined) return undefined;
  return new Set(
    includes.flatMap(({ system, concept }) =>
      listOf(concept).map(({ code }) => `Coding ${String(system)} ${String(code)}`),
    ),
  );
}

/** Said, and left to a terminology server where the set has a name that one may know. */
function notChecked(
  coding: unknown,
  valueSet: string,
  { checks, item }: Question,
  element: string,
): SpecialFault {
  const bound = { valueSet, strength: 'required', path: 'QuestionnaireResponse.item.answer.value' } as const;
  const isNamed = !valueSet.startsWith('#');
  if (isNamed)
    running().pending.push(
      pendingOf(checks.terms, codesOf(coding), bound, `QuestionnaireResponse.${element}`),
    );
  const because =
    (isNamed && checks.terms.codes(valueSet).unknownBecause) ||
    'the value set is not here as a list of codes';
  return {
    rule: 'terminology-not-checked',
    element,
    text: `was not held against ${valueSet}, which the question "${item.linkId}" takes its answers from: ${because}`,
    severity: 'information',
    code: 'informational',
  };
}
