/** Takes messages of the inbox onto the disk, and only then acknowledges them. */
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Message } from '../../store/messages.ts';
import { download } from './download.ts';
import type { MeshFault } from './faults.ts';
import type { KeptIn } from './keeping.ts';
import type { MexReceived } from './mex-headers.ts';
import { numbersIn } from './numbers.ts';
import { type MailboxParts, raise } from './parts.ts';

/** Pages of one look at most; what is left is taken at the next. */
const MOST_PAGES = 1_000;

/**
 * Goes through the inbox, page by page: after a full page at once on. What is wrong with one message holds none of the
 * others up.
 * @returns what stopped it, or keeps a message from being taken now; and whether it came to the end
 */
export async function emptyInbox(
  parts: MailboxParts,
  signal: AbortSignal,
): Promise<{ readonly fault?: MeshFault | undefined; readonly isWhole: boolean }> {
  const { client, settings, failing } = parts;
  const seen = new Set<string>();
  let left: MeshFault | undefined;
  let continueFrom: string | undefined;
  for (let page = 1; page <= MOST_PAGES && !signal.aborted; page++) {
    const listed = await client.inbox({ size: settings.pageSize, continueFrom }, signal);
    if (!listed.ok) return { fault: listed, isWhole: false };
    const { ids, odd } = listed.value;
    for (const id of odd) await tellOfOdd(parts, id);
    const fresh = ids.filter((id) => !seen.has(id));
    for (const id of fresh.toSorted((a, b) => (failing.get(a) ?? 0) - (failing.get(b) ?? 0))) {
      if (signal.aborted) return { fault: left, isWhole: false };
      seen.add(id);
      const fault = await takeIn(parts, id, signal);
      if (fault && concernsAll(fault)) return { fault, isWhole: false };
      left ??= fault;
    }
    continueFrom = listed.value.continueFrom;
    const isFull = ids.length + odd.length >= settings.pageSize;
    if (continueFrom === undefined && !(isFull && fresh.length > 0)) return { fault: left, isWhole: true };
  }
  return { fault: left, isWhole: !signal.aborted };
}

/** MESH knows us no more, or is left alone for a while; the list itself was given to us, so all else is of the message. */
function concernsAll({ status, waitMs }: MeshFault): boolean {
  return status === 401 || (status === undefined && waitMs !== undefined);
}

/** @returns a fault that may have passed at the next look */
async function takeIn(parts: MailboxParts, id: string, signal: AbortSignal): Promise<MeshFault | undefined> {
  const { store, client, name, failing } = parts;
  if (parts.tooLarge.has(id)) return undefined;
  const known = await store.messages.get({ channel: name, direction: 'in', id });
  if (!known) {
    const kept = await fetchAndKeep(parts, id, signal);
    if (kept !== 'kept') return kept && !signal.aborted ? await failedOf(parts, id, kept) : kept;
  }
  failing.delete(id);
  const done = await client.acknowledge(id, signal);
  if (done.ok || done.status === 404 || done.status === 410) return undefined;
  failing.set(id, 1);
  return passing(done);
}

/** Shows a message that is not given to us: at once where asking again is no use, else the second time. */
async function failedOf(parts: MailboxParts, id: string, fault: MeshFault): Promise<MeshFault | undefined> {
  if (concernsAll(fault)) return fault;
  const { failing, name, settings } = parts;
  const times = (failing.get(id) ?? 0) + 1;
  failing.set(id, times);
  const isPassing = passing(fault) !== undefined;
  if (isPassing && times < 2) return fault;
  const { ownerOrg } = settings;
  const [first, ...others] = fault.outcome.issue;
  const item = { channel: name, direction: 'in' as const, id, ownerOrg, about: undefined };
  await raise(parts, item, outcomeOf(NOT_GIVEN, first!, ...others));
  return passing(fault);
}

const NOT_GIVEN = issueOf({
  severity: 'warning',
  code: 'incomplete',
  rule: 'mesh-not-given',
  diagnostics:
    'A message of the inbox could not be fetched; it is asked for again at each look, and others are taken meanwhile. MESH keeps it for five days: ask the MESH team, or its sender for another.',
});

/** @returns the fault where it says nothing of the message for good */
function passing(fault: MeshFault): MeshFault | undefined {
  return fault.retry === 'permanent' || fault.status === 403 ? undefined : fault;
}

/** An id that is none names no message: what it was cannot be asked for. */
async function tellOfOdd(parts: MailboxParts, odd: string): Promise<void> {
  const { name: channel, settings } = parts;
  const id = uuidV5(PROJECT_NAMESPACE, odd);
  await raise(
    parts,
    { channel, direction: 'in', id, ownerOrg: settings.ownerOrg, about: undefined },
    outcomeOf(ODD_ID),
  );
}

const ODD_ID = issueOf({
  severity: 'warning',
  code: 'value',
  rule: 'mesh-odd-id',
  diagnostics:
    'The inbox lists a message under an id that is none, so that it cannot be fetched: ask the MESH team what it is.',
});

async function fetchAndKeep(
  parts: MailboxParts,
  id: string,
  signal: AbortSignal,
): Promise<'kept' | MeshFault | undefined> {
  const { client, keeper, settings, log, name } = parts;
  const path = await keeper.partial(`in-${id}`);
  const got = await download({ client, messageId: id, path, mostBytes: settings.maxBytes }, signal);
  if (got.ok) {
    const content = await keeper.adopt(`in-${id}`, path);
    const numbers = 'file' in content ? await numbersIn(keeper.open(content)) : [];
    await keep(parts, id, { mex: got.value.mex, content, ...(numbers.length > 0 && { numbers }) });
    return 'kept';
  }
  const rule = ruleOf(got.outcome.issue[0]!);
  if (got.status === 404 || got.status === 410) {
    log.info({ channel: name, rule }, 'a message of the inbox was gone before it was taken');
    return undefined;
  }
  if (rule !== 'mesh-too-large' && rule !== 'mesh-chunks') return got;
  if (rule === 'mesh-too-large') parts.tooLarge.add(id);
  const { ownerOrg } = settings;
  await raise(parts, { channel: name, direction: 'in', id, ownerOrg, about: undefined }, got.outcome);
  return undefined;
}

async function keep(parts: MailboxParts, id: string, body: KeptIn): Promise<void> {
  const { store, clock, name, settings } = parts;
  const { mex } = body;
  // what is of a person's message goes with that person
  const { linkedMessageId, localId, type } = mex;
  const about = await linkedTo(parts, { linkedMessageId, localId: type === 'REPORT' ? localId : undefined });
  await store.messages.keep(
    {
      ...{ channel: name, direction: 'in', id, remoteId: id, replyTo: mex.from },
      conversation: conversationOf(mex) ?? id,
      ...{ about: about?.about, personId: about?.personId, ownerOrg: about?.ownerOrg ?? settings.ownerOrg },
      ...{ state: 'received', body: JSON.stringify(body), dueMs: clock() },
    },
    clock(),
  );
}

/** @returns the message that another is about: by MESH's id, else by ours */
export async function linkedTo(
  { store, name }: MailboxParts,
  { linkedMessageId, localId }: Pick<MexReceived, 'linkedMessageId' | 'localId'>,
): Promise<Message | undefined> {
  const byId =
    linkedMessageId === undefined ? undefined : await store.messages.byRemoteId(name, 'out', linkedMessageId);
  if (byId || localId === undefined) return byId;
  return await store.messages.get({ channel: name, direction: 'out', id: localId });
}

function conversationOf({ linkedMessageId, localId }: MexReceived): string | undefined {
  return linkedMessageId ?? localId;
}

/** @returns the fault as an operator is told of it */
export function incidentOf(name: string, { status }: MeshFault): { cause: string; detail: string } {
  return {
    cause: `mesh-credentials:${name}`,
    detail: `MESH answers ${status} to the mailbox ${name}: nothing is sent or received until password, shared key, certificate and clock are right.`,
  };
}

/** @returns what stands on the worklist of a message whose workflow nobody takes */
export function unknownWorkflow(isFhir: boolean): ReturnType<typeof outcomeOf> {
  const what = isFhir ? 'A FHIR message' : 'A message';
  const diagnostics = `${what} came under a workflow that nothing here takes. It is kept: have its workflow configured, then retry; or save its content ("mesh save"), see to it, and resolve this item, which drops the content.`;
  return outcomeOf(
    issueOf({ severity: 'warning', code: 'not-supported', rule: 'mesh-unknown-workflow', diagnostics }),
  );
}
