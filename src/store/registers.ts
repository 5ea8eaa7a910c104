/** Lays what a register of people says over what sources say of a Patient: its word stands for as long as they name a number that it speaks of. */
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { NHS_NUMBER_SYSTEM, parseNhsNumber } from '../fhir/identifiers.ts';
import { isNhsNumberSystem } from '../fhir/verified-number.ts';
import { isRestricted } from '../referral/restriction.ts';
import type { Identified } from './resources.ts';

/** Sources that say all they know of a Patient each time, and whose word the time of no other source makes older. */
const REGISTERS: ReadonlySet<string> = new Set(['pds']);

/** @param source name of a source */
export function isRegister(source: string): boolean {
  return REGISTERS.has(source);
}

/**
 * @param resource as sources say it
 * @param words of registers, in order
 * @param lay puts one resource over another, element by element
 * @returns the resource with those of the words that speak of the number it has; that a person is restricted stands in any case
 */
export function withRegisters(
  resource: Identified,
  words: readonly Identified[],
  lay: (earlier: Identified, later: Identified) => Identified,
): Identified {
  let now = resource;
  for (const word of words) now = lay(now, speaksOf(word, resource) ? word : restrictionIn(word));
  return now;
}

/** A word without a number speaks of nobody; one that was traced speaks of a Patient who has none of their own. */
function speaksOf(word: Identified, resource: Identified): boolean {
  const said = numbersIn(word);
  const named = numbersIn(resource, 'current');
  return said.size > 0 && (named.size === 0 || [...named].some((number) => said.has(number)));
}

function numbersIn(resource: Identified, only?: 'current'): ReadonlySet<string> {
  if (resource.resourceType !== 'Patient') return new Set();
  const isMeant = ({ system, use }: Identifier): boolean =>
    only === 'current' ? system === NHS_NUMBER_SYSTEM && use !== 'old' : isNhsNumberSystem(system);
  const meant = (resource.identifier ?? []).filter(isMeant);
  return new Set(meant.flatMap(({ value }) => parseNhsNumber(value ?? '') ?? []));
}

/** Fails closed: until the register is asked about another number, whoever it restricted stays so. */
function restrictionIn(word: Identified): Identified {
  const { resourceType, id, meta } = word as Patient & { id: string };
  if (!isRestricted(word)) return { resourceType, id };
  return { resourceType, id, meta: { security: meta!.security! } };
}
