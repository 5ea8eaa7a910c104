/** Runs one cell of the failure matrix: an adapter between a source and a real FHIR server, with a fault that comes and goes. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/server.ts';
import type { Certificate } from '../servers/certificate.ts';
import { journeys, type Posted } from './journeys.ts';
import { heldByAdapter, heldBySandbox, storedRecords, stuckDeliveries, undelivered } from './ledger.ts';
import { pause, until } from './process.ts';
import { type CuttingProxy, startProxy } from './proxy.ts';
import { Sender } from './sender.ts';

/** An adapter of the cell, in this process or in one of its own. */
export interface Running {
  readonly url: string;
  stop(): Promise<unknown>;
}

export interface Place {
  readonly folder: string;
  readonly config: string;
  /** the adapter's clock, which a cell may set wrong; advanced once all is lifted, so that nobody waits for a retry */
  readonly clock: { offsetMs: number };
  /** between adapter and EHR */
  readonly ehr: CuttingProxy;
  /** between source and adapter */
  readonly intake: CuttingProxy;
  /** the adapter's database */
  readonly database: string;
  readonly sender: Sender;
  aim(url: string): void;
  /** sends more records, while the fault lasts */
  goOn(): void;
}

export interface CellPlan {
  /** the EHR is reached by TLS under this certificate */
  readonly tls?: Certificate;
  start(place: Place): Promise<Running>;
  /**
   * Begins what the cell is about once the first records are under way, and resolves when the fault has been felt and is
   * lifted. @returns the adapter that runs afterwards
   */
  strike(place: Place, running: Running): Promise<Running>;
}

/** The first two come before the fault, the third while it lasts, the last after it. */
const PEOPLE = 4;
const CONTACTS = 8;
/** Longer than the longest pause of a circuit, and than a lease. */
const STRIDE_MS = 660_000;
const PATIENCE_MS = 60_000;
export const DEADLINE_MS = 1_000;

/** Runs the cell and holds what must be true at its end. @throws when it is not */
export async function runCell(plan: CellPlan): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'faults-cell-'));
  const sandbox = await startSandbox({ port: 0, file: join(folder, 'ehr.sqlite'), integrity: true });
  const ehr = await startProxy(sandbox.url, plan.tls);
  const intake = await startProxy('http://127.0.0.1:9');
  try {
    await runIn(plan, placeIn(folder, ehr, intake), sandbox);
  } finally {
    await Promise.all([ehr.close(), intake.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runIn(plan: CellPlan, place: Place, sandbox: Sandbox): Promise<void> {
  const records = journeys(PEOPLE, CONTACTS);
  const of = (person: number): Posted[] =>
    records.filter((record) => record.key.split('-')[1] === String(person));
  let running = await plan.start(place);
  place.aim(running.url);
  const sending: Promise<void>[] = [];
  const send = (these: readonly Posted[]): void => {
    place.sender.add(these);
    const one = place.sender.run(1);
    one.catch(() => {}); // awaited below
    sending.push(one);
  };
  send([...of(1), ...of(2)]);
  running = await plan.strike({ ...place, goOn: () => send(of(3)) }, running);
  place.aim(running.url);
  await Promise.all(sending);
  // Others' work goes on: a person who comes later wakes whoever sleeps.
  place.clock.offsetMs += STRIDE_MS;
  place.sender.add(of(4));
  await place.sender.run(1);
  await until('an empty outbox', PATIENCE_MS, () => undelivered(place.database) === 0 || undefined).finally(
    async () => {
      await running.stop();
      await sandbox.close();
    },
  );
  expectOnce(place, records);
}

function expectOnce({ folder, database, sender }: Place, records: readonly Posted[]): void {
  const names = records.map(({ kind, key }) => `${kind}/${key}`);
  expect([...sender.acknowledged].toSorted()).toEqual(names.toSorted());
  expect(storedRecords(database).toSorted()).toEqual(names.toSorted());
  expect(stuckDeliveries(database)).toEqual([]);
  const ours = heldByAdapter(database);
  const theirs = heldBySandbox(join(folder, 'ehr.sqlite'));
  expect([...theirs.keys()].toSorted()).toEqual([...ours.keys()].toSorted());
  for (const [key, held] of ours) expect(theirs.get(key)?.content, key).toBe(held.content);
}

function placeIn(folder: string, ehr: CuttingProxy, intake: CuttingProxy): Place {
  const target = {
    name: 'ehr',
    url: ehr.url,
    requiresVerifiedNhsNumber: false,
    purpose: 'share-with-gp',
    deadlineMs: DEADLINE_MS,
  };
  const config = join(folder, 'hedgerow.config.json');
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir);
  const settings = { port: 0, dataDir, inboxDir: join(folder, 'inbox'), logLevel: 'silent' };
  writeFileSync(config, JSON.stringify({ ...settings, targets: [target] }));
  const sender = new Sender([], 2);
  sender.base = intake.url;
  const place = { folder, config, clock: { offsetMs: 0 }, ehr, intake, sender };
  return {
    ...place,
    database: join(dataDir, 'hedgerow.sqlite'),
    aim: (url) => intake.aim(url),
    goOn: () => {},
  };
}

/** Resolves once the fault has been felt, and a moment later. @throws when it never is: such a cell proves nothing */
export async function felt(isFelt: () => boolean): Promise<void> {
  await until('the fault to be felt', PATIENCE_MS, () => isFelt() || undefined);
  await pause(50);
}
