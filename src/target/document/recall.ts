/** Calls copies of a document back, and says of one that is about to leave whether it still may. */
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Message, MessageState } from '../../store/messages.ts';
import { type CourseOptions, keyOf, wayOf } from './errand.ts';

const REPLACED = { state: 'replaced', dueMs: null, body: null, outcome: null } as const;
const NOT_OVER: readonly MessageState[] = ['prepared', 'sent', 'acknowledged', 'silent', 'rejected'];
const HAS_LEFT = outcomeOf(
  issueOf({
    severity: 'information',
    code: 'informational',
    rule: 'document-left',
    diagnostics: 'It was called back when it had left, or may have: its receiver may hold it.',
  }),
);

/**
 * Calls a copy back, whatever becomes of others of its document. Done twice, it is the same.
 * @returns true when the copy has surely not left, and never will
 */
export async function recall(options: CourseOptions, copy: Message): Promise<boolean> {
  const { store, clock, ways } = options;
  if (copy.state === 'replaced') return !hasLeft(copy);
  const key = keyOf(copy);
  // whoever is about to send it finds it replaced, and asks the way
  const isTaken = await store.messages.change(key, REPLACED, clock(), ['prepared']);
  if (isTaken && copy.state === 'prepared' && copy.outcome === undefined) return true;
  const way = ways[wayOf(copy)];
  // one that was begun may be on its way out in another process: the way itself says whether it has begun
  const isNever = way === undefined ? copy.state === 'prepared' : await way.stop(copy.id);
  const never = isNever || copy.state === 'rejected';
  const to = never ? REPLACED : { ...REPLACED, outcome: HAS_LEFT };
  await store.messages.change(key, to, clock(), isTaken ? ['replaced'] : NOT_OVER);
  return never;
}

/** @returns whether a copy that was called back had left, or may have */
export function hasLeft({ outcome }: Message): boolean {
  return outcome?.issue[0] !== undefined && ruleOf(outcome.issue[0]) === 'document-left';
}

/** @returns whether something may still come of a copy by itself: it leaves, falls silent, or the next way is gone */
export function isGoingOn({ state, dueMs }: Message): boolean {
  if (state === 'prepared' || state === 'sent') return true;
  return (state === 'silent' || state === 'rejected') && dueMs !== undefined;
}

/** @returns whether an earlier copy of the same document settles it: arrived, filed, or called back with all of it */
export async function isSettledBefore(
  { store, target }: Pick<CourseOptions, 'store' | 'target'>,
  message: Message,
): Promise<boolean> {
  if (wayOf(message) === 0) return false;
  const all = await store.messages.ofConversation(target, message.conversation);
  return all.some((one) => one.direction === 'out' && wayOf(one) < wayOf(message) && SETTLING.has(one.state));
}

const SETTLING: ReadonlySet<MessageState> = new Set(['acknowledged', 'answered', 'replaced']);

/**
 * Asked by a way that has kept a copy, right before its first byte leaves.
 * @param id of the errand
 * @param onStopped writes down that it does not go, once
 * @returns undefined when no copy of this target has the id
 */
export async function mayLeave(
  options: CourseOptions,
  id: string,
  onStopped: (message: Message) => Promise<unknown>,
): Promise<boolean | undefined> {
  const { store, target } = options;
  const message = await store.messages.get({ channel: target, direction: 'out', id });
  if (message === undefined) return undefined;
  if (!NOT_OVER.includes(message.state) || message.state === 'acknowledged') return false;
  const isGivenUp = message.state === 'silent' || message.state === 'rejected';
  if (isGivenUp && (await isElsewhere(options, message))) return false;
  if (!isGivenUp && message.body === undefined) return false; // erased
  if (await options.mayGo(message)) return true;
  if (!isGivenUp) await onStopped(message);
  return false;
}

/** Somebody may have one sent again that failed: not when another copy has gone. */
async function isElsewhere({ store, target }: CourseOptions, message: Message): Promise<boolean> {
  const all = await store.messages.ofConversation(target, message.conversation);
  return all.some((one) => one.direction === 'out' && wayOf(one) > wayOf(message));
}
