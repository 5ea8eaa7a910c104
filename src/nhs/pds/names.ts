/** Turns names as two systems write them into whether they are the same name. */
import type { HumanName } from '@medplum/fhirtypes';

/** Letters that Unicode does not take apart into a letter and a mark. */
const WHOLE_LETTERS: Readonly<Record<string, string>> = {
  ł: 'l',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ı: 'i',
};

/** @returns the name without case, accents, hyphens, apostrophes, spaces and full stops: "O’Neill-Łuk" is "oneillluk" */
export function foldedName(name: string): string {
  const lower = name.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return lower
    .replaceAll(/[łøđðþßæœı]/g, (letter) => WHOLE_LETTERS[letter]!)
    .replaceAll(/[^\p{L}\p{N}]/gu, '');
}

/** Uses of names that were never a person's own way to be registered. */
const NOT_REGISTERED = new Set(['anonymous']);

/**
 * Compares surnames: one of the names that either side has, former ones included, is enough, since one of the two may not
 * have heard of a marriage yet.
 * @returns false also where either side has none
 */
export function sharesSurname(
  ours: readonly HumanName[] | undefined,
  theirs: readonly HumanName[] | undefined,
): boolean {
  const known = surnamesOf(theirs);
  return [...surnamesOf(ours)].some((name) => known.has(name));
}

function surnamesOf(names: readonly HumanName[] | undefined): ReadonlySet<string> {
  const registered = (names ?? []).filter(({ use }) => !NOT_REGISTERED.has(use ?? ''));
  const folded = registered.flatMap(({ family }) => (family === undefined ? [] : [foldedName(family)]));
  return new Set(folded.filter((name) => name !== ''));
}

/** @returns whether two FHIR dates are one; where one is less precise, as far as it goes */
export function sharesBirthDate(ours: string | undefined, theirs: string | undefined): boolean {
  if (!ours || !theirs) return false;
  const length = Math.min(ours.length, theirs.length);
  return ours.slice(0, length) === theirs.slice(0, length);
}

/** The name that a person goes by now: the usual one, else the official one, else the first that is not a former one. */
export function currentName(names: readonly HumanName[] | undefined): HumanName | undefined {
  const now = (names ?? []).filter(({ use }) => use !== 'old' && use !== 'maiden' && use !== 'anonymous');
  return now.find(({ use }) => use === 'usual') ?? now.find(({ use }) => use === 'official') ?? now[0];
}
