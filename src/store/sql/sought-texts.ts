/** Turns the identifiers of a person into the texts by which payloads that no resource leads to are searched for them. */
import type { Identifier } from '@medplum/fhirtypes';
import { isNhsNumberSystem } from '../../fhir/verified-number.ts';

/** A shorter text is found in payloads of anybody. */
const SHORTEST = 4;

/** @returns values as they stand, each once, and NHS numbers apart: those are written in groups as well */
export function soughtTexts(identifiers: readonly Identifier[]): {
  readonly texts: readonly string[];
  readonly numbers: readonly string[];
} {
  const valuesOf = (some: readonly Identifier[]): string[] => [
    ...new Set(some.map(({ value = '' }) => value).filter((value) => value.length >= SHORTEST)),
  ];
  const isNumber = ({ system }: Identifier): boolean => isNhsNumberSystem(system);
  return {
    texts: valuesOf(identifiers.filter((one) => !isNumber(one))),
    numbers: valuesOf(identifiers.filter(isNumber)).map((value) => value.replaceAll(/[ -]/g, '')),
  };
}
