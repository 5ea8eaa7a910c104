/** Lets two adapters work on one EHR for a long time while a proxy makes random faults: `node tooling/soak.ts --minutes 30 --seed 1`. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { journeys, type Posted } from '../test/faults/journeys.ts';
import {
  heldByAdapter,
  heldBySandbox,
  storedRecords,
  stuckDeliveries,
  undelivered,
} from '../test/faults/ledger.ts';
import { listening, pause, type Running, run, runSandbox, until } from '../test/faults/process.ts';
import { type CuttingProxy, startProxy, type Trouble } from '../test/faults/proxy.ts';
import { Sender } from '../test/faults/sender.ts';
import { Random } from './demo/random.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '30' }, seed: { type: 'string', default: '1' } },
});

const PEOPLE_A_MINUTE = 12;
const CONTACTS_A_PERSON = 4;
const PER_REQUEST = 5;
const MINUTE_MS = 60_000;
/** What is left when the last fault is lifted has so long to arrive. */
const PATIENCE_MS = 600_000;
/** Growth of memory over the second half that counts as flat. */
const FLAT = 1.25;

const TROUBLES: readonly Trouble[] = [
  { kind: 'refuse' },
  { kind: 'slow', ms: 3_000 },
  { kind: 'cut-request' },
  { kind: 'cut-answer' },
  { kind: 'lose-answer' },
  { kind: 'apply-then-answer', status: 500 },
  { kind: 'apply-then-answer', status: 502 },
  { kind: 'apply-then-answer', status: 504 },
  { kind: 'answer', status: 401 },
  { kind: 'answer', status: 429, retryAfterS: 2 },
  { kind: 'answer', status: 503 },
];

/** One adapter with its source, its store and the proxies on either side. */
class Side {
  kills = 0;
  readonly sender = new Sender([], PER_REQUEST);
  readonly records: Posted[] = [];
  readonly database: string;
  readonly ehr: CuttingProxy;
  readonly intake: CuttingProxy;
  readonly #config: string;
  #running: Running | undefined;

  constructor(folder: string, ehr: CuttingProxy, intake: CuttingProxy) {
    const dataDir = join(folder, 'data');
    mkdirSync(dataDir, { recursive: true });
    this.database = join(dataDir, 'hedgerow.sqlite');
    this.ehr = ehr;
    this.intake = intake;
    this.#config = join(folder, 'hedgerow.config.json');
    const target = { name: 'ehr', url: ehr.url, requiresVerifiedNhsNumber: false, deadlineMs: 2_000 };
    const settings = {
      port: 0,
      access: { open: true },
      dataDir,
      inboxDir: join(folder, 'inbox'),
      logLevel: 'silent',
    };
    writeFileSync(this.#config, JSON.stringify({ ...settings, targets: [target] }));
    this.sender.base = intake.url;
  }

  async start(): Promise<void> {
    this.#running = run(['src/main.ts', 'start', '--config', this.#config]);
    this.intake.aim(await listening(this.#running));
  }

  async killAndStart(): Promise<void> {
    await this.#running?.kill();
    this.kills += 1;
    await this.start();
  }

  /** @returns MB in memory */
  get rss(): number {
    const status = readFileSync(`/proc/${this.#running?.child.pid}/status`, 'utf8');
    return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024);
  }

  async stop(): Promise<void> {
    await this.#running?.stop();
    await Promise.all([this.ehr.close(), this.intake.close()]);
  }
}

/** Sends one minute's records evenly. */
async function sendEvenly(side: Side, records: readonly Posted[]): Promise<void> {
  const requests = Math.max(1, Math.ceil(records.length / PER_REQUEST));
  for (let at = 0; at < records.length; at += PER_REQUEST) {
    const some = records.slice(at, at + PER_REQUEST);
    side.records.push(...some);
    side.sender.add(some);
    await side.sender.run(1);
    await pause((MINUTE_MS * 0.8) / requests);
  }
}

/** Makes one trouble after the other, at random places, until it is told to stop. */
async function troubleThem(sides: readonly Side[], random: Random, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    await pause(random.between(1_000, 8_000));
    const side = random.pick(sides);
    const proxy = random.chance(75) ? side.ehr : side.intake;
    await proxy.trouble(random.pick(proxy === side.ehr ? TROUBLES : TROUBLES.slice(0, 5)));
    await pause(random.between(500, 5_000));
    await proxy.trouble(undefined);
    // The first adapter is never killed, so that its memory can be watched.
    if (random.chance(10)) await sides[1]!.killAndStart();
  }
}

function line(cells: readonly (string | number)[]): void {
  process.stdout.write(`${cells.map((cell) => String(cell).padStart(12)).join('')}\n`);
}

/** @returns what is wrong at the end */
function lossesOf(sides: readonly Side[], ehrFile: string): string[] {
  const theirs = heldBySandbox(ehrFile);
  return sides.flatMap(({ records, database, sender }, nth) => {
    const stored = new Set(storedRecords(database));
    const lost = records.filter(({ kind, key }) => !stored.has(`${kind}/${key}`)).length;
    const unsent = records.length - sender.acknowledged.size;
    const ours = [...heldByAdapter(database)];
    const differing = ours.filter(([key, held]) => theirs.get(key)?.content !== held.content).length;
    const stuck = stuckDeliveries(database).length;
    const found = { lost, unsent, differing, stuck };
    return Object.entries(found).flatMap(([what, count]) =>
      count > 0 ? [`adapter ${nth + 1}: ${count} ${what}`] : [],
    );
  });
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}

async function openSides(folder: string, ehr: string): Promise<Side[]> {
  const sides: Side[] = [];
  for (const name of ['first', 'second'])
    sides.push(new Side(join(folder, name), await startProxy(ehr), await startProxy('http://127.0.0.1:9')));
  for (const side of sides) await side.start();
  return sides;
}

/** Sends for so many minutes, and prints a line for each. @returns MB of the first adapter, by minute */
async function work(sides: readonly Side[], minutes: number): Promise<number[]> {
  const people = minutes * PEOPLE_A_MINUTE;
  const all = journeys(people, people * CONTACTS_A_PERSON);
  const rss: number[] = [];
  const sum = (count: (side: Side) => number): number => sides.reduce((total, one) => total + count(one), 0);
  line(['minute', 'acknowledged', 'waiting', 'troubled', 'kills', 'MB first', 'MB second']);
  for (let minute = 0; minute < minutes; minute++) {
    const nextMs = performance.now() + MINUTE_MS;
    const due = all.slice((all.length * minute) / minutes, (all.length * (minute + 1)) / minutes);
    const own = (nth: number): Posted[] => due.filter((one) => Number(one.key.split('-')[1]) % 2 === nth);
    await Promise.all(sides.map((side, nth) => sendEvenly(side, own(nth))));
    await pause(Math.max(0, nextMs - performance.now()));
    rss.push(sides[0]!.rss);
    line([
      minute + 1,
      sum((side) => side.sender.acknowledged.size),
      sum((side) => undelivered(side.database)),
      sum((side) => side.ehr.troubled + side.intake.troubled),
      sum((side) => side.kills),
      ...sides.map((side) => side.rss),
    ]);
  }
  return rss;
}

async function soak(minutes: number, seed: number, folder: string): Promise<string[]> {
  const sandbox = await runSandbox(join(folder, 'ehr.sqlite'));
  const sides = await openSides(folder, sandbox.url);
  let isOver = false;
  const troubling = troubleThem(sides, new Random(seed), () => isOver);
  const rss = await work(sides, minutes);
  isOver = true;
  await troubling;
  for (const { database } of sides)
    await until('an empty outbox', PATIENCE_MS, () => undelivered(database) === 0 || undefined);
  for (const side of sides) await side.stop();
  await sandbox.process.stop();
  return [...lossesOf(sides, join(folder, 'ehr.sqlite')), ...growthOf(rss)];
}

/** @returns what is said of memory that is not flat; a run shorter than eight minutes says nothing of it */
function growthOf(rss: readonly number[]): string[] {
  const half = rss.slice(Math.floor(rss.length / 2));
  const [early, latest] = [median(half.slice(0, half.length / 2)), median(half.slice(half.length / 2))];
  return rss.length >= 8 && latest > early * FLAT ? [`memory grew from ${early} to ${latest} MB`] : [];
}

const folder = mkdtempSync(join(tmpdir(), 'soak-'));
try {
  const wrong = await soak(Number(values.minutes), Number(values.seed), folder);
  process.stdout.write(wrong.length === 0 ? 'Nothing lost, nothing twice.\n' : `${wrong.join('\n')}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
