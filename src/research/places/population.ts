/** Turns a CSV of how many people live where into denominators of rates. */
import { badCsv, csvLines } from './csv-table.ts';

/** How many people of a group live in a place. */
export interface Denominator {
  /** neighbourhood; undefined for the whole area */
  readonly place: string | undefined;
  /** what the group is one of: neighbourhood, imd_decile, age_band, gender, ethnic_category */
  readonly dimension: string;
  /** as the tables have it, such as `65-74` or `female`; of a neighbourhood its name */
  readonly group: string;
  readonly population: number;
}

const DIMENSIONS = ['neighbourhood', 'imd_decile', 'age_band', 'gender', 'ethnic_category'];

/**
 * Reads columns dimension, group, population and, where groups are counted in each neighbourhood, place.
 * @throws AdapterError rule `research-csv` with the line
 */
export async function readPopulation(path: string): Promise<readonly Denominator[]> {
  const rows: Denominator[] = [];
  const seen = new Set<string>();
  for await (const { line, cell } of csvLines(path, 'population', [
    ['dimension'],
    ['group'],
    ['population'],
  ])) {
    const [place, dimension, group, population] = ['place', 'dimension', 'group', 'population'].map((name) =>
      cell(name),
    ) as [string, string, string, string];
    if (!DIMENSIONS.includes(dimension))
      throw badCsv('population', line, `its dimension is none of ${DIMENSIONS.join(', ')}`);
    if (group === '' || !/^\d+$/.test(population))
      throw badCsv(
        'population',
        line,
        'give a group, and its population as a whole number without separators',
      );
    const key = JSON.stringify([place, dimension, group]);
    if (seen.has(key))
      throw badCsv('population', line, 'this group was counted before: leave one of them out');
    seen.add(key);
    rows.push({ place: place === '' ? undefined : place, dimension, group, population: Number(population) });
  }
  return rows;
}
