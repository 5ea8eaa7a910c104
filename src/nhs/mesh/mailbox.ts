/** Turns one mailbox of ours into a channel that others send and receive through, and keeps both ways going. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { Message } from '../../store/messages.ts';
import type { Endpoint, MeshChannel, MessageHandler, ReportHandler } from './channel.ts';
import type { Answered } from './client.ts';
import type { MeshFault } from './faults.ts';
import { handle } from './handling.ts';
import { emptyInbox, incidentOf } from './inbox.ts';
import type { KeptIn } from './keeping.ts';
import { advance, giveUp, keepOutgoing, sendAgain } from './outbox.ts';
import { anew, bodyIn, type MailboxParts, sentOf } from './parts.ts';

export interface MeshMailbox extends MeshChannel {
  /** who owns what is received, and what is sent by hand */
  readonly ownerOrg: string;
  /** Begins to look at the inbox and after what is under way; handlers are registered before. */
  start(): void;
  /** Ends what is under way at the next step; what is left goes on after the next start. */
  stop(): Promise<void>;
  /**
   * Takes on what is due, one process at a time.
   * @returns how many messages
   */
  tend(): Promise<number>;
  /**
   * Looks at the inbox, where it is time: all processes on the database together keep to the interval.
   * @returns whether it was, and what stopped it
   */
  poll(): Promise<{ readonly looked: boolean; readonly fault?: MeshFault | undefined }>;
  /** Has a message that waits for a person tried again. @returns a refusal where it waits for none */
  retry(direction: Message['direction'], id: string): Promise<Checked<void>>;
  /** @returns when the inbox was looked at last, and hands were shaken, epoch ms */
  turns(): Promise<Turns>;
  /** @returns a received message that is kept, with its content */
  kept(messageId: string): Promise<{ readonly mex: KeptIn['mex']; read(): Promise<Uint8Array> } | undefined>;
}

export type MailboxOptions = Omit<MailboxParts, 'handlers' | 'reportHandlers' | 'tooLarge' | 'cut'> & {
  /** between two rounds of what is due; default 10 s */
  readonly tendMs?: number;
};

const TEND_MS = 10_000;
/** Longest wait for a first POST when stopping: one that is cut off is in doubt. */
const DRAIN_MS = 10_000;
/** Messages of one round; the next begins at once. */
const ROUND = 100;
const HANDSHAKE_MS = 86_400_000;

/** What the processes on a database know of a mailbox together. */
export interface Turns {
  readonly polledMs?: number;
  readonly shookMs?: number;
}

export function createMailbox(options: MailboxOptions): MeshMailbox {
  const handlers = new Map<string, MessageHandler>();
  const reportHandlers: ReportHandler[] = [];
  const stopping = new AbortController();
  const cut = new AbortController();
  const parts: MailboxParts = { ...options, handlers, reportHandlers, tooLarge: new Set(), cut: cut.signal };
  const sending = new Set<Promise<void>>();
  const { signal } = stopping;
  const rounds = roundsOf(parts, options.tendMs ?? TEND_MS, signal);
  const { store, name, client } = parts;
  const outgoing = (id: string) => store.messages.get({ channel: name, direction: 'out', id });
  return {
    name,
    mailbox: parts.mailbox,
    ownerOrg: parts.settings.ownerOrg,
    start: rounds.start,
    async stop() {
      stopping.abort();
      const timer = setTimeout(() => cut.abort(), DRAIN_MS);
      await Promise.all([rounds.stop(), ...sending]);
      clearTimeout(timer);
    },
    tend: () => tend(parts, signal),
    poll: () => poll(parts, signal),
    onMessage: (workflowId, handler) => void handlers.set(workflowId, handler),
    onReport: (handler) => void reportHandlers.push(handler),
    async send(message, ended) {
      const kept = await keepOutgoing(parts, message);
      if (!kept.ok) return kept;
      if (kept.value.state === 'prepared') {
        const going = oneOf(parts, kept.value, AbortSignal.any([signal, ended]));
        sending.add(going);
        await going.finally(() => sending.delete(going));
      }
      return { ok: true, value: sentOf((await outgoing(message.localId)) ?? kept.value) };
    },
    async sent(localId) {
      const message = await outgoing(localId);
      return message && sentOf(message);
    },
    async replace(localId) {
      const message = await outgoing(localId);
      return message !== undefined && (await giveUp(parts, message));
    },
    lookUp: async (ods, workflow, ended) => checkedOf(await client.lookUp(ods, workflow, ended)),
    search: async (workflow, ended) => checkedOf(await client.search(workflow, ended)),
    async retry(direction, id) {
      const done = await retry(parts, direction, id);
      if (done.ok) rounds.wake();
      return done;
    },
    turns: () => readTurns(parts),
    kept: (id) => keptContent(parts, id),
  };
}

async function tend(parts: MailboxParts, signal: AbortSignal): Promise<number> {
  const { store, clock, name } = parts;
  let count = 0;
  const dueMs = await store.sharedNowMs(clock());
  await store.runOnce(`mesh tend ${name}`, { dueMs, nowMs: clock() }, async () => {
    const due = await store.messages.overdue(name, clock(), ROUND);
    for (const message of due) {
      if (signal.aborted) return;
      count++;
      await oneOf(parts, message, signal);
    }
  });
  return count;
}

/** What one message fails of holds no other up. */
async function oneOf(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { log, name, clock, store } = parts;
  try {
    await (message.direction === 'out' ? advance(parts, message, signal) : handle(parts, message, signal));
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'unknown';
    log.warn({ channel: name, error: kind }, 'a message could not be taken on; it is tried again');
    await store.messages.change(message, { dueMs: clock() + TEND_MS }, clock());
  }
}

async function poll(
  parts: MailboxParts,
  signal: AbortSignal,
): Promise<{ looked: boolean; fault?: MeshFault | undefined }> {
  const { store, clock, name, settings } = parts;
  const job = `mesh/${name}`;
  let looked = false;
  let fault: MeshFault | undefined;
  const dueMs = await store.sharedNowMs(clock());
  await store.runOnce(`mesh poll ${name}`, { dueMs, nowMs: clock() }, async () => {
    const turns = await readTurns(parts);
    if (isWithin(turns.polledMs, settings.pollMs, dueMs)) return;
    looked = true;
    await store.keepJob(job, JSON.stringify({ ...turns, polledMs: dueMs }), clock());
    fault = await shakeHands(parts, { ...turns, polledMs: dueMs }, signal);
    fault ??= await emptyInbox(parts, signal);
    await tellOperator(parts, fault);
  });
  return { looked, fault };
}

async function readTurns({ store, name }: MailboxParts): Promise<Turns> {
  return JSON.parse((await store.job(`mesh/${name}`)) ?? '{}') as Turns;
}

/** @returns whether something was done less than so long ago; what lies in the future was done by a clock that was wrong */
function isWithin(doneMs: number | undefined, everyMs: number, nowMs: number): boolean {
  return doneMs !== undefined && doneMs <= nowMs && nowMs - doneMs < everyMs;
}

/** Once a day, by one of the processes. */
async function shakeHands(
  { store, client, clock, name }: MailboxParts,
  turns: Turns & { readonly polledMs: number },
  signal: AbortSignal,
): Promise<MeshFault | undefined> {
  if (isWithin(turns.shookMs, HANDSHAKE_MS, turns.polledMs)) return undefined;
  const done = await client.handshake(signal);
  if (!done.ok) return done;
  await store.keepJob(`mesh/${name}`, JSON.stringify({ ...turns, shookMs: turns.polledMs }), clock());
  return undefined;
}

/** That credentials are refused is nobody's message, and everybody's trouble. */
async function tellOperator(
  { store, name, clock, log }: MailboxParts,
  fault: MeshFault | undefined,
): Promise<void> {
  if (fault)
    log.warn(
      { channel: name, status: fault.status },
      'the inbox could not be emptied; it is looked at again',
    );
  const { cause, detail } = incidentOf(name, fault ?? ({ status: 403 } as MeshFault));
  const isRefused = fault?.status === 401 || fault?.status === 403;
  if (isRefused) await store.incidents.open({ cause, target: name, detail }, clock());
  else if (!fault) await store.incidents.close(cause, clock());
}

async function retry(
  parts: MailboxParts,
  direction: Message['direction'],
  id: string,
): Promise<Checked<void>> {
  const { store, name } = parts;
  const message = await store.messages.get({ channel: name, direction, id });
  if (message && direction === 'out' && (await sendAgain(parts, message)))
    return { ok: true, value: undefined };
  if (message && direction === 'in' && message.outcome && bodyIn(message)) {
    const isAnew = await anew(parts, message, { state: 'received' }, ['received', 'refused']);
    if (isAnew) return { ok: true, value: undefined };
  }
  return refuse({
    code: 'conflict',
    rule: 'mesh-retry',
    diagnostics: 'There is no such message that waits for a person, or its content is not kept any more.',
  });
}

async function keptContent(
  { store, name, keeper }: MailboxParts,
  id: string,
): ReturnType<MeshMailbox['kept']> {
  const message = await store.messages.get({ channel: name, direction: 'in', id });
  const kept = message && bodyIn(message);
  return (
    kept && { mex: kept.mex, read: () => keeper.open(kept.content).slice(0, keeper.bytesOf(kept.content)) }
  );
}

function checkedOf(answer: Answered<readonly Endpoint[]>): Checked<readonly Endpoint[]> {
  return answer.ok ? answer : { ok: false, outcome: answer.outcome };
}

/** Both ways, one after the other, again and again. */
function roundsOf(
  parts: MailboxParts,
  everyMs: number,
  signal: AbortSignal,
): { start(): void; wake(): void; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let isWoken = false;
  let running: Promise<void> = Promise.resolve();
  const round = async (): Promise<void> => {
    let waitMs = everyMs;
    isWoken = false;
    try {
      const { looked } = await poll(parts, signal);
      const count = await tend(parts, signal);
      if (looked || isWoken || count === ROUND) waitMs = 0;
    } catch (error) {
      const kind = error instanceof Error ? error.name : 'unknown';
      parts.log.warn({ channel: parts.name, error: kind }, 'a round of the mailbox failed; the next goes on');
    }
    if (!signal.aborted)
      timer = setTimeout(() => {
        timer = undefined;
        running = round();
      }, waitMs);
  };
  return {
    start() {
      running = round();
    },
    wake() {
      isWoken = true;
      if (timer === undefined || signal.aborted) return; // a round is under way, or none was begun
      clearTimeout(timer);
      timer = undefined;
      running = round();
    },
    async stop() {
      clearTimeout(timer);
      await running;
    },
  };
}
