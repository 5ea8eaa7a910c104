/** Turns `nhs.bars.receive` into what runs: routes that take referrals, the source that works them, and the target that answers them. */
import { randomUUID } from 'node:crypto';
import type { Router } from 'express';
import type { Logger } from 'pino';
import { processMessageRoutes } from '../../api/process-message.ts';
import { createQuestions } from '../../api/process-message-questions.ts';
import type { BarsReceiveConfig } from '../../config/bars-receive.ts';
import type { NhsConfig } from '../../config/nhs.ts';
import type { Config } from '../../config.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { createBarsClient } from '../../nhs/bars/client.ts';
import { DOS_SERVICE_ID, LIVE_VERSION } from '../../nhs/bars/codes.ts';
import type { ResponseSettings } from '../../nhs/bars/response-message.ts';
import { type OutboxWorker, openWorker } from '../../outbox/worker.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { Voice } from '../../referral/judge-task.ts';
import { type BarsReceiver, createBarsReceiver } from '../../source/bars/receiver.ts';
import type { Store } from '../../store/store.ts';
import { createBarsResponseTarget, responseGate } from '../../target/bars/response.ts';
import { createDelivery } from '../../target/fhir/deliver-group.ts';
import type { RoutedTarget } from '../../target/route.ts';
import { type LoadedParts, VERSION } from '../load.ts';
import { neededSecret } from '../secret.ts';
import type { NhsAccess } from './access.ts';

/** A referrer asks for things to happen now: each step is one of the table. */
const REFERRER: Voice = { speaksFor: ['referrer'], manner: 'request', backload: false };
/** A service tells how a referral stands, and not each step to it. */
const SERVICE: Voice = { speaksFor: ['service'], manner: 'report', backload: true };

const LEASE_MS = 60_000;
const GROUP = 50;
/** Between looks for messages that were kept and not worked. */
const SWEEP_MS = 30_000;

/** @returns as what the source of received referrals, and each service that referrals are sent to, is heard */
export function barsVoices({ nhs, targets }: Pick<Config, 'nhs' | 'targets'>): ReadonlyMap<string, Voice> {
  const receive = nhs?.bars?.receive;
  const services = targets.filter(({ kind, speaksFor }) => kind === 'bars' && speaksFor === undefined);
  return new Map([
    ...(receive ? [[receive.name, REFERRER] as const] : []),
    ...services.map(({ name }) => [name, SERVICE] as const),
  ]);
}

/** What a service said of a referral is known to it: it is not sent back. */
export function withOwnAnswers<T extends RoutedTarget & { readonly kind?: string }>(
  targets: readonly T[],
): T[] {
  return targets.map((one) =>
    one.kind === 'bars' ? { ...one, sources: [...(one.sources ?? []), one.name] } : one,
  );
}

export interface AnswersSurroundings {
  readonly config: Config;
  readonly parts: Pick<LoadedParts, 'sources'>;
  readonly store: Store;
  readonly access: NhsAccess | undefined;
  readonly clock: () => number;
  readonly log: Logger;
}

/** What answers the referrals that came: a target like any other, which hears of nothing else. */
export interface BarsAnswers {
  readonly routed: RoutedTarget;
  readonly worker: OutboxWorker;
}

/** @returns undefined where no referrals are received @throws AdapterError where the configuration does not say who we are */
export function openBarsAnswers({
  config,
  parts,
  store,
  access,
  clock,
  log,
}: AnswersSurroundings): BarsAnswers | undefined {
  const { nhs } = config;
  const receive = nhs?.bars?.receive;
  if (!nhs || !receive || !access) return undefined;
  const { name, deadlineMs, concurrency } = receive;
  refuseTaken(name, [...config.targets.map((one) => one.name), ...parts.sources.keys()]);
  const common = answerSettings(nhs, receive);
  const { software } = nhs;
  const target = createBarsResponseTarget({
    ...{ name, store, clock },
    client: createBarsClient({
      baseUrl: (receive.url ?? access.baseUrl('bars')).replace(/\/$/, ''),
      ...{ deadlineMs, clock, exchange: access.exchange, tokens: access.tokens },
    }),
    settingsOf: (endpoint) => (endpoint === '' ? common : { ...common, endpoint }),
    headers: {
      organisation: common.organisation,
      software: {
        name: software.manufacturer,
        version: common.software.version,
        identifier: nhs.bars?.productId,
      },
    },
  });
  const deliver = createDelivery({ store, target, gate: responseGate, clock, random: Math.random });
  const worker = openWorker({
    ...{ store, target: name, deliver, clock, concurrency },
    ...{ leaseMs: LEASE_MS, maxEntries: GROUP },
    onError: (error) =>
      log.error({ target: name, rule: nameOf(error) }, 'an answer failed unexpectedly; it is tried again'),
  });
  return { routed: answersLine(name), worker };
}

/** @param name that of received referrals: what came from there is answered, and nothing else */
export function answersLine(name: string): RoutedTarget {
  return { name, sources: [name], onlyHeld: true };
}

/** What two say under one name cannot be told apart. */
function refuseTaken(name: string, taken: readonly string[]): void {
  if (!taken.includes(name)) return;
  const diagnostics = `Referrals received by BaRS have the name ${name}, which a target or a source has too: set another "name" in "nhs.bars.receive".`;
  throw new AdapterError('permanent', issueOf({ code: 'value', rule: 'config-bars', diagnostics }));
}

function answerSettings(nhs: NhsConfig, receive: BarsReceiveConfig): ResponseSettings {
  const { organisation, software } = nhs;
  if (!organisation) {
    const diagnostics =
      'Referrals are received by BaRS, and "nhs.organisation" does not say for whom they are answered: set its odsCode and name. See docs/bars-receiver.md.';
    throw new AdapterError('permanent', issueOf({ code: 'required', rule: 'config-bars', diagnostics }));
  }
  return {
    organisation,
    software: { name: software.name, version: software.version ?? VERSION },
    endpoint: `${DOS_SERVICE_ID}|${servicesOf(nhs, receive)[0]}`,
    version: receive.version ?? LIVE_VERSION,
  };
}

function servicesOf({ bars }: NhsConfig, { services }: BarsReceiveConfig): readonly string[] {
  return services ?? [bars!.dosServiceId];
}

export interface BarsReceiverSurroundings {
  readonly config: Config;
  readonly store: Store;
  readonly pipeline: Pick<Pipeline, 'take'>;
  readonly clock: () => number;
  readonly log: Logger;
}

export interface StartedBarsReceiver {
  readonly routes: Router;
  /** Works at once what was kept before and not taken. */
  start(): void;
  stop(): Promise<void>;
}

/** @throws AdapterError when the gateway's secret is not to be had */
export function openBarsReceiver(around: BarsReceiverSurroundings): StartedBarsReceiver | undefined {
  const { config, store, clock, log } = around;
  const receive = config.nhs?.bars?.receive;
  if (!config.nhs || !receive) return undefined;
  const { name, largestBytes, path } = receive;
  const services = servicesOf(config.nhs, receive).map((value) => ({ system: DOS_SERVICE_ID, value }));
  const receiver = receiverOf(around, receive, services);
  const secret = neededSecret(receive.secretEnv);
  const door = {
    secret: secret === undefined ? undefined : { header: receive.secretHeader, value: secret },
    subjects: receive.clientSubjects,
  };
  if (!door.secret && !door.subjects)
    log.warn(
      { source: name },
      'referrals by BaRS are taken from this machine only: configure a secret or client subjects of the gateway',
    );
  let sweeping: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const questions = createQuestions({ name, store, services, version: VERSION, startedMs: clock() });
  return {
    routes: processMessageRoutes({
      ...{ path, receiver, questions, door, largestBytes },
      version: receive.version ?? LIVE_VERSION,
    }),
    start() {
      sweeping = sweep(receiver, log, true);
      timer = setInterval(() => {
        sweeping = sweeping.then(() => sweep(receiver, log, false));
      }, SWEEP_MS);
    },
    async stop() {
      clearInterval(timer);
      await sweeping;
      await receiver.stop();
    },
  };
}

function receiverOf(
  { config, store, pipeline, clock, log }: BarsReceiverSurroundings,
  receive: BarsReceiveConfig,
  services: readonly { readonly system: string; readonly value: string }[],
): BarsReceiver {
  const { name, ownerOrg, callers, budgetMs, mostWaiting, largestBytes, bundleVersions } = receive;
  return createBarsReceiver({
    ...{ name, store, ownerOrg, callers, budgetMs, mostWaiting, largestBytes, clock },
    take: (records, receipt) => pipeline.take(records, receipt),
    impliesConsent: receive.impliedConsent,
    rules: { services, versions: bundleVersions, strictNhsNumbers: receive.nhsNumbers === 'strict' },
    sentThrough: config.targets.filter(({ kind }) => kind === 'bars').map((one) => one.name),
    uuid: randomUUID,
    onError: (error) =>
      log.error({ source: name, rule: nameOf(error) }, 'a message could not be worked; it is worked again'),
  });
}

async function sweep(receiver: BarsReceiver, log: Logger, isStart: boolean): Promise<void> {
  try {
    await receiver.resume(isStart);
  } catch (error) {
    log.warn({ rule: nameOf(error) }, 'messages that were kept could not be looked for; they are later');
  }
}

/** What was thrown is named, not repeated: it may hold a value. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown';
}
