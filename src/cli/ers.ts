/** Looks at e-RS at the times that are configured, one process of several at each, and takes in what it finds. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { ErsConfig } from '../config/ers.ts';
import { AdapterError, ruleOf } from '../fhir/outcome.ts';
import { createErsClient } from '../nhs/ers/client.ts';
import type { Pipeline } from '../pipeline.ts';
import { ERS_KIND, ERS_SOURCE, type LookOptions, lookAtService } from '../source/ers/look.ts';
import type { LoadedSource } from '../source/load.ts';
import type { Store } from '../store/store.ts';
import { type TurnTimes, turnTimesOf } from '../store/turn-times.ts';
import type { NhsAccess } from './nhs-access.ts';

export interface ErsSurroundings {
  readonly access: Pick<NhsAccess, 'tokens' | 'exchange' | 'baseUrl'>;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly pipeline: Pick<Pipeline, 'ingest'>;
  readonly store: Store;
  readonly clock: () => number;
  readonly log: Logger;
}

export interface ErsWatch {
  /** Looks at every service now, whatever the time. */
  look(): Promise<void>;
  /** Ends the look under way behind its step. */
  stop(): Promise<void>;
}

const LOOK_MS = 20_000;

/** @param lookMs between two glances at the clock */
export function startErs(config: ErsConfig, around: ErsSurroundings, lookMs = LOOK_MS): ErsWatch {
  const end = new AbortController();
  const times = config.times.map((time) => {
    const [hour, minute] = time.split(':').map(Number);
    return turnTimesOf(`${minute} ${hour} * * *`, config.timeZone);
  });
  const looks = config.services.map((service) => lookOptions(config, service, around));
  const look = async (): Promise<void> => {
    for (const one of looks) await lookOnce(one, around.log, end.signal);
  };
  let seenMs = around.clock();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(async () => {
      seenMs = await takeTurn(times, seenMs, looks, around, end.signal);
    });
  }, lookMs);
  return {
    look,
    async stop() {
      clearInterval(timer);
      end.abort();
      await running;
    },
  };
}

/** @returns up to when turns were looked at */
async function takeTurn(
  times: readonly TurnTimes[],
  afterMs: number,
  looks: readonly LookOptions[],
  { store, clock, log }: ErsSurroundings,
  signal: AbortSignal,
): Promise<number> {
  try {
    const nowMs = await store.sharedNowMs(clock());
    const due = times.flatMap((one) => one.latest(afterMs, nowMs) ?? []);
    if (due.length > 0)
      for (const one of looks)
        await store.runOnce(
          `e-rs ${one.service.id}`,
          { dueMs: Math.max(...due), nowMs: clock() },
          async () => await lookOnce(one, log, signal),
        );
    return nowMs;
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    log.error({ rule: ruleOf(error.outcome.issue[0]!) }, 'e-RS could not be looked at; it is tried again');
    return afterMs;
  }
}

async function lookOnce(options: LookOptions, log: Logger, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const looked = await lookAtService(options, signal);
  log.info({ service: options.service.id, ...looked }, 'referrals of e-RS were taken in');
}

function lookOptions(
  config: ErsConfig,
  service: LookOptions['service'],
  { access, sources, pipeline, store, clock, log }: ErsSurroundings,
): LookOptions {
  const reader = sources.get(ERS_SOURCE)?.kinds.get(ERS_KIND);
  if (!reader) throw new TypeError('The maps of e-RS are not loaded');
  const { tokens, exchange } = access;
  const { serviceSystem, deadlineMs, lists, numbersAreVerified } = config;
  const baseUrl = (config.url ?? access.baseUrl('ers')).replace(/\/+$/, '');
  return {
    client: createErsClient({
      ...{ baseUrl, serviceSystem, exchange, tokens, deadlineMs, clock, uuid: randomUUID },
    }),
    ...{ store, reader, service, lists, numbersAreVerified, clock },
    async ingest(records) {
      const { receipt } = await pipeline.ingest(ERS_SOURCE, ERS_KIND, records);
      return { committed: receipt.committed, refused: receipt.refused };
    },
    onTrouble: ({ issue }) =>
      log.warn({ service: service.id, rule: issue[0] && ruleOf(issue[0]) }, 'e-RS could not be asked'),
  };
}
