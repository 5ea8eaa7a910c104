/** Turns the targets whose changes are taken in into receivers, and their hooks into routes. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import { type Hook, subscriptionRoutes } from '../api/subscription-routes.ts';
import type { TargetConfig } from '../config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, issueOf, ruleOf } from '../fhir/outcome.ts';
import type { Pipeline } from '../pipeline.ts';
import { createEhrClient } from '../source/ehr/client.ts';
import { progressOf } from '../source/ehr/progress.ts';
import { openReceiver, type Receiver } from '../source/ehr/receiver.ts';
import type { Store } from '../store/store.ts';
import { createAsSent } from '../target/fhir/as-sent.ts';
import { saysTheSame } from '../target/fhir/outgoing.ts';
import { createShareGate } from '../target/share-gate.ts';
import { createExchange, type Exchange } from '../wire/exchange.ts';
import { neededSecret } from './secret.ts';

export interface ReceiverSurroundings {
  readonly store: Store;
  readonly definitions: Definitions;
  readonly pipeline: Pick<Pipeline, 'take'>;
  readonly clock: () => number;
  readonly log: Logger;
  /** called when deliveries go again */
  readonly wake: () => void;
}

export interface Receivers {
  readonly all: readonly Receiver[];
  readonly routes: Router;
  /** Begins to ask what changed. */
  start(): void;
  stop(): Promise<void>;
}

/** @param targets those without `receive` are passed over @throws AdapterError when a secret is not to be had */
export function openReceivers(targets: readonly TargetConfig[], around: ReceiverSurroundings): Receivers {
  const { exchange, close } = createExchange();
  const hooks = new Map<string, Hook>();
  // Nothing is asked before all are opened: where one cannot be, there is nothing to stop.
  const all = targets.flatMap((target) => {
    if (!target.receive) return [];
    const receiver = openReceiver(receiverOptions(target, target.receive, around, exchange));
    const { mode, secretHeader: header } = target.receive;
    if (mode === 'subscribe')
      hooks.set(target.name, { header, secret: hookSecret(target), notify: (body) => receiver.notify(body) });
    return [receiver];
  });
  return {
    all,
    routes: subscriptionRoutes(hooks),
    start() {
      for (const receiver of all) receiver.start();
    },
    async stop() {
      await Promise.all(all.map((receiver) => receiver.stop()));
      close();
    },
  };
}

type Receive = NonNullable<TargetConfig['receive']>;

function receiverOptions(
  target: TargetConfig,
  receive: Receive,
  { store, definitions, pipeline, clock, log, wake }: ReceiverSurroundings,
  exchange: Exchange,
): Parameters<typeof openReceiver>[0] {
  const { name, url: baseUrl, deadlineMs } = target;
  const token = neededSecret(target.bearerTokenEnv);
  const client = createEhrClient({
    ...{ name, baseUrl, deadlineMs, clock, exchange },
    ...(token === undefined ? {} : { token: async () => token }),
  });
  const gate = createShareGate({ store, target, clock, definitions });
  const { types, by, pageSize, withProvenance, ownerOrg, since } = receive;
  return {
    ...{ name, client, store, clock, types, by, pageSize, withProvenance, ownerOrg, saysTheSame },
    baseUrl: client.baseUrl,
    asSent: createAsSent({ store, target: name, gate }),
    take: pipeline.take,
    tried: new Map(),
    everyMs: receive.everySeconds * 1000,
    overlapMs: receive.overlapSeconds * 1000,
    sinceMs: since === undefined ? undefined : Date.parse(since),
    progress: progressOf(name, store, clock),
    subscribe: subscribeOptions(target, receive),
    onTrouble: ({ issue }) =>
      log.warn(
        { target: name, rule: issue[0] && ruleOf(issue[0]) },
        'changes could not be taken in; they are asked for again',
      ),
    onReceived: (received) => {
      if (received.replayed > 0) wake();
      if (received.committed + received.refused > 0)
        log.info({ target: name, ...received }, 'changes were taken in');
    },
  };
}

function subscribeOptions(
  target: TargetConfig,
  { mode, callbackUrl, payload, topic, secretHeader }: Receive,
): Parameters<typeof openReceiver>[0]['subscribe'] {
  if (mode !== 'subscribe' || callbackUrl === undefined) return undefined;
  return { callbackUrl, payload, topic, header: `${secretHeader}: ${hookSecret(target)}` };
}

function hookSecret({ name, receive }: TargetConfig): string {
  const secret = neededSecret(receive?.secretEnv);
  if (secret !== undefined) return secret;
  const diagnostics = `Target ${name} takes hooks, but names no secret: set "secretEnv" of its "receive".`;
  throw new AdapterError('permanent', issueOf({ code: 'security', rule: 'config-secret', diagnostics }));
}
