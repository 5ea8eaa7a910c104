/** What PDS lets an application search by, in its words, and whom a search finds. */
import type { Patient } from '@medplum/fhirtypes';
import { foldedName } from '../../src/nhs/pds/names.ts';
import { errorBody } from './pds-errors.ts';
import type { PdsRecord } from './pds-records.ts';

export type Said = {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
};

export function error(
  status: number,
  code: string,
  diagnostics?: string,
  headers?: Readonly<Record<string, string>>,
): Said {
  return { status, body: errorBody(code, diagnostics), headers };
}

const PARAMETERS = new Set([
  ...['family', 'given', 'gender', 'birthdate', 'death-date', 'address-postalcode', 'address-postcode'],
  ...['general-practitioner', 'email', 'phone', '_fuzzy-match', '_exact-match', '_history', '_max-results'],
]);
const LONGEST_NAME = 35;

/** @returns why the search is refused */
export function faultIn(query: URLSearchParams): Said | undefined {
  const names = [...query.keys()];
  if (names.length === 0) return error(400, 'UNSUPPORTED_SERVICE');
  const unknown = names.find((name) => !PARAMETERS.has(name));
  if (unknown)
    return error(400, 'ADDITIONAL_PROPERTIES', `Additional properties are not allowed ('${unknown}')`);
  const invalid = (name: string): Said =>
    error(400, 'INVALID_VALUE', `Invalid value - '${query.get(name)}' in field '${name}'`);
  if (query.get('_max-results') !== '1')
    return error(403, 'INVALID_VALUE', "Invalid value in field '_max-results'");
  if (query.has('address-postalcode') && query.has('address-postcode'))
    return error(400, 'INVALID_SEARCH_DATA');
  for (const name of ['family', 'given'])
    for (const value of query.getAll(name)) {
      if (value.length > LONGEST_NAME || value === '') return invalid(name);
      if (value.slice(0, 2).includes('*')) return invalid(name);
      if (value.includes('*') && query.get('_fuzzy-match') === 'true')
        return error(400, 'INVALID_SEARCH_DATA');
    }
  if (query.get('address-postalcode')?.slice(0, 2).includes('*')) return invalid('address-postalcode');
  for (const value of query.getAll('birthdate'))
    if (!/^(eq|ge|le)?\d{4}-\d{2}-\d{2}$/.test(value)) return invalid('birthdate');
  if (!query.has('family') || !query.has('birthdate'))
    return error(
      400,
      'MISSING_VALUE',
      "Missing value - 'birth_date/birth_date_range_start/birth_date_range_end'",
    );
  return undefined;
}

export function matches({ name, birthDate, address }: PdsRecord, query: URLSearchParams): boolean {
  const like = (value: string | undefined, wanted: string): boolean => {
    const folded = foldedName(value ?? '');
    const asked = foldedName(wanted);
    return wanted.endsWith('*') ? folded.startsWith(asked) : folded === asked;
  };
  const now = (name ?? []).filter(({ use }) => query.get('_history') === 'true' || use !== 'old');
  const isNamed = now.some(
    ({ family, given }) =>
      like(family, query.get('family')!) &&
      query.getAll('given').every((one) => (given ?? []).some((own) => like(own, one))),
  );
  const place = query.get('address-postalcode');
  const isThere =
    place === null || (address ?? []).some(({ postalCode }) => like(postalCode?.replaceAll(' ', ''), place));
  return isNamed && isThere && query.getAll('birthdate').every((one) => one.replace(/^eq/, '') === birthDate);
}

export function isRestricted({ meta }: Patient): boolean {
  return meta?.security?.some(({ code }) => code === 'R' || code === 'V') ?? false;
}
