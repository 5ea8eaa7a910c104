/** Sends an answer in parts, as fast as the client takes them; whether it can be given at all shows before the first byte. */
import { once } from 'node:events';
import type { Response } from 'express';
import type { Representation } from './table-format.ts';

/** Characters that are gathered before the first byte, and between parts. */
const PART = 64 * 1024;

export class AnswerStream {
  readonly #response: Response;
  readonly #representation: Representation;
  readonly #signal: AbortSignal;
  #text = '';
  /** bytes that are not three yet, of a Binary */
  #rest = Buffer.alloc(0);
  #hasBegun = false;

  constructor(response: Response, representation: Representation, signal: AbortSignal) {
    this.#response = response;
    this.#representation = representation;
    this.#signal = signal;
  }

  /** Once it has, what goes wrong cannot be told any more. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** @returns once there is room for more; undefined where there is already */
  add(text: string): Promise<void> | undefined {
    this.#text += text;
    return this.#text.length < PART ? undefined : this.#flush();
  }

  async bytes(chunk: Buffer): Promise<void> {
    await this.#send(chunk);
  }

  async end(): Promise<void> {
    await this.#flush();
    this.#begin();
    if (this.#representation.isEnveloped) this.#response.end(`${this.#rest.toString('base64')}"}`);
    else this.#response.end();
  }

  async #flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await this.#send(Buffer.from(text));
  }

  async #send(bytes: Buffer): Promise<void> {
    this.#begin();
    const part = this.#representation.isEnveloped ? this.#encoded(bytes) : bytes;
    if (part.length === 0 || this.#response.write(part)) return;
    await once(this.#response, 'drain', { signal: this.#signal });
  }

  #encoded(bytes: Buffer): string {
    const all = Buffer.concat([this.#rest, bytes]);
    const whole = all.length - (all.length % 3);
    this.#rest = all.subarray(whole);
    return all.subarray(0, whole).toString('base64');
  }

  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    const { media, isEnveloped } = this.#representation;
    const charset = media === 'application/vnd.apache.parquet' ? '' : '; charset=utf-8';
    this.#response
      .status(200)
      .set('Content-Type', isEnveloped ? 'application/fhir+json; charset=utf-8' : media + charset)
      // compressed on its way it would not tell when there is room for more
      .set('Cache-Control', 'private, no-store, no-transform');
    if (isEnveloped) this.#response.write(`{"resourceType":"Binary","contentType":"${media}","data":"`);
  }
}
