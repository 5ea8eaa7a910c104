/** Turns a response into one whose first byte waits for a gate, whichever way the answer is written. */
import { OutgoingMessage, type ServerResponse } from 'node:http';

/** What stands between an answer and whoever asked. */
export interface Gate {
  /** Asked before the first byte. @returns undefined where the answer may go at once; what rejects where it may not go at all */
  before(): Promise<void> | undefined;
  /** Asked before the end of an answer that went in parts; as `before` */
  beforeEnd(): Promise<void> | undefined;
  /** Answers in place of what may not go: nothing was sent, and no header of the answer is set any more */
  refuse(response: ServerResponse): void;
}

/**
 * Keeps headers and bytes of this one response back, in order; who writes in parts is told to pause, and who asks whether
 * headers were sent is told so from then on, so that nobody answers twice.
 * @param stays names of headers, in lower case, that a refusal keeps
 */
export function holdAnswer(response: ServerResponse, gate: Gate, stays: ReadonlySet<string>): void {
  const held = new HeldAnswer(response, gate, stays);
  response.writeHead = (...given: unknown[]) => held.head(given);
  response.write = (...given: unknown[]) => held.part(given);
  response.end = (...given: unknown[]) => held.end(given);
  response.flushHeaders = () => held.flush();
}

/** What sends, as it was before. */
type Sending = Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders'>;

const wereSent = Object.getOwnPropertyDescriptor(OutgoingMessage.prototype, 'headersSent')!
  .get as () => boolean;

class HeldAnswer {
  readonly #response: ServerResponse;
  readonly #gate: Gate;
  readonly #stays: ReadonlySet<string>;
  readonly #send: Sending;
  /** refused: what still comes is dropped */
  #state: 'idle' | 'shut' | 'open' | 'refused' = 'idle';
  #steps: (() => void)[] = [];
  #hasHead = false;
  #hasEnded = false;
  #isInParts = false;
  #isEndAsked = false;
  #isSent = false;

  constructor(response: ServerResponse, gate: Gate, stays: ReadonlySet<string>) {
    this.#response = response;
    this.#gate = gate;
    this.#stays = stays;
    const { writeHead, write, end, flushHeaders } = response;
    this.#send = { writeHead, write, end, flushHeaders };
  }

  head(given: readonly unknown[]): ServerResponse {
    if (this.#state === 'open') this.#do('writeHead', given);
    else if (this.#state !== 'refused' && !this.#hasHead) {
      this.#hasHead = true;
      this.#response.statusCode = Number(given[0]); // for whoever asks before it is sent
      this.#steps.push(() => this.#do('writeHead', given));
    }
    return this.#response;
  }

  part(given: readonly unknown[]): boolean {
    if (this.#state === 'refused') return true;
    if (this.#state === 'open') return this.#do('write', given) as boolean;
    this.#isInParts = true;
    this.#keep(() => this.#do('write', given));
    return false;
  }

  flush(): void {
    if (this.#state === 'refused') return;
    if (this.#state === 'open') return void this.#do('flushHeaders', []);
    this.#isInParts = true;
    this.#keep(() => this.#do('flushHeaders', []));
  }

  end(given: readonly unknown[]): ServerResponse {
    if (this.#hasEnded || this.#state === 'refused') return this.#response;
    this.#hasEnded = true;
    this.#keep(() => this.#do('end', given));
    if (this.#state === 'open') this.#open();
    return this.#response;
  }

  #do(name: keyof Sending, given: readonly unknown[]): unknown {
    const done: unknown = Reflect.apply(this.#send[name], this.#response, given);
    this.#say(wereSent.call(this.#response));
    return done;
  }

  /** Written over, never taken away: a response that lost a property is slow in all that is done to it after. */
  #say(headersSent: boolean): void {
    if (Object.hasOwn(this.#response, 'headersSent'))
      (this.#response as { headersSent: boolean }).headersSent = headersSent;
    else
      Object.defineProperty(this.#response, 'headersSent', {
        value: headersSent,
        writable: true,
        configurable: true,
      });
  }

  #keep(step: () => void): void {
    this.#steps.push(step);
    if (this.#state !== 'idle') return;
    this.#say(true);
    this.#wait(this.#gate.before());
  }

  #wait(opening: Promise<void> | undefined): void {
    if (!opening) return this.#open();
    this.#state = 'shut';
    opening.then(
      () => this.#open(),
      () => this.#refuse(),
    );
  }

  #open(): void {
    if (this.#hasEnded && this.#isInParts && !this.#isEndAsked) {
      this.#isEndAsked = true;
      return this.#wait(this.#gate.beforeEnd());
    }
    this.#state = 'open';
    const steps = this.#steps;
    this.#steps = [];
    if (!this.#isSent) this.#say(false); // compression asks before it writes the first
    this.#isSent = true;
    for (const step of steps) step();
    if (!this.#hasEnded) this.#response.emit('drain');
  }

  #refuse(): void {
    const response = this.#response;
    this.#state = 'refused';
    this.#steps = [];
    if (this.#isSent) return void response.destroy(); // half an answer is none
    for (const name of response.getHeaderNames()) if (!this.#stays.has(name)) response.removeHeader(name);
    const { write, end } = response;
    Object.assign(response, this.#send);
    this.#gate.refuse(response);
    Object.assign(response, { write, end }); // what still comes is dropped there
  }
}
