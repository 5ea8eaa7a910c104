/** Keeps the store in step with what changes at one EHR: looks at intervals and when it is told to, one look at a time. */
import type { OperationOutcome, Provenance } from '@medplum/fhirtypes';
import { type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import { openWatch } from '../watch.ts';
import type { Change } from './entry.ts';
import { type Notification, readNotification } from './notification.ts';
import { type PollOptions, pollOnce } from './poll.ts';
import { type Received, receiveChanges, type Trouble } from './receive.ts';
import { ensureSubscriptions, type SubscribeOptions } from './subscribe.ts';

export interface ReceiverOptions extends PollOptions {
  /** between two looks, of all processes on the database together */
  readonly everyMs: number;
  readonly store: PollOptions['store'] & Pick<Store, 'runOnce' | 'sharedNowMs'>;
  /** Subscriptions to make there, where they are wanted */
  readonly subscribe?: SubscribeOptions | undefined;
  readonly onTrouble: (outcome: OperationOutcome) => void;
  readonly onReceived?: (received: Received) => void;
}

export interface Receiver {
  readonly name: string;
  /** Begins to look by itself. */
  start(): void;
  /** Looks now, after what is under way. @returns what became of it */
  look(): Promise<Received | Trouble>;
  /**
   * Takes a notification of a subscription in. Resolves when what it tells of is on disk, or when a look is on its way.
   * @returns a refusal when it is none, or when the EHR could not be asked: to be sent again
   */
  notify(body: unknown): Promise<Checked<Notification['kind']>>;
  /** Ends the look under way, and makes no other. */
  stop(): Promise<void>;
}

/** Starts at once. */
export function startReceiver(options: ReceiverOptions): Receiver {
  const receiver = openReceiver(options);
  receiver.start();
  return receiver;
}

/** Asks nothing before `start`, or a notification. @param options.clock tells time; waiting is by the process's own timers */
export function openReceiver(options: ReceiverOptions): Receiver {
  const { name, everyMs, store, clock } = options;
  const { start, stop, inTurn, signal } = openWatch({
    ...{ turn: `receive ${name}`, everyMs, store, clock },
    async look(ending) {
      const done = await lookOnce(options, ending);
      return 'outcome' in done ? done.waitMs : undefined;
    },
    looksAtStart: true, // whoever starts may be the first for long
    onFailed: (error) => troubled(options, error),
  });
  const look = (): Promise<Received | Trouble> => inTurn(() => lookOnce(options, signal));
  const notify: Receiver['notify'] = (body) =>
    inTurn(() => takeNotification(options, body, signal, () => void look()));
  return { name, start, stop, look, notify };
}

const NOTHING: Received = { committed: 0, refused: 0, replayed: 0 };

async function lookOnce(options: ReceiverOptions, signal: AbortSignal): Promise<Received | Trouble> {
  if (signal.aborted) return NOTHING;
  try {
    const unsubscribed = options.subscribe && (await ensureSubscriptions(options, options.subscribe, signal));
    const done = await pollOnce(options, signal);
    if (unsubscribed) options.onTrouble(unsubscribed.outcome);
    if ('outcome' in done) options.onTrouble(done.outcome);
    else options.onReceived?.(done);
    return done;
  } catch (error) {
    return troubled(options, error);
  }
}

function troubled({ name, onTrouble }: ReceiverOptions, error: unknown): Trouble {
  const trouble = { waitMs: undefined, outcome: failed(name, error) };
  onTrouble(trouble.outcome);
  return trouble;
}

/** What was thrown is named, not repeated: it may hold a value. */
function failed(name: string, error: unknown): OperationOutcome {
  const kind = error instanceof Error ? error.name : 'unknown';
  return outcomeOf(
    issueOf({
      code: 'exception',
      rule: 'ehr-receive-failed',
      diagnostics: `Changes of ${name} could not be taken in (${kind}); they are read again.`,
    }),
  );
}

const NO_PROVENANCE: ReadonlyMap<ResourceKey, Provenance> = new Map();

async function takeNotification(
  options: ReceiverOptions,
  body: unknown,
  signal: AbortSignal,
  look: () => void,
): Promise<Checked<Notification['kind']>> {
  const read = readNotification(body, new Set(options.types));
  if (!read.ok) return read;
  const note = read.value;
  if (note.kind === 'poke') {
    look();
    return { ok: true, value: note.kind };
  }
  const trouble =
    note.kind === 'topic'
      ? await takeTopic(options, note, signal)
      : await receiveAll(options, note.changes, signal);
  return trouble ? { ok: false, outcome: trouble.outcome } : { ok: true, value: note.kind };
}

async function receiveAll(
  options: ReceiverOptions,
  changes: readonly Change[],
  signal: AbortSignal,
): Promise<Trouble | undefined> {
  const done = await receiveChanges(options, changes, NO_PROVENANCE, signal);
  if ('outcome' in done) return done;
  options.onReceived?.(done);
  return undefined;
}

/** Events are numbered one by one: what is missing in between is asked for before the number is taken for done. */
async function takeTopic(
  options: ReceiverOptions,
  { type, subscription, total, numbers, changes }: Extract<Notification, { kind: 'topic' }>,
  signal: AbortSignal,
): Promise<Trouble | undefined> {
  const { progress } = options;
  const last = (await progress.read()).events[subscription];
  const highest = Math.max(total ?? 0, ...numbers);
  const first = numbers[0] ?? highest + 1; // what comes without numbers tells by its total what went before
  const isGap = type !== 'handshake' && (last === undefined ? first > 1 : first > last + 1);
  if (isGap) {
    const trouble = await catchUp(options, subscription, (last ?? 0) + 1, first - 1, signal);
    if (trouble) return trouble;
  }
  const trouble = await receiveAll(options, changes, signal);
  if (trouble) return trouble;
  if (last === undefined || highest > last) await progress.set('events', subscription, highest);
  return undefined;
}

/** By the events themselves, where the EHR keeps them; else by a look at everything that changed lately. */
async function catchUp(
  options: ReceiverOptions,
  subscription: string,
  from: number,
  to: number,
  signal: AbortSignal,
): Promise<Trouble | undefined> {
  const { client, types } = options;
  const path = `Subscription/${subscription}/$events?eventsSinceNumber=${from}&eventsUntilNumber=${to}`;
  const asked = await client.get(path, signal);
  const events = asked.ok && asked.status === 200 ? readNotification(asked.body, new Set(types)) : undefined;
  if (events?.ok && events.value.kind === 'topic' && coversAll(events.value.numbers, from, to))
    return await receiveAll(options, events.value.changes, signal);
  const done = await pollOnce(options, signal);
  return 'outcome' in done ? done : undefined;
}

function coversAll(numbers: readonly number[], from: number, to: number): boolean {
  const there = new Set(numbers);
  for (let number = from; number <= to; number++) if (!there.has(number)) return false;
  return true;
}
