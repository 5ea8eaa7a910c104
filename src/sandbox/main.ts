/** Runs the sandbox EHR as its own process: `node src/sandbox/main.ts --port 0 --file data/sandbox.sqlite`. */
import { parseArgs } from 'node:util';
import { randomFaults, seededRandom } from './faults.ts';
import { startSandbox } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    file: { type: 'string' },
    integrity: { type: 'boolean', default: false },
    'fault-rate': { type: 'string', default: '0' },
    'fault-seed': { type: 'string', default: '1' },
  },
});
if (values.file === undefined) {
  process.stderr.write('Name the SQLite file: --file sandbox.sqlite\n');
  process.exit(2);
}
const sandbox = await startSandbox({
  port: Number(values.port),
  host: values.host,
  file: values.file,
  integrity: values.integrity,
  faults: randomFaults(Number(values['fault-rate']), seededRandom(Number(values['fault-seed']))),
});
process.stdout.write(`${JSON.stringify({ url: sandbox.url })}\n`);

const stop = async (): Promise<void> => {
  await sandbox.close();
  process.exit(0);
};
process.once('SIGTERM', () => void stop());
process.once('SIGINT', () => void stop());
