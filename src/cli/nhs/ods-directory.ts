/** Turns the configuration of ODS into its directory, and into the look at closed organisations that runs by itself. */
import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { NhsConfig } from '../../config/nhs.ts';
import { odsSchema } from '../../config/ods.ts';
import type { Config } from '../../config.ts';
import { createOdsClient } from '../../nhs/ods/client.ts';
import { createOdsDirectory, type OdsDirectory } from '../../nhs/ods/directory.ts';
import type { AnswerStore } from '../../store/kept-answers.ts';
import type { Store } from '../../store/store.ts';
import { turnTimesOf } from '../../store/turn-times.ts';
import { type Turns, turnsOf } from '../again/housekeeping.ts';
import { neededSecret } from '../secret.ts';
import type { NhsAccess } from './access.ts';
import { lookAndReroute } from './ods-watch.ts';

/** Open to all, without a key. */
const ORD_URL = 'https://directory.spineservices.nhs.uk/ORD/2-0-0';
const DAY_MS = 86_400_000;

/** @param nhs without `ods`, that has its defaults @throws AdapterError when the API key is not to be had */
export function openOdsDirectory(
  nhs: NhsConfig,
  access: NhsAccess,
  { answers, clock }: { readonly answers: Pick<AnswerStore, 'get' | 'keep'>; readonly clock: () => number },
): OdsDirectory {
  const { form, url, apiKeyEnv, freshDays, codes, deadlineMs } = nhs.ods ?? odsSchema.parse({});
  const apiKey = form === 'fhir' ? neededSecret(apiKeyEnv) : undefined;
  const baseUrl = url ?? (form === 'ord' ? ORD_URL : access.baseUrl('ods'));
  const ask = createOdsClient({
    form,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    // The certificate is for services of the API platform; ORD is open to all.
    exchange: form === 'ord' ? access.open : access.exchange,
    tokens: form === 'fhir' && apiKey === undefined ? access.tokens : undefined,
    apiKey,
    deadlineMs,
    uuid: randomUUID,
    codes,
  });
  return createOdsDirectory({ ask, answers, clock, freshMs: freshDays * DAY_MS });
}

export interface OdsSurroundings {
  readonly config: Pick<Config, 'nhs' | 'targets'>;
  readonly store: Store;
  readonly access: NhsAccess | undefined;
  readonly clock: () => number;
  readonly log: Logger;
  /** called when deliveries may go */
  readonly wake: () => void;
}

/** @returns the scheduled look; nothing where ODS is not configured @param lookMs between looks whether it is due */
export function openOds(around: OdsSurroundings, lookMs?: number): Turns | undefined {
  const { config, access, store, clock, log, wake } = around;
  const { nhs } = config;
  if (!nhs?.ods || !access) return undefined;
  const { schedule, timeZone, codes } = nhs.ods;
  const directory = openOdsDirectory(nhs, access, { answers: store.answers, clock });
  const watch = { store, directory, practiceRole: codes.practiceRole, clock, log, wake };
  const look = async (signal: AbortSignal): Promise<void> => {
    await lookAndReroute(watch, config.targets, signal);
  };
  const job = { name: 'ods', times: turnTimesOf(schedule, timeZone), run: look };
  return turnsOf([job], { store, clock }, log, lookMs);
}
