/** Turns what a service is to be told into a message that is kept, sent, and sent again under the same ids until it is known what came of it. */
import type { Bundle, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { hasErrors, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { BarsClient } from '../../nhs/bars/client.ts';
import { DOS_SERVICE_ID, type MessageReason } from '../../nhs/bars/codes.ts';
import { contentDigest, madeId, uuidOf } from '../../nhs/bars/entries.ts';
import type { BarsHeaders, HeaderSoftware } from '../../nhs/bars/headers.ts';
import { headersIn } from '../../nhs/bars/message-headers.ts';
import {
  type MessageContent,
  type MessageSettings,
  type RequestCase,
  requestMessage,
} from '../../nhs/bars/request-message.ts';
import type { Message, MessageKey, Store } from '../../store/store.ts';
import { type Refused, refusal } from '../answers.ts';
import { refusedBy } from './answers.ts';
import type { KeptCase } from './course.ts';
import type { Standing } from './gather.ts';

export interface Sending {
  /** name of the target: also the channel of its messages */
  readonly name: string;
  readonly store: Pick<Store, 'messages'>;
  readonly client: BarsClient;
  readonly settings: MessageSettings;
  readonly software: HeaderSoftware;
  readonly inErrorReason: MessageReason;
  /** @returns issues of a message; one with an error is not sent */
  readonly check: (message: Bundle) => readonly OperationOutcomeIssue[];
  /** a message was taken */
  readonly onTaken?: (message: Message) => Promise<void>;
  readonly clock: () => number;
  /** @returns a new UUID: for questions, which are asked but once */
  readonly newId: () => string;
}

/** It arrived, or why it did not. */
export type Sent = { readonly ok: true } | Refused;

/** What is to be said, and after how many messages about the same referral. */
export interface Saying {
  readonly standing: Standing;
  readonly conversation: string;
  readonly what: RequestCase;
  /** where it is kept as something else */
  readonly keptAs?: KeptCase;
  readonly count: number;
  /** of the content, where it is known */
  readonly digest?: string;
}

/**
 * Makes a message, keeps it before its first byte leaves, and sends it. Its ids follow from what it says and what was
 * said before: another process that says the same finds it kept.
 */
export async function sendNew(
  sending: Sending,
  { standing, conversation, what, keptAs = what, count, digest: known }: Saying,
  content: MessageContent,
  signal: AbortSignal,
): Promise<Sent> {
  const { settings, inErrorReason, name, clock } = sending;
  const { version, key } = standing;
  const digest = known ?? contentDigest(content.entries);
  const id = madeId('request', name, key, what, digest, `${count}`);
  const message = requestMessage(content, what, settings, {
    ...{ bundleId: madeId('request-bundle', id), nowMs: clock(), inErrorReason },
  });
  const faults = sending.check(message);
  if (hasErrors(faults)) return { ok: false, retry: 'permanent', outcome: outcomeOf(INVALID, ...faults) };
  const { odsCode, dosServiceId } = settings.service;
  const body = JSON.stringify(message);
  const { message: kept } = await sending.store.messages.keep(
    {
      ...{ channel: name, direction: 'out', id, conversation, about: key, version: version.version },
      ...{ personId: version.personId, ownerOrg: version.ownerOrg, remoteId: message.id },
      ...{ organisation: odsCode.toUpperCase(), service: `${DOS_SERVICE_ID}|${dosServiceId}` },
      ...{ what: keptAs, digest, state: 'prepared', body },
    },
    clock(),
  );
  return await sendKept(sending, kept, signal, kept.body === body ? message : undefined);
}

/**
 * Sends what was kept: the very same bytes under the very same ids, so that a service that had them before knows it.
 * @param made the message, where it need not be read again
 */
export async function sendKept(
  sending: Sending,
  kept: Message,
  signal: AbortSignal,
  made?: Bundle,
): Promise<Sent> {
  const { client, clock, store, name, software } = sending;
  const settled = settledAs(kept);
  if (settled) return settled;
  const message = made ?? (JSON.parse(kept.body!) as Bundle);
  const headers = headersIn(message, {
    software,
    requestId: kept.id,
    correlationId: kept.conversation,
  });
  const answered = await client.post(kept.body!, headers, signal);
  const key: MessageKey = { channel: kept.channel, direction: 'out', id: kept.id };
  if (answered.ok && answered.meaning.taken) {
    const change = { state: 'acknowledged', body: null, outcome: null } as const;
    await store.messages.change(key, change, clock(), ['prepared']);
    await sending.onTaken?.(kept);
    return { ok: true };
  }
  const what = kept.what ?? 'message';
  const refused = refusedBy(answered, `the message of ${kept.about ?? 'a referral'} (${what})`, name);
  if (refused.retry === 'permanent' || refused.retry === 'conflict')
    await store.messages.change(key, { state: 'rejected', body: null, outcome: refused.outcome }, clock(), [
      'prepared',
    ]);
  return refused;
}

/** Another process was quicker: then it is known what came of it. */
function settledAs({ state, outcome = outcomeOf(GIVEN_UP) }: Message): Sent | undefined {
  if (state === 'prepared') return undefined;
  if (state === 'rejected') return { ok: false, retry: 'permanent', outcome };
  return state === 'replaced'
    ? { ok: false, retry: 'transient', outcome: outcomeOf(GIVEN_UP) }
    : { ok: true };
}

const GIVEN_UP = issueOf({
  code: 'transient',
  rule: 'bars-given-up',
  diagnostics:
    'The message was given up meanwhile, by another process or since the person was restricted. What the service is to hear is worked out anew.',
});

/** @returns headers of a question about a referral @param correlationId of the referral's conversation */
export function askingHeaders(
  { settings, software, newId }: Sending,
  organisation: BarsHeaders['organisation'],
  correlationId: string,
): BarsHeaders {
  return {
    target: { system: DOS_SERVICE_ID, value: settings.service.dosServiceId },
    ...{ organisation, software, requestId: newId(), correlationId, version: settings.version },
  };
}

/** What a service holds of a referral: its status; undefined where it knows none. */
export async function statusThere(
  sending: Sending,
  { key }: Standing,
  headers: BarsHeaders,
  signal: AbortSignal,
): Promise<{ readonly ok: true; readonly status: string | undefined } | Refused> {
  const answered = await sending.client.serviceRequest(uuidOf(key), headers, signal);
  if (answered.ok && answered.meaning.taken) {
    const held = answered.body as { resourceType?: unknown; status?: unknown } | undefined;
    if (held?.resourceType === 'ServiceRequest' && typeof held.status === 'string')
      return { ok: true, status: /^[a-z-]{1,32}$/.test(held.status) ? held.status : 'unknown' };
    return refusal(
      'transient',
      'structure',
      'bars-no-referral',
      `Target ${sending.name} answered the question after ${key} with something else than a ServiceRequest. It is asked again later.`,
    );
  }
  if (
    answered.ok &&
    !answered.meaning.taken &&
    answered.meaning.code === 'NOT_FOUND' &&
    answered.meaning.culprit === 'receiver'
  )
    return { ok: true, status: undefined };
  return refusedBy(answered, `the question after ${key}`, sending.name);
}

const INVALID = issueOf({
  code: 'invalid',
  rule: 'bars-message-invalid',
  diagnostics:
    'The message made of the referral is not valid FHIR, and was not sent; what is wrong with it follows. Correct the records that it is made of; then replay.',
});
