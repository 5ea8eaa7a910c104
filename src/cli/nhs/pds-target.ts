/** Turns the configuration of PDS into the worker that asks about Patients, and into the turns in which they are asked about again. */
import type { Logger } from 'pino';
import type { NhsConfig } from '../../config/nhs.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { createPdsClient } from '../../nhs/pds/client.ts';
import type { PdsOutcome } from '../../nhs/pds/finding.ts';
import { createPace } from '../../nhs/pds/pace.ts';
import { type OutboxWorker, openWorker } from '../../outbox/worker.ts';
import type { Store } from '../../store/store.ts';
import { createDelivery } from '../../target/fhir/deliver-group.ts';
import { createPdsTarget, PDS, type PdsTargetOptions, pdsGate } from '../../target/pds/pds.ts';
import type { RoutedTarget } from '../../target/route.ts';
import { sendAuthorized } from '../../wire/authorized.ts';
import type { NhsAccess } from './access.ts';
import { recheck } from './pds-recheck.ts';

/** Patients go to PDS, and nothing else; what it says is its own word, and does not go back to it. */
export const PDS_LINE: RoutedTarget = { name: PDS, only: ['Patient'], sources: [PDS] };

const LEASE_MS = 60_000;
/** Patients of one person are few. */
const GROUP = 10;
const EVERY_MS = 3_600_000;

export interface PdsSurroundings {
  readonly store: Store;
  readonly access: Pick<NhsAccess, 'tokens' | 'exchange' | 'baseUrl'>;
  readonly take: PdsTargetOptions['take'];
  readonly clock: () => number;
  readonly log: Logger;
}

/** How many checks came to what, since the start. */
export type PdsCounts = Readonly<Partial<Record<PdsOutcome | 'unchanged' | 'refused', number>>>;

export interface PdsDesk {
  readonly routed: RoutedTarget;
  readonly worker: OutboxWorker;
  readonly counts: () => PdsCounts;
  start(): void;
  stop(): Promise<void>;
}

/** @returns undefined where PDS is not configured @throws AdapterError where a target or a source has taken its name */
export function openPds(
  config: NhsConfig | undefined,
  taken: Iterable<string>,
  around: PdsSurroundings | undefined,
): PdsDesk | undefined {
  if (!config?.pds || !around) return undefined;
  if ([...taken].includes(PDS)) throw nameTaken();
  const { store, clock, log } = around;
  const counts: Partial<Record<PdsOutcome | 'unchanged' | 'refused', number>> = {};
  const count = (outcome: PdsOutcome | 'unchanged' | 'refused'): void => {
    counts[outcome] = (counts[outcome] ?? 0) + 1;
  };
  const { trace, recheckDays, concurrency } = config.pds;
  const { take } = around;
  const client = openClient(config, config.pds, around);
  const deliver = createDelivery({
    store,
    target: createPdsTarget({ client, store, trace, recheckDays, take, clock, count }),
    gate: pdsGate,
    clock,
    random: Math.random,
  });
  const worker = openWorker({
    ...{ store, target: PDS, deliver, clock, concurrency, leaseMs: LEASE_MS, maxEntries: GROUP },
    onError: (error) =>
      log.error(
        { target: PDS, rule: error instanceof Error ? error.name : 'unknown' },
        'a check failed unexpectedly; it is tried again',
      ),
  });
  return { routed: PDS_LINE, worker, counts: () => counts, ...rechecks(around, worker) };
}

function openClient(
  { environment, organisation }: NhsConfig,
  { baseUrl, tps, deadlineMs }: NonNullable<NhsConfig['pds']>,
  { store, access, clock }: PdsSurroundings,
): PdsTargetOptions['client'] {
  const { tokens, exchange } = access;
  return createPdsClient({
    baseUrl: baseUrl ?? access.baseUrl('pds'),
    ask: (request, signal) => sendAuthorized(request, { deadlineMs, signal, exchange, tokens }),
    pace: createPace({ store, environment, tps, clock }),
    organisation: organisation?.odsCode,
    clock,
  });
}

/** At the start, and hour by hour: one process at a time looks who is due. */
function rechecks(
  { store, clock, log }: PdsSurroundings,
  worker: OutboxWorker,
): Pick<PdsDesk, 'start' | 'stop'> {
  const stopping = new AbortController();
  let looking: Promise<unknown> = Promise.resolve();
  const look = (): void => {
    const nowMs = clock();
    const turn = { dueMs: Math.floor(nowMs / EVERY_MS) * EVERY_MS, nowMs };
    looking = store
      .runOnce('pds-recheck', turn, async () => {
        if ((await recheck(store, clock, stopping.signal)) > 0) worker.wake();
      })
      .catch(() => log.warn('who is to be asked about at PDS could not be looked for; the next turn does'));
  };
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      timer = setInterval(look, EVERY_MS).unref();
      look();
    },
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking;
    },
  };
}

function nameTaken(): AdapterError {
  const diagnostics =
    'A target or a source is called "pds", which is the name of the Personal Demographics Service where "nhs.pds" is configured: call it something else, or take "nhs.pds" out.';
  return new AdapterError('permanent', issueOf({ code: 'value', rule: 'config-pds-name', diagnostics }));
}
