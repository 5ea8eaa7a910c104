/** Looks at e-RS at the times that are configured, one process of several at each, and takes in what it finds; a turn that was missed is made up for. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { ErsConfig } from '../../config/ers.ts';
import { ruleOf } from '../../fhir/outcome.ts';
import { createErsClient } from '../../nhs/ers/client.ts';
import type { Pipeline } from '../../pipeline.ts';
import { dayOfMs } from '../../referral/coded/event.ts';
import { ERS_KIND, ERS_SOURCE, type LookOptions, lookAtService } from '../../source/ers/look.ts';
import type { LoadedSource } from '../../source/load.ts';
import type { Store } from '../../store/store.ts';
import { type TurnTimes, turnTimesOf } from '../../store/turn-times.ts';
import { type Turns, turnsOf } from '../again/housekeeping.ts';
import type { NhsAccess } from './access.ts';

export interface ErsSurroundings {
  readonly access: Pick<NhsAccess, 'tokens' | 'exchange' | 'baseUrl'>;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly pipeline: Pick<Pipeline, 'ingest'>;
  readonly store: Store;
  readonly clock: () => number;
  readonly log: Logger;
}

export interface ErsWatch extends Turns {
  /** Looks at every service now, whatever the time. */
  look(): Promise<void>;
}

/** @param lookMs between two looks whether a turn is due */
export function openErs(config: ErsConfig, around: ErsSurroundings, lookMs?: number): ErsWatch {
  const { log } = around;
  const looks = config.services.map((service) => lookOptions(config, service, around));
  const times = timesOf(config);
  const jobs = looks.map((one) => ({
    name: `e-rs ${one.service.id}`,
    times,
    run: (signal: AbortSignal) => lookOnce(one, log, signal),
  }));
  const never = new AbortController().signal;
  return {
    ...turnsOf(jobs, around, log, lookMs),
    async look() {
      for (const one of looks) await lookOnce(one, log, never);
    },
  };
}

/** Turns at each of the times of a day. One that was missed is made up for on its own day alone: e-RS counts questions by day. */
function timesOf({ times, timeZone }: ErsConfig): TurnTimes {
  const each = times.map((time) => {
    const [hour, minute] = time.split(':').map(Number);
    return turnTimesOf(`${minute} ${hour} * * *`, timeZone);
  });
  return {
    latest(afterMs, untilMs) {
      const due = each.flatMap((one) => one.latest(afterMs, untilMs) ?? []);
      const today = due.filter((atMs) => dayOfMs(atMs, timeZone) === dayOfMs(untilMs, timeZone));
      return today.length === 0 ? undefined : Math.max(...today);
    },
  };
}

async function lookOnce(options: LookOptions, log: Logger, signal: AbortSignal): Promise<void> {
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
  const { serviceSystem, deadlineMs, lists, numbersAreVerified, ownerOrg } = config;
  const baseUrl = (config.url ?? access.baseUrl('ers')).replace(/\/+$/, '');
  return {
    client: createErsClient({
      ...{ baseUrl, serviceSystem, exchange, tokens, deadlineMs, clock, uuid: randomUUID },
    }),
    ...{ store, reader, service, lists, numbersAreVerified, ownerOrg, clock },
    async ingest(records) {
      const { receipt } = await pipeline.ingest(ERS_SOURCE, ERS_KIND, records);
      return { committed: receipt.committed, refused: receipt.refused };
    },
    onTrouble: ({ issue }) =>
      log.warn({ service: service.id, rule: issue[0] && ruleOf(issue[0]) }, 'e-RS could not be asked'),
  };
}
