/** Runs the adapter from one start to the next kill, with a source that sends to it and drops files all the while. */
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../../tooling/demo/random.ts';
import type { Posted } from './journeys.ts';
import { listening, pause, type Running, run, until } from './process.ts';
import type { Sender } from './sender.ts';

/** Kills while records come in and go out, while it starts, and while only deliveries are left. */
export interface Kills {
  readonly working: number;
  readonly starting: number;
  readonly draining: number;
}

const PATIENCE_MS = 120_000;
/** Longer than any start before it listens, on a machine at rest. */
const LONGEST_START_MS = 2_500;

export class Life {
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

  /** Starts, and tells the sender where once it listens. */
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

/** A folder under watch, and the files of records that come into it one by one. */
export class Inbox {
  readonly #folder: string;
  readonly #files: string[] = [];

  /** @param folder made when absent @param records of one kind, so many a file */
  constructor(folder: string, records: readonly Posted[], perFile: number) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    for (let at = 0; at < records.length; at += perFile) {
      const name = `contact ${at / perFile}.ndjson`;
      const lines = records.slice(at, at + perFile).map((record) => JSON.stringify(record.body));
      writeFileSync(join(folder, `.${name}`), lines.join('\n'));
      this.#files.push(name);
    }
  }

  /** Brings the next file, whole at once; nothing when all have come. */
  drop(): void {
    const name = this.#files.shift();
    if (name !== undefined) renameSync(join(this.#folder, `.${name}`), join(this.#folder, name));
  }

  /** All have come, and all were read and put away. */
  get isEmpty(): boolean {
    return !readdirSync(this.#folder).some((name) => name.endsWith('.ndjson'));
  }
}

/**
 * Kills at moments that are random, yet spread over the whole ingest however fast the machine is: they go by what is
 * acknowledged.
 * @param records that the sender has to send
 */
export async function killAll(
  life: Life,
  work: { readonly sender: Sender; readonly records: number; readonly inbox: Inbox },
  kills: Kills,
  random: Random,
): Promise<void> {
  const { sender, records, inbox } = work;
  const moments = Array.from({ length: kills.working }, () => random.below(records)).sort((a, b) => a - b);
  const starts = new Set(random.some([...moments.keys()], kills.starting));
  for (const [at, moment] of moments.entries()) {
    if (at % 3 === 0) inbox.drop();
    const running = await life.serve();
    const reached = (): true | undefined => (sender.acknowledged.size >= moment ? true : undefined);
    await until(`${moment} acknowledged records`, PATIENCE_MS, reached, running);
    await pause(random.below(400));
    await life.kill();
    if (!starts.has(at)) continue;
    life.start();
    await pause(random.below(LONGEST_START_MS));
    await life.kill();
  }
  for (let kill = 0; kill < kills.draining; kill++) {
    const running = await life.serve();
    await until('the last acknowledgement', PATIENCE_MS, () => sender.isDone || undefined, running);
    await pause(random.below(1_000));
    await life.kill();
  }
}
