/** Turns what a service is to be told into a message that is kept, sent, and sent again under the same ids until it is known what came of it. */
import type { Bundle, MessageHeader, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError, hasErrors, issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { BarsClient } from '../nhs/bars/client.ts';
import type { MessageReason } from '../nhs/bars/codes.ts';
import { contentDigest, uuidOf } from '../nhs/bars/entries.ts';
import type { BarsHeaders, HeaderSoftware } from '../nhs/bars/headers.ts';
import { headersIn } from '../nhs/bars/message-headers.ts';
import {
  type MessageContent,
  type MessageSettings,
  type RequestCase,
  requestMessage,
} from '../nhs/bars/request-message.ts';
import type { Message, MessageKey, Store } from '../store/store.ts';
import { type Refused, refusal } from './answers.ts';
import { refusedBy } from './bars-answers.ts';
import { summaryOf } from './bars-course.ts';
import type { Standing } from './bars-gather.ts';

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
  readonly clock: () => number;
  /** @returns a new UUID */
  readonly newId: () => string;
}

/** It arrived, or why it did not. */
export type Sent = { readonly ok: true } | Refused;

/** Makes a message, keeps it before its first byte leaves, and sends it. */
export async function sendNew(
  sending: Sending,
  told: { readonly standing: Standing; readonly conversation: string; readonly what: RequestCase },
  content: MessageContent,
  signal: AbortSignal,
): Promise<Sent> {
  const { settings, inErrorReason, newId, name, clock } = sending;
  const { standing, conversation, what } = told;
  const message = requestMessage(content, what, settings, {
    ...{ bundleId: newId(), nowMs: clock(), inErrorReason },
  });
  const faults = sending.check(message);
  if (hasErrors(faults)) return { ok: false, retry: 'permanent', outcome: outcomeOf(INVALID, ...faults) };
  const { version, key } = standing;
  const { message: kept } = await sending.store.messages.keep(
    {
      ...{ channel: name, direction: 'out', id: newId(), conversation, about: key, version: version.version },
      ...{ personId: version.personId, ownerOrg: version.ownerOrg, remoteId: message.id },
      ...{ state: 'prepared', body: JSON.stringify(message) },
    },
    clock(),
  );
  return await sendKept(sending, kept, signal);
}

/** Sends what was kept: the very same bytes under the very same ids, so that a service that had them before knows it. */
export async function sendKept(sending: Sending, kept: Message, signal: AbortSignal): Promise<Sent> {
  const { client, clock, store, name, software } = sending;
  const message = messageIn(kept);
  const headers = headersIn(message, {
    software,
    requestId: kept.id,
    correlationId: kept.conversation,
  });
  const what = caseOf(message);
  const answered = await client.post(kept.body!, headers, signal);
  const key: MessageKey = { channel: kept.channel, direction: 'out', id: kept.id };
  if (answered.ok && answered.meaning.taken) {
    const body = summaryOf(what, contentDigest(message.entry));
    await store.messages.change(key, { state: 'acknowledged', body, outcome: null }, clock(), ['prepared']);
    return { ok: true };
  }
  const refused = refusedBy(answered, `the message of ${kept.about ?? 'a referral'} (${what})`, name);
  if (refused.retry === 'permanent' || refused.retry === 'conflict')
    await store.messages.change(key, { state: 'rejected', body: null, outcome: refused.outcome }, clock(), [
      'prepared',
    ]);
  return refused;
}

/** @returns headers of a question about a referral @param correlationId of the referral's conversation */
export function askingHeaders(
  { settings, software, newId }: Sending,
  organisation: BarsHeaders['organisation'],
  correlationId: string,
): BarsHeaders {
  return {
    target: { system: TARGET_SYSTEM, value: settings.service.dosServiceId },
    ...{ organisation, software, requestId: newId(), correlationId, version: settings.version },
  };
}

const TARGET_SYSTEM = 'https://fhir.nhs.uk/Id/dos-service-id';

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

function messageIn({ body, id }: Message): Bundle {
  if (body !== undefined) return JSON.parse(body) as Bundle;
  throw new AdapterError(
    'permanent',
    issueOf({
      code: 'not-found',
      rule: 'bars-message-gone',
      diagnostics: `The message ${id} was prepared, and its body is no longer in the store. Check the store's backup.`,
    }),
  );
}

const INVALID = issueOf({
  code: 'invalid',
  rule: 'bars-message-invalid',
  diagnostics:
    'The message made of the referral is not valid FHIR, and was not sent; what is wrong with it follows. Correct the records that it is made of; then replay.',
});

/** @returns whether a kept message takes a referral back: that may always be said */
export function isEnding(kept: Message): boolean {
  const what = caseOf(messageIn(kept));
  return what === 'cancel' || what === 'in-error';
}

/** What a message does, by its header and its focus. */
function caseOf({ entry }: Bundle): RequestCase {
  const header = entry?.[0]?.resource as MessageHeader;
  const focus = entry?.[1]?.resource as { status?: string } | undefined;
  if (focus?.status === 'entered-in-error') return 'in-error';
  if (focus?.status === 'revoked') return 'cancel';
  return header.reason?.coding?.[0]?.code === 'new' ? 'new' : 'update';
}
