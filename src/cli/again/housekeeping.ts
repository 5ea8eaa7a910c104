/** Runs what an adapter does for itself now and then: retention, and the comparison of targets that are configured so. */
import type { Logger } from 'pino';
import type { Config } from '../../config.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { type TurnTimes, turnTimesOf } from '../../store/turn-times.ts';
import { reconcileTarget } from './reconcile.ts';
import { prune } from './retention.ts';
import type { Workshop } from './workshop.ts';

/** Who acts, as the audit names it. */
const ACTOR = 'schedule';
/** How often it is looked whether something is due. */
const LOOK_MS = 20_000;

export interface Housekeeping {
  /** Ends what is under way behind its step. */
  stop(): Promise<void>;
}

/** What of the configuration has a schedule. */
type Scheduling = Pick<Config, 'retention' | 'reconcile'> & Partial<Pick<Config, 'nhs'>>;

/** A job with turns, each taken by one process. */
export interface Scheduled {
  readonly name: string;
  readonly times: TurnTimes;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

/** @param lookMs between looks whether something is due */
export function startHousekeeping(
  config: Scheduling,
  shop: Workshop,
  log: Logger,
  lookMs = LOOK_MS,
): Housekeeping {
  return startTurns(jobsOf(config, shop, log), shop, log, lookMs);
}

/**
 * A turn that passed while no process ran is made up for at the next start, where it is no more than a day ago.
 * @param lookMs between looks whether something is due
 */
export function startTurns(
  jobs: readonly Scheduled[],
  shop: Pick<Workshop, 'store' | 'clock'>,
  log: Logger,
  lookMs = LOOK_MS,
): Housekeeping {
  const turns = turnsOf(jobs, shop, log, lookMs);
  turns.start();
  return turns;
}

/** Turns that nothing has begun yet. */
export interface Turns extends Housekeeping {
  start(): void;
}

/** As `startTurns`, which begins at once. */
export function turnsOf(
  jobs: readonly Scheduled[],
  shop: Pick<Workshop, 'store' | 'clock'>,
  log: Logger,
  lookMs = LOOK_MS,
): Turns {
  const end = new AbortController();
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const lookedMs = new Map<string, number>();
  const look = async (): Promise<void> => {
    for (const job of jobs) {
      if (end.signal.aborted) return;
      const done = await runWhenDue(job, lookedMs.get(job.name) ?? 0, { shop, log, signal: end.signal });
      if (done !== undefined) lookedMs.set(job.name, done);
    }
  };
  return {
    start() {
      timer = setInterval(() => {
        running = running.then(look);
      }, lookMs);
    },
    async stop() {
      clearInterval(timer);
      end.abort();
      await running;
    },
  };
}

function jobsOf({ retention, reconcile, nhs }: Scheduling, shop: Workshop, log: Logger): Scheduled[] {
  const listed = nhs?.codedActivity && shop.coded ? [listing(nhs.codedActivity, shop.coded, log)] : [];
  const kept: Scheduled[] = retention
    ? [{ name: 'retention', times: timesOf(retention), run: () => keepHouse(shop, log) }]
    : [];
  const compared = reconcile.map(
    ({ schedule, timeZone, ...wish }): Scheduled => ({
      name: `reconciliation ${wish.target}`,
      times: timesOf({ schedule, timeZone }),
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
  return [...kept, ...compared, ...listed];
}

/** Lists that nobody takes anywhere are made when they are asked for. */
function listing(
  { schedule, timeZone, out }: NonNullable<NonNullable<Config['nhs']>['codedActivity']>,
  { lists }: NonNullable<Workshop['coded']>,
  log: Logger,
): Scheduled {
  return {
    name: 'coded activity',
    times: timesOf({ schedule, timeZone }),
    run: async (signal) => {
      if (out.length === 0) return;
      log.info(await lists.putAll(signal), 'lists of coded activity were put out');
    },
  };
}

async function keepHouse(shop: Workshop, log: Logger): Promise<void> {
  for await (const event of prune(shop, shop.retention, shop.archiveDir, ACTOR)) log.info(event, 'retention');
}

function timesOf({
  schedule,
  timeZone,
}: {
  readonly schedule: string;
  readonly timeZone: string;
}): TurnTimes {
  return turnTimesOf(schedule, timeZone);
}

/**
 * @param afterMs up to when turns were looked at
 * @returns up to when they are now; undefined where that could not be told, and is looked at again
 */
async function runWhenDue(
  { name, times, run }: Scheduled,
  afterMs: number,
  {
    shop,
    log,
    signal,
  }: {
    readonly shop: Pick<Workshop, 'store' | 'clock'>;
    readonly log: Logger;
    readonly signal: AbortSignal;
  },
): Promise<number | undefined> {
  const { store, clock } = shop;
  try {
    const nowMs = await store.sharedNowMs(clock());
    const dueMs = times.latest(afterMs, nowMs);
    if (dueMs !== undefined) await store.runOnce(name, { dueMs, nowMs: clock() }, () => run(signal));
    return nowMs;
  } catch (error) {
    // What was thrown is named, not repeated: it may hold a value. A fault of one job ends neither the others nor the process.
    const rule =
      error instanceof AdapterError ? error.message : error instanceof Error ? error.name : 'unknown';
    log.error({ job: name, error: rule }, 'a scheduled job failed; it runs again at its next turn');
    return undefined;
  }
}
