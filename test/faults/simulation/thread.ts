/** A thread that runs a range of seeds and says what it found; started by the test and by the script. */
import { parentPort, workerData } from 'node:worker_threads';
import { type Mistake, mistakeOf } from './mistakes.ts';
import { type Outcome, Simulation } from './world.ts';

export interface Range {
  /** first seed */
  readonly from: number;
  /** one after the other, so many */
  readonly count: number;
  /** what is broken on purpose */
  readonly mistake?: Mistake;
  /** stop after the first seed that finds something */
  readonly untilFound?: boolean;
}

export interface Tally {
  readonly seeds: number;
  readonly events: number;
  /** simulated time in all */
  readonly elapsedMs: number;
  /** the seeds that found something */
  readonly found: readonly Outcome[];
}

const MOST_FOUND = 20;

async function runRange({ from, count, mistake, untilFound = false }: Range): Promise<Tally> {
  const simulation = new Simulation(mistake ? mistakeOf(mistake) : {});
  const found: Outcome[] = [];
  let [seeds, events, elapsedMs] = [0, 0, 0];
  for (let seed = from; seed < from + count && found.length < MOST_FOUND; seed++) {
    const outcome = await simulation.run(seed);
    seeds += 1;
    events += outcome.events;
    elapsedMs += outcome.elapsedMs;
    if (outcome.breaches.length > 0) found.push(outcome);
    if (untilFound && found.length > 0) break;
  }
  simulation.close();
  return { seeds, events, elapsedMs, found };
}

parentPort?.postMessage(await runRange(workerData as Range));
