/** Takes one message from kept to sent: the first POST is made once, and looked into where its end is not known. */
import { hash } from 'node:crypto';
import { type Checked, issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import type { Message, MessageState } from '../../store/messages.ts';
import type { Outgoing } from './channel.ts';
import { type Content, chunkCount, chunkOf } from './chunks.ts';
import { awaitPerson, collected, fail, gone, withhold } from './ending.ts';
import type { MeshFault } from './faults.ts';
import type { KeptOut } from './keeping.ts';
import { type Envelope, mexHeaders } from './mex-headers.ts';
import { numbersIn } from './numbers.ts';
import {
  bodyOut,
  change,
  LOOK_AGAIN_MS,
  type MailboxParts,
  mayLeave,
  RULES,
  raise,
  ruleOfMessage,
  settle,
  sinceMs,
  standing,
  tell,
} from './parts.ts';

const SHORTEST_WAIT_MS = 5_000;
const LONGEST_WAIT_MS = 900_000;
/** After the deadline of a request, how long its process has to write down what came of it. */
const GRACE_MS = 30_000;
/** What cannot be sent for so long is shown to a person, and goes on being tried. */
const PATIENCE_MS = 3_600_000;

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
  const { conversation, about, version, personId, ownerOrg } = message;
  const place = await keeper.keep(fileOf(localId), content);
  const isFound = personId !== undefined || 'base64' in place;
  const numbers = isFound ? [] : await numbersIn(keeper.open(place));
  const body: KeptOut = { envelope, content: place, ...(numbers.length > 0 && { numbers }) };
  const kept = await store.messages.keep(
    {
      ...{ ...key, conversation, about, version, personId, ownerOrg, state: 'prepared' },
      ...{ body: JSON.stringify(body), dueMs: clock() },
    },
    clock(),
  );
  return { ok: true, value: kept.message };
}

/** Local ids are anybody's text, of any length; file names are not. @returns name of the file of a message that is sent */
export function fileOf(localId: string): string {
  return `out-${hash('sha256', localId)}`;
}

/** Takes a message on from where it is, as far as that goes now. */
export async function advance(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  if (message.state === 'prepared') return await begin(parts, message, signal);
  if (message.state === 'silent' || message.state === 'rejected') return await awaitPerson(parts, message);
  if (message.state !== 'sent') return void (await change(parts, message, { dueMs: null })); // it is over
  const rule = ruleOfMessage(message);
  if (rule === RULES.begun || rule === RULES.unsure) return await lookInto(parts, message, signal);
  if (rule === RULES.uploading) return await upload(parts, message, signal);
  await track(parts, message, signal);
}

/** The POST that is never repeated blindly: that it begins is kept before its first byte. */
async function begin(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { client, clock, settings } = parts;
  if (signal.aborted) return; // the next start goes on
  const sending = await outgoing(parts, message);
  if (!sending) return;
  const headers = mexHeaders(sending.envelope, { number: 1, of: sending.chunks });
  if (!headers.ok) return await fail(parts, message, { ...headers, retry: 'permanent' });
  const first = await chunkOf(sending.content, 1, settings.chunkBytes);
  if (!(await mayLeave(parts, message))) return await withhold(parts, message);
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
  // who waited for it may have thought it lost meanwhile
  const isGoingOn = await change(parts, message, { state: 'sent', remoteId, outcome, dueMs }, EXPECTING);
  if (isGoingOn) return await upload(parts, { ...message, state: 'sent', remoteId, outcome }, signal);
  await parts.store.messages.change(message, { remoteId }, clock()); // it was given up; a report names this id
}

const EXPECTING: readonly MessageState[] = ['sent', 'silent', 'prepared'];

/** A first request that gave no id. */
async function settleFirst(parts: MailboxParts, message: Message, fault: MeshFault): Promise<void> {
  const isApplied = fault.status === 503 ? 'ambiguous' : fault.retry; // a gateway's 503 does not say what lies behind it did
  if (isApplied === 'permanent') return await fail(parts, message, fault);
  if (isApplied === 'transient') {
    await showWaiting(parts, message, fault);
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
const NOT_FOUND =
  'It was sent, no answer came, and MESH does not find it by its local id. Ask the receiver, or the MESH team, whether it is there all the same. It is: resolve this item. It is not: retry, and it is sent again.';

/** What has begun, and whose end nobody has written down, or nobody knows. */
async function lookInto(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const { settings, clock, client } = parts;
  let ask = ASK;
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
    // that it is not found proves nothing: a server without this deprecated request answers the same
    if (!found.ok && found.status === 404) ask = NOT_FOUND;
    else if (!found.ok && found.retry !== 'permanent' && clock() - sinceMs(message) < LONGEST_SEARCH_MS)
      return void (await putOff(parts, message, found));
  }
  const outcome = standing(RULES.unsure, ask, 'error');
  await tell(parts, message, { progress: 'unsure', outcome });
  await raise(parts, message, outcome);
  await change(parts, message, { state: 'silent', outcome, dueMs: clock() + LOOK_AGAIN_MS });
}

/** Chunks after the first may be sent again: what is finalised already says so. */
async function upload(parts: MailboxParts, message: Message, signal: AbortSignal): Promise<void> {
  const sending = await outgoing(parts, message);
  if (!sending) return;
  if (message.remoteId === undefined) return await gone(parts, message);
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
    await showWaiting(parts, message, answer);
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
  if (clock() - sinceMs(message) > settings.uncollectedMs)
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
  RULES.uncollected,
  'Its receiver has not collected it, and MESH has said nothing more. Ring the receiver; then retry, and it is sent again, or resolve this item.',
  'error',
);

type Wait = Pick<MeshFault, 'waitMs'>;

async function putOff(parts: MailboxParts, message: Message, wait: Wait): Promise<boolean> {
  return await change(parts, message, { dueMs: parts.clock() + waitOf(parts, message, wait) });
}

/** What waits for long is seen: it goes by itself all the same, and its item is closed then. */
async function showWaiting(parts: MailboxParts, message: Message, { outcome }: MeshFault): Promise<void> {
  if (parts.clock() - sinceMs(message) < PATIENCE_MS) return;
  const [issue, ...why] = outcome.issue;
  await raise(parts, message, outcomeOf(WAITS, issue!, ...why));
}

const WAITS = issueOf({
  severity: 'warning',
  code: 'transient',
  rule: 'mesh-waits',
  diagnostics:
    'It could not be sent for an hour or more, and goes on being tried: this item closes when it is sent. Retry, and it is tried at once.',
});

/** What MESH asks for wins, unless that is at once; else the longer it has waited, the longer it waits. */
function waitOf({ clock, random }: MailboxParts, message: Message, { waitMs }: Wait): number {
  if (waitMs !== undefined) return Math.max(waitMs, SHORTEST_WAIT_MS);
  const ageMs = clock() - sinceMs(message);
  const longest = Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, ageMs));
  return Math.floor(longest * (0.5 + random() / 2));
}

interface Sending {
  readonly envelope: Envelope;
  readonly content: Content;
  readonly chunks: number;
}

/** @returns undefined where there is nothing to send: what becomes of the message is written down then */
async function outgoing(parts: MailboxParts, message: Message): Promise<Sending | undefined> {
  const { keeper, settings, clock } = parts;
  const kept = bodyOut(message);
  if (kept && (await keeper.isThere(kept.content))) {
    const content = keeper.open(kept.content);
    return { envelope: kept.envelope, content, chunks: chunkCount(content, settings.chunkBytes) };
  }
  // another adapter may have its file
  if (kept && clock() - sinceMs(message) < PATIENCE_MS) await putOff(parts, message, {});
  else await gone(parts, message);
  return undefined;
}
