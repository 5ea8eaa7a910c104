/** Checks long bodies in a thread of its own, one at a time: the adapter goes on meanwhile, and outlives what takes too much. */
import { Worker } from 'node:worker_threads';
import type { CheckText, ValidateAnswer, ValidateAsked } from '../api/validate-text.ts';
import type { Config } from '../config.ts';
import { issueOf } from '../fhir/outcome.ts';

/** What the thread is started with. */
export interface WorkerStart {
  readonly dataDir: string;
}

/** One body to check; the thread answers with a `ValidateAnswer`. */
export interface WorkerJob {
  readonly text: string;
  readonly asked: ValidateAsked;
}

export interface WorkerLimits {
  /** longest check, loading included */
  readonly longestMs: number;
  /** how long the thread is kept when there is nothing to do: what it compiled is worth a while */
  readonly idleMs: number;
  /** heap of the thread, in megabytes */
  readonly heapMb: number;
}

const LIMITS: WorkerLimits = { longestMs: 20_000, idleMs: 30_000, heapMb: 1_024 };

/** @returns a check that refuses what takes too long, or too much memory; it rejects for a bug only */
export function checkInWorker({ dataDir }: Pick<Config, 'dataDir'>, limits = LIMITS): CheckText {
  const thread = new Thread({ dataDir }, limits);
  let last: Promise<unknown> = Promise.resolve();
  return (text, asked) => {
    const answer = last.then(() => thread.check({ text, asked }));
    last = answer.catch(() => {});
    return answer;
  };
}

class Thread {
  readonly #start: WorkerStart;
  readonly #limits: WorkerLimits;
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(start: WorkerStart, limits: WorkerLimits) {
    this.#start = start;
    this.#limits = limits;
  }

  check(job: WorkerJob): Promise<ValidateAnswer> {
    clearTimeout(this.#idle);
    const worker = this.#running();
    return new Promise((resolve, reject) => {
      const end = (answer: ValidateAnswer | undefined): void => {
        clearTimeout(timer);
        worker.off('message', end).off('error', fail).off('exit', stop);
        if (answer) this.#rest(worker);
        else this.#giveUp(worker);
        resolve(answer ?? TOO_COSTLY);
      };
      const stop = (): void => end(undefined);
      const fail = (error: NodeJS.ErrnoException): void => {
        if (error.code !== 'ERR_WORKER_OUT_OF_MEMORY') reject(error);
        stop();
      };
      const timer = setTimeout(stop, this.#limits.longestMs);
      worker.on('message', end).on('error', fail).on('exit', stop);
      worker.postMessage(job);
    });
  }

  #running(): Worker {
    if (this.#worker) return this.#worker;
    const worker = new Worker(new URL('./validation-worker.ts', import.meta.url), {
      workerData: this.#start,
      resourceLimits: { maxOldGenerationSizeMb: this.#limits.heapMb },
    });
    worker.on('error', () => {}); // one that is given up may still fail: nobody asks any more
    worker.unref(); // it does not keep the process: who waits for an answer has a connection
    this.#worker = worker;
    return worker;
  }

  #rest(worker: Worker): void {
    this.#idle = setTimeout(() => this.#giveUp(worker), this.#limits.idleMs).unref();
  }

  #giveUp(worker: Worker): void {
    this.#worker = undefined;
    void worker.terminate();
  }
}

const TOO_COSTLY: ValidateAnswer = {
  status: 400,
  issues: [
    issueOf({
      code: 'too-costly',
      rule: 'api-validate-costly',
      diagnostics:
        'Checking this takes more time or memory than one request may: send it in smaller parts, or use the command "validate".',
    }),
  ],
  pending: [],
};
