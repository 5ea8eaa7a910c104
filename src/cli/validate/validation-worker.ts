/** The process that checks long bodies: loads a validator of its own, and answers one job after the other for as long as the adapter runs. */
import { checkText } from '../../api/validate-text.ts';
import { loadValidator, ROOT } from '../load.ts';
import type { WorkerJob } from './check-in-worker.ts';

process.on('SIGINT', () => {}); // a Ctrl-C goes to the adapter too, which finishes what is under way
const { validator } = loadValidator({ dataDir: process.argv[2]! }, ROOT);
process.on('message', ({ text, asked }: WorkerJob) => {
  process.send!(checkText(validator, text, asked));
});
