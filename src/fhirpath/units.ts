/** Turns UCUM codes into dimensions and factors, by a library that is loaded when the first unit has to be converted. */
import { createRequire } from 'node:module';

/** What a unit measures, and how it converts. */
export interface Unit {
  /** the same for all units that measure the same: powers of the base units, `m.s-2`; empty for a plain number */
  readonly dimension: string;
  /** how many base units one of it is; of no meaning where `isScale` */
  readonly factor: number;
  /** measured from a zero of its own, or on a curve: Cel, [degF], [pH]; it converts, and multiplies nothing */
  readonly isScale: boolean;
  readonly entry: LibraryUnit;
}

/** The fields and the method of the library's units that are used here. */
interface LibraryUnit {
  readonly magnitude_: number;
  readonly dim_: { readonly dimVec_: readonly number[] | null } | null;
  readonly moleExp_: number;
  readonly isSpecial_: boolean;
  readonly isArbitrary_: boolean;
  readonly csCode_: string | number;
  convertFrom(value: number, from: LibraryUnit): number;
}

interface Library {
  readonly UcumLhcUtils: {
    getInstance(): {
      getSpecifiedUnit(code: string, mode: 'validate'): { readonly unit?: LibraryUnit | null };
    };
  };
}

/** Base units in the order of the library's dimension vectors; moles are counted beside them. */
const BASE_UNITS = ['m', 's', 'g', 'rad', 'K', 'C', 'cd'];
/** What the library takes one mole for. */
const MOLE = 6.0221367e23;
/** Longest code, in characters: a unit of a record is text from outside. */
const LONGEST_CODE = 100;
const CACHE_SIZE = 500;

const cache = new Map<string, Unit | undefined>();
let lookUp: ((code: string) => LibraryUnit | undefined) | undefined;

/**
 * @param code case-sensitive UCUM code: `mg/dL`
 * @returns undefined for what is no UCUM code
 * @source UCUM 2.2, by \@lhncbc/ucum-lhc
 */
export function unitOf(code: string): Unit | undefined {
  if (cache.has(code)) return cache.get(code);
  const unit = readUnit(code);
  if (cache.size >= CACHE_SIZE) cache.clear();
  cache.set(code, unit);
  return unit;
}

/** @returns the amount in the other unit; undefined where the two do not measure the same */
export function convert(value: number, from: Unit, to: Unit): number | undefined {
  if (from.dimension !== to.dimension) return undefined;
  return from.isScale || to.isScale
    ? to.entry.convertFrom(value, from.entry)
    : (value * from.factor) / to.factor;
}

/** @param sign 1 multiplies, -1 divides @returns the dimension of a product: `m` and `s` divided make `m.s-1` */
export function productOf(a: Unit, b: Unit, sign: 1 | -1): string {
  const left = powersOf(a.entry);
  return written(left.map((power, i) => power + sign * powersOf(b.entry)[i]!));
}

function readUnit(code: string): Unit | undefined {
  if (code.length > LONGEST_CODE) return undefined;
  const entry = libraryUnit(code);
  if (!entry || !Number.isFinite(entry.magnitude_) || entry.magnitude_ <= 0) return undefined;
  // what a biological assay defines equals nothing but itself
  const dimension = entry.isArbitrary_ ? `arbitrary ${code}` : written(powersOf(entry));
  return { dimension, factor: entry.magnitude_ / MOLE ** entry.moleExp_, isScale: entry.isSpecial_, entry };
}

function libraryUnit(code: string): LibraryUnit | undefined {
  lookUp ??= loadLibrary();
  try {
    const entry = lookUp(code);
    return entry?.csCode_ === '' ? undefined : entry; // what it makes of brackets alone
  } catch {
    return undefined; // it throws for some codes that are none
  }
}

/** Loading takes 40 ms and 3 MB, so it waits until a unit is converted; only `require` loads without a promise. */
function loadLibrary(): (code: string) => LibraryUnit | undefined {
  const { UcumLhcUtils } = createRequire(import.meta.url)('@lhncbc/ucum-lhc') as Library;
  const units = UcumLhcUtils.getInstance();
  return (code) => units.getSpecifiedUnit(code, 'validate').unit ?? undefined;
}

function powersOf(entry: LibraryUnit): number[] {
  const powers = BASE_UNITS.map((_, i) => entry.dim_?.dimVec_?.[i] ?? 0);
  return [...powers, entry.moleExp_];
}

function written(powers: readonly number[]): string {
  return [...BASE_UNITS, 'mol']
    .flatMap((name, i) => (powers[i] === 0 ? [] : [powers[i] === 1 ? name : `${name}${powers[i]}`]))
    .sort()
    .join('.');
}
