/** Turns what a receiver says of a document into its state, and settles which of two copies counts where an answer came late. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Message, MessageState } from '../../store/messages.ts';
import { type CourseOptions, keyOf, note, raise, sentAgain, wayOf } from './errand.ts';
import { laterCopies, recall } from './recall.ts';

/** What was said, by whichever way: an acknowledgement of ITK, a report of MESH. */
export interface Said {
  /** of the errand, where the way knows it */
  readonly id?: string | undefined;
  /** reference of the document */
  readonly reference?: string | undefined;
  /** id that the way gave it */
  readonly remoteId?: string | undefined;
  readonly what: 'arrived' | 'filed' | 'rejected';
  /** as the receiver gave it */
  readonly code?: string | undefined;
  /** what somebody here should do */
  readonly advice: string;
}

const BEFORE_ARRIVED: readonly MessageState[] = ['prepared', 'sent'];
const OPEN: readonly MessageState[] = ['prepared', 'sent', 'acknowledged'];
/** Another way was gone, or is about to be. */
const GIVEN_UP: readonly MessageState[] = ['silent', 'rejected'];
const NOT_ARRIVED: readonly MessageState[] = [...BEFORE_ARRIVED, ...GIVEN_UP];
const NOT_SETTLED: readonly MessageState[] = [...OPEN, ...GIVEN_UP];

/** @returns false when no document of this target is meant. Said twice, it is the same */
export async function hear(options: CourseOptions, said: Said): Promise<boolean> {
  const message = await meant(options, said);
  if (message === undefined) return false;
  if (said.what === 'rejected') await hearRejection(options, message, said);
  else await hearArrival(options, message, said);
  return true;
}

async function meant({ store, target }: CourseOptions, said: Said): Promise<Message | undefined> {
  if (said.id !== undefined)
    return await store.messages.get({ channel: target, direction: 'out', id: said.id });
  const byId =
    said.remoteId === undefined ? undefined : await store.messages.byRemoteId(target, 'out', said.remoteId);
  if (byId !== undefined || said.reference === undefined) return byId;
  const all = await store.messages.ofConversation(target, said.reference);
  return all.find(({ direction }) => direction === 'out');
}

async function hearRejection(options: CourseOptions, message: Message, said: Said): Promise<void> {
  const { store, clock } = options;
  const nowMs = clock();
  const outcome = outcomeOf(refusalOf(said), ...sentAgain(message));
  const change = { state: 'rejected', dueMs: nowMs, outcome } as const;
  if (await store.messages.change(keyOf(message), change, nowMs, OPEN)) return;
  if (message.state === 'answered') await raise(options, message, [contradiction(said)]);
}

async function hearArrival(options: CourseOptions, message: Message, said: Said): Promise<void> {
  const { store, clock } = options;
  const nowMs = clock();
  const isFiled = said.what === 'filed';
  // as where another had it sent again at the moment in which it went the next way
  const later = (await laterCopies(options, message)).filter(({ state }) => state !== 'replaced');
  if (later.length > 0 && OPEN.includes(message.state)) return await hearLate(options, message, said);
  // what arrived waits to be filed; what is filed needs its bytes no more
  const change = isFiled
    ? ({ state: 'answered', dueMs: null, body: null, outcome: null } as const)
    : ({ state: 'acknowledged', dueMs: unfiledMs(options, message), outcome: null } as const);
  if (await store.messages.change(keyOf(message), change, nowMs, isFiled ? OPEN : BEFORE_ARRIVED)) {
    if (isFiled) await note(options, message, 'filed');
    return;
  }
  const current = await store.messages.get(keyOf(message));
  if (current !== undefined && GIVEN_UP.includes(current.state)) await hearLate(options, current, said);
}

/**
 * The answer came after another way was begun. A copy that has not left never leaves. Where one has, the one that is
 * filed counts, else the first; a person is told to have the other thrown away.
 */
async function hearLate(options: CourseOptions, message: Message, said: Said): Promise<void> {
  const { store, clock } = options;
  const later = await laterCopies(options, message);
  const filedLater = later.find(({ state }) => state === 'answered');
  const nowMs = clock();
  if (filedLater !== undefined) {
    await raise(options, message, [twice(options, message, filedLater, filedLater)]);
    // after the item: a crash between them tells of it again
    await store.messages.change(
      keyOf(message),
      { state: 'replaced', dueMs: null, body: null, outcome: null },
      nowMs,
      NOT_SETTLED,
    );
    return;
  }
  for (const one of later)
    if (!(await recall(options, one))) await raise(options, message, [twice(options, message, one, message)]);
  const isFiled = said.what === 'filed';
  const state = isFiled ? 'answered' : 'acknowledged';
  const change = { state, dueMs: isFiled ? null : unfiledMs(options, message), body: null } as const;
  const isTaken = await store.messages.change(
    keyOf(message),
    change,
    nowMs,
    isFiled ? NOT_SETTLED : NOT_ARRIVED,
  );
  if (isTaken && isFiled) await note(options, message, 'filed');
}

/** @returns when a person is told that nobody has filed what arrived; null where its receiver was not asked to say so */
function unfiledMs({ ways, clock, filedWithinMs }: CourseOptions, message: Message): number | null {
  return ways[wayOf(message)]?.asksWhetherFiled === false ? null : clock() + filedWithinMs;
}

function refusalOf({ code, advice }: Said): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'processing',
    rule: 'document-rejected',
    diagnostics: `The receiver did not take the document${code === undefined ? '' : ` (${code})`}. ${advice}`,
  });
}

function contradiction({ code }: Said): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'conflict',
    rule: 'document-contradiction',
    diagnostics: `The receiver refused a document${code === undefined ? '' : ` (${code})`} that it had said was filed: ask them which holds. It is not sent again.`,
  });
}

function twice(
  { ways }: CourseOptions,
  first: Message,
  second: Message,
  counts: Message,
): OperationOutcomeIssue {
  const isAnew = first.conversation !== second.conversation;
  const kind = (one: Message): string =>
    `${ways[wayOf(one)]?.kind ?? 'other'} way${isAnew ? ` under ${one.conversation}` : ''}`;
  const other = counts === first ? second : first;
  return issueOf({
    severity: 'warning',
    code: 'duplicate',
    rule: 'document-twice',
    diagnostics: `The acknowledgement came after the document had gone another way, so its receiver may hold it twice${isAnew ? '' : ` under the reference ${first.conversation}`}. The one that came by the ${kind(counts)} counts: ask them not to file the one of the ${kind(other)}.`,
  });
}
