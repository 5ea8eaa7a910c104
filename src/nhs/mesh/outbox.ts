/** Takes one message from kept to sent: the first POST is made once, and looked into where its end is not known. */
import { type Checked, refuse } from '../../fhir/outcome.ts';
import type { Message } from '../../store/messages.ts';
import type { Outgoing } from './channel.ts';
import { type Content, chunkCount, chunkOf } from './chunks.ts';
import type { MeshFault } from './faults.ts';
import type { KeptOut } from './keeping.ts';
import { type Envelope, mexHeaders } from './mex-headers.ts';
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

const SHORTEST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 900_000;
/** After the deadline of a request, how long its process has to write down what came of it. */
const GRACE_MS = 30_000;

/** Keeps a message before anything of it is sent. The same local id again is the same message. */
export async function keepOutgoing(parts: MailboxParts, message: Outgoing): Promise<Checked<Message>> {
  const { to, workflowId, localId, mexLocalId, subject, fileName, contentType, content } = message;
  const envelope: Envelope = { to, workflowId, localId, mexLocalId, subject, fileName, contentType };
  const headers = mexHeaders(envelope, { number: 1, of: 1 });
  if (!headers.ok) return headers;
  if (content.length === 0)
    return refuse({
      rule: 'mesh-empty',
      code: 'value',
      diagnostics: 'The content is empty, and MESH takes none such.',
    });
  const { store, keeper, clock, name } = parts;
  const key = { channel: name, direction: 'out' as const, id: localId };
  const known = await store.messages.get(key);
  if (known) return { ok: true, value: known };
  const body: KeptOut = { envelope, content: await keeper.keep(`out-${digestName(localId)}`, content) };
  const { conversation, about, version, personId, ownerOrg } = message;
  const kept = await store.messages.keep(
    {
      ...{ ...key, conversation, about, version, personId, ownerOrg, state: 'prepared' },
      ...{ body: JSON.stringify(body), dueMs: clock() },
    },
    clock(),
  );
  return { ok: true, value: kept.message };
}

/** Local ids are anybody's text; file names are not. */
function digestName(localId: string): string {
  return Buffer.from(localId).toString('base64url').slice(0, 180);
}

/** Takes a message on from where it is, as far as that goes now. */
export async function advance(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  if (message.state === 'prepared') return await begin(parts, message, signal);
  if (message.state === 'silent' || message.state === 'rejected') return await awaitPerson(parts, message);
  const rule = ruleOfMessage(message);
  if (rule === RULES.begun || rule === RULES.unsure) return await lookInto(parts, message, signal);
  if (rule === RULES.uploading) return await upload(parts, message, signal);
  await track(parts, message, signal);
}

/** The POST that is never repeated blindly: that it begins is kept before its first byte. */
async function begin(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { client, clock, settings } = parts;
  if (signal.aborted) return; // the next start goes on
  const sending = outgoing(parts, message);
  if (!sending) return await gone(parts, message);
  const headers = mexHeaders(sending.envelope, { number: 1, of: sending.chunks });
  if (!headers.ok) return await fail(parts, message, { ...headers, retry: 'permanent' });
  const first = await chunkOf(sending.content, 1, settings.chunkBytes);
  const begun = standing(RULES.begun, 'Its first request has begun, and how that ended is not known yet.');
  const dueMs = clock() + settings.transferMs + GRACE_MS;
  if (!(await change(parts, message, { state: 'sent', outcome: begun, dueMs }))) return;
  const now = { ...message, state: 'sent' as const, outcome: begun };
  const answer = await client.post(headers.value, first, parts.cut);
  if (!answer.ok) return await settleFirst(parts, now, answer);
  await taken(parts, now, answer.value, signal);
}

/** MESH has its first chunk, under this id. */
async function taken(
  parts: MailboxParts,
  message: Message,
  remoteId: string,
  signal: AbortSignal,
): Promise<void> {
  const outcome = standing(RULES.uploading, 'MESH has its first chunk; what is left of it is on its way.');
  const { clock, settings } = parts;
  const dueMs = clock() + settings.transferMs + GRACE_MS;
  if (!(await change(parts, message, { remoteId, outcome, dueMs }))) return;
  await upload(parts, { ...message, remoteId, outcome }, signal);
}

/** A first request that gave no id. */
async function settleFirst(parts: MailboxParts, message: Message, fault: MeshFault): Promise<void> {
  const isApplied = fault.status === 503 ? 'ambiguous' : fault.retry; // a gateway's 503 does not say what lies behind it did
  if (isApplied === 'permanent') return await fail(parts, message, fault);
  if (isApplied === 'transient') {
    await change(parts, message, {
      ...{ state: 'prepared', outcome: fault.outcome },
      dueMs: parts.clock() + waitOf(parts, message, fault),
    });
    return;
  }
  const outcome = standing(RULES.unsure, UNSURE, 'warning');
  await change(parts, message, { outcome, dueMs: parts.clock() + parts.settings.unsureMs });
}

/** Where the tracking does not answer for so long, a person is asked. */
const LONGEST_SEARCH_MS = 86_400_000;
const UNSURE =
  'It was sent, and no answer came: it may be at MESH. A report or the tracking may still tell; it is not sent again unasked.';
const ASK =
  'It was sent, and nobody said whether it arrived. Ask the receiver, or the MESH team, whether a message with this local id is there. It is: resolve this item. It is not: retry, and it is sent again.';

/** What has begun, and whose end nobody has written down, or nobody knows. */
async function lookInto(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { settings, clock, client } = parts;
  if (ruleOfMessage(message) === RULES.begun) {
    const outcome = standing(RULES.unsure, UNSURE, 'warning');
    const dueMs = clock() + settings.unsureMs;
    await change(parts, message, { outcome, dueMs });
    return;
  }
  // where it travels under another local id, nothing is to be found by ours
  if (settings.trackByLocalId && bodyOut(message)?.envelope.mexLocalId === undefined) {
    const found = await client.trackLocal(message.id, signal);
    if (found.ok && found.value.messageId !== undefined)
      return await taken(parts, message, found.value.messageId, signal);
    if (!found.ok && found.status === 404)
      return void (await change(parts, message, { state: 'prepared', outcome: null, dueMs: clock() }));
    if (!found.ok && found.retry !== 'permanent' && clock() - message.createdMs < LONGEST_SEARCH_MS)
      return void (await putOff(parts, message, found));
  }
  const outcome = standing(RULES.unsure, ASK, 'error');
  await tell(parts, message, { progress: 'unsure', outcome });
  await raise(parts, message, outcome);
  await change(parts, message, { state: 'silent', outcome, dueMs: clock() + LOOK_AGAIN_MS });
}

/** Chunks after the first may be sent again: what is finalised already says so. */
async function upload(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const sending = outgoing(parts, message);
  if (!sending || message.remoteId === undefined) return await gone(parts, message);
  const { client, clock, settings } = parts;
  const { remoteId } = message;
  for (let number = 2; number <= sending.chunks; number++) {
    const headers = mexHeaders(sending.envelope, { number, of: sending.chunks });
    if (!headers.ok) return await fail(parts, message, { ...headers, retry: 'permanent' });
    if (!(await change(parts, message, { dueMs: clock() + settings.transferMs + GRACE_MS }))) return;
    const chunk = await chunkOf(sending.content, number, settings.chunkBytes);
    const answer = await client.postChunk(remoteId, number, headers.value, chunk, signal);
    if (!answer.ok && answer.status === 423) break;
    if (answer.ok) continue;
    if (answer.retry === 'permanent') return await fail(parts, message, answer);
    return void (await putOff(parts, message, answer));
  }
  await tell(parts, message, { progress: 'sent' });
  await settle(parts, message);
  await change(parts, message, { outcome: null, dueMs: clock() + settings.trackMs });
}

/** Asks whether it was collected; a report may say so, or that it was not, before. */
async function track(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { client, clock, settings } = parts;
  if (message.remoteId === undefined) return void (await change(parts, message, { dueMs: null }));
  const answer = await client.track(message.remoteId, signal);
  if (answer.ok && answer.value.standing === 'collected') return await collected(parts, message);
  if (answer.ok && answer.value.standing === 'failed')
    return await fail(parts, message, { retry: 'permanent', outcome: FAILED, code: answer.value.code });
  if (clock() - message.createdMs > settings.uncollectedMs)
    return await fail(parts, message, { retry: 'permanent', outcome: UNCOLLECTED });
  const waitMs = answer.ok ? settings.trackMs : Math.min(settings.trackMs, LONGEST_WAIT_MS);
  await change(parts, message, { dueMs: clock() + waitMs });
}

const FAILED = standing(
  'mesh-failed',
  'The tracking of MESH says that it failed. Ask the receiver; then retry, and it is sent again, or resolve this item.',
  'error',
);
const UNCOLLECTED = standing(
  'mesh-not-collected',
  'Its receiver has not collected it, and MESH has said nothing more. Ring the receiver; then retry, and it is sent again, or resolve this item.',
  'error',
);

/** Its receiver has it: nothing of it is needed here any more. */
export async function collected(parts: MailboxParts, message: Message): Promise<void> {
  await tell(parts, message, { progress: 'collected' });
  await settle(parts, message);
  if (await change(parts, message, { state: 'acknowledged', outcome: null, dueMs: null, body: null }))
    await forgetContent(parts, message);
}

/** It will not arrive as it is: somebody is asked, and its content is kept until they have decided. */
export async function fail(
  parts: MailboxParts,
  message: Message,
  fault: Pick<MeshFault, 'outcome' | 'code' | 'retry'>,
): Promise<void> {
  const { outcome, code } = fault;
  await tell(parts, message, { progress: 'failed', outcome, code });
  await raise(parts, message, outcome);
  await change(parts, message, { state: 'rejected', outcome, dueMs: parts.clock() + LOOK_AGAIN_MS });
}

/** Whoever resolves the item of a message in doubt has found it; of one that failed, has given it up. */
async function awaitPerson(parts: MailboxParts, message: Message): Promise<void> {
  if (await isRaised(parts, message))
    return void (await change(parts, message, { dueMs: parts.clock() + LOOK_AGAIN_MS }));
  const isFound = message.state === 'silent';
  if (isFound) await tell(parts, message, { progress: 'sent' });
  const settled = isFound ? ({ state: 'sent', outcome: null } as const) : {};
  if (await change(parts, message, { ...settled, body: null, dueMs: null }))
    await forgetContent(parts, message);
}

/** The content is gone, as after an erasure. */
async function gone(parts: MailboxParts, message: Message): Promise<void> {
  const outcome = standing(
    'mesh-no-content',
    'Its content is not kept any more, and it was not sent.',
    'error',
  );
  await fail(parts, message, { retry: 'permanent', outcome });
}

async function putOff(parts: MailboxParts, message: Message, fault: MeshFault): Promise<boolean> {
  return await change(parts, message, { dueMs: parts.clock() + waitOf(parts, message, fault) });
}

/** What MESH asks for wins; else the longer it has waited, the longer it waits. */
function waitOf({ clock, random }: MailboxParts, message: Message, { waitMs }: MeshFault): number {
  if (waitMs !== undefined) return waitMs;
  const ageMs = clock() - message.createdMs;
  const longest = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, ageMs));
  return Math.floor(longest * (0.5 + random() / 2));
}

export async function forgetContent({ keeper }: MailboxParts, message: Message): Promise<void> {
  const kept = bodyOut(message);
  if (kept) await keeper.forget(kept.content);
}

function outgoing(
  { keeper, settings }: MailboxParts,
  message: Message,
): { readonly envelope: Envelope; readonly content: Content; readonly chunks: number } | undefined {
  const kept = bodyOut(message);
  if (!kept) return undefined;
  const content = keeper.open(kept.content);
  return { envelope: kept.envelope, content, chunks: chunkCount(content, settings.chunkBytes) };
}

/**
 * Has a message sent again that failed, or that nobody found.
 * @returns false when it is in no such state, or its content is gone
 */
export async function sendAgain(parts: MailboxParts, message: Message): Promise<boolean> {
  if (!bodyOut(message)) return false;
  return await anew(parts, message, { state: 'prepared', remoteId: null }, ['silent', 'rejected']);
}

/** Gives a message up: what has not begun is not sent. @returns false when its receiver has it */
export async function giveUp(parts: MailboxParts, message: Message): Promise<boolean> {
  const to = { state: 'replaced', dueMs: null, body: null } as const;
  if (!(await change(parts, message, to, ['prepared', 'sent', 'silent', 'rejected']))) return false;
  await forgetContent(parts, message);
  await settle(parts, message);
  return true;
}
