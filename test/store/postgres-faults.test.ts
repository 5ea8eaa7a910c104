/** PostgreSQL that dies, cuts its connections or stands in its own way: nothing acknowledged is lost, and the store goes on by itself. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { AdapterError } from '../../src/fhir/outcome.ts';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import type { Store } from '../../src/store/store.ts';
import { type Cluster, startCluster } from '../servers/postgres/cluster.ts';
import { commit, contact, idOf, NOW_MS, patient, RULES, recordOf } from './samples.ts';
import { definitions } from './temporary.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from './temporary-postgres.ts';

let cluster: Cluster;
beforeAll(async () => {
  cluster = await startCluster({ durable: true });
});
afterAll(() => cluster.stop());

const retryOf = (error: unknown): string | undefined =>
  error instanceof AdapterError ? error.retry : undefined;

/** Commits records one after the other until told to stop; `acknowledged` holds the keys that were answered. */
function keepCommitting(store: Store, worker: string, acknowledged: Set<string>, until: AbortSignal) {
  const errors: unknown[] = [];
  const done = (async () => {
    for (let i = 0; !until.aborted; i++) {
      const key = `${worker}-${i}`;
      const record = recordOf([patient(key), contact(`e${key}`, key)], { key });
      try {
        await store.commit([record], RULES, NOW_MS);
        acknowledged.add(key);
      } catch (error) {
        errors.push(error);
        await sleep(5);
      }
    }
  })();
  return { done, errors };
}

test('loses nothing acknowledged when the server is killed amid commits, and needs no restart of its own', async () => {
  const store = await openPostgresStore({ url: cluster.url, definitions: definitions() });
  const acknowledged = new Set<string>();
  const stop = new AbortController();
  const workers = ['a', 'b', 'c'].map((name) => keepCommitting(store, name, acknowledged, stop.signal));
  for (let round = 0; round < 2; round++) {
    const before = acknowledged.size;
    while (acknowledged.size < before + 10) await sleep(5);
    await cluster.kill();
    await sleep(50);
    const error = await store.read('Patient', '1').catch((reason: unknown) => reason);
    expect(retryOf(error)).toBe('transient');
    expect(await store.writable()).toBe(false);
    await cluster.restart();
    while (!(await store.writable())) await sleep(20);
  }
  stop.abort();
  await Promise.all(workers.map((worker) => worker.done));
  const errors = workers.flatMap((worker) => worker.errors);
  expect(errors.length).toBeGreaterThan(0);
  expect(new Set(errors.map(retryOf))).toEqual(new Set(['transient']));
  for (const key of acknowledged)
    expect((await store.sourceRecord('demo', 'referral', key))?.resources).toHaveLength(2);
  const waiting = (await store.counts()).targets[0]!.waiting;
  const kept = (await store.search({ type: 'Patient', clauses: [], count: 10_000 })).versions.length;
  expect(waiting).toBe(2 * kept); // whole records only, each with its deliveries
  expect(await store.verifyAudit()).toBeUndefined();
  await store.close();
});

test.each(['40001', '40P01'])(
  'takes a commit up again that ended with %s, without telling the caller',
  async (code) => {
    const url = await temporaryDatabase({ bare: true });
    const store = await temporaryPostgresStore({ url });
    const client = await temporaryClient(url);
    await client.query(`
    CREATE SEQUENCE tries MINVALUE -1000 START 1;
    CREATE FUNCTION stand_in_the_way() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF nextval('tries') < 3 THEN RAISE EXCEPTION 'in the way' USING ERRCODE = '${code}'; END IF;
      RETURN NEW;
    END $$;
    CREATE TRIGGER in_the_way BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION stand_in_the_way()`);
    expect((await commit(store, recordOf([patient('p')])))[0]?.state).toBe('committed');
    expect((await client.query('SELECT last_value FROM tries')).rows).toEqual([{ last_value: '3' }]);
    expect((await store.history('Patient', idOf('p'), 9)).length).toBe(1);
    await client.query('ALTER SEQUENCE tries RESTART WITH -100');
    const error = await commit(store, recordOf([patient('q')], { key: 'q' })).catch(
      (reason: unknown) => reason,
    );
    expect(retryOf(error)).toBe('transient');
  },
);

/** Until some other connection waits for a lock. */
async function waitForLock(client: Client): Promise<void> {
  for (;;) {
    const { rowCount } = await client.query('SELECT 1 FROM pg_locks WHERE NOT granted');
    if (rowCount !== 0) return;
    await sleep(5);
  }
}

test('says transient of a commit whose connection was cut, keeps nothing of it, and takes it the next time', async () => {
  const url = await temporaryDatabase();
  const store = await temporaryPostgresStore({ url });
  await commit(store, recordOf([patient('p')], { key: 'first' }));
  const other = await temporaryClient(url);
  await other.query('BEGIN; SELECT 1 FROM counter FOR UPDATE');
  const record = recordOf([patient('q', { identifier: [{ system: 'https://new.example', value: '1' }] })], {
    key: 'second',
  });
  const committed = commit(store, record).catch((error: unknown) => error);
  await waitForLock(other);
  await other.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hedgerow'",
  );
  await other.query('COMMIT');
  const error = await committed;
  expect(retryOf(error)).toBe('transient');
  expect(await store.read('Patient', idOf('q'))).toBeUndefined();
  expect((await commit(store, record))[0]?.state).toBe('committed');
  const clause = {
    kind: 'token',
    param: 'identifier',
    values: [{ system: 'https://new.example', code: '1' }],
  } as const;
  expect(await store.countMatches({ type: 'Patient', clauses: [clause], count: 9 })).toBe(1);
});

test('gives up waiting for a replica that holds a lock and says nothing more', async () => {
  const url = await temporaryDatabase();
  const store = await temporaryPostgresStore({ url, longestWaitMs: 100 });
  await commit(store, recordOf([patient('p')], { key: 'first' }));
  const silent = await temporaryClient(url);
  await silent.query('BEGIN; SELECT 1 FROM counter FOR UPDATE');
  const record = recordOf([patient('q')], { key: 'second' });
  expect(retryOf(await commit(store, record).catch((error: unknown) => error))).toBe('transient');
  await silent.query('ROLLBACK');
  expect((await commit(store, record))[0]?.state).toBe('committed');
});
