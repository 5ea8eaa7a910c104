/** Runs the thread of one export, and answers what it asks. */
import { Worker } from 'node:worker_threads';
import type { ExportProgress } from '../../research/export/asked.ts';
import type { ExportTask, FromThread, ToThread } from './task.ts';

export interface Listening {
  readonly keep: (progress: ExportProgress) => Promise<boolean>;
  readonly finished: (type: string, count: number) => Promise<void>;
}

/** How a thread ended. */
export type ThreadEnd = Exclude<FromThread, { kind: 'keep' | 'finished' }> | { readonly kind: 'stopped' };

export interface Thread {
  readonly ended: Promise<ThreadEnd>;
  stop(): Promise<void>;
}

const SCRIPT = new URL('./export-thread.ts', import.meta.url);
/** Of the thread: it holds a page of the store, and what it is made with. */
const HEAP_MB = 512;

export function startThread(task: ExportTask, listening: Listening): Thread {
  const worker = new Worker(SCRIPT, {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    ...{ stdout: true, stderr: true }, // not ours: what is printed there may hold a value
  });
  worker.stdout.resume();
  worker.stderr.resume();
  let isStopped = false;
  const ended = new Promise<ThreadEnd>((resolve) => {
    const answer = (goesOn: boolean): void => worker.postMessage({ goesOn } satisfies ToThread);
    const give = (): void => resolve(GIVEN_UP);
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'keep') listening.keep(message.progress).then(answer, give);
      else if (message.kind === 'finished')
        listening.finished(message.type, message.count).then(() => answer(true), give);
      else resolve(message);
    });
    worker.on('error', () => resolve(BROKEN));
    worker.on('exit', () => resolve(isStopped ? { kind: 'stopped' } : BROKEN));
  });
  return {
    ended: ended.finally(() => worker.terminate()),
    async stop() {
      isStopped = true;
      await worker.terminate();
    },
  };
}

/** The store did not take what was to be kept: it is gone on with when it does. */
const GIVEN_UP: ThreadEnd = {
  ...{ kind: 'failed', isTransient: true, rule: 'export-not-kept' },
  why: 'The store could not be written.',
};
const BROKEN: ThreadEnd = {
  ...{ kind: 'failed', isTransient: false, rule: undefined },
  why: 'The export has failed by a fault of the adapter.',
};
