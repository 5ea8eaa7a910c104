/** Measures checks at PDS: whether the adapter keeps up with the rate that it may ask at, under a clock of its own and under the real one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { createPdsClient } from '../src/nhs/pds/client.ts';
import { createPace } from '../src/nhs/pds/pace.ts';
import { openSqliteStore } from '../src/store/sqlite/store.ts';
import type { CommitRecord, CommitRules, Store } from '../src/store/store.ts';
import { createDelivery } from '../src/target/fhir/deliver-group.ts';
import { createPdsTarget, PDS, pdsGate } from '../src/target/pds/pds.ts';
import { routing } from '../src/target/route.ts';
import { BORN, pdsRecord } from '../test/servers/pds-records.ts';
import { RULES, recordOf, withNhsNumber } from '../test/store/samples.ts';
import { testNhsNumber } from '../tooling/demo/nhs-number.ts';
import { type Result, rounded } from './measure.ts';

const TPS = 5;
const AT_ONCE = 5;
/** How long PDS takes for an answer, in the clock of the measure: longer than a slot. */
const ANSWER_MS = 350;
const MOST = 1.05;

/** @returns `pds.verify` under either clock: time taken, over what the rate alone allows */
export async function benchPds(smoke: boolean): Promise<readonly Result[]> {
  const definitions = loadBaseDefinitions();
  const folder = mkdtempSync(join(tmpdir(), 'bench-pds-'));
  const measure = async (name: string, people: number, time: Time): Promise<Result> => {
    const store = await openSqliteStore({ file: join(folder, `${name}.sqlite`), definitions });
    const tookMs = await verified(store, people, time);
    await store.close();
    const floorMs = ((people - 1) * 1_000) / TPS + ANSWER_MS;
    const [ours, other] = [tookMs / 1_000, floorMs / 1_000].map((one) => rounded(one, 2)) as [number, number];
    const note = `${people} people, ${TPS} requests a second, ${AT_ONCE} at once, ${ANSWER_MS} ms an answer`;
    return {
      name: `pds.verify ${name}`,
      ratio: rounded(tookMs / floorMs, 3),
      ours,
      other,
      unit: 's',
      most: MOST,
      note,
    };
  };
  try {
    return [
      await measure('virtual clock', smoke ? 50 : 10_000, new VirtualTime(AT_ONCE)),
      await measure('real clock', smoke ? 5 : 50, new RealTime()),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Time {
  now(): number;
  sleep(ms: number): Promise<void>;
  /** one of those who wait has no more to do */
  leave(): void;
}

class RealTime implements Time {
  now(): number {
    return Date.now();
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  leave(): void {}
}

/** Time that goes on once everybody sleeps. */
class VirtualTime implements Time {
  #now = Date.UTC(2026, 0, 5);
  #awake: number;
  readonly #sleepers: { readonly untilMs: number; readonly wake: () => void }[] = [];

  constructor(awake: number) {
    this.#awake = awake;
  }

  now(): number {
    return this.#now;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ untilMs: this.#now + ms, wake });
      this.leave();
    });
  }

  leave(): void {
    this.#awake -= 1;
    if (this.#awake > 0) return;
    this.#sleepers.sort((a, b) => a.untilMs - b.untilMs);
    const next = this.#sleepers.shift();
    if (!next) return;
    this.#now = Math.max(this.#now, next.untilMs);
    this.#awake += 1;
    next.wake();
  }
}

/** Everybody is in line already; the way from there is the adapter's own. @returns milliseconds until all are verified */
async function verified(store: Store, people: number, time: Time): Promise<number> {
  const rules: CommitRules = { ...RULES, ...routing([{ name: PDS, only: ['Patient'], sources: [PDS] }]) };
  const clock = (): number => time.now();
  await fill(store, rules, people, clock());
  const outcomes: string[] = [];
  const pace = createPace({ store, environment: 'bench', tps: TPS, clock, pause: (ms) => time.sleep(ms) });
  const ask = async ({ url }: { readonly url: string }) => {
    await time.sleep(ANSWER_MS);
    const body = pdsRecord(url.slice(url.lastIndexOf('/') + 1));
    return { ok: true as const, status: 200, headers: {}, body };
  };
  const target = createPdsTarget({
    client: createPdsClient({ baseUrl: 'http://pds', ask, pace, organisation: 'X26', clock }),
    ...{ store, trace: false, recheckDays: 30, clock },
    take: (records: readonly CommitRecord[]) => store.commit(records, rules, clock()),
    count: (outcome) => outcomes.push(outcome),
  });
  const deliver = createDelivery({ store, target, gate: pdsGate, clock, random: () => 0.5 });
  const startedMs = clock();
  const signal = new AbortController().signal;
  const work = async (): Promise<void> => {
    for (;;) {
      const group = await store.claim(PDS, { nowMs: clock(), leaseMs: 60_000, maxEntries: 10 });
      if (!group) break;
      await store.settle(PDS, group.deliveryKey, await deliver(group, signal), clock());
    }
    time.leave();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const done = outcomes.filter((outcome) => outcome === 'verified').length;
  if (done !== people) throw new Error(`${done} of ${people} were verified`);
  return clock() - startedMs;
}

async function fill(store: Store, rules: CommitRules, people: number, nowMs: number): Promise<void> {
  const records = Array.from({ length: people }, (_, at) => {
    const patient = { ...withNhsNumber(`p${at}`, testNhsNumber(at + 1), '02'), birthDate: BORN };
    return recordOf([patient], { key: `p${at}` });
  });
  for (let at = 0; at < people; at += 500) await store.commit(records.slice(at, at + 500), rules, nowMs);
}
