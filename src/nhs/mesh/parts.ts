/** What the two ways of a mailbox work with, and what they put on the worklist. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf, ruleOf } from '../../fhir/outcome.ts';
import type { Message, MessageChange, MessageState } from '../../store/messages.ts';
import type { Store, WorkItem } from '../../store/store.ts';
import type { LeavingHandler, MessageHandler, Progress, Report, ReportHandler, Sent } from './channel.ts';
import type { MeshClient } from './client.ts';
import type { ContentKeeper, KeptIn, KeptOut } from './keeping.ts';

export interface MeshSettings {
  /** of uncompressed content; MESH takes 100 MB a request */
  readonly chunkBytes: number;
  /** larger messages stay at MESH, and on the worklist */
  readonly maxBytes: number;
  /** ids of one page of the inbox */
  readonly pageSize: number;
  /** between two looks at the inbox, of all processes together */
  readonly pollMs: number;
  /** after an unknown end, how long a report is waited for before somebody is asked */
  readonly unsureMs: number;
  /** an unknown end is looked for by Mex-LocalID */
  readonly trackByLocalId: boolean;
  /** between two questions whether a message was collected */
  readonly trackMs: number;
  /** not collected for so long: somebody is asked */
  readonly uncollectedMs: number;
  /** longest that one request with content takes */
  readonly transferMs: number;
  /** who owns what was received and nobody knows */
  readonly ownerOrg: string;
}

export interface MeshLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export type MeshStore = Pick<
  Store,
  | 'messages'
  | 'incidents'
  | 'raiseWork'
  | 'resolveWork'
  | 'workItem'
  | 'runOnce'
  | 'sharedNowMs'
  | 'job'
  | 'keepJob'
>;

export interface MailboxParts {
  /** as configured */
  readonly name: string;
  /** id of the mailbox */
  readonly mailbox: string;
  readonly client: MeshClient;
  readonly store: MeshStore;
  readonly keeper: ContentKeeper;
  readonly settings: MeshSettings;
  readonly clock: () => number;
  readonly random: () => number;
  readonly log: MeshLog;
  readonly handlers: ReadonlyMap<string, MessageHandler>;
  readonly reportHandlers: readonly ReportHandler[];
  readonly leavingHandlers: readonly LeavingHandler[];
  /** ids of messages that this process found to be larger than is taken: they are not downloaded again to find it anew */
  readonly tooLarge: Set<string>;
  /** how often in a row this process failed to take a message of the inbox: those that fail are asked for last */
  readonly failing: Map<string, number>;
  /** ends even a first POST, whose end is then not known: a stop gives it some time before */
  readonly cut: AbortSignal;
}

/** Who closes items that settle themselves, as the audit names it. */
export const ACTOR = 'mesh';

/** How often it is looked whether somebody has settled an item. */
export const LOOK_AGAIN_MS = 60_000;

export const RULES = {
  /** its first byte may have left */
  begun: 'mesh-begun',
  uploading: 'mesh-uploading',
  unsure: 'mesh-unsure',
  uncollected: 'mesh-not-collected',
  /** given up when its first byte may have left */
  left: 'mesh-left',
  /** its sender did not let it go */
  withheld: 'mesh-withheld',
} as const;

/** @returns an outcome that says how a message stands */
export function standing(
  rule: string,
  diagnostics: string,
  severity: 'information' | 'warning' | 'error' = 'information',
): OperationOutcome {
  return outcomeOf(issueOf({ severity, code: 'processing', rule, diagnostics }));
}

export function ruleOfMessage({ outcome }: Pick<Message, 'outcome'>): string | undefined {
  return outcome?.issue[0] && ruleOf(outcome.issue[0]);
}

/** @returns whether it was changed: false when another process was quicker */
export function change(
  { store, clock }: MailboxParts,
  message: Message,
  to: MessageChange,
  from: readonly MessageState[] = [message.state],
): Promise<boolean> {
  return store.messages.change(message, to, clock(), from);
}

export function bodyOut({ body }: Message): KeptOut | undefined {
  return body === undefined ? undefined : (JSON.parse(body) as KeptOut);
}

/** @returns since when it is to be sent: kept, or begun anew, epoch ms */
export function sinceMs(message: Message): number {
  return bodyOut(message)?.againMs ?? message.createdMs;
}

export function bodyIn({ body }: Message): KeptIn | undefined {
  return body === undefined ? undefined : (JSON.parse(body) as KeptIn);
}

/** @returns id of the item of a message: one, whatever is said of it */
export function workIdOf({ channel, direction, id }: Pick<Message, 'channel' | 'direction' | 'id'>): string {
  return uuidV5(PROJECT_NAMESPACE, JSON.stringify(['mesh', channel, direction, id]));
}

/** Kinds of record that items of messages name. */
const RECORD_KINDS = { out: 'mesh-sent', in: 'mesh-received' } as const;

/** @returns which way the message of an item went; undefined where it is of no message */
export function directionOf({ recordKind }: Pick<WorkItem, 'recordKind'>): Message['direction'] | undefined {
  if (recordKind === RECORD_KINDS.out) return 'out';
  return recordKind === RECORD_KINDS.in ? 'in' : undefined;
}

/** Puts a message on the worklist; the item closes when somebody settles it, or it settles itself. */
export async function raise(
  { store, clock }: MailboxParts,
  message: Pick<Message, 'channel' | 'direction' | 'id' | 'ownerOrg' | 'about'>,
  outcome: OperationOutcome,
): Promise<void> {
  const item = {
    id: workIdOf(message),
    kind: message.direction === 'out' ? ('parked' as const) : ('incomplete' as const),
    ownerOrg: message.ownerOrg,
    ...{ source: undefined, recordKind: RECORD_KINDS[message.direction], recordKey: message.id },
    ...{ file: undefined, line: undefined },
    resource: message.about,
    target: message.channel,
    outcome,
  };
  await store.raiseWork([item], clock());
}

/** Closes the item of a message, where one is open. */
export async function settle(
  { store, clock }: MailboxParts,
  message: Pick<Message, 'channel' | 'direction' | 'id'>,
): Promise<void> {
  await store.resolveWork(workIdOf(message), clock(), ACTOR);
}

/** @returns whether the item of a message is still to be seen to */
export async function isRaised({ store }: MailboxParts, message: Message): Promise<boolean> {
  const item = await store.workItem(workIdOf(message));
  return item !== undefined && item.resolvedMs === undefined;
}

/**
 * Has a message that waits for a person taken on anew. Its item is closed while nothing is due, so that one that is opened
 * again for it is not the one that is closed.
 */
export async function anew(
  parts: MailboxParts,
  message: Message,
  to: MessageChange & { readonly state: MessageState },
  from: readonly MessageState[],
): Promise<boolean> {
  const later = { ...to, outcome: null, dueMs: parts.clock() + LOOK_AGAIN_MS };
  if (!(await change(parts, message, later, from))) return false;
  await settle(parts, message);
  await change(parts, message, { dueMs: parts.clock() }, [to.state]);
  return true;
}

const PROGRESS: Partial<Readonly<Record<MessageState, Progress>>> = {
  prepared: 'waiting',
  acknowledged: 'collected',
  answered: 'collected',
  rejected: 'failed',
  silent: 'unsure',
  replaced: 'replaced',
};

export function sentOf(message: Message): Sent {
  const { id: localId, remoteId: messageId, outcome, state } = message;
  const rule = ruleOfMessage(message);
  const sending = rule === RULES.begun || rule === RULES.uploading ? 'uploading' : 'sent';
  const isUncollected = state === 'silent' && messageId !== undefined;
  const progress = rule === RULES.unsure ? 'unsure' : (PROGRESS[state] ?? sending);
  return {
    localId,
    progress: isUncollected ? 'failed' : progress,
    ...(messageId === undefined ? {} : { messageId }),
    ...(outcome && progress !== 'sent' && progress !== 'uploading' ? { outcome } : {}),
  };
}

/** Tells everyone who asked to be told. @throws what one of them throws: it is told again */
export async function tell(
  { reportHandlers }: MailboxParts,
  message: Message,
  said: Pick<Report, 'progress' | 'messageId' | 'outcome' | 'code'>,
): Promise<void> {
  const { id: localId, conversation, about, ownerOrg } = message;
  for (const handler of reportHandlers)
    await handler({ localId, conversation, about, ownerOrg, messageId: message.remoteId, ...said });
}

/** @returns whether the first byte of a message may leave now @throws what one who is asked throws: it is asked again */
export async function mayLeave({ leavingHandlers }: MailboxParts, message: Message): Promise<boolean> {
  const { id: localId, conversation, about, ownerOrg } = message;
  const isAgain = bodyOut(message)?.againMs !== undefined;
  for (const ask of leavingHandlers)
    if ((await ask({ localId, conversation, about, ownerOrg, isAgain })) === false) return false;
  return true;
}
