/** Takes letters of erased people out of folders: an erasure empties the store alone. */
import type { Store } from '../../store/store.ts';
import type { CourseOptions } from './errand.ts';

const EVERY_MS = 3_600_000;

/** @returns what is to be called often, and looks once an hour: each process at the folders that it can see */
export function createLetterSweep(
  { ways, target, store: { messages }, clock }: CourseOptions,
  store: Pick<Store, 'read'>,
): () => Promise<void> {
  let sweptMs: number | undefined;
  const isErased = async (id: string): Promise<boolean> => {
    const message = await messages.get({ channel: target, direction: 'out', id });
    if (message?.personId === undefined) return false;
    return (await store.read('Patient', message.personId))?.state === 'erased';
  };
  return async () => {
    if (sweptMs !== undefined && clock() - sweptMs < EVERY_MS) return;
    sweptMs = clock();
    for (const { copies } of ways)
      for (const id of (await copies?.list()) ?? []) if (await isErased(id)) await copies!.remove(id);
  };
}
