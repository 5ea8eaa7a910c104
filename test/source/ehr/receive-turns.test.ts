/** Receivers of several replicas on one PostgreSQL: one looks a turn, and another goes on when it dies. */
import { afterEach, expect, test } from 'vitest';
import type { EhrClient } from '../../../src/source/ehr/client.ts';
import { progressOf } from '../../../src/source/ehr/progress.ts';
import { type Receiver, startReceiver } from '../../../src/source/ehr/receiver.ts';
import type { Store } from '../../../src/store/store.ts';
import {
  temporaryClient,
  temporaryDatabase,
  temporaryPostgresStore,
} from '../../store/temporary-postgres.ts';
import { until } from './adapters.ts';

const EVERY_MS = 200;
const DAY_MS = 86_400_000;

const started: Receiver[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((receiver) => receiver.stop()));
});

interface Replica {
  readonly receiver: Receiver;
  /** looks that it began */
  readonly looks: () => number;
  /** turns that it asked for, and whether it had them */
  readonly turns: { readonly dueMs: number; readonly hadIt: boolean }[];
  /** its EHR answers no more, until the end */
  hang(): void;
}

/** @param byMs how far its clock is ahead */
async function replica(url: string, byMs = 0): Promise<Replica> {
  const kept = await temporaryPostgresStore({ url, time: 'server' });
  const clock = (): number => Date.now() + byMs;
  const turns: Replica['turns'] = [];
  const store: Store = {
    ...kept,
    async runOnce(name, turn, work) {
      const hadIt = await kept.runOnce(name, turn, work);
      turns.push({ dueMs: turn.dueMs, hadIt });
      return hadIt;
    },
  };
  let looks = 0;
  let hangs = false;
  const bundle = { resourceType: 'Bundle', type: 'searchset' };
  const client: EhrClient = {
    name: 'ehr',
    baseUrl: 'http://ehr.example/fhir',
    get: async (_url, signal) => {
      looks += 1;
      if (hangs) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return { ok: true, status: 200, body: bundle, serverMs: Date.now() };
    },
    send: async () => ({ ok: true, status: 200, body: undefined, serverMs: undefined }),
  };
  const receiver = startReceiver({
    ...{ name: 'ehr', client, store, clock, baseUrl: client.baseUrl, types: ['Patient'], by: 'search' },
    ...{ pageSize: 10, withProvenance: false, ownerOrg: 'X26', everyMs: EVERY_MS, overlapMs: 0 },
    asSent: async () => [],
    saysTheSame: () => false,
    take: async () => [],
    tried: new Map(),
    progress: progressOf('ehr', store, clock),
    onTrouble: () => {},
  });
  started.push(receiver);
  return {
    receiver,
    looks: () => looks,
    turns,
    hang: () => {
      hangs = true;
    },
  };
}

const had = (replicas: readonly Replica[]): number[] =>
  replicas.flatMap(({ turns }) => turns.filter(({ hadIt }) => hadIt).map(({ dueMs }) => dueMs));

test('each turn is one replica’s, whatever their clocks say', async () => {
  const url = await temporaryDatabase();
  const replicas = [await replica(url), await replica(url, DAY_MS), await replica(url, -DAY_MS)];
  await until(async () => had(replicas).length >= 12 && replicas.every(({ turns }) => turns.length >= 12));
  await Promise.all(replicas.map(({ receiver }) => receiver.stop()));
  const taken = had(replicas);
  expect(new Set(taken).size).toBe(taken.length);
  const looks = replicas.reduce((sum, one) => sum + one.looks(), 0);
  expect(looks).toBeLessThanOrEqual(taken.length + replicas.length); // and one each at its start
}, 60_000);

test('when the replica dies whose turn it is, the next turn is another’s', async () => {
  const url = await temporaryDatabase();
  const dying = await replica(url);
  await until(async () => dying.looks() > 0); // the look at its start
  dying.hang();
  const before = dying.looks();
  await until(async () => dying.looks() > before); // in its turn now
  const other = await replica(url);
  await until(async () => other.turns.length >= 3);
  expect(other.turns.some(({ hadIt }) => hadIt)).toBe(false);
  const client = await temporaryClient(url); // its connections end with it
  await client.query(`SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`);
  await until(async () => other.turns.some(({ hadIt }) => hadIt));
}, 60_000);
