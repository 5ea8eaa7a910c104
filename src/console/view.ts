/** Turns what the store holds into what the pages show: counts, states and places; never a name, a number or a key of a person. */
import { ruleOf } from '../fhir/outcome.ts';
import type { ResourceKey, SourceRow, Store, StoreCounts, WorkItem, WorkKind } from '../store/store.ts';

const GROUP_SHOWN = 25;
const LATEST_SHOWN = 20;

/** A moment for a `<time>` element. */
export interface Moment {
  readonly iso: string;
  readonly text: string;
}

/** @returns the status page's data */
export async function statusView(
  store: Store,
  targets: readonly string[],
  sources: readonly string[],
): Promise<object> {
  const counts = await store.counts();
  return {
    sources: sources.map((name) => sourceTotal(name, counts)),
    kinds: counts.sources,
    kept: {
      total: counts.resources.reduce((sum, one) => sum + one.count, 0),
      types: counts.resources.length,
    },
    targets: targets.map((target) => targetCounts(target, counts)),
    work: {
      open: counts.work.reduce((sum, one) => sum + one.open, 0),
      groups: await workGroups(store, counts),
    },
    latest: await latestRows(store, targets),
  };
}

function sourceTotal(name: string, counts: StoreCounts): { name: string; records: number; refused: number } {
  const own = counts.sources.filter((one) => one.source === name);
  return {
    name,
    records: own.reduce((sum, one) => sum + one.records, 0),
    refused: own.reduce((sum, one) => sum + one.refused, 0),
  };
}

function targetCounts(target: string, counts: StoreCounts): object {
  const found = counts.targets.find((one) => one.target === target);
  return {
    target,
    delivered: found?.delivered ?? 0,
    waiting: (found?.waiting ?? 0) + (found?.claimed ?? 0),
    held: found?.held ?? 0,
    parked: found?.parked ?? 0,
  };
}

const TITLES: Readonly<Record<WorkKind, string>> = {
  rejected: 'Rejected records',
  parked: 'Deliveries that a target refused',
  held: 'Deliveries held by consent or identity',
  incomplete: 'Records that wait for another record',
  warning: 'Warnings',
};
const ORDER: readonly WorkKind[] = ['rejected', 'parked', 'held', 'incomplete', 'warning'];

async function workGroups(store: Store, counts: StoreCounts): Promise<object[]> {
  const groups: object[] = [];
  for (const kind of ORDER) {
    const open = counts.work.find((one) => one.kind === kind)?.open ?? 0;
    if (open === 0) continue;
    const items = await store.worklist({ kind, open: true, count: GROUP_SHOWN });
    groups.push({ kind, title: TITLES[kind], open, items: items.map(itemRow) });
  }
  return groups;
}

function itemRow(item: WorkItem): object {
  const issue =
    item.outcome.issue.find((one) => one.severity === 'error' || one.severity === 'fatal') ??
    item.outcome.issue[0];
  return {
    id: item.id,
    place: placeOf(item),
    rule: (issue && ruleOf(issue)) ?? issue?.code ?? '',
    text: issue?.diagnostics ?? '',
    since: momentOf(item.createdMs),
  };
}

/** @returns one worklist item's page data */
export function workView(item: WorkItem): object {
  return {
    title: TITLES[item.kind].replace(/s$/, ''),
    place: placeOf(item),
    since: momentOf(item.createdMs),
    source: item.source,
    target: item.target,
    resource: item.resource,
    owner: item.ownerOrg,
    issues: item.outcome.issue.map((issue) => ({
      severity: issue.severity,
      rule: ruleOf(issue) ?? issue.code,
      expression: issue.expression?.join(', ') ?? '',
      text: issue.diagnostics ?? '',
    })),
    next: NEXT[item.kind],
    command:
      item.kind === 'parked' || item.kind === 'held'
        ? `hedgerow replay --target ${item.target}${item.resource ? ` --resource ${item.resource}` : ''}`
        : undefined,
  };
}

const NEXT: Readonly<Record<WorkKind, string>> = {
  rejected:
    'Correct the record at its source and send it again: drop the corrected file, or post it to the intake. This item settles itself when the record is accepted.',
  parked: 'Mend what the target refused, at the source or at the target; then have the delivery sent again:',
  held: 'Record the consent or the verified NHS number that is missing; the delivery is then judged again by itself. Or have it judged again now:',
  incomplete:
    'The record adds to a resource that another record must supply in full, such as a closure before its referral. Send that record; this item settles itself.',
  warning:
    'The record is kept and delivered. Correct it at its source when you can; this item settles itself when the record comes again without the fault.',
};

function placeOf(item: WorkItem): string {
  if (item.file) return item.line === undefined ? item.file : `${item.file}:${item.line}`;
  if (item.resource) return item.resource.slice(0, item.resource.indexOf('/') + 9);
  return [item.source, item.recordKind].filter(Boolean).join(' ') || 'record';
}

async function latestRows(store: Store, targets: readonly string[]): Promise<object[]> {
  const rows = await store.latestRecords(LATEST_SHOWN);
  const keys = [...new Set(rows.flatMap((row) => row.resources))];
  const states = await Promise.all(
    targets.map(async (target) => ({
      held: new Set((await store.links(target, keys)).map((link): ResourceKey => `${link.type}/${link.id}`)),
      blocked: new Set(await store.blocked(target, keys)),
    })),
  );
  return rows.map((row) => ({
    received: momentOf(row.receivedMs),
    source: row.source,
    kind: row.kind,
    resources: row.resources.map((key) => ({ key, type: key.slice(0, key.indexOf('/')) })),
    deliveries: states.map((state) => deliveryState(row, state)),
  }));
}

function deliveryState(
  row: SourceRow,
  { held, blocked }: { held: ReadonlySet<ResourceKey>; blocked: ReadonlySet<ResourceKey> },
): string {
  if (row.resources.some((key) => blocked.has(key))) return 'Needs a person';
  const delivered = row.resources.filter((key) => held.has(key)).length;
  return delivered === row.resources.length
    ? 'Delivered'
    : delivered === 0
      ? 'Waiting'
      : `${delivered} of ${row.resources.length} delivered`;
}

const WORDS = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', timeZone: 'UTC' });

/** @returns the moment as UTC, which it says */
export function momentOf(ms: number): Moment {
  return { iso: new Date(ms).toISOString(), text: `${WORDS.format(ms)} UTC` };
}
