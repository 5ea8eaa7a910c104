/** Turns questions about codes into answers of a terminology server: each asked once, kept for a while, and never waited for when it is down. */
import { AnswerCache } from './answer-cache.ts';
import { Circuit, type CircuitOptions, type CircuitState } from './circuit.ts';
import type { Exchange } from './exchange.ts';
import { send, type WireAnswer, type WireFailure } from './http.ts';
import { retryAfterMs } from './retry-class.ts';
import { type CodeQuestion, questionBody, readAnswer } from './validate-code.ts';

export interface TerminologyServerOptions {
  /** base URL of a FHIR R4 server */
  readonly url: string;
  readonly exchange: Exchange;
  readonly clock: () => number;
  /** milliseconds for one answer; default 5,000 */
  readonly timeoutMs?: number;
  /** questions sent at once; default 8 */
  readonly concurrency?: number;
  /** answers kept; default 50,000 */
  readonly cacheSize?: number;
  /** how long a yes or no is kept; default a day */
  readonly keepMs?: number;
  /** how long it is kept that the server does not know; default five minutes */
  readonly keepUnknownMs?: number;
  readonly circuit?: CircuitOptions;
  /** ends everything, as when the process stops */
  readonly signal?: AbortSignal;
}

/** Why codes are or are not checked at the moment. */
export interface TerminologyState {
  readonly circuit: CircuitState;
  /** the last answer of no use: a status or a rule id of `send`, and when; holds no code and no value set */
  readonly lastFailure: { readonly atMs: number; readonly reason: string } | undefined;
  /** answers that are kept at the moment */
  readonly held: number;
  readonly counts: {
    readonly sent: number;
    /** answered from what is kept */
    readonly kept: number;
    /** sent, and the server does not know */
    readonly unknown: number;
    /** sent in vain: no answer, or none of this operation */
    readonly failed: number;
    /** not sent: the server is down, or the question is too long */
    readonly skipped: number;
  };
}

export interface TerminologyServer {
  /** @returns undefined: not checked, `state()` says why, or the server does not know. Never rejects */
  validateCode(question: CodeQuestion): Promise<boolean | undefined>;
  /** @returns the answers in the order of the questions */
  validateCodes(questions: readonly CodeQuestion[]): Promise<readonly (boolean | undefined)[]>;
  state(): TerminologyState;
}

const DEFAULTS = {
  timeoutMs: 5_000,
  concurrency: 8,
  cacheSize: 50_000,
  keepMs: 86_400_000,
  keepUnknownMs: 300_000,
};
/** Statuses by which a server says that it will not answer anyone now; other 4xx are about the question alone. */
const REFUSALS = new Set([401, 403, 407, 408, 425, 429]);

/** Longest question, in characters: value set, system and code together. */
const LONGEST_QUESTION = 4_096;

/** @throws TypeError when the URL is none */
export function createTerminologyServer(options: TerminologyServerOptions): TerminologyServer {
  return new Server(options);
}

class Server implements TerminologyServer {
  readonly #options: typeof DEFAULTS & TerminologyServerOptions;
  readonly #address: string;
  readonly #signal: AbortSignal;
  readonly #circuit: Circuit;
  readonly #cache: AnswerCache<boolean | undefined>;
  /** questions on their way: who asks the same meanwhile shares the answer */
  readonly #asked = new Map<string, Promise<boolean | undefined>>();
  readonly #waiting: (() => void)[] = [];
  readonly #counts = { sent: 0, kept: 0, unknown: 0, failed: 0, skipped: 0 };
  #running = 0;
  /** what the server asked for by Retry-After */
  #notBeforeMs = 0;
  #lastFailure: TerminologyState['lastFailure'];

  constructor(options: TerminologyServerOptions) {
    this.#options = { ...DEFAULTS, ...options };
    this.#address = new URL(`${options.url.replace(/\/+$/, '')}/ValueSet/$validate-code`).href;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#circuit = new Circuit(options.circuit);
    this.#cache = new AnswerCache(this.#options.cacheSize);
  }

  async validateCode(question: CodeQuestion): Promise<boolean | undefined> {
    const key = JSON.stringify([question.valueSet, question.system, question.code]);
    const kept = this.#cache.get(key, this.#options.clock());
    if (kept) {
      this.#counts.kept++;
      return kept.answer;
    }
    const asked = this.#asked.get(key) ?? this.#ask(key, question).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  validateCodes(questions: readonly CodeQuestion[]): Promise<readonly (boolean | undefined)[]> {
    return Promise.all(questions.map((question) => this.validateCode(question)));
  }

  state(): TerminologyState {
    return {
      circuit: this.#circuit.state,
      lastFailure: this.#lastFailure,
      held: this.#cache.size,
      counts: { ...this.#counts },
    };
  }

  async #ask(key: string, question: CodeQuestion): Promise<boolean | undefined> {
    if (this.#running < this.#options.concurrency) this.#running++;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#askNow(key, question);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  async #askNow(key: string, question: CodeQuestion): Promise<boolean | undefined> {
    const nowMs = this.#options.clock();
    const isDown = this.#circuit.waitMs(nowMs) !== 0 || nowMs < this.#notBeforeMs || this.#signal.aborted;
    if (isDown || key.length > LONGEST_QUESTION) {
      this.#counts.skipped++;
      return undefined;
    }
    this.#circuit.begin();
    this.#counts.sent++;
    const answer = await this.#send(question);
    if (!answer.ok) return this.#failed(answer.outcome.issue?.[0]?.details?.coding?.[0]?.code ?? 'no answer');
    const { status, headers, body } = answer;
    if (isRefusal(status))
      return this.#failed(`status ${status}`, retryAfterMs(headers['retry-after'], this.#options.clock()));
    const { isAnswer, told } = status < 300 ? readAnswer(body) : { isAnswer: true, told: undefined };
    if (!isAnswer) return this.#failed('no Parameters with a result');
    this.#circuit.succeeded();
    this.#keep(key, told, status);
    return told;
  }

  #send(question: CodeQuestion): Promise<WireAnswer | WireFailure> {
    const headers = { accept: 'application/fhir+json', 'content-type': 'application/fhir+json' };
    const request = { method: 'POST', url: this.#address, headers, body: questionBody(question) };
    const { exchange, timeoutMs } = this.#options;
    return send(request, { deadlineMs: timeoutMs, signal: this.#signal, exchange });
  }

  #keep(key: string, told: boolean | undefined, status: number): void {
    const { keepMs, keepUnknownMs, clock } = this.#options;
    const nowMs = clock();
    if (told === undefined) this.#counts.unknown++;
    if (status >= 300) this.#lastFailure = { atMs: nowMs, reason: `status ${status}` };
    this.#cache.set(key, told, nowMs + (told === undefined ? keepUnknownMs : keepMs));
  }

  /** A failure is not kept: the circuit says when the next question is sent. */
  #failed(reason: string, waitMs = 0): undefined {
    const atMs = this.#options.clock();
    this.#counts.failed++;
    this.#lastFailure = { atMs, reason };
    this.#notBeforeMs = Math.max(this.#notBeforeMs, atMs + waitMs);
    this.#circuit.failed(atMs);
  }
}

/** A redirect is not followed: the address in the configuration is to be the server's own. */
function isRefusal(status: number): boolean {
  return status >= 500 || REFUSALS.has(status) || (status >= 300 && status < 400);
}
