/** A source system that posts its records in small requests, and again whatever was not acknowledged. */
import type { Posted } from './journeys.ts';

/** What the adapter answers to a request that it took. */
interface Answer {
  readonly committed: number;
  readonly unchanged: number;
  readonly refused: number;
}

const RETRY_MS = 50;
/** A killed process closes its sockets; this is for one that would hang. */
const DEADLINE_MS = 60_000;

export class Sender {
  /** `kind/key` of the records that a 202 covered */
  readonly acknowledged = new Set<string>();
  /** requests that got no answer, a 503 or a 507 */
  unanswered = 0;
  /** records that had been stored although their first request was never answered */
  storedUnanswered = 0;
  readonly #waiting: (readonly Posted[])[];
  readonly #perRequest: number;
  #base: string | undefined;

  /** @param records sent in this order, `perRequest` of one kind at a time */
  constructor(records: readonly Posted[], perRequest: number) {
    this.#waiting = requestsOf(records, perRequest);
    this.#perRequest = perRequest;
  }

  /** Sends these too, in requests of their own. */
  add(records: readonly Posted[]): void {
    this.#waiting.push(...requestsOf(records, this.#perRequest));
  }

  /** Where the adapter listens now; undefined while it is down. */
  set base(url: string | undefined) {
    this.#base = url;
  }

  get isDone(): boolean {
    return this.#waiting.length === 0;
  }

  /** Sends with so many requests under way at once. @throws when a request is refused */
  async run(lanes: number): Promise<void> {
    await Promise.all(Array.from({ length: lanes }, async () => await this.#lane()));
  }

  async #lane(): Promise<void> {
    for (let request = this.#waiting.shift(); request; request = this.#waiting.shift()) {
      while (!(await this.#post(request))) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** @returns true once acknowledged */
  async #post(request: readonly Posted[]): Promise<boolean> {
    const base = this.#base;
    if (base === undefined) return false;
    const answer = await this.#answerTo(`${base}/intake/platform/${request[0]!.kind}`, request);
    if (answer === undefined) {
      this.unanswered++;
      return false;
    }
    if (answer.refused > 0 || answer.committed + answer.unchanged !== request.length)
      throw new Error(`${request.length} records were sent, the answer says ${JSON.stringify(answer)}`);
    this.storedUnanswered += answer.unchanged;
    for (const { kind, key } of request) this.acknowledged.add(`${kind}/${key}`);
    return true;
  }

  async #answerTo(url: string, request: readonly Posted[]): Promise<Answer | undefined> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson' },
        body: request.map((record) => JSON.stringify(record.body)).join('\n'),
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      const text = await response.text();
      if (response.status === 202) return JSON.parse(text) as Answer;
      if (response.status === 503 || response.status === 507) return undefined;
      throw new Refusal(`${response.status}: ${text}`);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      return undefined; // cut off: nobody knows what was stored
    }
  }
}

class Refusal extends Error {}

function requestsOf(records: readonly Posted[], perRequest: number): (readonly Posted[])[] {
  const requests: Posted[][] = [];
  const open = new Map<string, Posted[]>();
  for (const record of records) {
    const batch = open.get(record.kind) ?? [];
    if (batch.length === 0) {
      open.set(record.kind, batch);
      requests.push(batch);
    }
    batch.push(record);
    if (batch.length === perRequest) open.delete(record.kind);
  }
  return requests;
}
