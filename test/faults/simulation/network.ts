/** Carries requests to the model EHR over a network that refuses, cuts, loses and delays; every outcome is one that a real one has. */
import type { Exchange, Exchanged, WireRequest } from '../../../src/wire/exchange.ts';
import { type Answered, type ModelEhr, said } from './ehr.ts';
import { type Timeline, WORLD } from './timeline.ts';

/** What becomes of one request. `applied` ones reach the EHR, whatever the caller is told. */
export type Fate =
  | 'answered'
  /** nobody listens: no byte left */
  | 'refused'
  /** cut before the EHR had all of it */
  | 'cut'
  /** applied, and the connection ends without an answer */
  | 'lost'
  /** applied, and a gateway answers 500, 502 or 504 */
  | 'gateway'
  /** not applied: 503, 429 with Retry-After, 423 or 401 */
  | 'busy'
  | 'throttled'
  | 'locked'
  | 'expired'
  /** not applied: the EHR objects to the content, today */
  | 'rejected'
  /** applied, and no answer ever comes */
  | 'silent'
  /** not applied, and no answer ever comes */
  | 'swallowed'
  /** a transaction of which half is applied under a status of 200 */
  | 'half';

const TROUBLES: readonly (readonly [Fate, number])[] = [
  ['refused', 4],
  ['cut', 4],
  ['lost', 6],
  ['gateway', 6],
  ['busy', 3],
  ['throttled', 2],
  ['locked', 1],
  ['expired', 1],
  ['rejected', 1],
  ['silent', 2],
  ['swallowed', 2],
  ['half', 2],
];
const WEIGHT = TROUBLES.reduce((sum, [, weight]) => sum + weight, 0);

/** @param random [0,1) */
export function anyTrouble(random: () => number): Fate {
  let at = random() * WEIGHT;
  for (const [fate, weight] of TROUBLES) {
    at -= weight;
    if (at < 0) return fate;
  }
  return 'cut';
}

export interface Network {
  readonly timeline: Timeline;
  readonly random: () => number;
  readonly ehr: ModelEhr;
  readonly fate: () => Fate;
  /** told of each request as it leaves */
  readonly onSend: (request: WireRequest) => void;
}

/** Longest way to the EHR, and back, in ms. */
const WAY_MS = 40;
/** What a process that died had under way has arrived by then. */
export const LONGEST_WAY_MS = 2 * WAY_MS;

/** @returns the exchange of the program that asks now: its answers die with it, what it sent does not */
export function exchangeOver(network: Network): Exchange {
  const { timeline, random, ehr } = network;
  return (request, signal) =>
    new Promise((resolve) => {
      const caller = timeline.owner;
      const fate = network.fate();
      network.onSend(request);
      const stop = (): void => resolve({ ok: false, sent: fate !== 'refused', reason: 'stopped' });
      if (signal.aborted) return stop();
      signal.addEventListener('abort', stop);
      const arrive = (): void => {
        const answer = answerTo(request, fate, ehr, random);
        if (answer !== 'never') timeline.after(random() * WAY_MS, () => resolve(answer), caller);
      };
      timeline.after(random() * WAY_MS, arrive, WORLD);
    });
}

function answerTo(
  request: WireRequest,
  fate: Fate,
  ehr: ModelEhr,
  random: () => number,
): Exchanged | 'never' {
  if (fate === 'refused') return { ok: false, sent: false, reason: 'ECONNREFUSED' };
  if (fate === 'cut') return { ok: false, sent: true, reason: 'ECONNRESET' };
  if (fate === 'swallowed') return 'never';
  if (fate === 'busy') return written(said(503));
  if (fate === 'throttled')
    return written(said(429, undefined, { 'retry-after': String(Math.ceil(random() * 30)) }));
  if (fate === 'locked') return written(said(423));
  if (fate === 'expired') return written(said(401));
  if (fate === 'rejected') return written(said(request.method === 'GET' ? 403 : 422));
  const isTransaction = request.method === 'POST' && request.url.endsWith('/R4');
  if (fate === 'half' && isTransaction) return written(ehr.applyHalf(request));
  const answered = ehr.handle(request);
  if (fate === 'lost') return { ok: false, sent: true, reason: 'ECONNRESET' };
  if (fate === 'silent') return 'never';
  if (fate === 'gateway') return written(said([500, 502, 504][Math.floor(random() * 3)]!));
  return written(answered);
}

function written({ status, headers, body }: Answered): Exchanged {
  return { ok: true, status, headers, text: body === undefined ? '' : JSON.stringify(body) };
}
