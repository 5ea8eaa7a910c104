/** Explains how the items of a sliced element fall short of its slices. */

import type { Explaining } from '../checking.ts';
import type { ElementRules } from '../element-rules.ts';
import { isOfForm } from '../members.ts';
import { type SliceFault, sortIntoSlices } from '../slices.ts';
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
  const { places, faults } = sortIntoSlices(items, slicing, explainer.checks.tests(slicing));
  const at = (index: number): Place => (rules.isArray ? here.item(indexes[index]!) : here);
  for (const fault of faults) {
    const place = fault.index === undefined || fault.rule === 'profile-slice-max' ? here : at(fault.index);
    explainer.faults.add(place, fault.rule, textOf(fault, rules), { code: 'structure' });
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

function textOf({ rule, slice }: SliceFault, { slicing, name }: ElementRules): string {
  const found = slicing?.slices.find((one) => one.name === slice);
  const by = slicing?.discriminators.map(({ path }) => path).join(', ') || 'its content';
  const short = found?.rules.short ? ` (${found.rules.short})` : '';
  if (rule === 'profile-slice-required')
    return `must have ${found?.rules.min} of slice ${slice}${short}, told by ${by}: supply it`;
  if (rule === 'profile-slice-max')
    return `has more than ${found?.rules.max} of slice ${slice}${short}: remove the others`;
  if (rule === 'profile-slice-closed')
    return `fits none of the slices of ${name}, and no other may be there: ${slicing?.slices.map((one) => one.name).join(', ')}, told by ${by}`;
  return `of slice ${slice} stands in the wrong place: the order is ${slicing?.slices.map((one) => one.name).join(', ')}`;
}
