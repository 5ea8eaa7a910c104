/** Exports whose process is killed in the midst of them: the next start, or another adapter on the database, goes on, and nothing is lost, twice or cut. */
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Identified, Store } from '../../src/store/store.ts';
import { awaited, filesOf, kickedOff } from '../servers/bulk-client.ts';
import { idOf, patient, RULES, recordOf } from '../store/samples.ts';
import { definitions } from '../store/temporary.ts';
import { temporaryDatabase } from '../store/temporary-postgres.ts';
import { listening, type Running, run, until } from './process.ts';

const EACH = 6_000;
const AT_ONCE = 500;
const TYPES = ['Condition', 'Goal', 'Observation', 'Procedure'] as const;
const WORDS = 'Walks with the group on the green on Thursday. '.repeat(60);
/** Open to this machine: no token is asked for. */
const TOKEN = 'none';

function made(type: (typeof TYPES)[number], number: number): Identified {
  const subject = { reference: `Patient/${idOf('a')}` };
  const id = idOf(`${type} ${number}`);
  const more = {
    Condition: { code: { text: WORDS } },
    Goal: { lifecycleStatus: 'active', description: { text: WORDS } },
    Observation: { status: 'final', code: { text: WORDS } },
    Procedure: { status: 'completed', code: { text: WORDS } },
  };
  return { resourceType: type, id, subject, ...more[type] } as Identified;
}

async function fill(store: Store): Promise<void> {
  const atMs = Date.now() - 60_000;
  const put = (key: string, resources: Identified[]) =>
    store.commit([recordOf(resources, { key, sourceTimeMs: atMs })], { ...RULES, route: () => [] }, atMs);
  await put('a', [patient('a')]);
  for (const type of TYPES)
    for (let at = 0; at < EACH; at += AT_ONCE)
      await put(
        `${type} ${at}`,
        Array.from({ length: AT_ONCE }, (_, more) => made(type, at + more)),
      );
  await store.close();
}

interface Place {
  readonly folder: string;
  start(name: string): Running;
}

function placeOf(settings: object, env: Readonly<Record<string, string>> = {}): Place {
  const folder = mkdtempSync(join(tmpdir(), 'export-kill-'));
  const start = (name: string): Running => {
    const config = join(folder, `${name}.json`);
    const own = { dataDir: join(folder, name), inboxDir: join(folder, `${name}-inbox`), sources: [] };
    writeFileSync(
      config,
      JSON.stringify({ port: 0, access: { open: true }, targets: [], ...own, ...settings }),
    );
    return run(['src/main.ts', 'start', '--config', config], { env });
  };
  return { folder, start };
}

/** Kills once the second type is on its way to disk. @returns the export's id, and when the first was whole */
async function killedMidway(running: Running, exports: string): Promise<{ id: string; firstMs: number }> {
  const base = `${await listening(running)}/fhir/R4`;
  const path = `$export?_type=${TYPES.join(',')}`;
  const status = await kickedOff({ base, path, token: TOKEN });
  const id = status.slice(status.lastIndexOf('/') + 1);
  const folder = join(exports, id);
  const isThere = (): boolean => existsSync(join(folder, 'Goal.1.ndjson'));
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 2));
  await running.kill();
  expect(readdirSync(folder)).not.toContain('Procedure.1.ndjson'); // there was more to do
  return { id, firstMs: statSync(join(folder, 'Condition.1.ndjson')).mtimeMs };
}

async function expectWhole(running: Running, exports: string, id: string, firstMs: number): Promise<void> {
  const base = `${await listening(running)}/fhir/R4`;
  const { manifest } = await awaited(`${base}/$export-status/${id}`, TOKEN);
  const { resources } = await filesOf(manifest, TOKEN);
  const found = resources.map(({ resourceType, id: own }) => `${resourceType}/${own}`).sort();
  const wanted = TYPES.flatMap((type) =>
    Array.from({ length: EACH }, (_, at) => `${type}/${made(type, at).id}`),
  );
  expect(found).toEqual(wanted.sort());
  // what was on disk was not made anew
  expect(statSync(join(exports, id, 'Condition.1.ndjson')).mtimeMs).toBe(firstMs);
}

test('sqlite: goes on at the next start', async () => {
  const place = placeOf({});
  const exports = join(place.folder, 'one', 'exports');
  try {
    await fill(
      await openSqliteStore({
        file: join(place.folder, 'one', 'hedgerow.sqlite'),
        definitions: definitions(),
      }),
    );
    const { id, firstMs } = await killedMidway(place.start('one'), exports);
    const again = place.start('one');
    await expectWhole(again, exports, id, firstMs);
    expect(await again.stop()).toBe(0);
  } finally {
    rmSync(place.folder, { recursive: true, force: true });
  }
}, 240_000);

test('postgres: another adapter that shares the folder goes on; one that does not says whose the files are', async () => {
  const url = await temporaryDatabase();
  const shared = mkdtempSync(join(tmpdir(), 'export-shared-'));
  const env = { DATABASE_URL: url };
  const place = placeOf({ export: { folder: shared } }, env);
  const apart = placeOf({}, env);
  const running: Running[] = [];
  try {
    await fill(await openPostgresStore({ url, definitions: definitions() }));
    const { id, firstMs } = await killedMidway(place.start('one'), shared);
    const two = place.start('two');
    running.push(two);
    await expectWhole(two, shared, id, firstMs);
    const three = apart.start('three');
    running.push(three);
    const status = `${await listening(three)}/fhir/R4/$export-status/${id}`;
    const answer = await until('an answer', 10_000, () => fetch(status));
    expect([answer.status, await answer.text()]).toEqual([503, expect.stringContaining('export-elsewhere')]);
  } finally {
    for (const one of running) await one.stop();
    for (const folder of [shared, place.folder, apart.folder])
      rmSync(folder, { recursive: true, force: true });
  }
}, 240_000);
