/** Has blocks of an NDJSON file turned into the text of rows by several threads, and puts it together in the order of the lines. */
import { Worker } from 'node:worker_threads';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError } from '../../fhir/outcome.ts';
import type { ViewRecipe } from './compile.ts';
import { lineBuffers } from './lines.ts';
import type { OneRun, Ran, RunOptions } from './one-run.ts';
import type { RowForm, Shape } from './row-text.ts';
import type { MadeRows } from './sink.ts';

const SCRIPT = new URL('./thread.ts', import.meta.url);

/** What a thread is told before the blocks of a run. */
export interface ThreadStart {
  readonly recipe: ViewRecipe;
  readonly form: RowForm;
  readonly onFault: 'end' | 'leave-out';
  readonly mostRows: number | undefined;
}

/** Whole lines, and how many there were before them. */
export interface ThreadBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly linesBefore: number;
}

/** What became of a block. */
export interface ThreadAnswer {
  readonly text: Uint8Array<ArrayBuffer>;
  readonly shape: Shape;
  readonly ran: Ran;
  readonly issues: readonly OperationOutcomeIssue[];
  /** of the fault that ends the run */
  readonly fault: OperationOutcomeIssue | undefined;
}

export interface ThreadedRun {
  readonly path: string;
  readonly threads: number;
  readonly recipe: ViewRecipe;
  readonly made: MadeRows;
  readonly run: OneRun;
  readonly options: RunOptions;
}

/** Blocks that wait at each thread: so many that none is idle, and memory stays bounded. */
const AHEAD = 2;

/** @throws as `runViewOverFile` */
export async function runInThreads({
  path,
  threads,
  recipe,
  made,
  run,
  options,
}: ThreadedRun): Promise<void> {
  const start: ThreadStart = {
    recipe,
    form: made.form,
    onFault: options.onFault ?? 'end',
    mostRows: options.mostRows,
  };
  const pool = Array.from({ length: threads }, () => idle.pop() ?? new Thread());
  for (const one of pool) one.begin(start);
  const answers: Promise<ThreadAnswer>[] = [];
  const settle = async (): Promise<void> => {
    const { text, shape, ran, issues, fault } = await answers.shift()!;
    options.signal?.throwIfAborted();
    run.count(ran, issues);
    if (fault) throw new AdapterError('permanent', fault);
    await made.add(text, shape);
  };
  try {
    let next = 0;
    for await (const block of lineBuffers(path)) {
      const answer = pool[next++ % threads]!.take(block);
      answer.catch(() => {}); // it is waited for in its turn
      answers.push(answer);
      if (answers.length >= threads * AHEAD) await settle();
    }
    while (answers.length > 0) await settle();
  } catch (error) {
    await Promise.all(pool.map((one) => one.stop()));
    throw error;
  }
  for (const one of pool) one.rest();
}

/** Threads that have nothing to do: the next run, of the next view of a set, has no need to start its own. */
const idle: Thread[] = [];
/** How long they are kept. */
const IDLE_MS = 5_000;
/** Of what lives no longer than a block, in megabytes: tidied less often. */
const YOUNG_MB = 32;

class Thread {
  readonly #worker: Worker;
  readonly #waiting: { resolve(answer: ThreadAnswer): void; reject(cause: unknown): void }[] = [];
  /** why it takes no more */
  #failure: unknown;

  #timer: NodeJS.Timeout | undefined;

  constructor() {
    this.#worker = new Worker(SCRIPT, { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    this.#worker.on('message', (answer: ThreadAnswer) => this.#waiting.shift()!.resolve(answer));
    this.#worker.on('error', (cause) => this.#fail(cause));
    this.#worker.on('exit', () => this.#fail(new Error('a thread that runs a view ended')));
  }

  begin(start: ThreadStart): void {
    clearTimeout(this.#timer);
    this.#worker.ref();
    this.#worker.postMessage(start);
  }

  /** What is idle does not keep the process. */
  rest(): void {
    this.#worker.unref();
    this.#timer = setTimeout(() => void this.stop(), IDLE_MS).unref();
    idle.push(this);
  }

  #fail(cause: unknown): void {
    this.#failure ??= cause;
    this.#leave();
    for (const { reject } of this.#waiting.splice(0)) reject(cause);
  }

  take(block: ThreadBlock): Promise<ThreadAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(block, [block.bytes.buffer]);
    });
  }

  async stop(): Promise<void> {
    this.#leave();
    this.#waiting.splice(0);
    await this.#worker.terminate();
  }

  #leave(): void {
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
  }
}
