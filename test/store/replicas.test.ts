/** Several stores on one PostgreSQL, as replicas have them: each entry is claimed once, in order, and commits agree. */
import { expect, test } from 'vitest';
import type { ClaimedGroup, Store } from '../../src/store/store.ts';
import { contentOf } from '../../src/store/versions.ts';
import {
  contact,
  delivered,
  idOf,
  NHS_NUMBER,
  NOW_MS,
  organization,
  patient,
  RULES,
  recordOf,
  withNhsNumber,
} from './samples.ts';
import { temporaryClient, temporaryDatabase, temporaryPostgresStore } from './temporary-postgres.ts';

const REPLICAS = 3;
const PEOPLE = 12;
const VISITS = 8;

async function replicas(url: string): Promise<Store[]> {
  const stores: Store[] = [];
  for (let i = 0; i < REPLICAS; i++) stores.push(await temporaryPostgresStore({ url }));
  return stores;
}

const byTurns = (stores: readonly Store[], i: number): Store => stores[i % stores.length]!;

/** Claims and settles until nothing is due, noting what left; one in five claims is forgotten, as by a process that died. */
class Sender {
  nowMs = NOW_MS;
  readonly #store: Store;
  readonly #flying: Set<string>;
  readonly #left: ClaimedGroup[];

  /** @param flying keys on their way, of all senders @param left what arrived, of all senders and in order of time */
  constructor(store: Store, flying: Set<string>, left: ClaimedGroup[]) {
    this.#store = store;
    this.#left = left;
    this.#flying = flying;
  }

  async drain(mayDie: boolean): Promise<void> {
    for (let turn = 1; ; turn++) {
      const options = { nowMs: this.nowMs, leaseMs: 1_000, maxEntries: 3 };
      const group = await this.#store.claim('ehr', options);
      if (!group) {
        if ((await this.#store.nextDueMs('ehr', this.nowMs)) === undefined || mayDie) return;
        continue; // another replica is at it
      }
      expect(this.#flying.has(group.deliveryKey)).toBe(false);
      this.#flying.add(group.deliveryKey);
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.#flying.delete(group.deliveryKey);
      if (mayDie && turn % 5 === 0) continue;
      this.#left.push(group);
      await this.#store.settle('ehr', group.deliveryKey, group.entries.map(delivered), this.nowMs);
    }
  }
}

test('claims every entry once, each person’s in order, while all replicas commit', async () => {
  const stores = await replicas(await temporaryDatabase());
  const commits = Array.from({ length: PEOPLE * VISITS }, (_, i) => {
    const person = `p${i % PEOPLE}`;
    const record = recordOf([patient(person), contact(`e${i}`, person)], { key: `R${i}` });
    return byTurns(stores, i).commit([record], RULES, NOW_MS);
  });
  const flying = new Set<string>();
  const left: ClaimedGroup[] = [];
  const senders = stores.map((store) => new Sender(store, flying, left));
  await Promise.all([...commits, ...senders.map((sender) => sender.drain(true))]);
  await stores[0]!.recoverClaims(NOW_MS + 1_000, false); // those of the dead
  for (const sender of senders) sender.nowMs = NOW_MS + 1_000;
  await Promise.all(senders.map((sender) => sender.drain(false)));
  const entries = left.flatMap((group) => group.entries);
  expect(new Set(entries.map((entry) => entry.seq)).size).toBe(entries.length);
  expect(new Set(entries.map((entry) => `${entry.type}/${entry.id}`)).size).toBe(PEOPLE * (1 + VISITS));
  for (const ofPerson of Map.groupBy(entries, (entry) => entry.deliveryKey).values()) {
    const seqs = ofPerson.map((entry) => entry.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  }
  const { targets } = await stores[0]!.counts();
  expect(targets).toMatchObject([{ waiting: 0, claimed: 0, delivered: PEOPLE * (1 + VISITS) }]);
});

test('gives a later entry of a person to nobody while an earlier one is on its way', async () => {
  const [one, two] = await replicas(await temporaryDatabase());
  await one!.commit([recordOf([patient('p')], { key: 'a' })], RULES, NOW_MS);
  const options = { nowMs: NOW_MS, leaseMs: 1_000, maxEntries: 9 };
  const group = (await one!.claim('ehr', options))!;
  await two!.commit([recordOf([contact('e', 'p')], { key: 'b' })], RULES, NOW_MS);
  expect(await two!.claim('ehr', options)).toBeUndefined();
  expect(await two!.recoverClaims(NOW_MS + 999, false)).toBe(0);
  await one!.settle('ehr', group.deliveryKey, group.entries.map(delivered), NOW_MS);
  expect((await two!.claim('ehr', options))?.entries.map((entry) => entry.type)).toEqual(['Encounter']);
});

test('comes to one organisation and one person from what all replicas commit of them at once', async () => {
  const stores = await replicas(await temporaryDatabase());
  const records = Array.from({ length: 30 }, (_, i) =>
    recordOf(
      [
        organization('org', `Link Workers ${i}`),
        withNhsNumber(`p${i % 5}`, NHS_NUMBER),
        contact(`e${i}`, `p${i % 5}`),
      ],
      { key: `R${i}`, source: `source-${i % 3}`, sourceTimeMs: NOW_MS + i },
    ),
  );
  const results = await Promise.all(
    records.map((record, i) => byTurns(stores, i).commit([record], RULES, NOW_MS)),
  );
  expect(new Set(results.flat().map((result) => result.state))).toEqual(new Set(['committed']));
  const kept = await stores[1]!.read('Organization', idOf('org'));
  expect(contentOf(kept!.resource!)).toMatchObject({ name: 'Link Workers 29' });
  expect(kept?.version).toBeLessThanOrEqual(30);
  const people = new Set<string>();
  for (let i = 0; i < 5; i++) people.add(await byTurns(stores, i).personOf(idOf(`p${i}`)));
  expect(people.size).toBe(1);
  expect(await stores[2]!.readPerson([...people][0]!, 'Encounter')).toHaveLength(30);
  expect(await stores[0]!.verifyAudit()).toBeUndefined();
});

test('keeps the same record once when replicas are sent it at the same time', async () => {
  const url = await temporaryDatabase();
  const stores = await replicas(url);
  const record = recordOf([patient('p'), contact('e', 'p')]);
  const results = await Promise.all(
    Array.from({ length: 9 }, (_, i) => byTurns(stores, i).commit([record], RULES, NOW_MS)),
  );
  expect(results.flat().filter((result) => result.state === 'committed')).toHaveLength(1);
  const client = await temporaryClient(url);
  const { rows } = await client.query(
    'SELECT (SELECT count(*) FROM outbox)::int AS outbox, (SELECT count(*) FROM source_record)::int AS records',
  );
  expect(rows).toEqual([{ outbox: 2, records: 1 }]);
});

test('closes the receipts of a replica that died, not those of one that lives', async () => {
  const [alive, dead, other] = await replicas(await temporaryDatabase());
  const about = { source: 'demo', kind: 'referral', receivedMs: NOW_MS, file: undefined };
  await alive!.heartbeat(NOW_MS);
  await dead!.heartbeat(NOW_MS);
  await alive!.openReceipt({ ...about, id: 'alive' });
  await dead!.openReceipt({ ...about, id: 'dead' });
  await alive!.heartbeat(NOW_MS + 60_000);
  expect(await other!.interruptAbandoned(NOW_MS + 60_000, 60_000)).toBe(1);
  expect((await other!.receipt('dead'))?.interruptedMs).toBe(NOW_MS + 60_000);
  expect((await other!.receipt('alive'))?.interruptedMs).toBeUndefined();
});

test('runs each turn of a schedule on one replica, and gives the turn up with the connection that held it', async () => {
  const url = await temporaryDatabase();
  const stores = await replicas(url);
  const ran: number[] = [];
  for (const dueMs of [1_000, 2_000, 3_000]) {
    const runs = await Promise.all(
      stores.map((store) =>
        store.runOnce('vacuum', { dueMs, nowMs: NOW_MS }, async () => void ran.push(dueMs)),
      ),
    );
    expect(runs.filter(Boolean)).toHaveLength(1);
  }
  expect(ran).toEqual([1_000, 2_000, 3_000]);
  const stuck = stores[0]!.runOnce(
    'vacuum',
    { dueMs: 4_000, nowMs: NOW_MS },
    () => new Promise((resolve) => setTimeout(resolve, 3_000)),
  );
  const ended = stuck.catch((error: unknown) => error);
  const client = await temporaryClient(url);
  const held = `FROM pg_locks WHERE locktype = 'advisory' AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const count = async (query: string) => (await client.query(query)).rowCount;
  while ((await count(`SELECT pg_terminate_backend(pid) ${held}`)) === 0);
  // the server has been told to end the connection: its locks go when it has
  while ((await count(`SELECT pid ${held}`)) !== 0);
  expect(await stores[1]!.runOnce('vacuum', { dueMs: 5_000, nowMs: NOW_MS }, async () => {})).toBe(true);
  expect(await ended).toBeInstanceOf(Error);
});
