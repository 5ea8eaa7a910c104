/** Measures claims: against a bare loop over the same rows that keeps no order, and when a million deliveries wait against a thousand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import type { Definitions } from '../src/fhir/definitions.ts';
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import type { ClaimedGroup, Store } from '../src/store/store.ts';
import { compareBatches, median, type Result, rounded } from './measure.ts';
import { EACH, fillOutbox, TARGET } from './outbox-rows.ts';
import { ENGINES, type Engine, newPlace } from './places.ts';

const CLAIM_GOAL = 0.8;
/** How much longer a claim may take when a million wait. */
const MOST_GROWTH = 1.3;
/** Senders that claim at once: the default of `targets[].concurrency`. */
const SENDERS = 8;

/** @returns `outbox.claim/skip-locked` on PostgreSQL, and `outbox.growth` of each engine */
export async function benchOutbox(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-outbox-'));
  const definitions = loadBaseDefinitions();
  try {
    const claim = await claimed(join(folder, 'claim'), definitions, smoke);
    const growth: Result[] = [];
    for (const engine of ENGINES) growth.push(await grown(engine, join(folder, engine), definitions, smoke));
    return [claim, ...growth];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The peer claims as many rows at once, from a table with no more than the index that it needs. */
async function claimed(folder: string, definitions: Definitions, smoke: boolean): Promise<Result> {
  const place = await newPlace('postgres', folder);
  const [perRound, rounds] = smoke ? [10, 1] : [400, 7];
  await fillOutbox(place, perRound * rounds * EACH);
  await place.run(
    'CREATE TABLE bare_outbox (LIKE outbox INCLUDING DEFAULTS, PRIMARY KEY (seq))',
    'INSERT INTO bare_outbox SELECT * FROM outbox',
    `CREATE INDEX bare_outbox_waiting ON bare_outbox (target) WHERE state = 'waiting'`,
    'VACUUM (ANALYZE) bare_outbox',
  );
  const store = await place.open(definitions);
  const clients = await connections(place.at);
  const ours = async (): Promise<number> => (await claim(store))!.entries.length;
  const bare = async (sender: number): Promise<number> =>
    (await clients[sender]!.query(BARE_CLAIM)).rowCount!;
  const result = await compareBatches(
    'outbox.claim/skip-locked',
    () => bySenders(perRound, ours),
    () => bySenders(perRound, bare),
    rounds,
    'entries/s',
  );
  await store.close();
  for (const client of clients) await client.end();
  const note = `PostgreSQL, ${SENDERS} senders, ${EACH} deliveries a claim; ours gives each person's in order`;
  return { ...result, goal: CLAIM_GOAL, note };
}

const BARE_CLAIM = {
  name: 'claim',
  text: `UPDATE bare_outbox SET state = 'claimed' WHERE seq IN (
    SELECT seq FROM bare_outbox WHERE target = '${TARGET}' AND state = 'waiting' LIMIT ${EACH} FOR UPDATE SKIP LOCKED)
    RETURNING *`,
};

async function connections(url: string): Promise<Client[]> {
  const clients = Array.from({ length: SENDERS }, () => new Client({ connectionString: url }));
  for (const client of clients) await client.connect();
  return clients;
}

/** @returns sum of what the claims gave */
async function bySenders(claims: number, work: (sender: number) => Promise<number>): Promise<number> {
  let left = claims;
  let sum = 0;
  const send = async (sender: number): Promise<void> => {
    while (left-- > 0) sum += await work(sender);
  };
  await Promise.all(Array.from({ length: SENDERS }, (_, sender) => send(sender)));
  return sum;
}

async function claim(store: Store): Promise<ClaimedGroup | undefined> {
  return await store.claim(TARGET, { nowMs: Date.now(), leaseMs: 600_000, maxEntries: EACH });
}

/** Claims from both in turn, so that a busy machine slows both. */
async function grown(
  engine: Engine,
  folder: string,
  definitions: Definitions,
  smoke: boolean,
): Promise<Result> {
  const [many, few] = [smoke ? 10_000 : 1_000_000, 1_000];
  const stores: Store[] = [];
  for (const waiting of [many, few]) {
    const place = await newPlace(engine, join(folder, String(waiting)));
    await fillOutbox(place, waiting);
    stores.push(await place.open(definitions));
  }
  const took = stores.map((): number[] => []);
  for (let round = 0; round < (smoke ? 5 : 500); round++)
    for (const [at, store] of stores.entries()) took[at]!.push(await timedClaim(store));
  for (const store of stores) await store.close();
  const [ours, other] = took.map(median) as [number, number];
  return {
    name: `outbox.growth ${engine}`,
    ratio: rounded(ours / other, 3),
    ours: rounded(ours, 2),
    other: rounded(other, 2),
    unit: 'ms',
    most: MOST_GROWTH,
    note: `time of a claim when ${many} wait, over ${few}`,
  };
}

/** The claim alone is timed; its deliveries go back to the end of the line, so that as many wait as before. */
async function timedClaim(store: Store): Promise<number> {
  const started = performance.now();
  const group = await claim(store);
  const elapsedMs = performance.now() - started;
  const nowMs = Date.now();
  const back = group!.entries.map(({ seq }) => ({ kind: 'wait', seq, dueMs: nowMs }) as const);
  await store.settle(TARGET, group!.deliveryKey, back, nowMs);
  return elapsedMs;
}
