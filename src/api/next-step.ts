/** Turns a worklist item into what can be done about it: in words, as a command, and as actions of the worklist routes. */
import type { WorkItem, WorkKind } from '../store/store.ts';

/** What `POST /worklist/{id}/{action}` takes. */
export type WorkAction = 'assign' | 'resolve' | 'retry' | 'amend' | 'decide';

export interface NextStep {
  /** what to do, for a person */
  readonly text: string;
  /** for the command line, where there is one */
  readonly command: string | undefined;
  readonly actions: readonly WorkAction[];
}

const ANY: readonly WorkAction[] = ['assign', 'resolve'];
const FREED: readonly WorkAction[] = ['assign', 'resolve', 'retry'];
const STEPS: Partial<Readonly<Record<WorkKind, Omit<NextStep, 'command'>>>> = {
  safety: {
    text: 'Look at the answers today, see to it that whoever supports the person knows, and follow the safety procedure; then resolve the item.',
    actions: ANY,
  },
  rejected: {
    text: 'Amend the record here, or correct it at its source and send it again; where only the maps or the schema were at fault, retry. Resolving it drops the record.',
    actions: ['assign', 'resolve', 'retry', 'amend'],
  },
  conflict: {
    text: 'Two sides changed the same, and not alike. Read both versions and the proposal, and decide: ours, theirs or merge. What only one side changed is kept whatever is chosen; the decision goes to every target that lacks it. Where both sides come to say the same, the item closes by itself.',
    actions: ['assign', 'decide'],
  },
  parked: {
    text: 'Mend what the target refused, at the source or at the target; then retry.',
    actions: FREED,
  },
  held: {
    text: 'Record the consent or the verified NHS number that is missing: the deliveries are then judged again by themselves. Where the person wants it so, nothing is to be done.',
    actions: FREED,
  },
  incomplete: {
    text: 'Send the record that supplies the resource in full; the item then closes by itself.',
    actions: ANY,
  },
  warning: {
    text: 'The record is kept and delivered. Correct it at its source when you can, or resolve the item where it is right as it is.',
    actions: ANY,
  },
};
const OTHER: Omit<NextStep, 'command'> = {
  text: 'Read what the outcome says; resolve the item when it is done.',
  actions: ANY,
};

/** Of an item that says that a target has deleted what is kept here. */
const DELETED: Omit<NextStep, 'command'> = {
  text: 'The target has deleted its copy; here nothing was deleted, and nothing is sent there unasked. Decide: restore, and it is sent there anew; or entered-in-error, and it is marked so here and at the other targets.',
  actions: ['assign', 'decide'],
};
const DELETED_RULES: ReadonlySet<string | undefined> = new Set([
  'store-deleted-there',
  'delivery-deleted-at-target',
]);

/** @returns whether an item says that a target has deleted what is kept here */
export function isAboutDeletion({ rule }: Pick<WorkItem, 'rule'>): boolean {
  return DELETED_RULES.has(rule);
}

/** Of an item that says that a client looked through labels and consent. */
const BROKEN_GLASS: Omit<NextStep, 'command'> = {
  text: 'Nothing was changed, and no record is at fault. Read in the audit what the client saw and the reason that it gave, ask who asked for it, and resolve the item when that was right; where it was not, follow the procedure for a breach of confidentiality.',
  actions: ANY,
};

/** @returns whether an item says that a client looked through labels and consent */
export function isAboutBrokenGlass({ rule }: Pick<WorkItem, 'rule'>): boolean {
  return rule === 'api-break-glass';
}

/** Of an item of a message that went, or came, by MESH. */
const MESSAGES: Readonly<Record<string, Omit<NextStep, 'command'>>> = {
  'mesh-sent': {
    text: 'The outcome says why the message did not arrive, or may not have. Where it is there, or is given up, resolve the item; where it is not, retry, and it is sent again.',
    actions: FREED,
  },
  'mesh-received': {
    text: 'The message is kept with its content. Mend what the outcome says and retry; or see to it and resolve the item, which drops the content.',
    actions: FREED,
  },
};

/** @returns whether an item is of a message that went, or came, by MESH */
export function isAboutMessage({ recordKind }: Pick<WorkItem, 'recordKind'>): boolean {
  return recordKind !== undefined && Object.hasOwn(MESSAGES, recordKind);
}

export function nextStepOf(item: WorkItem): NextStep {
  const ofKind = MESSAGES[(isAboutMessage(item) && item.recordKind) || ''] ?? STEPS[item.kind] ?? OTHER;
  const step = isAboutDeletion(item) ? DELETED : isAboutBrokenGlass(item) ? BROKEN_GLASS : ofKind;
  return {
    ...step,
    actions: item.resolvedMs === undefined ? step.actions : [],
    command: item.resolvedMs === undefined ? commandOf(item) : undefined,
  };
}

/** By the item's id: a command line must not name a person. */
function commandOf(item: WorkItem): string | undefined {
  const { kind, id } = item;
  if (isAboutMessage(item)) return undefined;
  if (kind === 'conflict' || isAboutDeletion(item)) return `npm run hedgerow -- decide ${id}`;
  return kind === 'held' || kind === 'parked' || kind === 'rejected'
    ? `npm run hedgerow -- replay --work ${id}`
    : undefined;
}
