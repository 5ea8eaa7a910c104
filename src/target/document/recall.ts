/** Calls copies of a document back, and says which of them settle others. */
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Message, MessageChange, MessageState } from '../../store/messages.ts';
import { type CourseOptions, keyOf, wayOf } from './errand.ts';

const REPLACED = { state: 'replaced', dueMs: null, body: null } as const;
export const HAS_LEFT = issueOf({
  severity: 'information',
  code: 'informational',
  rule: 'document-left',
  diagnostics: 'It was called back when it had left, or may have: its receiver may hold it.',
});

/** Until its way has said otherwise, a copy that was begun may have left. */
const CALLING_BACK: readonly (readonly [readonly MessageState[], MessageChange])[] = [
  // its outcome stays, and says whether it was begun: nobody begins what is replaced
  [['prepared'], REPLACED],
  [['sent', 'acknowledged', 'silent'], { ...REPLACED, outcome: outcomeOf(HAS_LEFT) }],
  // who refused it does not hold it
  [['rejected'], { ...REPLACED, outcome: null }],
];

/**
 * Calls a copy back, whatever becomes of others of its document. Done twice, it is the same.
 * @returns true when the copy has surely not left, and never will
 */
export async function recall(options: CourseOptions, copy: Message): Promise<boolean> {
  const { store, clock, ways } = options;
  const key = keyOf(copy);
  for (const [from, change] of CALLING_BACK)
    if (await store.messages.change(key, change, clock(), from)) break;
  const called = await store.messages.get(key);
  if (called?.state !== 'replaced') return false;
  const way = ways[wayOf(copy)];
  if (!hasLeft(called)) {
    if (copy.state === 'rejected') await way?.stop(copy.id);
    return true;
  }
  if (isStopped(called)) return false;
  const isNever = way !== undefined && (await way.stop(copy.id));
  const outcome = isNever ? null : outcomeOf(HAS_LEFT);
  await store.messages.change(key, { outcome }, clock(), ['replaced']);
  return isNever;
}

/** @returns whether a copy that was called back, or stopped, had left, or may have */
export function hasLeft(copy: Pick<Message, 'outcome'>): boolean {
  const issues = copy.outcome?.issue ?? [];
  return isStopped(copy) ? issues.some((issue) => ruleOf(issue) === 'document-left') : issues.length > 0;
}

/** @returns whether it was not let go */
function isStopped({ outcome }: Pick<Message, 'outcome'>): boolean {
  return outcome?.issue[0] !== undefined && ruleOf(outcome.issue[0]) === 'document-stopped';
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

/** @returns copies that went after this one: by later ways, or of a document that says the same and was made anew */
export async function laterCopies(
  { store, target }: Pick<CourseOptions, 'store' | 'target'>,
  message: Message,
): Promise<readonly Message[]> {
  const own = await store.messages.ofConversation(target, message.conversation);
  const later = own.filter((one) => one.direction === 'out' && wayOf(one) > wayOf(message));
  const all = message.about === undefined ? [] : await store.messages.about(message.about, target);
  const newer = all.slice(
    0,
    all.findIndex(({ conversation }) => conversation === message.conversation),
  );
  const content = message.id.split('.').slice(0, 2).join('.');
  const anew = newer.filter(
    ({ id, conversation }) => conversation !== message.conversation && id.startsWith(`${content}.`),
  );
  return [...later, ...anew];
}
