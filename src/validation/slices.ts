/** Sorts the items of a sliced element into its slices, and says what is wrong with the order and the number. */

import type { Test } from './discriminate.ts';
import type { Slicing } from './element-rules.ts';

export interface SliceFault {
  readonly rule:
    | 'profile-slice-required'
    | 'profile-slice-max'
    | 'profile-slice-closed'
    | 'profile-slice-order';
  /** name of the slice, where the fault is of one */
  readonly slice: string | undefined;
  /** the item at fault, where it is one */
  readonly index: number | undefined;
}

export interface Sorted {
  /** for each item the slice it belongs to; -1: none */
  readonly places: readonly number[];
  readonly faults: readonly SliceFault[];
}

/**
 * @param tests one a slice, see `testsOf`
 * @source hl7.org/fhir/R4/profiling.html#slicing
 */
export function sortIntoSlices(items: readonly unknown[], slicing: Slicing, tests: readonly Test[]): Sorted {
  const { slices, rules, isOrdered } = slicing;
  const unclear = new Set<number>();
  const places = items.map((item, index) => {
    if (item === null) return -1;
    let isUnclear = false;
    for (let place = 0; place < tests.length; place++) {
      const answer = tests[place]!(item);
      if (answer) return place;
      if (answer === undefined) isUnclear = true;
    }
    if (isUnclear) unclear.add(index);
    return -1;
  });
  const faults: SliceFault[] = [];
  let latest = -1;
  let isEnd = false;
  places.forEach((place, index) => {
    if (place < 0) {
      if (unclear.has(index)) return;
      if (rules === 'closed') faults.push({ rule: 'profile-slice-closed', slice: undefined, index });
      isEnd = true;
      return;
    }
    const isLate = (isOrdered && place < latest) || (rules === 'openAtEnd' && isEnd);
    if (isLate) faults.push({ rule: 'profile-slice-order', slice: slices[place]!.name, index });
    latest = Math.max(latest, place);
  });
  slices.forEach(({ name, rules: { min, max } }, at) => {
    let count = 0;
    for (const place of places) if (place === at) count++;
    if (count + unclear.size < min)
      faults.push({ rule: 'profile-slice-required', slice: name, index: undefined });
    if (count > max) faults.push({ rule: 'profile-slice-max', slice: name, index: places.lastIndexOf(at) });
  });
  return { places, faults };
}
