/** Runs what an adapter does for itself now and then: retention, and the comparison of targets that are configured so. */
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { reconcileTarget } from './reconcile.ts';
import { prune } from './retention.ts';
import type { Workshop } from './workshop.ts';

/** Who acts, as the audit names it. */
const ACTOR = 'schedule';
const HOUR_MS = 3_600_000;
/** How often it is looked whether something is due. */
const LOOK_MS = 60_000;

export interface Housekeeping {
  /** Ends what is under way behind its step. */
  stop(): Promise<void>;
}

/** A job with a turn every so many hours, taken by one process. */
interface Scheduled {
  readonly name: string;
  readonly everyHours: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** @param lookMs between looks whether something is due; default a minute */
export function startHousekeeping(
  config: Pick<Config, 'retention' | 'reconcile'>,
  shop: Workshop,
  log: Logger,
  lookMs = LOOK_MS,
): Housekeeping {
  const jobs = jobsOf(config, shop, log);
  const end = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    for (const job of jobs) {
      if (end.signal.aborted) return;
      await runWhenDue(job, shop, log, end.signal);
    }
  };
  const timer = setInterval(() => {
    running = running.then(look);
  }, lookMs);
  return {
    async stop() {
      clearInterval(timer);
      end.abort();
      await running;
    },
  };
}

function jobsOf(
  { retention, reconcile }: Pick<Config, 'retention' | 'reconcile'>,
  shop: Workshop,
  log: Logger,
): Scheduled[] {
  const kept: Scheduled[] = retention
    ? [{ name: 'retention', everyHours: retention.everyHours, run: () => keepHouse(shop, log) }]
    : [];
  const compared = reconcile.map(
    ({ everyHours, ...wish }): Scheduled => ({
      name: `reconciliation ${wish.target}`,
      everyHours,
      run: async (signal) => {
        for await (const event of reconcileTarget(shop, wish, ACTOR, signal)) {
          if (event.event === 'reconciled')
            log.info({ target: wish.target, drift: event.drift, healed: event.healed }, 'target compared');
          else if (event.event === 'unreachable')
            log.warn(
              { target: wish.target, rule: event.rule },
              'a target could not be compared; it goes on later',
            );
        }
      },
    }),
  );
  return [...kept, ...compared];
}

async function keepHouse(shop: Workshop, log: Logger): Promise<void> {
  for await (const event of prune(shop, shop.retention, shop.archiveDir, ACTOR)) log.info(event, 'retention');
}

/** Hours are counted from the epoch, so that all processes of one database mean the same turn. */
async function runWhenDue(
  { name, everyHours, run }: Scheduled,
  { store, clock }: Workshop,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const everyMs = everyHours * HOUR_MS;
  const dueMs = Math.floor(clock() / everyMs) * everyMs;
  try {
    await store.runOnce(name, dueMs, () => run(signal));
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    log.error({ job: name, error: error.message }, 'a scheduled job failed; it runs again at its next turn');
  }
}
