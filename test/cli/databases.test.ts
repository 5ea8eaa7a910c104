/** From the embedded store to PostgreSQL: the schema first, then every row, checked, or none. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { copy, migrate } from '../../src/cli/databases.ts';
import { ROOT } from '../../src/cli/load.ts';
import { takeLock } from '../../src/cli/lock.ts';
import { openExisting } from '../../src/cli/open-store.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import { SEES_ALL } from '../../src/store/viewer.ts';
import {
  commit,
  contact,
  delivered,
  idOf,
  NHS_NUMBER,
  NOW_MS,
  organization,
  patient,
  recordOf,
  refusedOf,
  withNhsNumber,
} from '../store/samples.ts';
import { definitions } from '../store/temporary.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from '../store/temporary-postgres.ts';

const clock = (): number => NOW_MS;
const undo: (() => void)[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const step of undo.splice(0).reverse()) step();
});

function configured(): Config {
  const cwd = mkdtempSync(join(tmpdir(), 'hedgerow-copy-'));
  undo.push(() => rmSync(cwd, { recursive: true, force: true }));
  const config = loadConfig({ cwd, root: ROOT });
  if (!config.ok) throw new Error('the defaults are valid');
  return config.value;
}

function output(): { text: string; write(text: string): void } {
  return {
    text: '',
    write(text) {
      this.text += text;
    },
  };
}

/** A store with something in most tables, one delivery made and one on its way. */
async function fill(config: Config): Promise<void> {
  const store = await openSqliteStore({
    file: join(config.dataDir, 'hedgerow.sqlite'),
    definitions: definitions(),
  });
  await store.openReceipt({
    id: 'receipt-1',
    source: 'demo',
    kind: 'referral',
    receivedMs: 1,
    file: 'a.csv',
  });
  const people = Array.from({ length: 40 }, (_, i) =>
    recordOf([patient(`x${i}`), contact(`ex${i}`, `x${i}`)], { key: `X${i}` }),
  );
  await commit(
    store,
    recordOf([withNhsNumber('p', NHS_NUMBER), organization('o'), contact('e', 'p')], { key: 'P' }),
    recordOf([withNhsNumber('q', NHS_NUMBER)], { key: 'Q', source: 'other' }),
    refusedOf({ key: 'bad' }),
    ...people,
  );
  await commit(store, recordOf([organization('o', 'Another Name')], { key: 'O', sourceTimeMs: NOW_MS + 1 }));
  await store.keepMapSet('digest', 'map text', 1);
  const options = { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 1 };
  const group = (await store.claim('ehr', options))!;
  await store.settle('ehr', group.deliveryKey, group.entries.map(delivered), NOW_MS);
  await store.claim('ehr', options);
  await exporting(store);
  await store.close();
}

/** One export is finished, one half made. */
async function exporting({ exports }: Store): Promise<void> {
  for (const id of ['finished', 'half'])
    await exports.make(
      { id, client: 'vendor', ownerOrg: 'X26', viewer: SEES_ALL, asked: '{}', asOfMs: NOW_MS },
      { ofClient: 2, ofAll: 2 },
      NOW_MS,
    );
  const claims = [await exports.claim(NOW_MS, 1_000), await exports.claim(NOW_MS, 1_000)];
  for (const claim of claims)
    if (claim!.id === 'half') await exports.keep(claim!, '{"after":7}', NOW_MS, 1_000);
    else await exports.end(claim!, { state: 'finished', progress: '{"after":9}', keepMs: 60_000 }, NOW_MS);
}

test('copies a store whole: what it knew, what waits, and the numbers it goes on with', async () => {
  const config = configured();
  await fill(config);
  const url = await temporaryDatabase({ bare: true });
  const out = output();
  expect(await copy({ from: 'sqlite', to: url }, config, out, clock)).toBe(0);
  expect(out.text).toMatch(/^resource +84$/m);
  expect(out.text).toMatch(/audit chain holds/);
  const before = (await openExisting(config, definitions()))!;
  const after = await temporaryPostgresStore({ url });
  expect(await after.counts()).toEqual(await before.counts());
  expect(await after.worklist({ open: true, count: 9 })).toEqual(
    await before.worklist({ open: true, count: 9 }),
  );
  expect(await after.history('Organization', idOf('o'), 9)).toEqual(
    await before.history('Organization', idOf('o'), 9),
  );
  expect(await after.personOf(idOf('q'))).toBe(await before.personOf(idOf('q')));
  const clause = { kind: 'token', param: 'identifier', values: [{ code: NHS_NUMBER }] } as const;
  expect(await after.countMatches({ type: 'Patient', clauses: [clause], count: 9 })).toBe(2);
  expect(await after.exports.get('finished')).toEqual(await before.exports.get('finished'));
  await before.close();
  expect(await after.exports.claim(NOW_MS, 1_000)).toBeUndefined();
  expect(await after.exports.claim(NOW_MS + 1_001, 1_000)).toMatchObject({
    id: 'half',
    progress: '{"after":7}',
  });
  expect(await after.recoverClaims(NOW_MS + 1_000, false)).toBe(1);
  await commit(
    after,
    recordOf([patient('new', { identifier: [{ system: 'urn:new', value: '1' }] })], { key: 'N' }),
  );
  await commit(after, refusedOf({ key: 'also bad' }));
  expect(await after.verifyAudit()).toBeUndefined();
  expect((await after.counts()).work).toContainEqual({ kind: 'rejected', open: 2 });
});

test('refuses a database that holds records, and leaves it as it is', async () => {
  const config = configured();
  await fill(config);
  const url = await temporaryDatabase({ bare: true });
  const store = await temporaryPostgresStore({ url });
  await store.keepMapSet('of a start', 'map text', 1); // that alone is no record
  await commit(store, recordOf([patient('mine')]));
  await expect(copy({ from: 'sqlite', to: url }, config, output(), clock)).rejects.toThrow(
    /copy into a new one/,
  );
  expect((await store.search({ type: 'Patient', clauses: [], count: 99 })).versions).toHaveLength(1);
});

test('keeps nothing of a copy that was cut off, so that it can be begun again', async () => {
  const config = configured();
  await fill(config);
  const url = await temporaryDatabase({ bare: true });
  const client = await temporaryClient(url);
  let isCut = false;
  const cutting = {
    text: '',
    write(text: string) {
      this.text += text;
      if (isCut || !text.startsWith('resource')) return;
      isCut = true;
      void client.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hedgerow'`,
      );
    },
  };
  await expect(copy({ from: 'sqlite', to: url }, config, cutting, clock)).rejects.toMatchObject({
    retry: 'transient',
  });
  expect((await client.query('SELECT 1 FROM resource')).rowCount).toBe(0);
  expect(await copy({ from: 'sqlite', to: url }, config, output(), clock)).toBe(0);
});

test('copies nothing while an adapter runs on the store', async () => {
  const config = configured();
  await fill(config);
  const lock = takeLock(config.dataDir);
  if (!lock.ok) throw new Error('nobody else has it');
  undo.push(() => lock.value.release());
  const url = await temporaryDatabase({ bare: true });
  await expect(copy({ from: 'sqlite', to: url }, config, output(), clock)).rejects.toThrow(/already runs/);
});

test('migrate brings a bare database up to date once, and says what it did', async () => {
  vi.stubEnv('DATABASE_URL', await temporaryDatabase({ bare: true }));
  const [first, second] = [output(), output()];
  expect(await migrate(configured(), first, clock)).toBe(0);
  expect(first.text).toMatch(/^applied 0001-/);
  expect(await migrate(configured(), second, clock)).toBe(0);
  expect(second.text).toMatch(/nothing was applied/);
});

test.each([
  ['mysql://user:secret@host/db', /holds no URL of a PostgreSQL/],
  ['postgres://user:secret@127.0.0.1:1/db', /cannot write \(PostgreSQL: ECONNREFUSED\)/],
])('says what is wrong with a database URL, and never the URL', async (url, message) => {
  vi.stubEnv('DATABASE_URL', url);
  const error = (await migrate(configured(), output(), clock).catch((reason: unknown) => reason)) as Error;
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain('secret');
});

test('does not fall back to the embedded store when the variable that the file names is empty', async () => {
  const config = { ...configured(), databaseUrlEnv: 'HEDGEROW_TEST_DATABASE' };
  await expect(openExisting(config)).rejects.toThrow(/HEDGEROW_TEST_DATABASE holds no URL/);
});
