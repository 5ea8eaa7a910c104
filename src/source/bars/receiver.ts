/** Turns requests that came by BaRS into answers: checked in the order of the standard, kept, worked once, and answered within its time. */
import { digestOf } from '../../fhir/digest.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { type BarsFault, errorAnswer, isFault } from '../../nhs/bars/errors.ts';
import { type ReadHeaders, readHeaders } from '../../nhs/bars/headers.ts';
import { type CheckedMessage, checkMessage, type ReceiveRules } from '../../nhs/bars/receive-checks.ts';
import type { Message, MessageKey, ResourceKey } from '../../store/store.ts';
import { parseJson } from '../json.ts';
import { answeredBundle } from './answered-bundle.ts';
import {
  type Envelope,
  numbersIn,
  patientsNumbered,
  personOfReferral,
  referralOf,
} from './known-referrals.ts';
import { faultOfStore, faultOfText } from './refusal-fault.ts';
import { BUSY, DUPLICATE, GONE, idsIn, LATE, LATE_ANSWER, NOT_ALLOWED, UNEXPECTED } from './refusals.ts';
import { sameBundle, sentBefore } from './seen-before.ts';
import { takeReferral } from './take-referral.ts';
import { answeredReferral, type ResponseOptions, takeResponse } from './take-response.ts';
import { envelopeOf, joined, type Work, type Worked } from './under-way.ts';

export interface ReceiverOptions extends ResponseOptions {
  readonly rules: ReceiveRules;
  /** ODS codes of the organisations that may send; undefined: any */
  readonly callers: readonly string[] | undefined;
  /** how long an answer may take; what is under way then goes on */
  readonly budgetMs: number;
  /** messages that may wait for their turn */
  readonly mostWaiting: number;
  readonly largestBytes: number;
  /** something went wrong that no sender is to blame for */
  readonly onError?: (error: unknown) => void;
}

/** An answer to a request, with the ids of the request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

type Headers = Readonly<Record<string, string | undefined>>;

export interface BarsReceiver {
  /** Takes a message. Never throws for what a sender does. */
  process(headers: Headers, text: string): Promise<Answer>;
  /**
   * Answers a question of whoever may ask.
   * @param ask by the ODS code of the caller @param needsTarget default true: a service must be named
   */
  answer(
    headers: Headers,
    ask: (caller: string) => Promise<unknown> | unknown,
    needsTarget?: boolean,
  ): Promise<Answer>;
  /** @returns the refusal of a request, under its ids */
  refuse(headers: Headers, fault: BarsFault): Answer;
  /**
   * Works what was kept and not taken, now and then.
   * @param isStart also what another process would still be given time for @returns how many were worked
   */
  resume(isStart?: boolean): Promise<number>;
  /** Waits for what is under way. */
  stop(): Promise<void>;
}

/** So long a message may be under way before another process takes it up. */
const DUE_MS = 60_000;
const RETRY_AFTER_SECONDS = '5';
const MOST_RESUMED = 1_000;

export function createBarsReceiver(options: ReceiverOptions): BarsReceiver {
  return new Receiver(options);
}

class Receiver implements BarsReceiver {
  readonly #options: ReceiverOptions;
  /** what is worked now, by X-Request-Id: the same again waits for it */
  readonly #underWay = new Map<string, Work>();
  #line: Promise<unknown> = Promise.resolve();

  constructor(options: ReceiverOptions) {
    this.#options = options;
  }

  refuse(headers: Headers, fault: BarsFault): Answer {
    const { status, body } = errorAnswer(fault, this.#options.uuid());
    const isLater = status === 429 || status === 503 || status === 408;
    const ids = idsIn(headers);
    return { status, headers: isLater ? { ...ids, 'retry-after': RETRY_AFTER_SECONDS } : ids, body };
  }

  async process(headers: Headers, text: string): Promise<Answer> {
    return await this.#inTime(headers, this.#process(headers, text), LATE);
  }

  async answer(...[headers, ask, needsTarget]: Parameters<BarsReceiver['answer']>): Promise<Answer> {
    return await this.#inTime(headers, this.#answer(headers, ask, needsTarget), LATE_ANSWER);
  }

  async #answer(...[headers, ask, needsTarget]: Parameters<BarsReceiver['answer']>): Promise<Answer> {
    const admitted = this.#admit(headers, needsTarget);
    if (!admitted.ok) return this.refuse(headers, admitted.fault);
    const found = await ask(admitted.value.organisation.odsCode.toUpperCase());
    if (isFault(found)) return this.refuse(headers, found);
    return { status: 200, headers: idsIn(headers), body: found };
  }

  #admit(headers: Headers, needsTarget = true): ReadHeaders {
    const read = readHeaders(headers, needsTarget);
    if (!read.ok) return read;
    const { callers } = this.#options;
    const isKnown = callers?.includes(read.value.organisation.odsCode.toUpperCase()) ?? true;
    return isKnown ? read : { ok: false, fault: NOT_ALLOWED };
  }

  /** What is not done in time goes on: sent again, it is found done. */
  async #inTime(headers: Headers, answer: Promise<Answer>, late: BarsFault): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<Answer>((resolve) => {
      timer = setTimeout(() => resolve(this.refuse(headers, late)), this.#options.budgetMs);
    });
    try {
      return await Promise.race([answer.catch((error) => this.#failed(headers, error)), tooLate]);
    } finally {
      clearTimeout(timer);
    }
  }

  #failed(headers: Headers, error: unknown): Answer {
    this.#options.onError?.(error);
    return this.refuse(headers, error instanceof AdapterError ? faultOfStore(error) : UNEXPECTED);
  }

  async #process(headers: Headers, text: string): Promise<Answer> {
    const admitted = this.#admit(headers);
    if (!admitted.ok) return this.refuse(headers, admitted.fault);
    const said = admitted.value;
    const parsed = this.#parsed(text);
    if ('fault' in parsed) return this.refuse(headers, parsed.fault);
    const envelope = envelopeOf(said, parsed.body);
    const digest = digestOf(parsed.body);
    const again = await this.#again(envelope, digest);
    if (again) return this.refuse(headers, again);
    const checked = checkMessage(parsed.body, said.target, this.#options.rules);
    if (!checked.ok) return this.refuse(headers, checked.fault);
    const twin = await sameBundle(this.#options, envelope, checked.value, digest);
    if (twin) return this.refuse(headers, twin);
    const fault = await this.#work(checked.value, envelope, digest);
    if (fault) return this.refuse(headers, fault);
    return {
      status: 200,
      headers: idsIn(headers),
      body: answeredBundle(this.#options, said, checked.value, parsed.body),
    };
  }

  /** @returns the refusal of a message that was taken before, or is worked now */
  async #again(envelope: Envelope, digest: string): Promise<BarsFault | undefined> {
    const running = this.#underWay.get(envelope.requestId);
    if (running) return await joined(running, envelope.caller, digest);
    return await sentBefore(this.#options, envelope, digest);
  }

  #parsed(text: string): { readonly body: unknown } | { readonly fault: BarsFault } {
    const { largestBytes: maxBytes } = this.#options;
    const parsed = parseJson(text, { maxBytes });
    return parsed.ok ? { body: parsed.value } : { fault: faultOfText(parsed.outcome) };
  }

  async #work(message: CheckedMessage, envelope: Envelope, digest: string): Promise<Worked> {
    const running = this.#underWay.get(envelope.requestId);
    if (running) return await joined(running, envelope.caller, digest);
    if (this.#underWay.size >= this.#options.mostWaiting) return BUSY;
    return await this.#begin(message, envelope, digest);
  }

  async #begin(message: CheckedMessage, envelope: Envelope, digest: string): Promise<Worked> {
    const { requestId, caller } = envelope;
    const done = this.#inTurn(() => this.#keepAndTake(message, envelope, digest)).finally(() =>
      this.#underWay.delete(requestId),
    );
    this.#underWay.set(requestId, { caller, digest, done });
    return await done;
  }

  async #keepAndTake(message: CheckedMessage, envelope: Envelope, digest: string): Promise<Worked> {
    const { store, clock, ownerOrg } = this.#options;
    const { conversation, caller, target } = envelope;
    const { bundleId: remoteId, replyTo, asks } = message;
    const key = this.#keyOf(envelope.requestId);
    const about =
      asks === 'response'
        ? undefined
        : (`ServiceRequest/${await referralOf(this.#options, message, envelope)}` as const);
    const kept = { body: JSON.stringify(envelope), dueMs: clock() + DUE_MS, replyTo, digest };
    const { isNew, message: before } = await store.messages.keep(
      {
        ...{ ...key, ...kept, conversation, ownerOrg, state: 'received', remoteId, about },
        ...{ organisation: caller, service: target, what: asks, personId: await this.#personOf(message) },
      },
      clock(),
    );
    if (!isNew && before.state === 'taken') return DUPLICATE;
    if (!isNew && before.state === 'refused')
      await store.messages.change(key, { ...kept, state: 'received', outcome: null }, clock(), ['refused']);
    return await this.#take(key, message, envelope, about);
  }

  async #take(
    key: MessageKey,
    message: CheckedMessage,
    envelope: Envelope,
    referral: ResourceKey | undefined,
  ): Promise<Worked> {
    const { store, clock } = this.#options;
    const fault =
      message.asks === 'response'
        ? await takeResponse(this.#options, message, envelope)
        : await takeReferral(this.#options, message, envelope);
    if (fault) await this.#settleRefused(key, fault);
    else {
      const about = referral ?? (await answeredReferral(this.#options, message, envelope));
      const personId = (await this.#personOf(message, about)) ?? null;
      const change = { state: 'taken', personId, body: null, dueMs: null } as const;
      await store.messages.change(key, change, clock(), ['received']);
    }
    return fault;
  }

  /** For an erasure: whom the referral is for. Before that is known: who has the number, which others may have too. */
  async #personOf(message: CheckedMessage, about?: ResourceKey): Promise<string | undefined> {
    const { store } = this.#options;
    const personId = about && (await personOfReferral(store, about));
    if (personId !== undefined) return personId;
    const [patientId] = await patientsNumbered(store, numbersIn(message));
    return patientId === undefined ? undefined : await store.personOf(patientId);
  }

  async resume(isStart = false): Promise<number> {
    const { store, name, clock } = this.#options;
    let worked = 0;
    const untilMs = clock() + (isStart ? DUE_MS : 0);
    for (const kept of await store.messages.overdue(name, untilMs, MOST_RESUMED)) {
      if (kept.direction !== 'in' || kept.state !== 'received' || this.#underWay.has(kept.id)) continue;
      if (kept.body === undefined) await this.#settleRefused(kept, GONE);
      else await this.#resumeOne(kept, JSON.parse(kept.body) as Envelope);
      worked += 1;
    }
    return worked;
  }

  async #resumeOne(kept: Message, envelope: Envelope): Promise<void> {
    const { rules, onError } = this.#options;
    const [system, value] = envelope.target.split('|') as [string, string];
    const checked = checkMessage(envelope.message, { system, value }, rules);
    if (!checked.ok) return await this.#settleRefused(kept, checked.fault);
    await this.#begin(checked.value, envelope, digestOf(envelope.message)).catch((error) => onError?.(error));
  }

  async #settleRefused(key: MessageKey, fault: BarsFault): Promise<void> {
    const { store, clock, uuid } = this.#options;
    const outcome = errorAnswer(fault, uuid()).body;
    const change = { state: 'refused', outcome, body: null, dueMs: null } as const;
    await store.messages.change(key, change, clock(), ['received']);
  }

  async stop(): Promise<void> {
    await this.#line;
  }

  #keyOf(id: string): MessageKey {
    return { channel: this.#options.name, direction: 'in', id };
  }

  /** One after the other: what is looked up before a commit must still be so at it. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#line.then(work);
    this.#line = next.catch(() => {});
    return next;
  }
}
