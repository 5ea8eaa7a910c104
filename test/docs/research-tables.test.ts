/** docs/research-tables.md and docs/other-engines.md hold: the table of one's own is made, and what is written for DuckDB runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { suppressTables } from '../../src/research/disclosure/suppress.ts';
import { flaggedRows } from '../../src/research/disclosure/table.ts';
import { loadTables, type TableSet } from '../../src/research/tables/load.ts';
import { sinkColumns, Workbench } from '../../src/research/tables/workbench.ts';
import { parquetSink } from '../../src/research/view/parquet-sink.ts';
import { population } from '../research/population.ts';
import { definitions } from '../research/samples.ts';
import { blocksOf, ROOT } from './page.ts';

const PEOPLE = 150;
const SETTINGS = {
  values: { today: '2026-07-01', frequent_contacts: '12', frequent_months: '12', before_after_months: '6' },
  population: [],
  changes: {},
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tables-docs-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const shipped = join(ROOT, 'views');

async function tablesIn(...folders: string[]): Promise<TableSet> {
  const loaded = await loadTables(folders, definitions);
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
  return loaded.value;
}

/** @returns a workbench with all rows of these resources */
async function filled(tables: TableSet, resources: Iterable<unknown>): Promise<Workbench> {
  const workbench = Workbench.open(folder, tables, SETTINGS);
  const sinks = await Promise.all(
    [...tables.base.values()].map(async ({ name, view }) => ({
      view,
      sink: await workbench.sinkOf(name)(view.columns),
    })),
  );
  for (const resource of resources)
    for (const { view, sink } of sinks) view.rows(resource, (row) => sink.row(row));
  for (const { sink } of sinks) await sink.finish();
  return workbench;
}

test('the table of one’s own counts what it says', async () => {
  for (const { words, text } of blocksOf('research-tables.md').filter(({ words }) => words[2]))
    writeFileSync(join(folder, words[2]!), text);
  const tables = await tablesIn(shipped, folder);
  const speaks = (id: string, ...codes: string[]) => ({
    resourceType: 'Patient',
    id,
    communication: codes.map((code) => ({ preferred: true, language: { coding: [{ code }] } })),
  });
  const workbench = await filled(tables, [speaks('a', 'uk'), speaks('b', 'uk', 'pl'), speaks('c')]);
  try {
    workbench.derive(['languages']);
    expect([...workbench.rows('languages')].sort()).toEqual([
      ['pl', 1],
      ['uk', 2],
    ]);
    expect(tables.derived.get('languages')!.columns[0]).toMatchObject({ role: 'dimension', sums: 'overlap' });
  } finally {
    workbench.close();
  }
});

test('every shipped table is told of, and no other', async () => {
  const { derived } = await tablesIn(shipped);
  const [, page] = readFileSync(join(ROOT, 'docs/research-tables.md'), 'utf8').split('## Which table');
  const told = [...page!.split('\n##')[0]!.matchAll(/^\|.*?\|(.*?)\|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!),
  );
  expect(told.sort()).toEqual([...derived.keys()].sort());
});

/** Writes the tables that the page reads, as an export would. */
async function writeParquet(): Promise<void> {
  const tables = await tablesIn(shipped);
  const workbench = await filled(tables, resourcesOf());
  try {
    for (const name of ['paired_outcomes', 'referrals', 'patients', 'needs_summary']) {
      workbench.derive([name]);
      const table = tables.derived.get(name)!;
      const rows = [...workbench.rows(name)];
      const [shown] = suppressTables([{ name, columns: table.columns, rows }], {
        ...{ below: 5, roundTo: 5, keepZero: true },
      });
      const flags = flaggedRows(shown!);
      const further = flags.columns.slice(table.columns.length).map((flag) => ({
        ...({ name: flag, type: 'boolean', role: 'dimension', description: 'withheld' } as const),
      }));
      const isRow = table.kind === 'row';
      const sink = await parquetSink(join(folder, `${name}.parquet`))(
        sinkColumns(isRow ? table.columns : [...table.columns, ...further]),
      );
      for (const row of isRow ? rows : flags.rows) sink.row(row);
      await sink.finish();
    }
  } finally {
    workbench.close();
  }
}

function* resourcesOf(): Generator<{ readonly resourceType: string }> {
  for (const { resource } of population({ people: PEOPLE })) yield resource;
}

test('what is written for DuckDB gives rows, over tables and over resources', async () => {
  await writeParquet();
  const encounters = [...resourcesOf()].filter(({ resourceType }) => resourceType === 'Encounter');
  writeFileSync(
    join(folder, 'Encounter.1.ndjson'),
    encounters.map((one) => `${JSON.stringify(one)}\n`).join(''),
  );
  const duckdb = await (await DuckDBInstance.create()).connect();
  await duckdb.run(readFileSync(join(shipped, 'dialects/duckdb.sql'), 'utf8'));
  const blocks = blocksOf('other-engines.md').filter(({ words }) => words[1] === 'duckdb');
  expect(blocks).toHaveLength(4);
  const found: unknown[][][] = [];
  for (const { text } of blocks) {
    const sql = text.replaceAll(/'(?:research|exports)\//g, `'${folder}/`);
    found.push((await duckdb.runAndReadAll(sql)).getRows() as unknown[][]);
  }
  duckdb.closeSync();
  for (const rows of found) expect(rows.length).toBeGreaterThan(0);
  const own = encounters.filter((one) => 'basedOn' in one);
  const counted = found[3]!.reduce((sum, row) => sum + Number(row[1]), 0);
  expect(counted).toBe(own.length);
});
