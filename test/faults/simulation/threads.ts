/** Spreads seeds over threads, which have timers of their own to take, and gathers what they found. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Range, Tally } from './thread.ts';

/** @param threads that share the range */
export async function simulate(range: Range, threads = 1): Promise<Tally> {
  const share = Math.ceil(range.count / threads);
  const tallies = await Promise.all(
    Array.from({ length: threads }, (_, nth) => {
      const from = range.from + nth * share;
      return inThread({
        ...range,
        from,
        count: Math.max(0, Math.min(share, range.from + range.count - from)),
      });
    }),
  );
  return {
    seeds: sum(tallies.map((one) => one.seeds)),
    events: sum(tallies.map((one) => one.events)),
    elapsedMs: sum(tallies.map((one) => one.elapsedMs)),
    found: tallies.flatMap((one) => one.found),
  };
}

async function inThread(range: Range): Promise<Tally> {
  const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: range, execArgv: [] });
  const [tally] = (await once(worker, 'message')) as [Tally];
  await worker.terminate();
  return tally;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

/** @returns a line a seed, with what did not hold and how to run it again */
export function report(found: Tally['found']): string {
  return found
    .map(({ seed, breaches }) => `HEDGEROW_SEED=${seed}: ${breaches.slice(0, 5).join('; ')}`)
    .join('\n');
}
