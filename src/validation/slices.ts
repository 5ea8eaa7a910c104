/** Sorts the items of a sliced element into its slices, and says what is wrong with the order and the number. */

import type { SliceTest } from './discriminate.ts';
import type { Slicing } from './element-rules.ts';

export interface SliceFault {
  readonly rule:
    | 'profile-slice-required'
    | 'profile-slice-max'
    | 'profile-slice-closed'
    | 'profile-slice-order'
    | 'profile-slice-ambiguous'
    | 'profile-slice-discriminator'
    | 'profile-slice-not-checked';
  /** name of the slice, where the fault is of one */
  readonly slice: string | undefined;
  /** the item at fault, where it is one */
  readonly index: number | undefined;
  /** name of another slice that the item fits */
  readonly other?: string;
}

export interface Sorted {
  /** for each item the slice it belongs to; -1: none, or it cannot be told */
  readonly places: readonly number[];
  readonly faults: readonly SliceFault[];
}

/** Where an item belongs, or why that cannot be told. */
type Told = { readonly place: number } | { readonly fault: SliceFault };

const OUTSIDE: Told = { place: -1 };

/** @returns true for what leaves the items valid, and is said for completeness only */
export function isRemark({ rule }: SliceFault): boolean {
  return rule === 'profile-slice-not-checked';
}

/**
 * @param tests one a slice, see `testsOf`
 * @source hl7.org/fhir/R4/profiling.html#slicing
 */
export function sortIntoSlices(
  items: readonly unknown[],
  slicing: Slicing,
  tests: readonly SliceTest[],
): Sorted {
  const faults: SliceFault[] = [];
  const unclear = new Set<number>();
  const places = items.map((item, index) => {
    const told = item === null ? OUTSIDE : placeOf(item, index, slicing, tests);
    if ('place' in told) return told.place;
    faults.push(told.fault);
    unclear.add(index);
    return -1;
  });
  return {
    places,
    faults: [
      ...faults,
      ...orderFaults(places, slicing, unclear),
      ...numberFaults(places, slicing, unclear.size),
    ],
  };
}

/** Of slices that say the same at the discriminators nobody can tell to which an item belongs: that is a fault of theirs. */
function placeOf(item: unknown, index: number, slicing: Slicing, tests: readonly SliceTest[]): Told {
  let first = -1;
  let open = -1;
  let alike = -1;
  for (let place = 0; place < tests.length; place++) {
    const { fits, said, isSilent } = tests[place]!;
    const answer = fits(item);
    if (answer === undefined && (open < 0 || isSilent)) open = place;
    if (!answer) continue;
    if (first < 0) first = place;
    else if (said === tests[first]!.said) alike = place;
    else return untold('profile-slice-ambiguous', index, slicing, first, place);
  }
  if (alike >= 0) return untold('profile-slice-not-checked', index, slicing, first, alike);
  if (first >= 0) return { place: first };
  if (open < 0) return OUTSIDE;
  const rule = tests[open]!.isSilent ? 'profile-slice-discriminator' : 'profile-slice-not-checked';
  return untold(rule, index, slicing, open);
}

function untold(
  rule: SliceFault['rule'],
  index: number,
  { slices }: Slicing,
  place: number,
  beside?: number,
): Told {
  const other = beside === undefined ? {} : { other: slices[beside]!.name };
  return { fault: { rule, slice: slices[place]!.name, index, ...other } };
}

function orderFaults(
  places: readonly number[],
  { slices, rules, isOrdered }: Slicing,
  unclear: ReadonlySet<number>,
): readonly SliceFault[] {
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
  return faults;
}

/** Items that cannot be told count for every slice that must be there, and for none that may not. */
function numberFaults(
  places: readonly number[],
  { slices }: Slicing,
  unclear: number,
): readonly SliceFault[] {
  const faults: SliceFault[] = [];
  slices.forEach(({ name, rules: { min, max } }, at) => {
    let count = 0;
    for (const place of places) if (place === at) count++;
    if (count + unclear < min) faults.push({ rule: 'profile-slice-required', slice: name, index: undefined });
    if (count > max) faults.push({ rule: 'profile-slice-max', slice: name, index: places.lastIndexOf(at) });
  });
  return faults;
}
