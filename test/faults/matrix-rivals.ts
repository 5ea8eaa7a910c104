/** Plans of cells with more than one adapter: one is killed and another goes on, or two are at work at once. */
import { startHere, startThere } from './cell-adapter.ts';
import type { EngineName } from './cell-store.ts';
import { type CellPlan, configOfAnother, felt, PATIENCE_MS, type Place } from './matrix-cell.ts';
import { reach } from './matrix-plans.ts';
import type { Stage } from './matrix-table.ts';
import { pause, run, until } from './process.ts';
import type { Trouble } from './proxy.ts';

/** kill -9 as the first record, or the first look, comes to the stage; another process goes on. */
export function killedAdapter(stage: Stage, engine: EngineName): CellPlan {
  let first: Awaited<ReturnType<typeof startThere>> | undefined;
  return {
    engine,
    start: async (place) => {
      first = await startThere(place, stage);
      return first;
    },
    async strike(place) {
      const { child } = first!.process;
      const kill = (kind: 'cut-request' | 'lose-answer') => (): Trouble => {
        child.kill('SIGKILL');
        return { kind };
      };
      if (stage === 'intake') await place.intake.trouble(kill('cut-request'));
      // what was sent has arrived and was applied; the adapter never hears of it
      if (stage === 'send' || stage === 'back-leg') await place.ehr.trouble(kill('lose-answer'));
      await until('the adapter to die', PATIENCE_MS, () => child.signalCode ?? undefined);
      await Promise.all([place.ehr.trouble(undefined), place.intake.trouble(undefined)]);
      place.goOn();
      // by the cell's clock: on PostgreSQL what the dead one had in hand waits for its lease to run out
      return await startHere(place);
    },
  };
}

/** A second adapter is started on the same data folder: it must end by itself, and the first one go on. */
export function secondAdapter(): CellPlan {
  return {
    engine: 'SQLite',
    start: startThere,
    async strike(place, running) {
      const second = run(['src/main.ts', 'start', '--config', place.config]);
      place.goOn();
      if ((await second.ended()) === 0) throw new Error('a second adapter ran on the same data folder');
      await pause(50);
      return running;
    },
  };
}

/**
 * Two adapters on one database. The first is held at the stage until the second is there; then both take the same records in,
 * and deliver, at once.
 */
export function racingAdapters(stage: Stage): CellPlan {
  return {
    engine: 'PostgreSQL',
    start: (place: Place) => startHere(place),
    async strike(place, running) {
      const path = configOfAnother(place);
      const other = Promise.withResolvers<Awaited<ReturnType<typeof startHere>>>();
      await reach(stage, place, async () => other.resolve(await startHere(place, path)));
      const second = await other.promise;
      place.aim(second.url);
      place.goOn();
      await Promise.all([place.repeat(running.url), place.repeat(second.url)]);
      await felt(() => place.sender.isDone);
      return { url: second.url, stop: () => Promise.all([running.stop(), second.stop()]) };
    },
  };
}
