/** Refuses element names that would reach into JavaScript's own objects. */
import type { Unit } from './site.ts';
import type { Word } from './tree.ts';

/** What JavaScript gives texts, numbers and lists: legitimate names of elements, but of objects only. */
const INHERITED = new Set(
  [String, Number, Boolean, Array].flatMap(({ prototype }) => Object.getOwnPropertyNames(prototype)),
);

/** @returns true for `length`, `link`, `at` and the like: a text or a list in the element's place seems to have them */
export function isInherited(name: string): boolean {
  return INHERITED.has(name);
}

const REFUSED = new Set([...Object.getOwnPropertyNames(Object.prototype), 'prototype']);

/** @returns true, with a finding, for `__proto__`, `constructor`, `prototype` and the like */
export function isRefusedName(unit: Unit, word: Word): boolean {
  if (!REFUSED.has(word.text)) return false;
  unit.findings.add(
    'map-name-refused',
    word.at,
    `${word.text} is refused as the name of an element; rename the field`,
  );
  return true;
}
