/** Holds coded values against the value set that an element is bound to. */
import { type PendingCode, running } from './run.ts';
import type { BoundTo } from './schema.ts';
import type { CodeTest } from './terminology/terminology.ts';
import { type Coded, codesOf, inSet, isUncoded, type Terms } from './terms.ts';

/** What a binding says of a value. */
export type Bound = 'fine' | 'uncoded' | 'outside' | 'other' | 'unknown';

/** @returns what the binding says; `other` for codes of another system than the set's, which an extensible set allows where none of its
 * own fits, and who but a person can tell; `unknown` where neither the set nor its code systems are here whole */
export function boundOf(terms: Terms, codes: readonly Coded[], bound: BoundTo): Bound {
  if (isUncoded(codes, bound)) return 'fine';
  if (codes.length === 0) return 'uncoded';
  const found = inSet(codes, terms.codes(bound.valueSet));
  if (found === undefined) return 'unknown';
  if (found) return 'fine';
  const test = terms.codes(bound.valueSet);
  const isOther = bound.strength === 'extensible' && codes.every((one) => isOfAnother(one, test));
  return isOther ? 'other' : 'outside';
}

const URL = /^[a-z][a-z0-9+.-]*:\S/i;

/** A uri in place of a code has no system, and belongs to none of the set's where it is a whole URL (`ElementDefinition.type.code`). */
function isOfAnother({ system, code }: Coded, test: CodeTest): boolean {
  return system === undefined ? URL.test(code) : system !== '' && !test.draws(system);
}

/** @returns the compiled check: codes that nobody here knows pass, and wait in the run for one who does */
export function bindingTest(terms: Terms, bound: BoundTo): (value: unknown) => boolean {
  if (bound.strength === 'preferred') return () => true; // other codes are allowed: said where all is explained
  const test = terms.codes(bound.valueSet);
  return (value) => {
    if (value === null) return true; // an item of a list that has an id or extensions only
    if (typeof value === 'string' && bound.strength === 'required') {
      const has = test.has(undefined, value);
      if (has === undefined) waitFor(terms, codesOf(value), bound);
      return has !== false;
    }
    const codes = codesOf(value);
    const found = boundOf(terms, codes, bound);
    if (found === 'unknown') waitFor(terms, codes, bound);
    return found !== 'outside' && found !== 'uncoded';
  };
}

function waitFor(terms: Terms, codes: readonly Coded[], bound: BoundTo): void {
  running().pending.push(pendingOf(terms, codes, bound, bound.path));
}

/** @returns what a terminology server is to be asked */
export function pendingOf(
  terms: Terms,
  codes: readonly Coded[],
  { valueSet, strength }: BoundTo,
  expression: string,
): PendingCode {
  return {
    valueSet,
    strength: strength === 'required' ? 'required' : 'extensible',
    codes,
    expression,
    because: terms.codes(valueSet).unknownBecause ?? 'the value set is not here whole',
  };
}
