/** Kills the adapter at random moments of one ingest with delivery on, and counts what is left: nothing lost, nothing twice. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { Random } from '../../tooling/demo/random.ts';
import { journeys, type Posted } from './journeys.ts';
import { type Held, heldByAdapter, heldBySandbox, storedRecords, undelivered } from './ledger.ts';
import { Inbox, type Kills, killAll, Life } from './life.ts';
import { runSandbox, until } from './process.ts';
import { Sender } from './sender.ts';

const PEOPLE = 400;
const CONTACTS = 4_600;
/** So many contacts come as files; a file is read again from its start after a kill. */
const FILES = 12;
const PER_FILE = 100;
/** Small, so that a kill finds some requests answered and some not. */
const PER_REQUEST = 20;
const LANES = 3;
const SEED = 20260630;
const KILLS: Kills = { working: 39, starting: 6, draining: 5 };
const KILLED = KILLS.working + KILLS.starting + KILLS.draining;

test(`${KILLED} kills during one ingest of ${PEOPLE + CONTACTS} records lose nothing and deliver nothing twice`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-kill-'));
  const records = journeys(PEOPLE, CONTACTS);
  const dropped = new Set(records.filter((record) => record.kind === 'contact').slice(-FILES * PER_FILE));
  const posted = records.filter((record) => !dropped.has(record));
  const inbox = new Inbox(join(folder, 'inbox/platform'), [...dropped], PER_FILE);
  const sandbox = await runSandbox(join(folder, 'sandbox.sqlite'));
  const sender = new Sender(posted, PER_REQUEST);
  const life = new Life(configured(folder, sandbox.url), sender);
  try {
    const sending = sender.run(LANES);
    sending.catch(() => {}); // awaited below: a refusal ends the test there
    await killAll(life, { sender, inbox, records: posted.length }, KILLS, new Random(SEED));
    expect(life.kills).toBe(KILLED);
    await finish(life, sending, inbox, join(folder, 'data/hedgerow.sqlite'));
    expect(await sandbox.process.stop()).toBe(0);
    expect(sender.acknowledged).toEqual(new Set(posted.map(nameOf)));
    await expectOnce(folder, records, sender);
  } finally {
    await life.kill();
    await sandbox.process.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}, 480_000);

/** Lets it work until nothing is left to do, then stops it as an operator would. */
async function finish(life: Life, sending: Promise<void>, inbox: Inbox, file: string): Promise<void> {
  const running = await life.serve();
  await sending;
  await until('the files to be read', 120_000, () => inbox.isEmpty || undefined, running);
  await until('an empty outbox', 240_000, () => undelivered(file) === 0 || undefined, running);
  expect(await running.stop()).toBe(0);
}

async function expectOnce(folder: string, records: readonly Posted[], sender: Sender): Promise<void> {
  const file = join(folder, 'data/hedgerow.sqlite');
  const stored = storedRecords(file);
  const ours = heldByAdapter(file);
  const theirs = heldBySandbox(join(folder, 'sandbox.sqlite'));
  report(sender, stored.length, ours, theirs);
  expect(stored.toSorted()).toEqual(records.map(nameOf).toSorted());
  expect([...theirs.keys()].toSorted()).toEqual([...ours.keys()].toSorted());
  for (const [key, held] of ours) {
    const remote = theirs.get(key)!;
    expect(remote.content, key).toBe(held.content);
    expect(remote.versions, `versions of ${key}`).toBeLessThanOrEqual(held.versions);
  }
  // a contact is an Encounter that nothing else changes, a record has one Provenance
  expect(versionsOf(ours, 'Encounter')).toEqual(Array.from({ length: CONTACTS }, () => 1));
  expect(versionsOf(ours, 'Provenance')).toEqual(Array.from({ length: PEOPLE + CONTACTS }, () => 1));
  expect(versionsOf(ours, 'Patient')).toHaveLength(PEOPLE);
  const store = await openSqliteStore({ file });
  expect(await store.verifyAudit()).toBeUndefined();
  expect((await store.counts()).targets).toMatchObject([{ waiting: 0, claimed: 0, parked: 0, held: 0 }]);
  await store.close();
}

function versionsOf(held: ReadonlyMap<string, Held>, type: string): number[] {
  return [...held].filter(([key]) => key.startsWith(`${type}/`)).map(([, one]) => one.versions);
}

function report(
  sender: Sender,
  stored: number,
  ours: ReadonlyMap<string, Held>,
  theirs: ReadonlyMap<string, Held>,
): void {
  const versions = (held: ReadonlyMap<string, Held>): number =>
    [...held.values()].reduce((sum, one) => sum + one.versions, 0);
  const lines: readonly (readonly [string, number])[] = [
    ['kills', KILLED],
    ['records stored', stored],
    ['requests cut off by a kill', sender.unanswered],
    ['records of these found stored already', sender.storedUnanswered],
    ['resources here', ours.size],
    ['versions here', versions(ours)],
    ['resources at the EHR', theirs.size],
    ['versions at the EHR', versions(theirs)],
  ];
  process.stdout.write(lines.map(([what, count]) => `  ${what.padEnd(40)}${count}\n`).join(''));
}

/** @returns path of the configuration file */
function configured(folder: string, ehr: string): string {
  const target = { name: 'ehr', url: ehr, requiresVerifiedNhsNumber: false, purpose: 'share-with-gp' };
  const config = {
    port: 0,
    access: { open: true },
    dataDir: join(folder, 'data'),
    inboxDir: join(folder, 'inbox'),
    sources: [{ folder: join(ROOT, 'mappings/platform'), ownerOrg: 'local' }],
    targets: [target],
    logLevel: 'warn',
  };
  const path = join(folder, 'hedgerow.config.json');
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function nameOf(record: Posted): string {
  return `${record.kind}/${record.key}`;
}
