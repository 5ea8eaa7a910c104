/** Keeps how far the changes of an EHR were taken in: the time of the last by type, and the number of the last event by subscription. */
import type { Store } from '../../store/store.ts';

export interface Progress {
  /** by resource type, epoch ms by the EHR's clock: everything up to there was taken in */
  readonly marks: Readonly<Record<string, number>>;
  /** by id of the Subscription: number of the last event that was taken in */
  readonly events: Readonly<Record<string, number>>;
  /** Subscriptions that were made there: their ids, by criteria */
  readonly subscriptions: Readonly<Record<string, string>>;
}

type Kept = Pick<Store, 'job' | 'keepJob'>;

export interface ProgressBook {
  read(): Promise<Progress>;
  /** Changes one part; waits until it is kept. */
  set(part: keyof Progress, name: string, value: number | string): Promise<void>;
}

/** @param name of the target */
export function progressOf(name: string, store: Kept, clock: () => number): ProgressBook {
  const job = `receive/${name}`;
  let writing: Promise<void> = Promise.resolve();
  const read = async (): Promise<Progress> => ({
    marks: {},
    events: {},
    subscriptions: {},
    ...(JSON.parse((await store.job(job)) ?? '{}') as Partial<Progress>),
  });
  return {
    read,
    set(part, key, value) {
      const next = writing.then(async () => {
        const now = await read();
        if (now[part][key] === value) return;
        await store.keepJob(job, JSON.stringify({ ...now, [part]: { ...now[part], [key]: value } }), clock());
      });
      writing = next.catch(() => {});
      return next;
    },
  };
}
