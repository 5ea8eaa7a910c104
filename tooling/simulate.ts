/** Runs the simulation of test/faults for longer than a test may: `node tooling/simulate.ts --seeds 100000 --from 1 --threads 2`. */
import { parseArgs } from 'node:util';
import { report, simulate } from '../test/faults/simulation/threads.ts';

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
  },
});

/** Seeds between two lines of progress. */
const STRETCH = 5_000;

const from = Number(values.from);
const last = from + Number(values.seeds);
const begunMs = performance.now();
for (let first = from; first < last; first += STRETCH) {
  const count = Math.min(STRETCH, last - first);
  const { events, elapsedMs, found } = await simulate({ from: first, count }, Number(values.threads));
  const days = (elapsedMs / 86_400_000).toFixed(1);
  const seconds = ((performance.now() - begunMs) / 1_000).toFixed(0);
  process.stdout.write(
    `seeds ${first} to ${first + count - 1}: ${events} events in ${days} simulated days, ${seconds} s so far, ${found.length} found something\n`,
  );
  if (found.length > 0) {
    process.stdout.write(`${report(found)}\n`);
    process.exitCode = 1;
    break;
  }
}
