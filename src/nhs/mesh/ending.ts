/** Ends what was sent: collected, failed, given up by its sender, or begun anew by a person. */
import type { Message, MessageState } from '../../store/messages.ts';
import type { MeshFault } from './faults.ts';
import {
  anew,
  bodyOut,
  change,
  isRaised,
  LOOK_AGAIN_MS,
  type MailboxParts,
  RULES,
  raise,
  ruleOfMessage,
  settle,
  standing,
  tell,
} from './parts.ts';

/** Its receiver has it: nothing of it is needed here any more. */
export async function collected(parts: MailboxParts, message: Message): Promise<void> {
  await tell(parts, message, { progress: 'collected' });
  await settle(parts, message);
  if (await change(parts, message, { state: 'acknowledged', outcome: null, dueMs: null, body: null }))
    await forgetContent(parts, message);
}

/** States in which nobody needs to see to a message any more. */
const OVER: ReadonlySet<MessageState> = new Set(['acknowledged', 'answered', 'replaced']);

/** It will not arrive as it is: somebody is asked, and its content is kept until they have decided. */
export async function fail(
  parts: MailboxParts,
  message: Message,
  fault: Pick<MeshFault, 'outcome' | 'code' | 'retry'>,
): Promise<void> {
  const { outcome, code } = fault;
  await tell(parts, message, { progress: 'failed', outcome, code });
  // the item comes first: one that has none counts as seen to
  await raise(parts, message, outcome);
  const dueMs = parts.clock() + LOOK_AGAIN_MS;
  if (await change(parts, message, { state: 'rejected', outcome, dueMs })) return;
  const now = await parts.store.messages.get(message);
  if (now && OVER.has(now.state)) await settle(parts, message);
}

/** Whoever resolves the item of a message in doubt has found it; of one that failed, has given it up. */
export async function awaitPerson(parts: MailboxParts, message: Message): Promise<void> {
  if (await isRaised(parts, message))
    return void (await change(parts, message, { dueMs: parts.clock() + LOOK_AGAIN_MS }));
  const isFound = message.state === 'silent';
  if (isFound) await tell(parts, message, { progress: 'sent' });
  const settled = isFound ? ({ state: 'sent', outcome: null } as const) : {};
  if (await change(parts, message, { ...settled, body: null, dueMs: null }))
    await forgetContent(parts, message);
}

/** The content is gone, as after an erasure. */
export async function gone(parts: MailboxParts, message: Message): Promise<void> {
  const outcome = standing(
    'mesh-no-content',
    'Its content is not kept any more, and it was not sent.',
    'error',
  );
  await fail(parts, message, { retry: 'permanent', outcome });
}

export async function forgetContent({ keeper }: MailboxParts, message: Message): Promise<void> {
  const kept = bodyOut(message);
  if (kept) await keeper.forget(kept.content);
}

/**
 * Has a message sent again that failed, or that nobody found; or one at once that waits, and is on the worklist for it.
 * @returns false when it is in no such state, or its content is gone
 */
export async function sendAgain(parts: MailboxParts, message: Message): Promise<boolean> {
  const kept = bodyOut(message);
  if (!kept) return false;
  if (isWaiting(message)) {
    if (!(await isRaised(parts, message))) return false;
    await settle(parts, message);
    return await change(parts, message, { dueMs: parts.clock() });
  }
  const { remoteId } = message;
  const former = [...(kept.former ?? []), ...(remoteId === undefined ? [] : [remoteId])];
  const body = JSON.stringify({ ...kept, former, againMs: parts.clock() });
  return await anew(parts, message, { state: 'prepared', remoteId: null, body }, ['silent', 'rejected']);
}

function isWaiting(message: Message): boolean {
  const isUploading = message.state === 'sent' && ruleOfMessage(message) === RULES.uploading;
  return message.state === 'prepared' || isUploading;
}

const NEVER = { state: 'replaced', outcome: null, dueMs: null, body: null } as const;
const HAS_LEFT = {
  ...NEVER,
  outcome: standing(RULES.left, 'It was given up when some of it had left: it may arrive all the same.'),
} as const;

/** Gives a message up: what has not begun is not sent. @returns whether it surely never arrives */
export async function giveUp(parts: MailboxParts, message: Message): Promise<boolean> {
  const isLost = message.state === 'rejected' && ruleOfMessage(message) !== RULES.uncollected;
  const surely = isLost ? (['prepared', 'rejected'] as const) : (['prepared'] as const);
  const isSure = await change(parts, message, NEVER, surely);
  if (isSure || (await change(parts, message, HAS_LEFT, ['sent', 'silent', 'rejected']))) {
    await forgetContent(parts, message);
    await settle(parts, message);
    return isSure;
  }
  const now = await parts.store.messages.get(message);
  return now?.state === 'replaced' && ruleOfMessage(now) !== RULES.left;
}

/** Whoever it is of does not let it go any more: not a byte of it has left, and none does. */
export async function withhold(parts: MailboxParts, message: Message): Promise<void> {
  const outcome = standing(RULES.withheld, 'It may not go any more, and was not sent.');
  if (!(await change(parts, message, { ...NEVER, outcome }))) return;
  await forgetContent(parts, message);
  await settle(parts, message);
}
