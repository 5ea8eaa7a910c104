/** Tells when an adapter comes to a stage of a record's way: the store's own methods are watched, whatever engine is below. */
import { SqlStore } from '../../src/store/sql/sql-store.ts';

/** Stages that the store sees. */
export type StoreStage = 'commit' | 'claim' | 'settle';

/**
 * @param strike called as the stage is first reached, before it begins
 * @returns stops watching
 */
export function atStage(stage: StoreStage, strike: () => unknown): () => void {
  const methods = SqlStore.prototype as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  const original = methods[stage]!;
  let isStruck = false;
  methods[stage] = async function (this: SqlStore, ...args: unknown[]): Promise<unknown> {
    const isDue = stage !== 'claim' || (await this.nextDueMs(String(args[0]))) !== undefined; // workers ask all the time
    if (!isStruck && isDue) {
      isStruck = true;
      await strike();
    }
    return await original.apply(this, args);
  };
  return () => {
    methods[stage] = original;
  };
}
