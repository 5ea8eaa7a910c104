/** A store that holds a made-up population, and the shipped tables made from it, for tests of what comes out in the end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { Keys } from '../../src/research/deidentify/keys.ts';
import { SMALL_NUMBERS } from '../../src/research/disclosure/table.ts';
import type { Held } from '../../src/research/held.ts';
import { type Made, type MakeOptions, makeTables } from '../../src/research/make.ts';
import { readPlaces } from '../../src/research/places/places.ts';
import { readPopulation } from '../../src/research/places/population.ts';
import { loadTables, type TableSet } from '../../src/research/tables/load.ts';
import type { Identified } from '../../src/store/resources.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import { commit, recordOf } from '../store/samples.ts';
import { shippedRules } from './deidentify/samples.ts';
import { placesCsv, population, populationCsv, TODAY } from './population.ts';

export const definitions = loadBaseDefinitions();
export const NOW_MS = Date.parse(`${TODAY}T12:00:00Z`);

/** Everything of one person is one record, as a case-management system would send it. */
export async function storeOf(
  people: number,
): Promise<{ store: Store; held: readonly Held[]; close(): Promise<void> }> {
  const own = mkdtempSync(join(tmpdir(), 'hedgerow-made-'));
  const store = await openSqliteStore({ file: join(own, 'store.sqlite'), definitions });
  const held = [...population({ people })];
  const byPerson = Map.groupBy(held, ({ personId }) => personId ?? 'directory');
  for (const [key, all] of byPerson)
    await commit(
      store,
      recordOf(
        all.map(({ resource }) => resource as Identified),
        { key, payload: { key } },
      ),
    );
  const close = async (): Promise<void> => {
    await store.close();
    rmSync(own, { recursive: true, force: true });
  };
  return { store, held, close };
}

export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'hedgerow-made-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

let tables: Promise<TableSet> | undefined;
export function shippedTables(): Promise<TableSet> {
  tables ??= loadTables(['views'], definitions).then((loaded) => {
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
    return loaded.value;
  });
  return tables;
}

/** @returns what the shipped tables are made with; people of two bands of age and a gender look alike enough */
export async function optionsFor(
  store: Pick<Store, 'seenBy'>,
  more: Partial<MakeOptions> = {},
): Promise<MakeOptions> {
  const own = folder();
  writeFileSync(join(own, 'places.csv'), placesCsv());
  writeFileSync(join(own, 'population.csv'), populationCsv());
  const all = await shippedTables();
  const people = await readPopulation(join(own, 'population.csv'));
  return {
    ...{ store, definitions, tables: all, names: [...all.derived.keys()], rules: shippedRules() },
    ...{ keys: new Keys(Buffer.alloc(32, 1)), places: await readPlaces({ path: join(own, 'places.csv') }) },
    settings: {
      optOut: { notApplicable: 'people who were made up' },
      withoutNumber: 'out',
      organisations: 'hidden',
      counted: 'consented',
      smallNumbers: SMALL_NUMBERS,
      kAnonymity: { k: 2, columns: ['gender', 'age_band'], otherwise: 'suppress' },
      tables: {
        values: {
          today: TODAY,
          frequent_contacts: '12',
          frequent_months: '12',
          before_after_months: '6',
        },
        population: people.map(
          ({ dimension, group, population: count }) => [dimension, group, count] as const,
        ),
        changes: {},
      },
    },
    nowMs: NOW_MS,
    folder: own,
    ...more,
  };
}

export async function madeBy<T>(options: MakeOptions, use: (made: Made) => Promise<T>): Promise<T> {
  return makeTables(options, use);
}

/** @returns rows of a made table, by the names of its columns */
export function rowsOf(made: Made, name: string): Record<string, unknown>[] {
  const table = made.tables.find((one) => one.table.name === name)!;
  const rows = table.kind === 'row' ? [...table.rows()] : table.shown.rows;
  return rows.map((row) =>
    Object.fromEntries(table.table.columns.map((column, at) => [column.name, row[at]])),
  );
}
