/** What processes on one database tell each other through the store: that they live, whose turn a schedule is, how far a job has come. */
import type { TurnStore } from '../store.ts';
import { takeSlot } from './answer-rows.ts';
import type { Engine, Runner } from './engine.ts';
import { beginTurn, putHeartbeat } from './instance-rows.ts';
import { momentOf } from './key-rows.ts';
import { putJob, selectJob } from './stored-rows.ts';

/** @param parts.instance this process, among those on the database */
export function turnStore(
  runner: Runner,
  { engine, instance }: { readonly engine: Engine; readonly instance: string },
): TurnStore {
  return {
    heartbeat: (nowMs) => runner.write(() => putHeartbeat(instance, nowMs)),
    runOnce: (name, turn, work) =>
      engine.alone(name, async () => {
        if (!(await runner.write(() => beginTurn(name, turn)))) return false;
        await work();
        return true;
      }),
    pace: (name, everyMs, nowMs) => runner.write(() => takeSlot(name, everyMs, nowMs)),
    sharedNowMs: (nowMs) => runner.read(() => momentOf(nowMs)),
    job: (name) => runner.read(() => selectJob(name)),
    keepJob: (name, state, nowMs) => runner.write(() => putJob(name, state, nowMs)),
  };
}
