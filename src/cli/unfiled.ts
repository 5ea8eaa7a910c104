/** Looks now and then for what was sent and never filed; every replica may ask, and each is raised once. */
import type { Logger } from 'pino';
import type { TargetConfig } from '../config.ts';
import type { Store } from '../store/store.ts';

const EVERY_MS = 600_000;
const HOUR_MS = 3_600_000;

/** @returns how many were put on the worklist */
export async function raiseUnfiled(
  targets: readonly Pick<TargetConfig, 'name' | 'receipts'>[],
  store: Pick<Store, 'filings'>,
  nowMs: number,
): Promise<number> {
  let raised = 0;
  for (const { name, receipts } of targets)
    if (receipts)
      raised += await store.filings.raiseUnfiled(name, nowMs - receipts.raiseAfterHours * HOUR_MS, nowMs);
  return raised;
}

export function startUnfiledWatch(
  targets: readonly TargetConfig[],
  parts: { readonly store: Store; readonly clock: () => number; readonly log: Logger },
): { stop(): Promise<void> } {
  const { store, clock, log } = parts;
  let looking: Promise<void> = Promise.resolve();
  const look = (): void => {
    looking = raiseUnfiled(targets, store, clock()).then(
      (raised) => {
        if (raised > 0) log.warn({ raised }, 'deliveries were sent and never filed: see the worklist');
      },
      () => log.warn('what was never filed could not be looked for'),
    );
  };
  const timer = setInterval(look, EVERY_MS);
  if (targets.some(({ receipts }) => receipts)) look();
  return {
    stop: async () => {
      clearInterval(timer);
      await looking;
    },
  };
}
