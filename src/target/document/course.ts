/** Takes a kept document from way to way until somebody has it: sent once a way, never twice at once, and a person told where nobody answers. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Message, MessageState, NewMessage } from '../../store/messages.ts';
import { type CourseOptions, errandId, keyOf, note, raise, sentAgain, wayOf } from './errand.ts';
import { HAS_LEFT, isSettledBefore, recall } from './recall.ts';
import type { Errand, Gone, KeptDocument } from './way.ts';

const A_SWEEP = 50;
const AGAIN_MS = 60_000;
/** However soon a receiver may be asked again, as it says. */
const SHORTEST_WAIT_MS = 5_000;
const NOW: readonly MessageState[] = ['prepared'];

/** Keeps a document for its first way. Nothing has left yet. @returns false when it was kept before */
export async function begin(
  options: CourseOptions,
  message: Omit<NewMessage, 'state' | 'dueMs'>,
): Promise<boolean> {
  const nowMs = options.clock();
  const kept = await options.store.messages.keep({ ...message, state: 'prepared', dueMs: nowMs }, nowMs);
  return kept.isNew;
}

/**
 * Sends what is prepared, notes what fell silent, and goes the next way with what was refused. What one of them throws
 * holds no other up.
 * @throws the first of what they threw, when all of them had their turn
 */
export async function sweep(options: CourseOptions, signal: AbortSignal): Promise<number> {
  const { store, target, clock } = options;
  const due = await store.messages.overdue(target, clock(), A_SWEEP);
  let moved = 0;
  const thrown: unknown[] = [];
  for (const message of due) {
    if (signal.aborted) break;
    try {
      if (message.direction === 'out' && (await move(options, message, signal))) moved += 1;
    } catch (error) {
      thrown.push(error);
      await putOff(options, message, { waitMs: AGAIN_MS, outcome: outcomeOf(THROWN) }).catch(() => {}); // the first counts
    }
  }
  if (thrown.length > 0) throw thrown[0];
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
    case 'replaced':
      return await tellStopped(options, message);
    default:
      return await options.store.messages.change(keyOf(message), { dueMs: null }, options.clock());
  }
}

async function send(options: CourseOptions, message: Message, signal: AbortSignal): Promise<boolean> {
  const { store, clock, ways } = options;
  const way = ways[wayOf(message)];
  if (message.body === undefined || way === undefined)
    return await stop(
      options,
      message,
      withdrawn('its way is not configured any more, or its content is gone'),
    );
  if (await isSettledBefore(options, message)) {
    if (!(await recall(options, message))) await raise(options, message, [LEFT]);
    return true;
  }
  if (!(await options.mayGo(message))) return await stop(options, message, NOT_ALLOWED);
  const begun = { ...message, outcome: outcomeOf(BEGUN) };
  // one that has not begun is called back with nothing more
  if (!(await store.messages.change(keyOf(message), { outcome: begun.outcome }, clock(), NOW))) return false;
  return await settle(options, begun, await way.send(errandOf(begun), signal));
}

function errandOf(message: Message): Errand {
  const { id, body, about, personId, ownerOrg } = message;
  return {
    ...{ id, document: JSON.parse(body!) as KeptDocument, about: about ?? 'ServiceRequest/unknown' },
    ...{ personId, ownerOrg, way: wayOf(message) },
  };
}

async function settle(options: CourseOptions, message: Message, gone: Gone): Promise<boolean> {
  const { store, clock, ways, silentAfterMs } = options;
  const { messages } = store;
  const key = keyOf(message);
  const nowMs = clock();
  if (gone.state === 'again') return await putOff(options, message, gone);
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
  if (current?.state === 'replaced' && !(await ways[wayOf(message)]!.stop(message.id))) {
    await messages.change(key, { outcome: outcomeOf(HAS_LEFT) }, nowMs, ['replaced']);
    await raise(options, message, [LEFT]);
  }
  return false;
}

/** What cannot go is tried again, but no longer than an answer would be waited for. */
async function putOff(
  options: CourseOptions,
  message: Message,
  { waitMs, outcome }: Pick<Extract<Gone, { state: 'again' }>, 'waitMs' | 'outcome'>,
): Promise<boolean> {
  const { store, clock, silentAfterMs } = options;
  const nowMs = clock();
  const dueMs = nowMs + Math.max(waitMs, SHORTEST_WAIT_MS);
  if (message.state !== 'prepared')
    return await store.messages.change(keyOf(message), { dueMs }, nowMs, [message.state]);
  if (nowMs - message.createdMs >= silentAfterMs) return await fallSilent(options, message, outcome.issue);
  return await store.messages.change(keyOf(message), { dueMs, outcome }, nowMs, NOW);
}

async function fallSilent(
  options: CourseOptions,
  message: Message,
  why: readonly OperationOutcomeIssue[] = [],
): Promise<boolean> {
  const nowMs = options.clock();
  const { kind } = options.ways[wayOf(message)] ?? {};
  const outcome = outcomeOf(silence(kind), ...why, ...sentAgain(message));
  const change = { state: 'silent', dueMs: nowMs, outcome } as const;
  if (!(await options.store.messages.change(keyOf(message), change, nowMs, [message.state]))) return false;
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
  // an answer may have come since it was looked at
  if ((await store.messages.get(keyOf(message)))?.state !== message.state) return false;
  const next = wayOf(message) + 1;
  const why = message.outcome?.issue ?? [];
  if (next < ways.length && message.body !== undefined) {
    // what has not begun never does: there is one copy fewer to come late
    await ways[next - 1]?.stop(message.id);
    const id = errandId(message.id.slice(0, message.id.lastIndexOf('.')), next);
    const { channel, direction, conversation, about, version, personId, ownerOrg, what, body } = message;
    await store.messages.keep(
      {
        ...{ channel, direction, id, conversation, about, version, personId, ownerOrg, what, body },
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

/** It will not go at all, or no further: that is written down first, and told as often as a process dies before it was. */
async function stop(
  options: CourseOptions,
  message: Message,
  issue: OperationOutcomeIssue,
): Promise<boolean> {
  const { store, clock, ways } = options;
  const nowMs = clock();
  // what was begun may have left, until its way says otherwise
  const isBegun = message.state === 'prepared' && message.outcome !== undefined;
  const outcome = outcomeOf(issue, ...(isBegun ? [HAS_LEFT] : []));
  const change = { state: 'replaced', dueMs: nowMs, body: null, outcome } as const;
  if (!(await store.messages.change(keyOf(message), change, nowMs, [message.state]))) return false;
  const isNever = isBegun && (await ways[wayOf(message)]?.stop(message.id)) === true;
  if (!isNever) return await tellStopped(options, { ...message, ...change });
  await store.messages.change(keyOf(message), { outcome: outcomeOf(issue) }, nowMs, ['replaced']);
  return await tellStopped(options, { ...message, ...change, outcome: outcomeOf(issue) });
}

/** A copy that its way has kept may not leave any more. */
export async function stopKept(options: CourseOptions, message: Message): Promise<boolean> {
  return await stop(options, message, NOT_ALLOWED);
}

/** What it was written of is put back in line, where it is held until the person agrees: then the document is made again. */
async function tellStopped(
  options: CourseOptions,
  message: Pick<Message, 'channel' | 'direction' | 'id' | 'conversation' | 'about' | 'ownerOrg' | 'outcome'>,
): Promise<boolean> {
  const { store, clock, target } = options;
  if (message.outcome) await raise(options, message, message.outcome.issue);
  if (message.about !== undefined)
    await store.resend(target, [{ key: message.about, how: 'look' }], 'delivery', clock());
  return await store.messages.change(keyOf(message), { dueMs: null }, clock(), ['replaced']);
}

const BEGUN = issueOf({
  severity: 'information',
  code: 'informational',
  rule: 'document-begun',
  diagnostics: 'It is being sent.',
});
const THROWN = issueOf({
  severity: 'warning',
  code: 'exception',
  rule: 'document-error',
  diagnostics: 'It could not be sent; the log of the adapter says where it failed.',
});
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

const NOT_ALLOWED = withdrawn('the person no longer agrees, or the record may not go');
