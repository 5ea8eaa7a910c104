/** Kills the adapter at random moments of one ingest with delivery on, and counts what is left: nothing lost, nothing twice. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { Random } from '../../tooling/demo/random.ts';
import { journeys, type Posted } from './journeys.ts';
import { type Held, heldByAdapter, heldBySandbox, storedRecords, undelivered } from './ledger.ts';
import { listening, pause, type Running, run, runSandbox, until } from './process.ts';
import { Sender } from './sender.ts';

const PEOPLE = 400;
const CONTACTS = 4_600;
/** Contacts of the last people come as a file, which is read from its start after each kill. */
const IN_FILE = 230;
/** Small, so that a kill finds some requests answered and some not. */
const PER_REQUEST = 20;
const LANES = 3;
const SEED = 20260630;
/** Kills while records come in and go out, while it starts, and while only deliveries are left. */
const KILLS = { working: 40, starting: 6, draining: 4 };
const KILLED = KILLS.working + KILLS.starting + KILLS.draining;

test(`${KILLED} kills during one ingest of ${PEOPLE + CONTACTS} records lose nothing and deliver nothing twice`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'faults-kill-'));
  const sandbox = await runSandbox(join(folder, 'sandbox.sqlite'));
  try {
    const records = journeys(PEOPLE, CONTACTS);
    const posted = records.slice(0, -IN_FILE);
    const sender = new Sender(posted, PER_REQUEST);
    const life = new Life(configured(folder, sandbox.url, records.slice(-IN_FILE)), sender);
    const sending = sender.run(LANES);
    sending.catch(() => {}); // awaited below; a refusal ends the test there
    await killAll(life, sender, posted.length);
    await finish(life, sending, join(folder, 'data/hedgerow.sqlite'));
    expect(await sandbox.process.stop()).toBe(0);
    expect(new Set(posted.map(nameOf))).toEqual(sender.acknowledged);
    await expectOnce(folder, records, life, sender);
  } finally {
    await sandbox.process.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}, 480_000);

/** The adapter, from one start to the next. */
class Life {
  kills = 0;
  readonly #config: string;
  readonly #sender: Sender;
  #running: Running | undefined;

  constructor(config: string, sender: Sender) {
    this.#config = config;
    this.#sender = sender;
  }

  start(): Running {
    this.#running = run(['src/main.ts', 'start', '--config', this.#config]);
    return this.#running;
  }

  async serve(): Promise<Running> {
    const running = this.start();
    this.#sender.base = await listening(running);
    return running;
  }

  async kill(): Promise<void> {
    await this.#running?.kill();
    this.#sender.base = undefined;
    this.kills++;
  }
}

/** The moments are random, and spread over the whole ingest however fast the machine is: they go by what is acknowledged. */
async function killAll(life: Life, sender: Sender, records: number): Promise<void> {
  const random = new Random(SEED);
  const moments = Array.from({ length: KILLS.working }, () => random.below(records)).sort((a, b) => a - b);
  for (const [at, moment] of moments.entries()) {
    const running = await life.serve();
    const reached = (): true | undefined => (sender.acknowledged.size >= moment ? true : undefined);
    await until(`${moment} acknowledged records`, 120_000, reached, running);
    await pause(random.below(300));
    await life.kill();
    if (at % Math.floor(KILLS.working / KILLS.starting) !== 0 || life.kills - at > KILLS.starting) continue;
    life.start();
    await pause(random.below(2_500));
    await life.kill();
  }
  for (let kill = 0; kill < KILLS.draining; kill++) {
    const running = await life.serve();
    await until('the last acknowledgement', 120_000, () => sender.isDone || undefined, running);
    await pause(random.below(1_000));
    await life.kill();
  }
}

/** Lets it work until nothing is left to do, then stops it as an operator would. */
async function finish(life: Life, sending: Promise<void>, file: string): Promise<void> {
  const running = await life.serve();
  await sending;
  const isFileRead = (): boolean => running.stdout().includes('platform/contact.ndjson: ');
  await until('the file to be read', 120_000, () => isFileRead() || undefined, running);
  await until('an empty outbox', 240_000, () => undelivered(file) === 0 || undefined, running);
  expect(await running.stop()).toBe(0);
}

async function expectOnce(
  folder: string,
  records: readonly Posted[],
  life: Life,
  sender: Sender,
): Promise<void> {
  const file = join(folder, 'data/hedgerow.sqlite');
  const stored = storedRecords(file);
  expect(stored.toSorted()).toEqual(records.map(nameOf).toSorted());
  const ours = heldByAdapter(file);
  const theirs = heldBySandbox(join(folder, 'sandbox.sqlite'));
  report(life, sender, stored.length, ours, theirs);
  expect(new Set(theirs.keys())).toEqual(new Set(ours.keys()));
  for (const [key, held] of ours) {
    const remote = theirs.get(key)!;
    expect(remote.content, key).toBe(held.content);
    expect(remote.versions, `versions of ${key}`).toBeLessThanOrEqual(held.versions);
  }
  // each contact is an Encounter that nothing else changes, each record has one Provenance
  const versionsOf = (type: string): number[] =>
    [...ours].filter(([key]) => key.startsWith(`${type}/`)).map(([, held]) => held.versions);
  expect(versionsOf('Encounter')).toEqual(Array.from({ length: CONTACTS }, () => 1));
  expect(versionsOf('Provenance')).toEqual(Array.from({ length: PEOPLE + CONTACTS }, () => 1));
  expect(versionsOf('Patient')).toHaveLength(PEOPLE);
  const store = await openSqliteStore({ file, definitions: loadBaseDefinitions() });
  expect(await store.verifyAudit()).toBeUndefined();
  expect((await store.counts()).targets).toMatchObject([{ waiting: 0, claimed: 0, parked: 0, held: 0 }]);
  await store.close();
}

function report(
  life: Life,
  sender: Sender,
  stored: number,
  ours: ReadonlyMap<string, Held>,
  theirs: ReadonlyMap<string, Held>,
): void {
  const versions = (held: ReadonlyMap<string, Held>): number =>
    [...held.values()].reduce((sum, one) => sum + one.versions, 0);
  const lines: readonly (readonly [string, number])[] = [
    ['kills', life.kills],
    ['records stored', stored],
    ['requests cut off', sender.unanswered],
    ['records stored, yet not acknowledged', sender.storedUnanswered],
    ['resources here', ours.size],
    ['versions here', versions(ours)],
    ['resources at the EHR', theirs.size],
    ['versions at the EHR', versions(theirs)],
  ];
  process.stdout.write(lines.map(([what, count]) => `  ${what.padEnd(38)}${count}\n`).join(''));
}

function configured(folder: string, ehr: string, dropped: readonly Posted[]): string {
  const inboxDir = join(folder, 'inbox');
  mkdirSync(join(inboxDir, 'platform'), { recursive: true });
  const lines = dropped.map((record) => JSON.stringify(record.body));
  writeFileSync(join(inboxDir, 'platform/contact.ndjson'), lines.join('\n'));
  const path = join(folder, 'hedgerow.config.json');
  const target = { name: 'ehr', url: ehr, requiresVerifiedNhsNumber: false, purpose: 'share-with-gp' };
  const config = { port: 0, dataDir: join(folder, 'data'), inboxDir, targets: [target], logLevel: 'warn' };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function nameOf(record: Posted): string {
  return `${record.kind}/${record.key}`;
}
