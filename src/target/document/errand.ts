/** What courses of documents have in common: the names of errands, receipts, and items of the worklist. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Message, MessageKey } from '../../store/messages.ts';
import type { ResourceKey, Store } from '../../store/store.ts';
import type { Way } from './way.ts';

export interface CourseOptions {
  /** name of the target: `channel` of its messages */
  readonly target: string;
  /** in the order in which they are tried */
  readonly ways: readonly Way[];
  readonly store: Pick<Store, 'messages' | 'raiseWork' | 'resend'> & {
    readonly filings: Pick<Store['filings'], 'note'>;
  };
  /** whether what is kept may still go: consent may have been withdrawn meanwhile */
  readonly mayGo: (message: Message) => Promise<boolean>;
  /** without an acknowledgement for so long, another way is gone */
  readonly silentAfterMs: number;
  /** acknowledged, and not filed for so long, somebody is told */
  readonly filedWithinMs: number;
  readonly clock: () => number;
}

/** @returns the name of a document on its nth way, from 0 */
export function errandId(documentId: string, way: number): string {
  return `${documentId}.${way}`;
}

/** @returns which way a message goes, from 0 */
export function wayOf({ id }: Pick<Message, 'id'>): number {
  return Number(id.slice(id.lastIndexOf('.') + 1));
}

export function keyOf({ channel, direction, id }: MessageKey): MessageKey {
  return { channel, direction, id };
}

/** @returns what says that somebody had a copy sent again, and when; it goes into whatever is told of the copy then */
export function sentAgain({ outcome }: Pick<Message, 'outcome'>): readonly OperationOutcomeIssue[] {
  return (outcome?.issue ?? []).filter((issue) => ruleOf(issue) === 'document-again');
}

/** Where receipts are kept of what a document was made for. */
export async function note(
  { store, target, clock }: CourseOptions,
  message: Pick<Message, 'about'>,
  state: 'filed' | 'rejected',
): Promise<void> {
  if (message.about !== undefined)
    await store.filings.note({ target, resource: message.about, state }, clock());
}

/** Puts something on the worklist, once for a document and a rule. */
export async function raise(
  { store, target, clock }: CourseOptions,
  message: Pick<Message, 'conversation' | 'about' | 'ownerOrg'>,
  issues: readonly OperationOutcomeIssue[],
): Promise<void> {
  const rule = issues[0]?.details?.coding?.[0]?.code ?? 'unknown';
  await store.raiseWork(
    [
      {
        id: `document:${target}:${message.conversation}:${rule}`,
        kind: 'warning',
        ownerOrg: message.ownerOrg,
        source: undefined,
        recordKind: undefined,
        recordKey: undefined,
        file: undefined,
        line: undefined,
        resource: message.about as ResourceKey | undefined,
        target,
        outcome: outcomeOf(...(issues as [OperationOutcomeIssue, ...OperationOutcomeIssue[]])),
      },
    ],
    clock(),
  );
}
