/** Checks long bodies in a process of its own, one at a time: the adapter goes on meanwhile, and outlives what takes too much. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { CheckText, ValidateAnswer, ValidateAsked } from '../../api/validate-text.ts';
import type { Config } from '../../config.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** One body to check; the worker answers with a `ValidateAnswer`. */
export interface WorkerJob {
  readonly text: string;
  readonly asked: ValidateAsked;
}

export interface WorkerLimits {
  /** longest check, loading included */
  readonly longestMs: number;
  /** how long the worker is kept when there is nothing to do: what it compiled is worth a while */
  readonly idleMs: number;
  /** heap of the worker, in megabytes */
  readonly heapMb: number;
  /** bodies that wait while one is checked; each may be of ten megabytes */
  readonly waiting: number;
}

const LIMITS: WorkerLimits = { longestMs: 20_000, idleMs: 30_000, heapMb: 512, waiting: 4 };

/** What runs in the worker; it is started with the data folder. */
const SCRIPT = new URL('./validation-worker.ts', import.meta.url);

/**
 * @returns a check that refuses what takes too long or too much memory, and, with status 503, what would wait behind too many
 *   others; it rejects for a bug only, and the next check has a new worker
 */
export function checkInWorker(
  { dataDir }: Pick<Config, 'dataDir'>,
  limits: Partial<WorkerLimits> = {},
  script = SCRIPT,
): CheckText {
  const all = { ...LIMITS, ...limits };
  const runner = new Runner(dataDir, all, script);
  let last: Promise<unknown> = Promise.resolve();
  let begun = 0;
  return async (text, asked) => {
    if (begun > all.waiting) return BUSY;
    begun++;
    const answer = last.then(() => runner.check({ text, asked }));
    last = answer.catch(() => {});
    return await answer.finally(() => begun--);
  };
}

/** A process and no thread: where a thread runs out of memory within one step of the engine, the whole process ends with it. */
class Runner {
  readonly #dataDir: string;
  readonly #limits: WorkerLimits;
  readonly #script: URL;
  #worker: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(dataDir: string, limits: WorkerLimits, script: URL) {
    this.#dataDir = dataDir;
    this.#limits = limits;
    this.#script = script;
  }

  check(job: WorkerJob): Promise<ValidateAnswer> {
    clearTimeout(this.#idle);
    const worker = this.#running();
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        worker.off('message', answered).off('error', failed).off('exit', exited);
      };
      const answered = (answer: unknown): void => {
        end();
        this.#rest(worker);
        resolve(answer as ValidateAnswer);
      };
      const failed = (cause: unknown): void => {
        end();
        this.#giveUp(worker);
        reject(cause);
      };
      const exited = (code: number | null): void => {
        if (code !== null && code < LEAST_FATAL) return failed(brokenBy(code));
        end();
        resolve(TOO_COSTLY);
      };
      const tooLong = (): void => {
        end();
        this.#giveUp(worker);
        resolve(TOO_COSTLY);
      };
      const timer = setTimeout(tooLong, this.#limits.longestMs);
      worker.on('message', answered).on('error', failed).on('exit', exited);
      worker.send(job, () => {}); // where it cannot be sent the worker is about to exit, and that is heard
    });
  }

  #running(): ChildProcess {
    if (this.#worker?.connected) return this.#worker;
    const worker = fork(fileURLToPath(this.#script), [this.#dataDir], {
      execArgv: [`--max-old-space-size=${this.#limits.heapMb}`],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'], // an error's text may hold a value
    });
    worker.on('error', () => {}); // one that is given up may still fail: nobody asks any more
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    worker.unref(); // it does not keep the adapter: who waits for an answer has a connection
    worker.channel?.unref();
    this.#worker = worker;
    return worker;
  }

  #rest(worker: ChildProcess): void {
    this.#idle = setTimeout(() => this.#giveUp(worker), this.#limits.idleMs).unref();
  }

  #giveUp(worker: ChildProcess): void {
    if (this.#worker === worker) this.#worker = undefined;
    worker.kill('SIGKILL'); // what loops hears nothing else
  }
}

/** Exit codes from here on, and signals, are those of a process that was ended: for want of memory, as nobody else does it. */
const LEAST_FATAL = 128;

function brokenBy(code: number): AdapterError {
  const diagnostics = `The process that checks long bodies ended with code ${code}: this is a fault of the adapter.`;
  return new AdapterError(
    'permanent',
    issueOf({ code: 'exception', rule: 'api-validate-worker', diagnostics }),
  );
}

const BUSY: ValidateAnswer = {
  status: 503,
  issues: [
    issueOf({
      code: 'throttled',
      rule: 'api-validate-busy',
      diagnostics:
        'Too many long bodies wait to be checked: send this one again in some seconds, or use the command "validate".',
    }),
  ],
  pending: [],
};

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
