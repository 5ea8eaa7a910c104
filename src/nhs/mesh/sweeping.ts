/** Takes away files of messages whose content is not kept any more: erasures and the end of a time empty messages in the store alone. */
import { fileOf } from './outbox.ts';
import type { MailboxParts } from './parts.ts';

const EVERY_MS = 3_600_000;
/** A file is there before its message is kept. */
const GRACE_MS = 3_600_000;

/** @returns what is to be called often, and looks at the folder once an hour: each process at its own */
export function createSweeper(parts: MailboxParts): () => Promise<void> {
  const { store, keeper, name, clock, log, settings } = parts;
  let sweptMs: number | undefined;
  return async () => {
    const nowMs = clock();
    if (sweptMs !== undefined && nowMs - sweptMs < EVERY_MS) return;
    sweptMs = nowMs;
    const keys = await store.messages.withBody(name);
    const needed = keys.map(({ direction, id }) => (direction === 'out' ? fileOf(id) : `in-${id}`));
    const count = await keeper.sweep(new Set(needed), nowMs - GRACE_MS - settings.transferMs);
    if (count > 0) log.info({ channel: name, count }, 'files that no message needs were taken away');
  };
}
