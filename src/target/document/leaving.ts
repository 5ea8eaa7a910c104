/** Says of a copy that a way has kept whether it may leave now, and tells where somebody asked for it and it may not. */
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Message, MessageState } from '../../store/messages.ts';
import { stopKept } from './course.ts';
import { type CourseOptions, keyOf, raise, sentAgain } from './errand.ts';
import { laterCopies } from './recall.ts';

const UNDER_WAY: ReadonlySet<MessageState> = new Set(['prepared', 'sent']);
const GIVEN_UP: ReadonlySet<MessageState> = new Set(['silent', 'rejected']);

/** A copy that is about to leave. */
export interface LeavingCopy {
  /** of the errand */
  readonly localId: string;
  /** a person has it sent again */
  readonly isAgain: boolean;
}

/**
 * Asked by a way that has kept a copy, right before its first byte leaves. One that was given up, and is sent again, is
 * under way from here on: its answer is waited for.
 * @returns undefined when no copy of this target has the id
 */
export async function mayLeave(options: CourseOptions, leaving: LeavingCopy): Promise<boolean | undefined> {
  const { store, target, mayGo } = options;
  const message = await store.messages.get({ channel: target, direction: 'out', id: leaving.localId });
  if (message === undefined) return undefined;
  const isGivenUp = GIVEN_UP.has(message.state);
  const isOver = isGivenUp ? (await laterCopies(options, message)).length > 0 : !UNDER_WAY.has(message.state);
  if (isOver) {
    if (leaving.isAgain) await raise(options, message, [NOT_AGAIN]);
    return false;
  }
  if (!isGivenUp && message.body === undefined && sentAgain(message).length === 0) return false; // erased
  if (!(await mayGo(message))) {
    await stopKept(options, message);
    return false;
  }
  return !isGivenUp || (await beginAgain(options, message)) || (await mayLeave(options, leaving));
}

/** @returns false when it is given up no more: something came of it meanwhile */
async function beginAgain(
  { store, clock, silentAfterMs }: CourseOptions,
  message: Message,
): Promise<boolean> {
  const nowMs = clock();
  const change = { state: 'sent', dueMs: nowMs + silentAfterMs, outcome: outcomeOf(again(nowMs)) } as const;
  return await store.messages.change(keyOf(message), change, nowMs, [message.state]);
}

/** When: what is told of it is not what was told before. */
function again(nowMs: number) {
  return issueOf({
    severity: 'information',
    code: 'informational',
    rule: 'document-again',
    diagnostics: `It was given up, and somebody had it sent again (${new Date(nowMs).toISOString()}).`,
  });
}

const NOT_AGAIN = issueOf({
  severity: 'warning',
  code: 'suppressed',
  rule: 'document-not-again',
  diagnostics:
    'Somebody had this document sent again, and it did not leave: its receiver has it, it has gone another way, or a correction took its place. Look at its other copies; nothing more goes by itself.',
});
