/** A source that sends its records in versions, again and again until each is acknowledged, to whichever adapter lives. */
import type { Watch } from './checks.ts';
import { recordOf, type Version } from './people.ts';
import type { Program } from './program.ts';
import { RULES } from './receiving.ts';
import { type Timeline, WORLD } from './timeline.ts';

/** A source gives up a request that is not answered, and sends it again. */
const DEADLINE_MS = 3_000;
const AGAIN_MS = 400;

export interface Sending {
  readonly timeline: Timeline;
  readonly random: () => number;
  readonly watch: Watch;
  /** an adapter that runs, if any does */
  readonly adapter: () => Program | undefined;
  /** all is sent within this time, unless adapters are down */
  readonly withinMs: number;
}

export class Source {
  readonly versions: readonly Version[];
  /** last acknowledged version, by record */
  readonly acknowledged = new Map<string, number>();
  readonly #sending: Sending;
  #left: number;

  constructor(versions: readonly Version[], sending: Sending) {
    this.versions = versions;
    this.#sending = sending;
    this.#left = versions.length;
  }

  get isDone(): boolean {
    return this.#left === 0;
  }

  /** Sends each record's versions in their order, the records in any. */
  start(): void {
    const records = Map.groupBy(this.versions, (version) => version.key);
    for (const versions of records.values()) void this.#sendAll(versions);
  }

  async #sendAll(versions: readonly Version[]): Promise<void> {
    const { timeline, random, withinMs } = this.#sending;
    for (const version of versions) {
      await timeline.sleep((random() * withinMs) / versions.length, WORLD);
      const { watch } = this.#sending;
      if (version.consents !== undefined) watch.said(version.person, undefined);
      while (!(await this.#send(version))) await timeline.sleep(random() * AGAIN_MS, WORLD);
      if (version.consents !== undefined) watch.said(version.person, version.consents);
      this.acknowledged.set(version.key, version.number);
      this.#left -= 1;
    }
  }

  /** @returns true once acknowledged */
  #send(version: Version): Promise<boolean> {
    const { timeline, adapter } = this.#sending;
    const program = adapter();
    if (!program) return Promise.resolve(false);
    return new Promise((resolve) => {
      const give = (isAcknowledged: boolean): void => {
        cancel();
        resolve(isAcknowledged);
      };
      const cancel = timeline.after(DEADLINE_MS, () => resolve(false), WORLD);
      const failed = (error: { retry?: string }): void => {
        if (error.retry !== 'transient')
          this.#sending.watch.breach(`a commit met a fault of its own: ${error}`);
        give(false);
      };
      timeline.after(0, () => void commit(program, version).then(give, failed), program.owner);
    });
  }
}

async function commit(program: Program, version: Version): Promise<boolean> {
  const [result] = await program.store.commit([recordOf(version)], RULES, program.clock());
  program.worker?.wake();
  return result!.state !== 'refused';
}
