/** Ctrl-C in the middle of a file and at rest, and a kill: how the adapter ends, what the next start finds and what it sends. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, expect, test } from 'vitest';
import { askRunning, type Status } from '../../src/cli/control.ts';
import { ROOT } from '../../src/cli/load.ts';
import { readLock } from '../../src/cli/lock.ts';
import { csvChunks, referralRows } from '../../tooling/demo/load.ts';
import { columnsOf } from '../../tooling/demo-set.ts';
import { type Held, heldByAdapter, heldBySandbox, storedRecords } from '../faults/ledger.ts';
import { listening, type Running, run, runCommand, until } from '../faults/process.ts';

const RECORDS = 1_500;
const FILE = 'referrals of June.csv';
const PATIENCE_MS = 240_000;

const folder = mkdtempSync(join(tmpdir(), 'stop-'));
const inbox = join(folder, 'inbox/spreadsheet');
const dataDir = join(folder, 'data');
const storeFile = join(dataDir, 'hedgerow.sqlite');
const config = join(folder, 'hedgerow.config.json');
writeFileSync(
  config,
  JSON.stringify({
    port: 0,
    access: { open: true },
    dataDir,
    inboxDir: join(folder, 'inbox'),
    sandbox: { port: 0 },
  }),
);

let running: Running | undefined;
afterAll(async () => {
  await running?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** The command that `npm start` runs, without `node`. */
const [, ...START] = (
  JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } }
).scripts.start.split(' ');

async function start(): Promise<Running> {
  running = run([...START, '--config', config], { asJob: true });
  await listening(running);
  return running;
}

function drop(): void {
  mkdirSync(inbox, { recursive: true });
  const part = join(inbox, `.${FILE}.part`);
  writeFileSync(part, [...csvChunks(columnsOf('referral'), referralRows(RECORDS))].join(''));
  renameSync(part, join(inbox, FILE));
}

/** Waits until some of the file is on disk; it is long enough for the rest to be still to come. */
async function untilInTheMiddle(adapter: Running): Promise<void> {
  const some = (): true | undefined => (storedRecords(storeFile).length > 0 ? true : undefined);
  await until('the first records', PATIENCE_MS, some, adapter);
}

/** Waits until the file is put away and nothing is on its way or due. */
async function untilIdle(adapter: Running): Promise<void> {
  const idle = async (): Promise<true | undefined> => {
    if (existsSync(join(inbox, FILE))) return undefined;
    const { counts } = await askRunning<Status>(readLock(dataDir)!, 'status');
    return counts.targets.every((target) => target.waiting + target.claimed === 0) ? true : undefined;
  };
  await until('everything to be delivered', PATIENCE_MS, idle, adapter);
}

const atSandbox = (): Map<string, Held> => heldBySandbox(join(dataDir, 'sandbox.sqlite'));

/** @returns receipts by state */
function receipts(): Record<string, number> {
  const database = new DatabaseSync(storeFile, { readOnly: true });
  const row = database
    .prepare(
      `SELECT sum(finished_ms IS NOT NULL) AS finished, sum(interrupted_ms IS NOT NULL) AS interrupted,
         sum(finished_ms IS NULL AND interrupted_ms IS NULL) AS reading FROM receipt`,
    )
    .get() as Record<string, number>;
  database.close();
  return { ...row };
}

test('Ctrl-C in the middle of a file ends it with 0, and says of its receipt that it was interrupted', async () => {
  const adapter = await start();
  drop();
  await untilInTheMiddle(adapter);
  expect(await adapter.interrupt()).toBe(0);
  expect(adapter.stdout()).toContain('Stopped. Everything that was accepted is on disk');
  const stored = storedRecords(storeFile);
  expect(stored.length).toBeGreaterThan(0);
  expect(stored.length).toBeLessThan(RECORDS);
  expect(readdirSync(inbox)).toEqual([FILE]);
  expect(receipts()).toEqual({ finished: 0, interrupted: 1, reading: 0 });
  expect(readLock(dataDir)).toBeUndefined();
}, 300_000);

test('a kill in the middle of the file leaves a receipt that the next start closes, with what to do', async () => {
  const killed = await start();
  const before = storedRecords(storeFile).length;
  const more = (): true | undefined => (storedRecords(storeFile).length > before ? true : undefined);
  await until('more records', PATIENCE_MS, more, killed);
  await killed.kill();
  expect(receipts()).toEqual({ finished: 0, interrupted: 1, reading: 1 });
  const id = openReceipt();
  const adapter = await start();
  const answer = await fetch(`${await listening(adapter)}/intake/receipts/${id}`);
  const receipt = (await answer.json()) as { outcome: { issue: { diagnostics: string }[] } };
  expect([answer.status, receipt]).toMatchObject([
    200,
    { status: 'interrupted', file: FILE, source: 'spreadsheet' },
  ]);
  expect(receipt.outcome.issue[0]?.diagnostics).toContain('is not stored twice');
}, 300_000);

test('Ctrl-C at rest ends with 0: all of the file is stored once, and nothing of it was sent twice', async () => {
  const adapter = running!;
  await untilIdle(adapter);
  expect(await adapter.interrupt()).toBe(0);
  expect(receipts()).toEqual({ finished: 1, interrupted: 2, reading: 0 });
  const stored = storedRecords(storeFile);
  expect(stored).toHaveLength(RECORDS);
  expect(new Set(stored).size).toBe(RECORDS);
  const [ours, theirs] = [heldByAdapter(storeFile), atSandbox()];
  expect(theirs.size).toBeGreaterThan(RECORDS);
  for (const [key, { versions }] of theirs)
    expect(versions, key).toBeLessThanOrEqual(ours.get(key)!.versions);
}, 300_000);

test('npm start with nothing new sends nothing again, and Ctrl-C lets it end cleanly under npm, too', async () => {
  const before = atSandbox();
  running = runCommand('npm', ['start', '--silent', '--', '--config', config], { asJob: true });
  await listening(running);
  await untilIdle(running);
  await running.interrupt(); // how npm ends is the shell's business: it dies of the signal it was given
  expect(running.stdout()).toContain('Stopped. Everything that was accepted is on disk');
  expect(readLock(dataDir)).toBeUndefined();
  expect(atSandbox()).toEqual(before);
  expect(storedRecords(storeFile)).toHaveLength(RECORDS);
}, 120_000);

/** @returns the id of the one receipt that is still open */
function openReceipt(): string {
  const database = new DatabaseSync(storeFile, { readOnly: true });
  const found = database
    .prepare('SELECT id FROM receipt WHERE finished_ms IS NULL AND interrupted_ms IS NULL')
    .get() as { id: string };
  database.close();
  return found.id;
}
