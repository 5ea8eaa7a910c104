/** Made-up places that the population lives in, as postcodes, and how many people live there. */

export interface MadeUpPlace {
  readonly postcode: string;
  readonly lsoa: string;
  readonly decile: number;
  readonly neighbourhood: string;
}

const NEIGHBOURHOODS = ['Harbourside', 'Millfield', 'Oldtown', 'Northgate', 'Lowmeadow'];

/** Two in each decile; the postcode area is one that no place has. */
export const PLACES: readonly MadeUpPlace[] = Array.from({ length: 20 }, (_, at) => ({
  postcode: `ZZ${1 + Math.floor(at / 10)} ${at % 10}AA`,
  lsoa: `E0100${String(at + 1).padStart(4, '0')}`,
  decile: 1 + (at % 10),
  neighbourhood: NEIGHBOURHOODS[at % NEIGHBOURHOODS.length]!,
}));

/** Text of a file of places, as a site would have it. */
export function placesCsv(): string {
  const rows = PLACES.map(
    ({ postcode, lsoa, decile, neighbourhood }) => `${postcode},${lsoa},${decile},${neighbourhood}`,
  );
  return `${['postcode,lsoa,imd_decile,neighbourhood', ...rows].join('\n')}\n`;
}

/** Text of a file of populations, as a site would have it. */
export function populationCsv(peopleOfEach = 3_000): string {
  const deciles = Array.from({ length: 10 }, (_, at) => `imd_decile,${at + 1},${peopleOfEach}`);
  const places = NEIGHBOURHOODS.map((name) => `neighbourhood,${name},${peopleOfEach * 2}`);
  return `${['dimension,group,population', ...deciles, ...places].join('\n')}\n`;
}
