/** Turns what a person decides of a conflict into a commit of the record that was refused for it, and of a deletion into its undoing or its following. */
import { randomUUID } from 'node:crypto';
import { isAboutDeletion } from '../../api/next-step.ts';
import type { WorklistOptions } from '../../api/worklist-routes.ts';
import { digestOf } from '../../fhir/digest.ts';
import { markedInError } from '../../fhir/in-error.ts';
import { type Checked, refuse, ruleOf } from '../../fhir/outcome.ts';
import { reconcile, type Side } from '../../store/reconcile.ts';
import type {
  CommitRecord,
  CommitResult,
  Conflict,
  Decision,
  Identified,
  WorkItem,
} from '../../store/store.ts';
import { contentDigest, contentOf } from '../../store/versions.ts';
import type { Workshop } from './workshop.ts';

/** What is asked. */
export interface DecideWish {
  /** of two versions: whose change counts where both changed the same. Of a deletion at a target: which of both is meant */
  readonly choice: 'ours' | 'theirs' | 'merge' | 'restore' | 'entered-in-error';
  /** for `merge`: by FHIRPath, whose change counts; what is not named stays as it is here */
  readonly elements?: Readonly<Record<string, Side>> | undefined;
  /** for `merge`: what the resource becomes, in place of the proposal */
  readonly content?: unknown;
}

/** What became of it. */
export interface DecidedWork {
  /** refused: another resource of the same record conflicts too; its item is open */
  readonly state: 'accepted' | 'refused' | 'due';
  readonly deliveries: number;
  /** id of the item that stands for it now */
  readonly work: string;
}

/** @returns what the worklist routes call for `decide` */
export function decideFor(shop: Workshop): WorklistOptions['decide'] {
  return (item, wish, actor) => decideWork(shop, item, wish, actor);
}

/**
 * Commits what was decided, with its audit row, deliveries and the end of its item in one transaction.
 * @param item open
 * @returns what became of it; a refusal where the choice is not one for this item, what comes of it is not valid, or
 *   something has changed since the item was shown
 */
export async function decideWork(
  shop: Workshop,
  item: WorkItem,
  wish: DecideWish,
  actor: string,
): Promise<Checked<DecidedWork>> {
  if (isAboutDeletion(item)) return await decideDeletion(shop, item, wish.choice, actor);
  const kept = item.kind === 'conflict' ? await shop.store.refusedRecord(item.id) : undefined;
  const conflict = kept?.payload as Conflict | undefined;
  if (!conflict?.held || item.resolvedMs !== undefined) return refuse(NOT_KEPT);
  if (wish.choice === 'restore' || wish.choice === 'entered-in-error') return refuse(NO_DELETION);
  const content = contentWanted(conflict, wish);
  if (!content.ok) return content;
  const { held, ours, resource } = conflict;
  const decided = { resource, content: content.value, against: contentDigest(ours) };
  const made = [...(held.decision?.made ?? []), decided];
  const decision = { work: item.id, actor, choice: wish.choice, made };
  return await decide(shop, item, { ...held, decision });
}

async function decide(
  shop: Workshop,
  item: WorkItem,
  record: CommitRecord & { readonly decision: Decision },
): Promise<Checked<DecidedWork>> {
  const result = await commit(shop, record);
  if (result.state === 'refused') {
    if (result.outcome.issue.some((issue) => ruleOf(issue) === 'conflict-moved')) {
      const { decision, ...held } = record;
      await commit(shop, held); // shown anew: both versions as they are now
    }
    const next = await openConflictOf(shop, record);
    return next === undefined || next === item.id || !isOtherConflict(result.outcome)
      ? { ok: false, outcome: result.outcome }
      : { ok: true, value: { state: 'refused', deliveries: 0, work: next } };
  }
  shop.wake();
  const deliveries = result.state === 'committed' ? result.deliveries : 0;
  return { ok: true, value: { state: 'accepted', deliveries, work: item.id } };
}

async function commit(shop: Workshop, record: CommitRecord): Promise<CommitResult> {
  const { store, clock } = shop;
  const { source, kind } = record;
  const receipt = { id: randomUUID(), source, kind, receivedMs: clock(), file: undefined };
  const { rules } = shop.pipelineOf();
  const [result] = await store.commit([{ ...record, receiptId: receipt.id }], rules, clock(), [receipt]);
  return result!;
}

function isOtherConflict({ issue }: Extract<CommitResult, { state: 'refused' }>['outcome']): boolean {
  return issue.some((one) => ruleOf(one) === 'store-conflict');
}

async function openConflictOf(
  { store }: Workshop,
  { source, kind, key }: CommitRecord,
): Promise<string | undefined> {
  const items = await store.worklist({ kind: 'conflict', source, open: true, count: LATEST });
  return items.findLast((one) => one.recordKind === kind && one.recordKey === key)?.id;
}

/** Open conflicts of one source that are looked through. */
const LATEST = 10_000;

/** What only one side changed is in it whatever is chosen: nobody's change is undone unseen. */
function contentWanted(conflict: Conflict, { choice, elements, content }: DecideWish): Checked<Identified> {
  const { base, ours, theirs, conflicts } = conflict;
  if (choice !== 'merge' && (elements !== undefined || content !== undefined)) return refuse(ONLY_MERGE);
  if (content !== undefined) return amended(ours, content);
  const paths = new Set(conflicts.map(({ path }) => path));
  const unknown = Object.keys(elements ?? {}).find((path) => !paths.has(path));
  if (unknown !== undefined) {
    const diagnostics = `${unknown} is not in conflict; these are: ${[...paths].join(', ')}.`;
    return refuse({ code: 'invalid', rule: 'conflict-element', diagnostics });
  }
  const side = choice === 'theirs' ? 'theirs' : 'ours';
  const prefer = (path: string): Side => elements?.[path] ?? side;
  return { ok: true, value: reconcile({ base, ours, theirs: theirs! }, prefer).merged };
}

function amended(ours: Identified, content: unknown): Checked<Identified> {
  const { resourceType, id } = ours;
  const given = content as Partial<Identified>;
  if (
    given.resourceType === resourceType &&
    (given.id ?? id) === id &&
    !/\\u(0000|d[89a-f])/i.test(JSON.stringify(content))
  )
    return { ok: true, value: contentOf({ ...given, id } as Identified) };
  const diagnostics = `"content" must be the whole ${resourceType}, under its id, in text that UTF-8 knows.`;
  return refuse({ code: 'invalid', rule: 'conflict-content', diagnostics });
}

async function decideDeletion(
  shop: Workshop,
  item: WorkItem,
  choice: DecideWish['choice'],
  actor: string,
): Promise<Checked<DecidedWork>> {
  const { store, clock } = shop;
  if (choice === 'restore') {
    if (!(await store.restoreDeleted(item.id, clock(), actor))) return refuse(NOT_KEPT);
    shop.wake();
    return { ok: true, value: { state: 'due', deliveries: 1, work: item.id } };
  }
  if (choice !== 'entered-in-error') return refuse(ONLY_DELETION);
  const record = await inErrorHere(shop, item, actor);
  if (!record.ok) return record;
  const done = await decide(shop, item, record.value);
  if (done.ok) await store.resolveWork(item.id, clock(), actor); // where it says so of a delivery
  return done;
}

/** What is here follows the deletion there, as a change that was made there and is in step with it. */
async function inErrorHere(
  { store, clock }: Workshop,
  { id: work, resource: key, target, ownerOrg }: WorkItem,
  actor: string,
): Promise<Checked<CommitRecord & { readonly decision: Decision }>> {
  const [type = '', id = ''] = key?.split('/') ?? [];
  const current = await store.read(type, id);
  if (!key || target === undefined || !current?.resource) return refuse(NOT_KEPT);
  const ours = contentOf(current.resource);
  const marked = markedInError(ours) as Identified | undefined;
  if (!marked) {
    const diagnostics = `A ${type} has no way to say that it was entered in error: restore it there, correct it at its source, or erase the person.`;
    return refuse({ code: 'not-supported', rule: 'conflict-no-error-mark', diagnostics });
  }
  const [link] = await store.links(target, [key]);
  const remoteId = link?.remoteId ?? id;
  const meta = link?.remoteVersion === undefined ? {} : { meta: { versionId: link.remoteVersion } };
  const made = [{ resource: key, content: marked, against: contentDigest(ours) }];
  return {
    ok: true,
    value: {
      ...{ source: target, kind: type, key: remoteId, mapDigest: 'fhir', ownerOrg, receiptId: '' },
      payload: { resourceType: type, id: remoteId, ...meta },
      digest: digestOf([remoteId, 'deleted', clock()]),
      ...{ sourceTimeMs: clock(), timeOf: 'reading', warnings: [] },
      resources: [{ resource: marked, partial: false }],
      received: {
        ...{ target, remoteId, remoteVersion: link?.remoteVersion, base: undefined },
        heldDigest: undefined,
      },
      decision: { work, actor, choice: 'entered-in-error', made },
    },
  };
}

const NOT_KEPT = {
  code: 'conflict' as const,
  rule: 'conflict-not-kept',
  diagnostics:
    'There is no open conflict under this id, or nothing of it is kept; GET /worklist shows those there are.',
};
const ONLY_MERGE = {
  code: 'invalid' as const,
  rule: 'conflict-only-merge',
  diagnostics: '"elements" and "content" are for the choice "merge".',
};
const NO_DELETION = {
  code: 'invalid' as const,
  rule: 'conflict-choice',
  diagnostics: 'Two versions stand against each other: choose "ours", "theirs" or "merge".',
};
const ONLY_DELETION = {
  code: 'invalid' as const,
  rule: 'conflict-choice',
  diagnostics:
    'It was deleted there: choose "restore" to have it sent anew, or "entered-in-error" to mark it so here.',
};
