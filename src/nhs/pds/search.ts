/** Turns a Patient without an NHS number into the searches by which PDS may find it, within the rules of application-restricted access. */
import type { Patient } from '@medplum/fhirtypes';
import { currentName } from './names.ts';

/** PDS takes no longer family or given name. */
const LONGEST_NAME = 35;
/** Letters of a given name that are searched for: spellings and short forms differ behind them. */
const GIVEN_LETTERS = 3;
/** Characters of a postcode that are searched for: people move nearby. */
const POSTCODE_CHARACTERS = 2;
/** Before a wildcard. */
const FEWEST_BEFORE_WILDCARD = 2;

/**
 * @returns the queries to try in turn, the narrower first; none where family name or full birth date are missing. The second
 *   has no postcode: who has moved far, and who is restricted, is found by that alone
 * @source PDS FHIR API, search: non-fuzzy, history included, one result
 */
export function searchesFor(
  patient: Pick<Patient, 'name' | 'birthDate' | 'address'>,
): readonly URLSearchParams[] {
  const name = currentName(patient.name);
  const family = searchable(name?.family);
  const { birthDate } = patient;
  if (family === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(birthDate ?? '')) return [];
  const base: [string, string][] = [['family', atMost(family)]];
  const given = searchable(name?.given?.[0]);
  if (given !== undefined) base.push(['given', beginningOf(given, GIVEN_LETTERS)]);
  base.push(['birthdate', `eq${birthDate}`], ['_history', 'true'], ['_max-results', '1']);
  const postcode = postcodeOf(patient);
  const searches = [new URLSearchParams(base)];
  if (postcode !== undefined)
    searches.unshift(new URLSearchParams([...base, ['address-postalcode', postcode]]));
  return searches;
}

/** An asterisk of a name would be a wildcard. */
function searchable(text: string | undefined): string | undefined {
  const plain = (text ?? '').replaceAll('*', '').trim();
  return plain === '' ? undefined : plain;
}

function atMost(family: string): string {
  return [...family].length <= LONGEST_NAME ? family : `${[...family].slice(0, LONGEST_NAME - 1).join('')}*`;
}

function beginningOf(text: string, letters: number): string {
  const first = [...text].slice(0, letters).join('');
  return [...text].length > letters && letters >= FEWEST_BEFORE_WILDCARD ? `${first}*` : first;
}

function postcodeOf({ address }: Pick<Patient, 'address'>): string | undefined {
  const home = address?.find(({ use }) => use === 'home') ?? address?.[0];
  const code = (home?.postalCode ?? '').replaceAll(/[^A-Za-z0-9]/g, '').toUpperCase();
  return code.length > POSTCODE_CHARACTERS ? `${code.slice(0, POSTCODE_CHARACTERS)}*` : undefined;
}
