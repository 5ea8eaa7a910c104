/** Explains how the items of a sliced element fall short of its slices. */

import type { Explaining } from '../checking.ts';
import type { ElementRules } from '../element-rules.ts';
import { isOfForm } from '../members.ts';
import { isRemark, type SliceFault, sortIntoSlices } from '../slices.ts';
import type { Place } from './faults.ts';

export function explainSlices(
  explainer: Explaining,
  items: readonly unknown[],
  rules: ElementRules,
  here: Place,
  indexes: readonly number[] = [...items.keys()],
): void {
  const { slicing } = rules;
  if (!slicing || (slicing.slices.length === 0 && slicing.rules !== 'closed')) return;
  const tests = explainer.checks.tests(slicing);
  const { places, faults } = sortIntoSlices(items, slicing, tests);
  const at = (index: number): Place => (rules.isArray ? here.item(indexes[index]!) : here);
  for (const fault of faults) {
    const place = fault.index === undefined || fault.rule === 'profile-slice-max' ? here : at(fault.index);
    if (!isRemark(fault))
      explainer.faults.add(place, fault.rule, textOf(fault, rules), { code: 'structure' });
    else {
      const missing = tests.flatMap((one) => one.missing);
      const detail = { severity: 'information', code: 'informational' } as const;
      explainer.faults.add(place, fault.rule, remarkOf(fault, rules, missing), detail);
    }
  }
  slicing.slices.forEach((slice, place) => {
    const own = items.flatMap((item, index) => (places[index] === place ? [{ item, index }] : []));
    for (const { item, index } of own) {
      if (explainer.checks.ofElement(slice.rules)(item)) continue;
      const type = slice.rules.types.find(({ code }) => isOfForm(item, code));
      if (type) explainer.value(item, slice.rules, type, at(index));
    }
    if (slice.rules.slicing)
      explainSlices(
        explainer,
        own.map(({ item }) => item),
        { ...slice.rules, isArray: rules.isArray },
        here,
        own.map(({ index }) => indexes[index]!),
      );
  });
}

/** @param missing canonicals of definitions that are not here */
function remarkOf({ slice, other }: SliceFault, rules: ElementRules, missing: readonly string[]): string {
  const by = toldBy(rules);
  if (other !== undefined)
    return `fits the slices ${slice} and ${other}, which say the same of ${by}, and was held against neither: correct the profile`;
  if (missing.length > 0)
    return `was not held against slice ${slice} of ${rules.name}, told by ${by}: add the package that defines ${missing.join(', ')} with "profiles add"`;
  if (by === NOTHING)
    return `was not held against the slices of ${rules.name}: the profile names no discriminator`;
  return `was not held against the slices of ${rules.name}, told by ${by}: what it refers to is not at hand`;
}

const NOTHING = 'its content';

function toldBy({ slicing }: ElementRules): string {
  return slicing?.discriminators.map(({ path }) => path).join(', ') || NOTHING;
}

function textOf({ rule, slice, other }: SliceFault, rules: ElementRules): string {
  const { slicing, name } = rules;
  const found = slicing?.slices.find((one) => one.name === slice);
  const by = toldBy(rules);
  const short = found?.rules.short ? ` (${found.rules.short})` : '';
  if (rule === 'profile-slice-required')
    return `must have ${found?.rules.min} of slice ${slice}${short}, told by ${by}: supply it`;
  if (rule === 'profile-slice-max')
    return `has more than ${found?.rules.max} of slice ${slice}${short}: remove the others`;
  if (rule === 'profile-slice-ambiguous')
    return `fits the slices ${slice} and ${other}, told by ${by}, and may fit one only: split it, or correct the profile`;
  if (rule === 'profile-slice-discriminator')
    return `cannot be told to be of slice ${slice} or not: the profile says nothing of ${by} there; correct the profile`;
  if (rule === 'profile-slice-closed')
    return `fits none of the slices of ${name}, and no other may be there: ${slicing?.slices.map((one) => one.name).join(', ')}, told by ${by}`;
  return `of slice ${slice} stands in the wrong place: the order is ${slicing?.slices.map((one) => one.name).join(', ')}`;
}
