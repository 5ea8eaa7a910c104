/** Turns worklist items into what the pages show: where, which rule, what to change and the next step; never a record's key or content. */
import { isAboutBrokenGlass, isAboutDeletion, isAboutMessage, nextStepOf } from '../api/next-step.ts';
import { ruleOf } from '../fhir/outcome.ts';
import type { ResourceKey, Store, StoreCounts, WorkItem, WorkKind } from '../store/store.ts';
import { type Moment, momentOf } from './moment.ts';
import type { Wording, Wordings } from './words.ts';

/** Items of one kind, with what to do about them. */
export interface WorkGroup {
  readonly kind: WorkKind;
  readonly title: string;
  readonly next: string;
  readonly open: number;
  readonly items: readonly WorkRow[];
  /** id to go on after, where there are more */
  readonly after: string | undefined;
}

export interface WorkRow {
  readonly id: string;
  readonly place: string;
  readonly rule: string;
  readonly text: string;
  readonly since: Moment;
}

/** One item with everything that may be shown of it. */
export interface WorkDetail {
  readonly title: string;
  /** undefined where the resource says it all */
  readonly place: string | undefined;
  readonly since: Moment;
  readonly resolved: Moment | undefined;
  readonly source: string | undefined;
  readonly recordKind: string | undefined;
  readonly target: string | undefined;
  readonly resource: ResourceKey | undefined;
  readonly owner: string;
  readonly issues: readonly { severity: string; rule: string; expression: string; text: string }[];
  readonly next: string;
  /** to have deliveries judged and sent again, or a conflict decided */
  readonly command: string | undefined;
}

/** What is said of a kind of work; `next` in the words of the source where there is one. */
interface Saying {
  readonly one: string;
  readonly many: string;
  readonly next: (wording: Wording) => string;
}

const SAYINGS: Readonly<Record<WorkKind, Saying>> = {
  safety: {
    one: 'Safety check of a person',
    many: 'Safety checks of people',
    next: ({ word }) =>
      `Do this first, today. The answers tell of thoughts of self-harm, or could not be read there. Read the ${word('questionnaire')}, see to it that the ${word('link worker')} of the ${word('person')} knows, and follow the service’s safety procedure. The ${word('questionnaire')} itself is kept, and delivered as consent allows. Correct it at its source only where it was written down wrongly; the item then settles itself.`,
  },
  rejected: {
    one: 'Rejected record',
    many: 'Rejected records',
    next: () =>
      'Correct the record at its source and send it again: drop the corrected file, or post it to the intake. The item settles itself when the record is accepted.',
  },
  conflict: {
    one: 'Conflict between two systems',
    many: 'Conflicts between two systems',
    next: () =>
      'Two systems changed the same, and not alike: neither change was taken over. Agree with whoever made the other change; then decide whose counts, or have both systems say the same. What was deleted in one is kept in the other until somebody decides.',
  },
  parked: {
    one: 'Delivery that a target refused',
    many: 'Deliveries that a target refused',
    next: () =>
      'Mend what the target refused, at the source or at the target; then have the delivery sent again.',
  },
  held: {
    one: 'Person whose deliveries are held',
    many: 'People whose deliveries are held',
    next: () =>
      'One item stands for all that consent or identity holds back of one person at one target. Nothing is wrong where the person wants it so. Else record the consent or the verified NHS number that is missing; the deliveries are then judged again by themselves.',
  },
  incomplete: {
    one: 'Resource that waits for another record',
    many: 'Resources that wait for another record',
    next: ({ word }) =>
      `Send the record that supplies the resource in full, such as the ${word('referral')} that a closure belongs to. The item settles itself.`,
  },
  warning: {
    one: 'Warning',
    many: 'Warnings',
    next: () =>
      'The record is kept and delivered. Correct it at its source when you can; the item settles itself when the record comes again without the fault.',
  },
};
/** Kinds in the order in which a person should look at them. */
const ORDER: readonly WorkKind[] = [
  'safety',
  'rejected',
  'conflict',
  'parked',
  'incomplete',
  'held',
  'warning',
];

/** What is done about it does not follow from its kind. */
function hasOwnStep(item: WorkItem): boolean {
  return isAboutDeletion(item) || isAboutMessage(item) || isAboutBrokenGlass(item);
}

/** @param text from a URL @returns the kind, or undefined */
export function workKindOf(text: string | undefined): WorkKind | undefined {
  return ORDER.find((kind) => kind === text);
}

/** @returns the oldest open items of each kind that has any */
export async function workGroups(
  store: Store,
  counts: StoreCounts,
  shown: number,
  wordingOf: Wordings,
): Promise<WorkGroup[]> {
  const open = ORDER.filter((kind) => openOf(counts, kind) > 0);
  return await Promise.all(open.map((kind) => workGroup(store, counts, { kind, count: shown }, wordingOf)));
}

/** @param page `after` is the id of the last item of the page before */
export async function workGroup(
  store: Store,
  counts: StoreCounts,
  page: { kind: WorkKind; count: number; after?: string },
  wordingOf: Wordings,
): Promise<WorkGroup> {
  const found = await store.worklist({ ...page, open: true, count: page.count + 1 });
  const items = found.slice(0, page.count);
  const { many, next } = SAYINGS[page.kind];
  const after = found.length > page.count ? items.at(-1)?.id : undefined;
  return {
    kind: page.kind,
    title: many,
    next: next(sharedWording(items, wordingOf)),
    open: openOf(counts, page.kind),
    items: items.map((item) => rowOf(item, wordingOf)),
    after,
  };
}

export function workDetail(item: WorkItem, wordingOf: Wordings): WorkDetail {
  const { source, recordKind, target, resource, kind } = item;
  const wording = wordingOf(source);
  return {
    title: SAYINGS[kind].one,
    place: item.file || !resource ? placeOf(item, wording) : undefined,
    since: momentOf(item.createdMs),
    resolved: item.resolvedMs === undefined ? undefined : momentOf(item.resolvedMs),
    source,
    recordKind: recordKind === undefined ? undefined : wording.ofKind(recordKind),
    target,
    resource,
    owner: item.ownerOrg,
    issues: item.outcome.issue.map((issue) => ({
      severity: issue.severity ?? 'error',
      rule: ruleOf(issue) ?? issue.code ?? '',
      expression: issue.expression?.join(', ') ?? '',
      text: issue.diagnostics ?? '',
    })),
    next: hasOwnStep(item) ? nextStepOf(item).text : SAYINGS[kind].next(wording),
    command: commandOf(item),
  };
}

/** A parked delivery is one resource's; a held one stands for all of a person's, whom a command line must not name. */
function commandOf(item: WorkItem): string | undefined {
  const { id, kind, target, resource } = item;
  if (isAboutMessage(item)) return undefined;
  if (nextStepOf(item).actions.includes('decide')) return `npm run hedgerow -- decide ${id}`;
  if (kind === 'held') return `npm run hedgerow -- replay --target ${target} --state held`;
  if (kind === 'parked') return `npm run hedgerow -- replay --target ${target} --resource ${resource}`;
  return undefined;
}

function openOf(counts: StoreCounts, kind: WorkKind): number {
  return counts.work.find((one) => one.kind === kind)?.open ?? 0;
}

/** Items of several sources are spoken of in words that all understand. */
function sharedWording(items: readonly WorkItem[], wordingOf: Wordings): Wording {
  const [source, ...others] = new Set(items.map((item) => item.source));
  return wordingOf(others.length === 0 ? source : undefined);
}

function rowOf(item: WorkItem, wordingOf: Wordings): WorkRow {
  const { issue: issues } = item.outcome;
  const issue = issues.find((one) => one.severity === 'error' || one.severity === 'fatal') ?? issues[0];
  return {
    id: item.id,
    place: placeOf(item, wordingOf(item.source)),
    rule: (issue && ruleOf(issue)) ?? issue?.code ?? '',
    text: issue?.diagnostics ?? '',
    since: momentOf(item.createdMs),
  };
}

/** File and line, or the resource's type and the start of its id, or source and kind. */
function placeOf({ file, line, resource, source, recordKind }: WorkItem, wording: Wording): string {
  if (file) return line === undefined ? file : `${file}:${line}`;
  if (resource) return `${resource.slice(0, resource.indexOf('/') + 9)}…`;
  return [source, recordKind && wording.ofKind(recordKind)].filter(Boolean).join(' ') || 'record';
}
