/** Turns a seed into one world: a source, one or two adapters on one store, an EHR, and what goes wrong between them. */
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { seededRandom } from '../../../src/sandbox/faults.ts';
import { createSearchIndex } from '../../../src/store/search-index.ts';
import { breachesAtRest, unlisted, Watch } from './checks.ts';
import { Clinic } from './clinic.ts';
import { Database, Disk } from './disk.ts';
import { ModelEhr } from './ehr.ts';
import { anyTrouble, exchangeOver, type Fate, LONGEST_WAY_MS } from './network.ts';
import { START_MS, versionsOf } from './people.ts';
import { type Broken, LEASE_MS, Program, type Settings, type Standing } from './program.ts';
import { TARGET } from './receiving.ts';
import { Source } from './source.ts';
import { Timeline, takeTimers, WORLD } from './timeline.ts';

export interface Outcome {
  readonly seed: number;
  /** what should hold and does not; empty when all is well */
  readonly breaches: readonly string[];
  readonly events: number;
  /** of the simulated clock, from the first record to rest */
  readonly elapsedMs: number;
}

const DAY_MS = 86_400_000;
/** Faults go on for at most so long. */
const LONGEST_TROUBLE_MS = 90_000;
/** After the last fault all must be at rest within this; an operator replays what is parked meanwhile. */
const REST_MS = 7_200_000;
const REPLAY_MS = 60_000;

/** Runs seeds one after the other; timers of the thread are the simulation's while it exists. */
export class Simulation {
  readonly #standing: Standing;
  readonly #database = new Database();
  readonly #broken: Broken;
  readonly #giveBack: () => void;
  #timeline = new Timeline(0, Math.random);

  /** @param broken what a test breaks, to see that it is found */
  constructor(broken: Broken = {}) {
    const definitions = loadBaseDefinitions();
    this.#standing = { definitions, index: createSearchIndex(definitions) };
    this.#broken = broken;
    this.#giveBack = takeTimers(() => this.#timeline);
  }

  async run(seed: number): Promise<Outcome> {
    const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995);
    this.#timeline = new Timeline(START_MS, random);
    this.#database.empty();
    const world = new World(this.#standing, this.#database, this.#timeline, random, this.#broken);
    const breaches = await world.run();
    const elapsedMs = Math.round(this.#timeline.nowMs - START_MS);
    return { seed, breaches, events: this.#timeline.count, elapsedMs };
  }

  /** Gives the thread its timers back. */
  close(): void {
    this.#giveBack();
  }
}

class World {
  readonly #standing: Standing;
  readonly #database: Database;
  readonly #timeline: Timeline;
  readonly #random: () => number;
  readonly #settings: Settings;
  readonly #watch = new Watch();
  readonly #ehr: ModelEhr;
  readonly #disk: Disk;
  readonly #clinic: Clinic;
  readonly #source: Source;
  readonly #programs: Program[] = [];
  readonly #replicas: number;
  readonly #untilMs: number;
  readonly #rate: number;
  #born = 0;
  #isFull = false;
  #isOut = false;
  #skewMs = 0;

  constructor(
    standing: Standing,
    database: Database,
    timeline: Timeline,
    random: () => number,
    broken: Broken,
  ) {
    this.#standing = standing;
    this.#database = database;
    this.#timeline = timeline;
    this.#random = random;
    this.#replicas = random() < 0.3 ? 2 : 1;
    this.#rate = random() * 0.4;
    this.#untilMs = timeline.nowMs + (0.2 + 0.8 * random()) * LONGEST_TROUBLE_MS;
    this.#settings = this.#anySettings(broken);
    const clock = (): number => timeline.nowMs;
    this.#ehr = new ModelEhr(this.#settings.kind, clock, (key, resource) =>
      this.#watch.written(key, resource),
    );
    this.#clinic = new Clinic(this.#ehr, timeline, random);
    this.#watch.ehr = this.#ehr;
    this.#disk = new Disk(database, timeline, random, {
      isFull: () => this.#isFull,
      syncFails: () => this.#isTroubled && random() < 0.01,
    });
    this.#source = new Source(versionsOf(1 + this.#below(2), random), {
      timeline,
      random,
      watch: this.#watch,
      adapter: () => this.#programs[this.#below(this.#programs.length)],
      withinMs: this.#untilMs - timeline.nowMs,
    });
  }

  async run(): Promise<readonly string[]> {
    for (let nth = 0; nth < this.#replicas; nth++) this.#begin();
    this.#source.start();
    if (this.#settings.receives) this.#clinic.open(1 + this.#below(6), this.#untilMs - this.#timeline.nowMs);
    for (let nth = this.#below(5); nth > 0; nth--)
      this.#timeline.after(this.#below(this.#untilMs - this.#timeline.nowMs), () => this.#disturb());
    this.#timeline.after(this.#untilMs - this.#timeline.nowMs, () => this.#lift());
    const lastMs = this.#untilMs + REST_MS;
    const isAtRest = (): boolean =>
      this.#timeline.nowMs > this.#untilMs &&
      this.#source.isDone &&
      this.#outboxIsAtRest() &&
      this.#clinic.unknown(this.#database).length === 0;
    if (!(await this.#timeline.run(lastMs, isAtRest)))
      this.#watch.breach(`not at rest ${(lastMs - this.#untilMs) / 60_000} min after the last fault`);
    for (const program of this.#programs) program.owner.isAlive = false;
    const rest = breachesAtRest(this.#database, this.#ehr, this.#source.acknowledged, this.#source.versions);
    return [...this.#watch.breaches, ...rest, ...this.#clinic.unknown(this.#database)];
  }

  get #isTroubled(): boolean {
    return this.#timeline.nowMs < this.#untilMs;
  }

  #anySettings(broken: Broken): Settings {
    const random = this.#random;
    const kind = {
      ids: random() < 0.3 ? ('server' as const) : ('client' as const),
      transactions: random() < 0.7,
      honoursIfNoneExist: random() < 0.5,
    };
    const maxEntries = [2, 5, 50][this.#below(3)]!;
    const receives = random() < 0.4 ? (random() < 0.5 ? 'search' : 'history') : undefined;
    const size = { maxEntries, concurrency: 1 + this.#below(4) };
    const twins = random() < 0.5 ? 'report' : 'delete';
    return { kind, ...size, isAlone: this.#replicas === 1, receives, twins, broken };
  }

  #below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  #begin(): void {
    this.#born += 1;
    const owner = { name: `adapter ${this.#born}`, isAlive: true };
    const network = {
      timeline: this.#timeline,
      random: this.#random,
      ehr: this.#ehr,
      fate: () => this.#fate(),
      onSend: this.#watch.sent.bind(this.#watch),
    };
    this.#programs.push(
      new Program(owner, this.#settings, this.#standing, {
        timeline: this.#timeline,
        random: this.#random,
        disk: this.#disk,
        exchange: () => exchangeOver(network),
        clock: () => Math.floor(this.#timeline.nowMs + this.#skewMs),
        onGroup: (person) => this.#watch.groupBegins(person),
        onError: (error) => this.#crashed(error),
      }),
    );
  }

  /** A store that cannot write is one of the faults; anything else is a bug. */
  #crashed(error: unknown): void {
    const { retry } = error as { retry?: string };
    if (retry !== 'transient') this.#watch.breach(`the worker met a fault of its own: ${String(error)}`);
  }

  #fate(): Fate {
    if (this.#isOut) return 'refused';
    return this.#isTroubled && this.#random() < this.#rate ? anyTrouble(this.#random) : 'answered';
  }

  #disturb(): void {
    const lastsMs = 500 + this.#below(20_000);
    const jumpMs = this.#random() < 0.5 ? DAY_MS : -DAY_MS;
    const kinds = [
      () => this.#kill(this.#programs[this.#below(this.#programs.length)]),
      () => this.#kill(this.#programs[this.#below(this.#programs.length)]),
      () => this.#pause(this.#programs[this.#below(this.#programs.length)]),
      () => {
        this.#disk.cutPower();
        for (const program of [...this.#programs]) this.#kill(program);
      },
      () => this.#during(lastsMs, (isOn) => (this.#isFull = isOn)),
      () => this.#during(lastsMs, (isOn) => (this.#isOut = isOn)),
      () => this.#during(lastsMs, (isOn) => (this.#skewMs = isOn ? jumpMs : 0)),
    ];
    kinds[this.#below(kinds.length)]!();
  }

  #during(ms: number, set: (isOn: boolean) => void): void {
    set(true);
    this.#timeline.after(ms, () => set(false), WORLD);
  }

  /** kill -9: nothing of it happens any more; another one starts once what it sent has arrived. */
  #kill(program: Program | undefined): void {
    if (!program) return;
    program.owner.isAlive = false;
    this.#programs.splice(this.#programs.indexOf(program), 1);
    this.#timeline.after(LONGEST_WAY_MS + this.#below(5_000), () => this.#begin(), WORLD);
  }

  /** Its machine stands still for longer than a lease: others take over what it then believes its own. */
  #pause(program: Program | undefined): void {
    if (program) program.owner.pausedUntilMs = this.#timeline.nowMs + LEASE_MS + this.#below(LEASE_MS);
  }

  #lift(): void {
    this.#isFull = false;
    this.#isOut = false;
    this.#skewMs = 0;
    this.#operate();
  }

  /** What an operator does now and then: look at the worklist, and replay what is parked. */
  #operate(): void {
    for (const breach of unlisted(this.#database)) this.#watch.breach(breach);
    const program = this.#programs[0];
    if (program)
      this.#timeline.after(
        0,
        () => {
          const replayed = program.store.replayDeliveries(
            { target: TARGET, state: 'parked' },
            program.clock(),
          );
          void replayed.then(() => program.worker?.wake());
        },
        program.owner,
      );
    this.#timeline.after(REPLAY_MS, () => this.#operate(), WORLD);
  }

  /** @returns true when nothing waits, is on its way or is parked */
  #outboxIsAtRest(): boolean {
    return (
      this.#database.rows('SELECT 1 FROM outbox_key LIMIT 1').length === 0 &&
      this.#database.rows(`SELECT 1 FROM outbox WHERE state <> 'held' LIMIT 1`).length === 0
    );
  }
}
