/** The thread that checks long bodies: loads a validator of its own, and answers one job after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import { checkText } from '../api/validate-text.ts';
import type { WorkerJob, WorkerStart } from './check-in-worker.ts';
import { loadValidator, ROOT } from './load.ts';

const { validator } = loadValidator(workerData as WorkerStart, ROOT);
parentPort!.on('message', ({ text, asked }: WorkerJob) => {
  parentPort!.postMessage(checkText(validator, text, asked));
});
