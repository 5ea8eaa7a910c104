/** Explains the elements of an object: required ones, choices, lists, what stands beside primitives. */
import type { Explaining } from '../checking.ts';
import type { ElementRules, TypeRules } from '../element-rules.ts';
import { arePaired } from '../keywords.ts';
import {
  hasCompanion,
  inType,
  isForbidden,
  isPrimitiveType,
  isSlicedByChoice,
  namesOf,
  type Owner,
} from '../members.ts';
import type { Json } from '../run.ts';
import { wholeOf } from '../stated.ts';
import { type WholeValue, wholeValues } from '../whole-primitives.ts';
import { explainExtensions } from './extensions.ts';
import { type Place, STRUCTURE } from './faults.ts';
import { explainSlices } from './slices.ts';
import { explainStated } from './stated.ts';

/** Explains one element of an object: that it is there, in one type, as often as it may be. */
export function explainElement(
  explainer: Explaining,
  owner: Json,
  rules: ElementRules,
  about: Owner,
  at: Place,
): void {
  const names = namesOf(rules).filter(
    ({ name }) => owner[name] !== undefined || owner[`_${name}`] !== undefined,
  );
  const [first, second] = names;
  if (!first) {
    if (rules.min > 0) explainMissing(explainer, rules, at);
    else if (isSlicedByChoice(rules)) explainTypeSlices(explainer, names, rules, at);
    else explainSlices(explainer, [], rules, at.below(rules.name));
    return;
  }
  if (second)
    explainer.faults.add(
      at.below(second.name),
      'choice',
      `stands beside ${first.name}: keep one of the two`,
      STRUCTURE,
    );
  for (const { name, type } of names) {
    const own = inType(rules, type);
    explainMember(explainer, owner, name, own.rules, rules, own.type, about, at);
  }
  explainTypeSlices(explainer, names, rules, at);
}

function explainMissing(explainer: Explaining, rules: ElementRules, at: Place): void {
  const name = rules.isChoice ? namesOf(rules).map((one) => one.name) : [rules.name];
  const what = name.length > 5 ? `${rules.name}[x]` : name.join(' or ');
  const short = rules.short ? ` (${rules.short})` : '';
  explainer.faults.add(at.below(rules.name), 'required', `is missing: supply ${what}${short}`, {
    code: 'required',
  });
}

/** A slice of a choice that must be there, of another type than what is there. */
function explainTypeSlices(
  explainer: Explaining,
  names: readonly { readonly name: string }[],
  rules: ElementRules,
  at: Place,
): void {
  if (!rules.slicing || !isSlicedByChoice(rules)) return;
  for (const { rules: slice, name } of rules.slicing.slices) {
    const wanted = namesOf(slice).map((one) => one.name);
    if (slice.min > 0 && !names.some((one) => wanted.includes(one.name)))
      explainer.faults.add(
        at.below(rules.name),
        'slice-required',
        `must be written as ${wanted.join(' or ')} (slice ${name})`,
        { code: 'required' },
      );
  }
}

function explainMember(
  explainer: Explaining,
  owner: Json,
  name: string,
  rules: ElementRules,
  whole: ElementRules,
  type: TypeRules,
  about: Owner,
  at: Place,
): void {
  const value = owner[name];
  const here = at.below(name);
  const hasBeside = isPrimitiveType(type.code) && hasCompanion(rules, about);
  const beside = hasBeside ? owner[`_${name}`] : undefined;
  if (isForbidden(whole, type))
    return explainer.faults.add(here, 'forbidden', 'may not be there: remove it', STRUCTURE);
  const before = explainer.faults.errors;
  if (beside !== undefined) explainCompanion(explainer, beside, rules, at.below(`_${name}`));
  if (hasBeside && explainer.faults.errors === before)
    explainWhole(explainer, wholeValues(owner, name, whole.isArray), rules, type, about, here);
  if (value === undefined) return;
  if (value === null) return explainNull(explainer, here);
  if (!whole.isArray) {
    if (Array.isArray(value))
      return explainer.faults.add(
        here,
        'cardinality',
        'may not repeat: write one value, without brackets',
        STRUCTURE,
      );
    explainer.value(value, rules, type, here, beside, about);
    if (whole.slicing && !isSlicedByChoice(whole)) explainSlices(explainer, [value], whole, here);
    return;
  }
  if (!Array.isArray(value))
    return explainer.faults.add(here, 'cardinality', 'may repeat: write it as an array', STRUCTURE);
  explainList(explainer, value, owner, rules, type, here, about);
}

function explainList(
  explainer: Explaining,
  items: readonly unknown[],
  owner: Json,
  rules: ElementRules,
  type: TypeRules,
  here: Place,
  about: Owner,
): void {
  const { name } = rules;
  if (items.length === 0) return explainer.faults.add(here, 'empty', 'is an empty array: leave it out');
  const isPrimitive = isPrimitiveType(type.code);
  if (!isPrimitive) explainCount(explainer, items.length, rules, here);
  const beside = isPrimitive ? owner[`_${name}`] : undefined;
  if (isPrimitive && !arePaired(owner, [name]))
    explainer.faults.add(
      here,
      'null',
      'holds a null that no id or extension at the same place explains: leave it out',
      STRUCTURE,
    );
  items.forEach((item, index) => {
    if (item === null && isPrimitive) return;
    explainer.value(
      item,
      rules,
      type,
      here.item(index),
      Array.isArray(beside) ? beside[index] : undefined,
      about,
    );
  });
  if (type.code === 'Extension') explainExtensions(explainer, items, rules, about, here);
  if (rules.slicing) explainSlices(explainer, items, rules, here);
}

function explainCount(explainer: Explaining, count: number, rules: ElementRules, here: Place): void {
  if (count >= rules.min && count <= rules.max) return;
  const bound = count < rules.min ? `at least ${rules.min}` : `at most ${rules.max}`;
  explainer.faults.add(here, 'cardinality', `has ${count} items: it must have ${bound}`, STRUCTURE);
}

/** What is said of a primitive's values and extensions together; of values that are there `value` says the rest. */
function explainWhole(
  explainer: Explaining,
  values: readonly WholeValue[],
  rules: ElementRules,
  type: TypeRules,
  about: Owner,
  here: Place,
): void {
  if (rules.isArray && values.length > 0) explainCount(explainer, values.length, rules, here);
  const isExtended = wholeOf(rules, type, about, rules.name)?.isExtended === true;
  values.forEach(({ value, beside }, index) => {
    const at = rules.isArray ? here.item(index) : here;
    if (isExtended && beside === undefined)
      explainer.faults.add(at.below('extension'), 'required', 'is missing: supply the extension', {
        code: 'required',
      });
    if (value === undefined) explainStated(explainer, value, { rules, type, owner: about }, at, beside);
  });
}

export function explainNull(explainer: Explaining, here: Place): void {
  explainer.faults.add(here, 'null', 'is null: leave it out', STRUCTURE);
}

/** What stands beside a primitive: its id and extensions. */
function explainCompanion(explainer: Explaining, beside: unknown, rules: ElementRules, here: Place): void {
  if (beside === null) return explainNull(explainer, here);
  if (rules.isArray !== Array.isArray(beside))
    return explainer.faults.add(
      here,
      'cardinality',
      rules.isArray
        ? 'may repeat: write it as an array'
        : 'may not repeat: write one object, without brackets',
      STRUCTURE,
    );
  const own = rules.content.filter(({ name }) => name !== 'value');
  const content = own.length > 0 ? own : (explainer.checks.books.type('Element')?.root.content ?? []);
  const owner: Owner = { type: 'Element', isResource: false, path: rules.path };
  if (!Array.isArray(beside)) return explainer.object(beside, content, owner, here);
  beside.forEach((one, index) => {
    if (one !== null) explainer.object(one, content, owner, here.item(index));
  });
}
