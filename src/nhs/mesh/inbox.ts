/** Takes messages of the inbox onto the disk, and only then acknowledges them. */
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import { download } from './download.ts';
import type { MeshFault } from './faults.ts';
import type { KeptIn } from './keeping.ts';
import type { MexReceived } from './mex-headers.ts';
import { type MailboxParts, raise } from './parts.ts';

/** Pages of one look at most; what is left is taken at the next. */
const MOST_PAGES = 1_000;

/**
 * Goes through the inbox, page by page: after a full page at once on.
 * @returns what stopped it; undefined where it came to the end
 */
export async function emptyInbox(parts: MailboxParts, signal: AbortSignal): Promise<MeshFault | undefined> {
  const { client, settings } = parts;
  const seen = new Set<string>();
  let continueFrom: string | undefined;
  for (let page = 1; page <= MOST_PAGES && !signal.aborted; page++) {
    const listed = await client.inbox({ size: settings.pageSize, continueFrom }, signal);
    if (!listed.ok) return listed;
    const { ids } = listed.value;
    const fresh = ids.filter((id) => !seen.has(id));
    for (const id of fresh) {
      seen.add(id);
      const fault = await takeIn(parts, id, signal);
      if (fault) return fault;
    }
    continueFrom = listed.value.continueFrom;
    const isFull = ids.length >= settings.pageSize;
    if (continueFrom === undefined && !(isFull && fresh.length > 0)) return undefined;
  }
  return undefined;
}

/** @returns a fault that others would meet too; what is wrong with this message alone holds none of them up */
async function takeIn(parts: MailboxParts, id: string, signal: AbortSignal): Promise<MeshFault | undefined> {
  const { store, client, name } = parts;
  if (parts.tooLarge.has(id)) return undefined;
  const known = await store.messages.get({ channel: name, direction: 'in', id });
  if (!known) {
    const kept = await fetchAndKeep(parts, id, signal);
    if (kept !== 'kept') return kept;
  }
  const done = await client.acknowledge(id, signal);
  if (done.ok || done.status === 404 || done.status === 410) return undefined;
  return done;
}

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
    await keep(parts, id, { mex: got.value.mex, content });
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
  await store.messages.keep(
    {
      ...{ channel: name, direction: 'in', id, remoteId: id, replyTo: mex.from },
      conversation: conversationOf(mex) ?? id,
      ownerOrg: settings.ownerOrg,
      ...{ state: 'received', body: JSON.stringify(body), dueMs: clock() },
    },
    clock(),
  );
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
