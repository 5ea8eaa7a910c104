/** Turns a CSV of postcodes into what is known of where somebody lives, and adds that to their Patient. */
import type { Address, Extension, Patient } from '@medplum/fhirtypes';
import type { Held } from '../held.ts';
import { badCsv, csvLines } from './csv-table.ts';
import { type Place, Postcodes, postcodeNumber } from './postcodes.ts';

const BASE = 'https://hedgerow.example/fhir/StructureDefinition/';
export const NEIGHBOURHOOD_EXTENSION = `${BASE}neighbourhood`;
export const IMD_DECILE_EXTENSION = `${BASE}imd-decile`;
export const LSOA_EXTENSION = `${BASE}lsoa`;
const OURS = new Set([NEIGHBOURHOOD_EXTENSION, IMD_DECILE_EXTENSION, LSOA_EXTENSION]);

/** Names of columns, ours first, then those of the ONS Postcode Directory. */
const POSTCODE = ['postcode', 'pcds', 'pcd', 'pcd2', 'pcd7', 'pcd8'];
const LSOA = ['lsoa', 'lsoa21', 'lsoa21cd', 'lsoa11', 'lsoa11cd'];
const DECILE = ['imd_decile'];
const RANK = ['imd', 'imd_rank'];
const NEIGHBOURHOOD = ['neighbourhood'];

export interface PlacesSettings {
  /** file of postcodes */
  readonly path: string;
  /** how many LSOAs were ranked, where the file has ranks in place of deciles: 32844 in 2019, 33755 in 2025 */
  readonly ranked?: number | undefined;
}

export interface Places {
  /** postcodes that are known */
  readonly count: number;
  find(postcode: string): Place | undefined;
}

/**
 * Reads the file. Columns: postcode, lsoa, imd_decile, neighbourhood; or pcds, lsoa21 or lsoa11, imd (a rank) as in the ONS
 * Postcode Directory. Deciles are of England only: ranks of LSOAs elsewhere are of other indices.
 * @throws AdapterError rule `research-csv`
 */
export async function readPlaces({ path, ranked }: PlacesSettings): Promise<Places> {
  const codes = new Postcodes();
  for await (const { line, cell } of csvLines(path, 'places', [POSTCODE])) {
    const code = postcodeNumber(cell(...POSTCODE));
    if (code === undefined)
      throw badCsv('places', line, 'this is no postcode: mend it, or leave the line out');
    const [lsoa, neighbourhood] = [cell(...LSOA), cell(...NEIGHBOURHOOD).replaceAll(/\s+/g, ' ')];
    const imdDecile = decileOf(line, cell(...DECILE), isEnglish(lsoa) ? cell(...RANK) : '', ranked);
    codes.add(code, {
      ...(lsoa === '' ? {} : { lsoa }),
      ...(imdDecile === undefined ? {} : { imdDecile }),
      ...(neighbourhood === '' ? {} : { neighbourhood }),
    });
  }
  return {
    count: codes.count,
    find(postcode) {
      const code = postcodeNumber(postcode);
      return code === undefined ? undefined : codes.find(code);
    },
  };
}

function isEnglish(lsoa: string): boolean {
  return lsoa === '' || lsoa.startsWith('E');
}

function decileOf(
  line: number,
  decile: string,
  rank: string,
  ranked: number | undefined,
): number | undefined {
  if (decile !== '') {
    if (!/^(?:[1-9]|10)$/.test(decile))
      throw badCsv('places', line, 'imd_decile is a whole number from 1 to 10');
    return Number(decile);
  }
  if (rank === '' || rank === '0') return undefined;
  if (ranked === undefined)
    throw badCsv(
      'places',
      line,
      'it has ranks, not deciles: say how many LSOAs were ranked (32844 in 2019, 33755 in 2025), or add a column imd_decile',
    );
  if (!/^\d+$/.test(rank) || Number(rank) > ranked)
    throw badCsv('places', line, `its rank is no whole number from 1 to ${ranked}`);
  return Math.ceil((Number(rank) * 10) / ranked);
}

/** @returns a Patient with where they live as extensions, in place of those it may have; everything else as it is */
export function withPlace(held: Held, places: Places, nowMs: number): Held {
  const { resource } = held;
  if (resource.resourceType !== 'Patient') return held;
  const others = (resource.extension ?? []).filter(({ url }) => !OURS.has(url ?? ''));
  const postcode = homePostcode(resource, new Date(nowMs).toISOString().slice(0, 10));
  const place = postcode === undefined ? undefined : places.find(postcode);
  const extension = [...others, ...(place ? extensionsOf(place) : [])];
  const { extension: _before, ...rest } = resource;
  return { ...held, resource: extension.length > 0 ? { ...rest, extension } : rest };
}

function extensionsOf({ lsoa, imdDecile, neighbourhood }: Place): Extension[] {
  return [
    ...(lsoa === undefined ? [] : [{ url: LSOA_EXTENSION, valueCode: lsoa }]),
    ...(imdDecile === undefined ? [] : [{ url: IMD_DECILE_EXTENSION, valueInteger: imdDecile }]),
    ...(neighbourhood === undefined ? [] : [{ url: NEIGHBOURHOOD_EXTENSION, valueCode: neighbourhood }]),
  ];
}

/** A home before any other address; none that is over, old, or for a while. */
function homePostcode({ address = [] }: Patient, today: string): string | undefined {
  const isNow = ({ use, period, postalCode }: Address): boolean =>
    postalCode !== undefined &&
    use !== 'old' &&
    use !== 'temp' &&
    use !== 'billing' &&
    (period?.end === undefined || period.end >= today.slice(0, period.end.length));
  const current = address.filter(isNow);
  return (current.find(({ use }) => use === 'home') ?? current[0])?.postalCode;
}
