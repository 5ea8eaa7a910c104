/** Delivers to a webhook: one signed POST an event, one after the other, each sent again under its id until it is taken. */
import type { Identifier } from '@medplum/fhirtypes';
import type { ResourceKey } from '../../store/store.ts';
import { createExchange, type Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { classify, retryAfterMs } from '../../wire/retry-class.ts';
import { signatureOf } from '../../wire/signature.ts';
import { type Refused, refusal, refusalOf } from '../answers.ts';
import { InOrder } from '../in-order.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { eventOf, namedIn } from './event.ts';

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** key of the HMAC that each request is signed with */
  readonly secret: string;
  /** header of the signature */
  readonly signatureHeader: string;
  /** an access token, where the receiver asks for one beside the signature */
  readonly token?: string | undefined;
  /** milliseconds for one request */
  readonly deadlineMs: number;
  readonly clock: () => number;
  /** identifiers of those of the resources that the target is known to hold */
  readonly identifiersOf: (
    keys: readonly ResourceKey[],
  ) => Promise<ReadonlyMap<ResourceKey, readonly Identifier[]>>;
  /** default: connections of its own, closed with the target */
  readonly exchange?: Exchange;
}

/** A webhook cannot be asked what it holds: what may have arrived is sent once more under the same id (docs/webhook.md). */
export function createWebhookTarget(options: WebhookOptions): Target {
  const own = options.exchange ? undefined : createExchange();
  const exchange = options.exchange ?? own!.exchange;
  return {
    name: options.name,
    deliver: async (deliveries, signal) => {
      const order = new InOrder(signal);
      for (const delivery of deliveries)
        if (order.maySend(delivery))
          order.settle(delivery, await post({ ...options, exchange }, delivery, signal));
      return deliveries.map((delivery) => order.answer(delivery));
    },
    close: async () => own?.close(),
  };
}

async function post(
  options: WebhookOptions & { readonly exchange: Exchange },
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Delivered> {
  const { url, secret, signatureHeader, token, deadlineMs, exchange, clock, identifiersOf } = options;
  const event = eventOf(delivery, await identifiersOf(delivery.resource ? namedIn(delivery.resource) : []));
  const body = JSON.stringify(event);
  const headers = {
    'content-type': 'application/json',
    'idempotency-key': event.id,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    // signed anew each time: a receiver refuses what was signed long ago
    [signatureHeader.toLowerCase()]: signatureOf(secret, body, clock()),
  };
  const request = { method: 'POST', url, headers, body };
  const answer = await send(request, { deadlineMs, signal, exchange, reads: 'status' });
  if (!answer.ok) return answer;
  const { status } = answer;
  const { entry, digest } = delivery;
  if (status >= 200 && status < 300) {
    const { target, type, id, version } = entry;
    const link = { target, type, id, remoteId: id, remoteVersion: undefined, version, digest };
    return { ok: true, link: { ...link, deliveredMs: clock() } };
  }
  const waitMs = retryAfterMs(answer.headers['retry-after'], clock());
  return {
    ...refusedBy(delivery, status, answer.body, options.name),
    ...(waitMs === undefined ? {} : { retryAfterMs: waitMs }),
  };
}

/** Answers that speak of the address or of the secret, and so of every event: none is parked for them. */
function refusedBy({ entry }: Delivery, status: number, body: unknown, target: string): Refused {
  const what = `the event of ${entry.type}/${entry.id}`;
  const answered = `Target ${target} answered ${status} to ${what}.`;
  if (status === 401 || status === 403)
    return refusal(
      'transient',
      'security',
      'target-unauthorized',
      `${answered} It does not accept the signature: check the secret on both sides, and its clock. Everything waits.`,
    );
  if ((status >= 300 && status < 400) || ELSEWHERE.has(status))
    return refusal(
      'transient',
      'not-found',
      'webhook-address',
      `${answered} Events are not taken at this address: correct its "url". Everything waits.`,
    );
  if (classify(status) === 'ambiguous')
    return refusal(
      'ambiguous',
      'exception',
      'target-unsure',
      `${answered} It may have been taken: it is sent again under the same id.`,
    );
  return refusalOf(what, { status, body }, { target, lockedStatuses: [423], lockedCodes: [] });
}

const ELSEWHERE: ReadonlySet<number> = new Set([404, 405, 410]);
