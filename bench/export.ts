/** Measures a bulk export against a bare SELECT of the same resources, written to a file: same rows, same bytes, same disk. */
import { closeSync, fdatasyncSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { STORED_TYPES } from '../src/fhir/definitions.ts';
import { NOT_BEGUN } from '../src/research/export/asked.ts';
import { runExport } from '../src/research/export/run.ts';
import type { Store, Viewer } from '../src/store/store.ts';
import { fill, OWNERS } from './api-fill.ts';
import { compareBatches, type Result, withLeast } from './measure.ts';
import { ENGINES, type Engine, newPlace, type Place } from './places.ts';

const GOAL = 0.5;
const COUNT = Number(process.env.BENCH_EXPORT_RESOURCES ?? 300_000);
const ROUNDS = 5;
/** Rows that the bare SELECT gives at once. */
const AT_ONCE = 1_000;

/** A client that sees all organisations, and, only told of, one of one organisation of two: labels hide from both. */
const VIEWERS: Readonly<Record<string, Viewer>> = {
  raw: { organisations: undefined, types: undefined, purpose: undefined, breaksGlass: false },
  tenant: { organisations: [OWNERS[0]], types: undefined, purpose: undefined, breaksGlass: false },
};

/** @returns `export/raw` of each engine, the least, and `export/tenant` of each */
export async function benchExport(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-export-'));
  try {
    const found: Result[] = [];
    for (const engine of ENGINES) found.push(...(await ofEngine(engine, join(folder, engine), smoke)));
    const isOf = (name: string) => (result: Result) => result.name.startsWith(name);
    return [
      ...withLeast('export/raw', found.filter(isOf('export/raw ')), GOAL),
      ...found.filter(isOf('export/tenant ')),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ofEngine(engine: Engine, folder: string, smoke: boolean): Promise<Result[]> {
  const place = await newPlace(engine, folder);
  const store = await place.open();
  await fill(store, smoke ? 600 : COUNT);
  await place.run('ANALYZE');
  const results: Result[] = [];
  for (const [name, viewer] of Object.entries(VIEWERS)) {
    const ours = (): Promise<number> => exported(store, viewer, join(folder, 'export'));
    const other = (): Promise<number> => selected(place, viewer.organisations?.[0], join(folder, 'raw'));
    if ((await ours()) !== (await other())) throw new Error('not the same resources');
    const title = `export/${name} ${engine}`;
    results.push(await compareBatches(title, ours, other, smoke ? 1 : ROUNDS, 'resources/s'));
  }
  await store.close();
  return results;
}

async function exported(store: Store, viewer: Viewer, folder: string): Promise<number> {
  rmSync(folder, { recursive: true, force: true });
  const progress = await runExport({
    ...{ store: store.seenBy(viewer), folder, linesPerFile: 100_000, from: NOT_BEGUN, asOfMs: Date.now() },
    asked: { request: '', level: 'system', types: STORED_TYPES, notes: [] },
    shape: ({ text }) => text,
    goneAs: () => undefined,
    keep: async () => true,
    finished: async () => undefined,
    now: () => performance.now(),
  });
  return progress!.resources;
}

/** The least that could be asked and written. */
async function selected(place: Place, owner: string | undefined, folder: string): Promise<number> {
  mkdirSync(folder, { recursive: true });
  const file = openSync(join(folder, 'all.ndjson'), 'w');
  let count = 0;
  const take = (rows: readonly { content: string }[]): void => {
    if (rows.length === 0) return;
    count += rows.length;
    writeSync(file, `${rows.map(({ content }) => content).join('\n')}\n`);
  };
  const own = owner === undefined ? '' : ` AND owner_org = '${owner}'`;
  const text = `SELECT content FROM resource WHERE state = 'current'${own} ORDER BY type, rid`;
  await (place.engine === 'sqlite' ? fromSqlite(place.at, text, take) : fromPostgres(place.at, text, take));
  fdatasyncSync(file);
  closeSync(file);
  return count;
}

type Take = (rows: readonly { content: string }[]) => void;

async function fromSqlite(file: string, text: string, take: Take): Promise<void> {
  const db = new DatabaseSync(file, { readOnly: true });
  let rows: { content: string }[] = [];
  for (const row of db.prepare(text).iterate()) {
    rows.push(row as { content: string });
    if (rows.length < AT_ONCE) continue;
    take(rows);
    rows = [];
  }
  take(rows);
  db.close();
}

async function fromPostgres(url: string, text: string, take: Take): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query(`BEGIN; DECLARE raw NO SCROLL CURSOR FOR ${text}`);
  for (;;) {
    const { rows } = await client.query<{ content: string }>(`FETCH ${AT_ONCE} FROM raw`);
    take(rows);
    if (rows.length === 0) break;
  }
  await client.end();
}
