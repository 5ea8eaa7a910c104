/** Tells when an adapter comes to a stage of a record's way: the engines' writes are watched for the steps of it. */
import { PostgresEngine } from '../../src/store/postgres/engine.ts';
import { commitWhole } from '../../src/store/sql/commit/commit.ts';
import { claimGroup, settleGroup } from '../../src/store/sql/delivery.ts';
import { SqliteEngine } from '../../src/store/sqlite/engine.ts';

/** Steps that the store writes at each stage; what a generator function returns is an instance of it. */
const STEPS = { commit: commitWhole, claim: claimGroup, settle: settleGroup } as const;

/** Stages that the store sees. */
export type StoreStage = keyof typeof STEPS;

/**
 * @param strike called as the stage is reached, before it begins
 * @param nth how often it must be reached; default: the first time
 * @returns stops watching
 */
export function atStage(stage: StoreStage, strike: () => unknown, nth = 1): () => void {
  let times = 0;
  const undo = [SqliteEngine, PostgresEngine].map(({ prototype }) => {
    const original = prototype.write;
    prototype.write = async function (this: SqliteEngine & PostgresEngine, steps) {
      if (steps() instanceof STEPS[stage] && ++times === nth) await strike();
      return await original.call(this, steps);
    } as typeof original;
    return () => {
      prototype.write = original;
    };
  });
  return () => {
    for (const one of undo) one();
  };
}
