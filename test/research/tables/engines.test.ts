/** The shipped SQL says the same on the workbench's SQLite and on DuckDB. */
import { expect, test } from 'vitest';
import { population } from '../population.ts';
import { comparable, derived, inDuckDb, rowsOf, shippedTables } from './bench.ts';

test('every table has the same rows on both engines, and a population fills all of them', async () => {
  const tables = await shippedTables();
  const names = [...tables.derived.keys()];
  const rows = await rowsOf([...population({ people: 300 })].map(({ resource }) => resource));
  // what the postcode would say
  const patient = rows.patient!.map((one, at) => ({
    ...one,
    imd_decile: (at % 10) + 1,
    neighbourhood: `N${at % 4}`,
  }));
  const given = { ...rows, patient };
  const [ours, duck] = [await derived(names, given), await inDuckDb(given)];
  const empty: string[] = [];
  for (const [name, { columns }] of tables.derived) {
    expect(comparable(ours[name]!, columns), name).toEqual(comparable(duck[name]!, columns));
    if (ours[name]!.length === 0) empty.push(name);
  }
  expect(empty).toEqual([]);
});

test('nobody in the store makes tables without people, on both engines', async () => {
  const tables = await shippedTables();
  const [ours, duck] = [await derived([...tables.derived.keys()], {}), await inDuckDb({})];
  for (const [name, { columns, kind }] of tables.derived) {
    expect(comparable(ours[name]!, columns), name).toEqual(comparable(duck[name]!, columns));
    if (kind === 'row') expect(ours[name], name).toEqual([]);
  }
});
