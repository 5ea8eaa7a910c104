/** Looks for incidents at intervals, writes them to the log, and posts them, signed, to the webhook of the configuration. */
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import { type AlertOptions, Alerts } from '../outbox/alerts.ts';
import type { OutboxWorker } from '../outbox/worker.ts';
import type { Notice } from '../store/incidents.ts';
import type { Store } from '../store/store.ts';
import { createExchange } from '../wire/exchange.ts';
import { send } from '../wire/http.ts';
import { signatureOf } from '../wire/signature.ts';
import { neededSecret } from './secret.ts';

const DEADLINE_MS = 10_000;

export interface AlertingParts {
  readonly store: Store;
  readonly workers: readonly Pick<OutboxWorker, 'health'>[];
  readonly clock: () => number;
  readonly log: Logger;
}

/** @throws AdapterError when the webhook's secret is not to be had */
export function openAlerting(
  config: Config['alerts'],
  parts: AlertingParts,
): { start(): void; stop(): Promise<void> } {
  const { store, workers, clock, log } = parts;
  const post = config.webhook && openWebhook(config.webhook, clock);
  const alerts = new Alerts({
    rules: config,
    incidents: store.incidents,
    writable: () => store.writable(),
    health: () => workers.map((worker) => worker.health),
    clock,
    random: Math.random,
    tell: async (notice) => await post?.send(notice),
    log: (notice) => note(log, notice),
  });
  let looking: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  return {
    start() {
      timer = setInterval(() => {
        looking = looking
          .then(() => alerts.look())
          .catch(() => log.warn('incidents could not be looked for'));
      }, config.everySeconds * 1000);
    },
    stop: async () => {
      clearInterval(timer);
      await looking;
      post?.close();
    },
  };
}

function note(log: Logger, { incident, of }: Notice): void {
  const about = { incident: incident.id, cause: incident.cause, target: incident.target };
  if (of === 'opened') log.error(about, incident.detail);
  else log.info(about, `It is over: ${incident.cause}.`);
}

interface Webhook {
  /** rejects unless the answer is a 2xx */
  send: AlertOptions['tell'];
  close(): void;
}

function openWebhook(webhook: NonNullable<Config['alerts']['webhook']>, clock: () => number): Webhook {
  const { exchange, close } = createExchange();
  const secret = neededSecret(webhook.secretEnv)!;
  return {
    close,
    send: async (notice) => {
      const body = JSON.stringify(noticeBody(notice));
      const headers = {
        'content-type': 'application/json',
        'idempotency-key': `${notice.incident.id}-${notice.of}`,
        [webhook.signatureHeader.toLowerCase()]: signatureOf(secret, body, clock()),
      };
      const { signal } = new AbortController();
      const request = { method: 'POST', url: webhook.url, headers, body };
      const answer = await send(request, { deadlineMs: DEADLINE_MS, signal, exchange, reads: 'status' });
      const isTaken = answer.ok && answer.status >= 200 && answer.status < 300;
      if (!isTaken) throw new Error('the webhook did not take the notice');
    },
  };
}

function noticeBody({ incident, of }: Notice): object {
  const { id, cause, target, detail, openedMs, closedMs } = incident;
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    id,
    event: `incident.${of}`,
    cause,
    ...(target === undefined ? {} : { target }),
    detail,
    opened: iso(openedMs),
    ...(of === 'closed' && closedMs !== undefined ? { closed: iso(closedMs) } : {}),
  };
}
