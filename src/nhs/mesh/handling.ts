/** Hands a received message to whoever takes its workflow, and a report to the message that it is about. */
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Message } from '../../store/messages.ts';
import type { Received } from './channel.ts';
import { fail } from './ending.ts';
import { linkedTo, unknownWorkflow } from './inbox.ts';
import type { KeptIn } from './keeping.ts';
import {
  bodyIn,
  bodyOut,
  change,
  isRaised,
  LOOK_AGAIN_MS,
  type MailboxParts,
  raise,
  settle,
} from './parts.ts';
import { adviceOf, shownCode } from './status-codes.ts';

const SHORTEST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 900_000;
/** Something that fails for so long is shown to a person, and goes on being tried. */
const PATIENCE_MS = 3_600_000;

/** Takes a message on from where it is. */
export async function handle(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const kept = bodyIn(message);
  if (!kept) return await emptied(parts, message);
  const isReport = kept.mex.type === 'REPORT';
  const handler = isReport ? undefined : parts.handlers.get(kept.mex.workflowId);
  if (message.outcome && (message.state === 'refused' || !handler)) return await awaitPerson(parts, message);
  if (isReport) return await takeReport(parts, message, kept);
  if (!handler) return await leaveToPerson(parts, message, 'received', unknownWorkflow(isFhir(kept)));
  try {
    const taken = await handler(receivedOf(parts, message, kept), signal);
    if (taken.ok) await done(parts, message, kept);
    else await leaveToPerson(parts, message, 'refused', taken.outcome);
  } catch (error) {
    await tryLater(parts, message, error);
  } finally {
    await parts.keeper.forgetCopy(message.id);
  }
}

/** An erasure took its content: there is nothing left that somebody could see to. */
async function emptied(parts: MailboxParts, message: Message): Promise<void> {
  await settle(parts, message);
  await change(parts, message, { dueMs: null });
}

function isFhir({ mex }: KeptIn): boolean {
  return mex.contentType?.includes('fhir') ?? false;
}

function receivedOf({ keeper }: MailboxParts, message: Message, { mex, content }: KeptIn): Received {
  const { workflowId, from, to, localId, subject, fileName, contentType } = mex;
  const bytes = keeper.bytesOf(content);
  return {
    ...{ messageId: message.id, workflowId, from, to, localId, subject, fileName, contentType, bytes },
    read: () => keeper.open(content).slice(0, bytes),
    file: (name) => keeper.copy(message.id, name ?? fileName ?? `${message.id}.dat`, content),
  };
}

async function done(parts: MailboxParts, message: Message, { content }: KeptIn): Promise<void> {
  await settle(parts, message);
  if (await change(parts, message, { state: 'taken', body: null, outcome: null, dueMs: null }))
    await parts.keeper.forget(content);
}

/** Its content stays until somebody has settled the item. */
async function leaveToPerson(
  parts: MailboxParts,
  message: Message,
  state: 'received' | 'refused',
  outcome: NonNullable<Message['outcome']>,
): Promise<void> {
  await raise(parts, message, outcome);
  await change(parts, message, { state, outcome, dueMs: parts.clock() + LOOK_AGAIN_MS });
}

async function awaitPerson(parts: MailboxParts, message: Message): Promise<void> {
  if (await isRaised(parts, message))
    return void (await change(parts, message, { dueMs: parts.clock() + LOOK_AGAIN_MS }));
  // the item of one that is to be tried again is closed after that was written down
  if ((await parts.store.messages.get(message))?.outcome === undefined) return;
  const kept = bodyIn(message);
  const state = message.state === 'received' ? 'taken' : message.state;
  if ((await change(parts, message, { state, body: null, dueMs: null })) && kept)
    await parts.keeper.forget(kept.content);
}

async function tryLater(parts: MailboxParts, message: Message, error: unknown): Promise<void> {
  const { clock, log, name } = parts;
  const ageMs = clock() - message.createdMs;
  const kind = error instanceof Error ? error.name : 'unknown';
  log.warn({ channel: name, error: kind }, 'a message could not be taken in; it is kept and tried again');
  if (ageMs > PATIENCE_MS) {
    const diagnostics = `A message could not be taken in for an hour (${kind}). It is kept and tried again; look into the log of the adapter.`;
    const issue = issueOf({ severity: 'warning', code: 'exception', rule: 'mesh-not-taken', diagnostics });
    await raise(parts, message, outcomeOf(issue));
  }
  const dueMs = clock() + Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, ageMs));
  await change(parts, message, { dueMs });
}

/** States that a report changes nothing of any more. */
const SETTLED: ReadonlySet<Message['state']> = new Set(['acknowledged', 'answered', 'rejected', 'replaced']);

async function takeReport(parts: MailboxParts, message: Message, kept: KeptIn): Promise<void> {
  const { mex } = kept;
  const code = shownCode(mex.statusCode);
  const about = await linkedTo(parts, mex);
  const shown = code === undefined ? 'without a code' : `with code ${code}`;
  const issue = issueOf({
    code: 'processing',
    rule: about ? 'mesh-report' : 'mesh-report-unlinked',
    diagnostics: about
      ? `MESH reported ${shown}. ${adviceOf(code)}`
      : `MESH reported ${shown} of a message that is not known here. ${adviceOf(code)}`,
  });
  const outcome = outcomeOf(issue);
  if (!about) return await leaveToPerson(parts, message, 'received', outcome);
  if (!mex.isSuccess && !SETTLED.has(about.state) && !isOfFormer(about, mex.linkedMessageId))
    await fail(parts, await named(parts, about, mex.linkedMessageId), { retry: 'permanent', outcome, code });
  await done(parts, message, kept);
}

/** A message that was sent again is another at MESH: what is said of the copy before says nothing of this one. */
function isOfFormer(about: Message, linkedId: string | undefined): boolean {
  if (linkedId === undefined || linkedId === about.remoteId) return false;
  const kept = bodyOut(about);
  const isKnown = kept?.former?.includes(linkedId) ?? false;
  return isKnown || about.remoteId !== undefined || about.state === 'prepared';
}

/** A message in doubt is known to be at MESH by its report. */
async function named(parts: MailboxParts, about: Message, remoteId: string | undefined): Promise<Message> {
  if (about.remoteId !== undefined || remoteId === undefined) return about;
  await change(parts, about, { remoteId });
  return { ...about, remoteId };
}
