/** Turns one mailbox of ours into a channel that others send and receive through, and keeps both ways going. */
import { setTimeout as pause } from 'node:timers/promises';
import { AdapterError, type Checked, issueOf, refuse } from '../../fhir/outcome.ts';
import type { Message, MessageState } from '../../store/messages.ts';
import type {
  Endpoint,
  LeavingHandler,
  MeshChannel,
  MessageHandler,
  ReportHandler,
  Sent,
} from './channel.ts';
import type { Answered } from './client.ts';
import { giveUp, sendAgain } from './ending.ts';
import type { MeshFault } from './faults.ts';
import { handle } from './handling.ts';
import type { KeptIn } from './keeping.ts';
import { advance, keepOutgoing } from './outbox.ts';
import { anew, bodyIn, isRaised, type MailboxParts, sentOf } from './parts.ts';
import { poll, readTurns, type Turns } from './polling.ts';
import { createRounds, type Rounds } from './rounds.ts';
import { createSweeper } from './sweeping.ts';

export type { Turns };

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

type Own = 'handlers' | 'reportHandlers' | 'leavingHandlers' | 'tooLarge' | 'failing' | 'cut';
export type MailboxOptions = Omit<MailboxParts, Own> & {
  /** between two rounds of what is due; default 10 s */
  readonly tendMs?: number;
};

const TEND_MS = 10_000;
/** Longest wait for a first POST when stopping: one that is cut off is in doubt. */
const DRAIN_MS = 10_000;
/** Messages of one round; the next begins at once. */
const ROUND = 100;
/** Longest wait after what failed. */
const LONGEST_MS = 900_000;

export function createMailbox(options: MailboxOptions): MeshMailbox {
  const handlers = new Map<string, MessageHandler>();
  const reportHandlers: ReportHandler[] = [];
  const leavingHandlers: LeavingHandler[] = [];
  const stopping = new AbortController();
  const cut = new AbortController();
  const own = { handlers, reportHandlers, leavingHandlers, cut: cut.signal };
  const parts: MailboxParts = { ...options, ...own, tooLarge: new Set(), failing: new Map() };
  const sending = new Set<Promise<void>>();
  const { signal } = stopping;
  const sweep = createSweeper(parts);
  const rounds = roundsOf(parts, { everyMs: options.tendMs ?? TEND_MS, sweep, signal });
  return {
    ...asked(parts),
    ...{ name: parts.name, mailbox: parts.mailbox, ownerOrg: parts.settings.ownerOrg },
    start: rounds.start,
    async stop() {
      stopping.abort();
      await withinDrain(Promise.all([rounds.stop(), ...sending]), cut);
    },
    async tend() {
      await sweep();
      return await tend(parts, signal);
    },
    poll: () => poll(parts, signal),
    onMessage(workflowId, handler) {
      if (handlers.has(workflowId)) throw takenTwice(parts.name, workflowId);
      handlers.set(workflowId, handler);
    },
    onReport: (handler) => void reportHandlers.push(handler),
    onLeaving: (handler) => void leavingHandlers.push(handler),
    send: senderOf(parts, sending, signal),
    async retry(direction, id) {
      const done = await retry(parts, direction, id);
      if (done.ok) rounds.wake();
      return done;
    },
  };
}

async function withinDrain(ending: Promise<unknown>, cut: AbortController): Promise<void> {
  const timer = setTimeout(() => cut.abort(), DRAIN_MS);
  await ending;
  clearTimeout(timer);
}

/** @param sending what is under way: a stop waits for it */
function senderOf(
  parts: MailboxParts,
  sending: Set<Promise<void>>,
  signal: AbortSignal,
): MeshMailbox['send'] {
  return async (message, ended) => {
    const kept = await keepOutgoing(parts, message);
    if (!kept.ok) return kept;
    const over = AbortSignal.any([signal, ended]);
    if (kept.value.state === 'prepared') {
      const going = oneOf(parts, kept.value, over);
      sending.add(going);
      await going.finally(() => sending.delete(going));
    }
    return { ok: true, value: await settled(parts, kept.value, over) };
  };
}

const ASKED_EVERY_MS = 50;
const TIMES_ASKED = 40;

/** A round may have taken it up at the same moment: how that ends is waited for, for moments. */
async function settled(parts: MailboxParts, kept: Message, over: AbortSignal): Promise<Sent> {
  for (let times = 0; ; times++) {
    const now = sentOf((await sentBy(parts, kept.id)) ?? kept);
    if (now.progress !== 'uploading' || over.aborted || times === TIMES_ASKED) return now;
    await pause(ASKED_EVERY_MS, undefined, { signal: over }).catch(() => {});
  }
}

/** What is answered from the store, or by MESH at once. */
function asked(
  parts: MailboxParts,
): Pick<MeshMailbox, 'sent' | 'replace' | 'lookUp' | 'search' | 'turns' | 'kept'> {
  const { client } = parts;
  return {
    async sent(localId) {
      const message = await sentBy(parts, localId);
      return message && sentOf(message);
    },
    async replace(localId) {
      const message = await sentBy(parts, localId);
      return message !== undefined && (await giveUp(parts, message));
    },
    lookUp: async (ods, workflow, ended) => checkedOf(await client.lookUp(ods, workflow, ended)),
    search: async (workflow, ended) => checkedOf(await client.search(workflow, ended)),
    turns: () => readTurns(parts),
    kept: (id) => keptContent(parts, id),
  };
}

function sentBy({ store, name }: MailboxParts, id: string): Promise<Message | undefined> {
  return store.messages.get({ channel: name, direction: 'out', id });
}

function takenTwice(name: string, workflowId: string): AdapterError {
  const diagnostics = `Two parts of the configuration take the workflow ${workflowId} of the mailbox ${name}: files of a source cannot come under the workflow of acknowledgements. Leave one out.`;
  return new AdapterError('permanent', issueOf({ code: 'value', rule: 'config-mesh', diagnostics }));
}

/** Each way goes its own rounds: nothing that one waits for, or fails of, keeps the other from going on. */
function roundsOf(
  parts: MailboxParts,
  {
    everyMs,
    sweep,
    signal,
  }: { readonly everyMs: number; readonly sweep: () => Promise<void>; readonly signal: AbortSignal },
): Rounds {
  const failed = (error: unknown): undefined => {
    const kind = error instanceof Error ? error.name : 'unknown';
    parts.log.warn({ channel: parts.name, error: kind }, 'a round of the mailbox failed; the next goes on');
  };
  const tending = async (): Promise<boolean> => {
    const count = await tend(parts, signal).catch(failed);
    await sweep().catch(failed);
    return count === ROUND;
  };
  const due = createRounds(tending, everyMs, signal);
  const looking = async (): Promise<boolean> => {
    const looked = await poll(parts, signal).catch(failed);
    if (looked?.looked) due.wake(); // for what was received
    return false;
  };
  const inbox = createRounds(looking, everyMs, signal);
  const both = [due, inbox];
  return {
    start() {
      for (const one of both) one.start();
    },
    wake: due.wake,
    stop: async () => void (await Promise.all(both.map((one) => one.stop()))),
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

/** States of messages that something is still to come of: one that is over is not taken on again. */
const UNDER_WAY: readonly MessageState[] = [
  ...(['prepared', 'sent', 'silent', 'rejected', 'received', 'refused'] as const),
];

/** What one message fails of holds no other up. */
async function oneOf(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { log, name, clock, store } = parts;
  try {
    await (message.direction === 'out' ? advance(parts, message, signal) : handle(parts, message, signal));
  } catch (error) {
    const kind = error instanceof Error ? error.name : 'unknown';
    log.warn({ channel: name, error: kind }, 'a message could not be taken on; it is tried again');
    const nowMs = clock();
    const waitMs = Math.min(LONGEST_MS, Math.max(TEND_MS, nowMs - message.createdMs));
    await store.messages.change(message, { dueMs: nowMs + waitMs }, nowMs, UNDER_WAY);
  }
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
  const isOpen =
    message?.outcome !== undefined || (message !== undefined && (await isRaised(parts, message)));
  if (message && direction === 'in' && isOpen && bodyIn(message)) {
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
