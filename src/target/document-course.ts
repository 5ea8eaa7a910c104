/** Takes a kept document from way to way until somebody has it: sent once a way, never twice at once, and a person told where nobody answers. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import type { Message, MessageKey, MessageState, NewMessage } from '../store/messages.ts';
import type { ResourceKey, Store } from '../store/store.ts';
import type { KeptDocument, Way } from './document-way.ts';

export interface CourseOptions {
  /** name of the target: `channel` of its messages */
  readonly target: string;
  /** in the order in which they are tried */
  readonly ways: readonly Way[];
  readonly store: Pick<Store, 'messages' | 'raiseWork'> & {
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

const A_SWEEP = 50;
const NOW: readonly MessageState[] = ['prepared'];

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

/** Keeps a document for its first way. Nothing has left yet. @returns false when it was kept before */
export async function begin(
  options: CourseOptions,
  message: Omit<NewMessage, 'state' | 'dueMs'>,
): Promise<boolean> {
  const nowMs = options.clock();
  const kept = await options.store.messages.keep({ ...message, state: 'prepared', dueMs: nowMs }, nowMs);
  return kept.isNew;
}

/** Sends what is prepared, notes what fell silent, and goes the next way with what was refused. */
export async function sweep(options: CourseOptions, signal: AbortSignal): Promise<number> {
  const { store, target, clock } = options;
  const due = await store.messages.overdue(target, clock(), A_SWEEP);
  let moved = 0;
  for (const message of due) {
    if (signal.aborted) break;
    if (message.direction === 'out' && (await move(options, message, signal))) moved += 1;
  }
  return moved;
}

/** @returns whether this process moved it: another may have been quicker */
async function move(options: CourseOptions, message: Message, signal: AbortSignal): Promise<boolean> {
  switch (message.state) {
    case 'prepared':
      return await send(options, message, signal);
    case 'sent':
      return await fallSilent(options, message);
    case 'acknowledged':
      return await stayUnfiled(options, message);
    case 'silent':
    case 'rejected':
      return await goOn(options, message);
    default:
      return await options.store.messages.change(keyOf(message), { dueMs: null }, options.clock());
  }
}

async function send(options: CourseOptions, message: Message, signal: AbortSignal): Promise<boolean> {
  const { store, clock, ways, silentAfterMs } = options;
  const { messages } = store;
  const key = keyOf(message);
  const way = ways[wayOf(message)];
  if (message.body === undefined || way === undefined)
    return await stop(
      options,
      message,
      withdrawn('its way is not configured any more, or its content is gone'),
    );
  if (!(await options.mayGo(message)))
    return await stop(options, message, withdrawn('the person no longer agrees, or the record may not go'));
  const gone = await way.send(
    {
      id: message.id,
      document: JSON.parse(message.body) as KeptDocument,
      about: message.about ?? 'ServiceRequest/unknown',
      personId: message.personId,
      ownerOrg: message.ownerOrg,
      isSecondWay: wayOf(message) > 0,
    },
    signal,
  );
  const nowMs = clock();
  if (gone.state === 'again')
    return await messages.change(key, { dueMs: nowMs + gone.waitMs, outcome: gone.outcome }, nowMs, NOW);
  if (gone.state === 'rejected')
    return (
      (await messages.change(key, { state: 'rejected', dueMs: nowMs, outcome: gone.outcome }, nowMs, NOW)) &&
      (await goOn(options, { ...message, state: 'rejected', outcome: gone.outcome }))
    );
  const remote = gone.remoteId === undefined ? {} : { remoteId: gone.remoteId };
  const isSent = gone.state === 'sent';
  const change = isSent
    ? ({ state: 'sent', dueMs: nowMs + silentAfterMs, outcome: null, ...remote } as const)
    : ({ state: 'answered', dueMs: null, body: null, outcome: null, ...remote } as const);
  if (await messages.change(key, change, nowMs, NOW)) {
    if (!isSent) await note(options, message, 'filed');
    return true;
  }
  const current = await messages.get(key);
  // it was called back while it left: its receiver may hold two
  if (current?.state === 'replaced') await raise(options, message, [LEFT]);
  return false;
}

async function fallSilent(options: CourseOptions, message: Message): Promise<boolean> {
  const nowMs = options.clock();
  const outcome = outcomeOf(silence(options.ways[wayOf(message)]?.kind));
  const change = { state: 'silent', dueMs: nowMs, outcome } as const;
  if (!(await options.store.messages.change(keyOf(message), change, nowMs, ['sent']))) return false;
  return await goOn(options, { ...message, state: 'silent', outcome });
}

/** It is there, and nobody says that it is filed: no second copy goes, a person asks. */
async function stayUnfiled(options: CourseOptions, message: Message): Promise<boolean> {
  const nowMs = options.clock();
  await raise(options, message, [UNFILED]);
  return await options.store.messages.change(keyOf(message), { dueMs: null }, nowMs, ['acknowledged']);
}

/** Goes the next way under the same correlation; where there is none, a person is told. Done twice, it is the same. */
async function goOn(options: CourseOptions, message: Message): Promise<boolean> {
  const { store, ways, clock } = options;
  const nowMs = clock();
  const next = wayOf(message) + 1;
  const why = message.outcome?.issue ?? [];
  if (next < ways.length && message.body !== undefined) {
    // what has not begun never does: there is one copy fewer to come late
    await ways[next - 1]?.stop(message.id);
    const id = errandId(message.id.slice(0, message.id.lastIndexOf('.')), next);
    const { channel, direction, conversation, about, version, personId, ownerOrg, body } = message;
    await store.messages.keep(
      {
        ...{ channel, direction, id, conversation, about, version, personId, ownerOrg, body },
        ...{ state: 'prepared', dueMs: nowMs },
      },
      nowMs,
    );
  } else {
    await note(options, message, 'rejected');
    await raise(options, message, [NO_WAY, ...why]);
  }
  return await store.messages.change(keyOf(message), { dueMs: null, body: null }, nowMs, [message.state]);
}

/** It will not go at all. */
async function stop(
  options: CourseOptions,
  message: Message,
  issue: OperationOutcomeIssue,
): Promise<boolean> {
  const nowMs = options.clock();
  const change = { state: 'replaced', dueMs: null, body: null, outcome: outcomeOf(issue) } as const;
  const isStopped = await options.store.messages.change(keyOf(message), change, nowMs, NOW);
  if (isStopped) await raise(options, message, [issue]);
  return isStopped;
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

const NO_WAY = issueOf({
  severity: 'warning',
  code: 'incomplete',
  rule: 'document-no-answer',
  diagnostics:
    'Nobody has said that this document arrived, and there is no other way to send it: telephone the practice or the referrer, and hand it over.',
});
const LEFT = issueOf({
  severity: 'warning',
  code: 'duplicate',
  rule: 'document-twice',
  diagnostics:
    'The document went a second way at the moment in which the first was acknowledged: its receiver may hold it twice. The first counts: ask them not to file the other.',
});
const UNFILED = issueOf({
  severity: 'warning',
  code: 'incomplete',
  rule: 'document-unfiled',
  diagnostics:
    'The document has reached the system of its receiver, and nobody there has said that it is filed: ask them to look for it. It is not sent again.',
});

function silence(kind = 'first'): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'timeout',
    rule: 'document-silent',
    diagnostics: `No acknowledgement came for the document that was sent by the ${kind} way.`,
  });
}

function withdrawn(why: string): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'suppressed',
    rule: 'document-stopped',
    diagnostics: `The document was prepared and does not go: ${why}.`,
  });
}
