/** One turn of one subscription: numbers what is new, then calls its endpoint, and writes down what came of it. */
import type { Subscription } from '@medplum/fhirtypes';
import { retryDelayMs } from '../../outbox/schedule.ts';
import type { SearchIndex } from '../../store/search-index.ts';
import type { Store } from '../../store/store.ts';
import type { ClaimedSubscription, KeptSubscription, SubscriptionTurn } from '../../store/subscriptions.ts';
import type { Viewer } from '../../store/viewer.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { retryAfterMs } from '../../wire/retry-class.ts';
import type { ServedSearch } from '../search/served.ts';
import { type Channel, channelOf, interestOf } from './asked.ts';
import { type Call, noticeCall, plainCalls } from './calls.ts';
import type { Interest } from './criteria.ts';
import { type EndpointRules, endpointFault } from './endpoint.ts';
import { causeOf, contentOf, headersOf } from './kept.ts';
import { type Looking, newsIn, seenNow } from './news.ts';

export interface TurnParts {
  readonly store: Pick<
    Store,
    'subscriptions' | 'accesses' | 'incidents' | 'readVersion' | 'read' | 'seenBy' | 'sharedNowMs'
  >;
  readonly served: ServedSearch;
  readonly index: SearchIndex;
  readonly exchange: Exchange;
  readonly rules: EndpointRules;
  /** what a client may see now; undefined when there is no such client any more */
  readonly viewerOf: (client: string) => Viewer | undefined;
  readonly clock: () => number;
  /** [0,1), for jitter */
  readonly random: () => number;
  /** times in a row that nothing was taken, from which on a subscription is in error */
  readonly failures: number;
  /** milliseconds of failing after which it is turned off */
  readonly offAfterMs: number;
  /** seconds for a call whose Subscription names none */
  readonly timeoutS: number;
}

/** Versions looked through at once. */
const PAGE = 200;
/** Events in one notification, where the Subscription does not say. */
const EVENTS = 20;
/** A subscriber cannot put us off for longer. */
const LONGEST_WAIT_MS = 24 * 3_600_000;
/** A call is at an end before its claim is. */
export const LEASE_MS = 90_000;

/** What one turn goes by. */
interface Turn {
  readonly parts: TurnParts;
  readonly subscription: Subscription;
  readonly interest: Interest;
  readonly channel: Channel;
  /** asked again each time: what the client may see may have changed; undefined when there is no such client any more */
  readonly looking: () => Looking | undefined;
  readonly signal: AbortSignal;
  /** no call is begun after it: the claim must not end under it */
  readonly untilMs: number;
}

/** @param claimed released at the end, whatever comes */
export async function takeTurn(
  parts: TurnParts,
  claimed: ClaimedSubscription,
  signal: AbortSignal,
): Promise<void> {
  try {
    await goOn(parts, claimed, signal);
  } finally {
    await parts.store.subscriptions.release(claimed);
  }
}

async function goOn(parts: TurnParts, claimed: ClaimedSubscription, signal: AbortSignal): Promise<void> {
  const { store, clock } = parts;
  const { base, subscription } = contentOf(claimed);
  if (claimed.endMs !== undefined && claimed.endMs <= clock()) {
    await store.subscriptions.settle(claimed, { state: 'off', fault: 'It has ended, as it said.' }, clock());
    return;
  }
  const viewer = parts.viewerOf(claimed.client);
  const interest = interestOf(subscription, { served: parts.served, base });
  if (!viewer || !interest.ok)
    return await failed(parts, claimed, {
      what: viewer ? 'Its criteria are no longer served.' : 'Its client is no longer known here.',
    });
  const looking = (): Looking | undefined => {
    const now = parts.viewerOf(claimed.client);
    return now && { store, index: parts.index, viewers: [claimed.viewer, now] };
  };
  const channel = channelOf(subscription);
  const untilMs = clock() + LEASE_MS - 1_000 * ((channel.timeoutS ?? parts.timeoutS) + 5);
  const turn = { parts, subscription, interest: interest.value, channel, looking, signal, untilMs };
  const numbered = await number(turn, claimed);
  if (numbered) await tell(turn, numbered);
}

/** Looks through all that was committed since. @returns undefined when the claim is lost */
async function number(turn: Turn, claimed: ClaimedSubscription): Promise<ClaimedSubscription | undefined> {
  const { subscriptions } = turn.parts.store;
  let at: ClaimedSubscription | undefined = claimed;
  while (at && !turn.signal.aborted) {
    const versions = await subscriptions.changes(at.lastChange, PAGE);
    const last = versions.at(-1);
    const looking = turn.looking();
    if (!last || !looking) return at;
    at = await subscriptions.number(at, last.no, await newsIn(looking, turn.interest, versions));
  }
  return at;
}

/** Sends what is due, in order, until nothing is left or something was not taken. */
async function tell(turn: Turn, claimed: ClaimedSubscription): Promise<void> {
  const { parts, signal, untilMs } = turn;
  const { store, clock } = parts;
  if (claimed.dueMs > (await store.sharedNowMs(clock()))) return;
  let at: ClaimedSubscription | undefined = claimed;
  while (at && !signal.aborted && clock() < untilMs) {
    const next = await nextCall(turn, at);
    if (!next) return;
    const answer = next.calls.length === 0 ? TAKEN : await callAll(turn, at, next.calls);
    if (signal.aborted) return; // cut off by ourselves: it is sent again
    if (answer.what !== undefined) return await failed(parts, at, answer);
    at = await store.subscriptions.settle(at, { ...next.after, ...WELL, sentMs: clock() }, clock());
    if (at && claimed.state !== 'active') await store.incidents.close(causeOf(claimed.id), clock());
  }
}

const WELL: SubscriptionTurn = { state: 'active', attempts: 0, waitMs: 0, failingSinceMs: null, fault: null };

/** @returns the calls that come next, and what is written down when they are taken; undefined when nothing is due */
async function nextCall(
  turn: Turn,
  at: ClaimedSubscription,
): Promise<{ readonly calls: readonly Call[]; readonly after: SubscriptionTurn } | undefined> {
  const { parts, interest, channel } = turn;
  const isTopic = interest.topic !== undefined;
  const how = { channel, atMs: parts.clock() };
  if (isUnheard(at)) return { calls: isTopic ? [noticeCall(how, at, 'handshake', [])] : [], after: {} };
  if (at.sentEvent < at.lastEvent) {
    const first = at.sentEvent + 1;
    const most = isTopic ? (channel.maxCount ?? EVENTS) : 1;
    const events = await parts.store.subscriptions.events(at.id, first, at.lastEvent, most);
    const after = { sentEvent: events.at(-1)?.no ?? at.lastEvent };
    const looking = turn.looking();
    if (!looking) return undefined;
    const seen = await seenNow(looking, events);
    return {
      calls: isTopic ? [noticeCall(how, at, 'event-notification', seen)] : plainCalls(channel, at, seen),
      after,
    };
  }
  // whether an endpoint takes anything again is asked with the least there is
  if (!isQuiet(at, channel, parts.clock()) && at.state !== 'error') return undefined;
  return { calls: isTopic ? [noticeCall(how, at, 'heartbeat', [])] : [], after: {} };
}

/** Nothing was taken since it was asked for: no event goes where nobody has shown that it is wanted. */
function isUnheard({ state, sentMs }: KeptSubscription): boolean {
  return state === 'requested' || sentMs === undefined;
}

function isQuiet({ sentMs }: KeptSubscription, { heartbeatS }: Channel, nowMs: number): boolean {
  return heartbeatS !== undefined && nowMs - (sentMs ?? 0) >= heartbeatS * 1_000;
}

/** @param lastChange number of the newest change @returns whether a turn would do anything */
export function isDue(
  kept: KeptSubscription,
  at: { readonly lastChange: number; readonly sharedMs: number; readonly nowMs: number },
): boolean {
  if (kept.endMs !== undefined && kept.endMs <= at.nowMs) return true;
  if (kept.dueMs > at.sharedMs) return false;
  if (isUnheard(kept) || kept.state === 'error') return true;
  if (kept.lastChange < at.lastChange || kept.sentEvent < kept.lastEvent) return true;
  return isQuiet(kept, channelOf(contentOf(kept).subscription), at.nowMs);
}

/** What came of a call: nothing is wrong, or what is, and how long the subscriber wants to be left alone. */
interface Answer {
  readonly what?: string;
  readonly waitMs?: number | undefined;
}

const TAKEN: Answer = {};

async function callAll(turn: Turn, at: ClaimedSubscription, calls: readonly Call[]): Promise<Answer> {
  for (const call of calls) {
    const answer = await callOne(turn, at, call);
    if (answer.what !== undefined) return answer;
  }
  return TAKEN;
}

async function callOne(
  { parts, channel, signal }: Turn,
  at: ClaimedSubscription,
  call: Call,
): Promise<Answer> {
  const wrong = endpointFault(channel.endpoint, parts.rules);
  if (wrong) return { what: `Its endpoint ${wrong}.` };
  const { method, url, body } = call;
  const headers = {
    ...headersOf(at),
    ...(body === undefined ? {} : { 'content-type': 'application/fhir+json' }),
  };
  const request = { method, url, headers, ...(body === undefined ? {} : { body }) };
  await noteTold(parts, at, call);
  const deadlineMs = 1_000 * (channel.timeoutS ?? parts.timeoutS);
  const { exchange, clock } = parts;
  const answer = await send(request, { deadlineMs, signal, exchange, reads: 'status' });
  if (!answer.ok) return { what: answer.isLate ? 'It did not answer in time.' : 'It could not be reached.' };
  if (answer.status >= 200 && answer.status < 300) return TAKEN;
  return {
    what: `It answered ${answer.status}.`,
    waitMs: retryAfterMs(answer.headers['retry-after'], clock()),
  };
}

/** What is told of people is in the audit before its first byte; where it cannot be, nothing is told. */
async function noteTold(
  { store, clock }: TurnParts,
  { client, ownerOrg, viewer: { purpose } }: KeptSubscription,
  { keys, request }: Call,
): Promise<void> {
  if (keys.length === 0) return;
  const about = { ownerOrg, client, purpose, reason: undefined, request, keys, params: [] };
  await store.accesses.record(
    [{ ...about, action: 'access', status: 200, interactions: ['$notify'] }],
    clock(),
    true,
  );
}

/** Nothing is dropped: what was not taken is sent again later, in its order. */
async function failed(
  { store, clock, random, failures, offAfterMs }: TurnParts,
  at: ClaimedSubscription,
  { what = '', waitMs }: Answer,
): Promise<void> {
  const nowMs = clock();
  const attempts = at.attempts + 1;
  const failingSinceMs = Math.min(at.failingSinceMs ?? nowMs, nowMs);
  const isOver = nowMs - failingSinceMs >= offAfterMs;
  const isError = at.state === 'error' || attempts >= failures;
  const delayMs = Math.min(LONGEST_WAIT_MS, retryDelayMs(attempts, random, waitMs));
  const state = isOver ? 'off' : isError ? 'error' : at.state;
  const turn: SubscriptionTurn = { state, attempts, failingSinceMs, waitMs: delayMs, fault: what };
  const settled = await store.subscriptions.settle(at, turn, nowMs);
  if (settled && state !== at.state && (isOver || isError))
    await store.incidents.open(
      {
        cause: causeOf(at.id),
        target: undefined,
        detail: `Subscription ${at.id} of client ${at.client} ${isOver ? 'was turned off' : 'is in error'}: ${what} Its events are kept; ${isOver ? 'its client asks for it anew' : 'it is tried again'}.`,
      },
      nowMs,
    );
}
