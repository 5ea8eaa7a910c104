/** Turns the open coded entries into a report: what is not in a GP record yet, or not out of it, by practice, reason and age. */
import { type CodedEntry, type OpenPlace, type OpenReason, whyOpen } from '../../store/coded-entries.ts';
import type { Store } from '../../store/store.ts';
import { cell, csvText } from './csv.ts';

/** Entries of one practice that are open for one reason. */
export interface OpenGroup {
  /** ODS code; '' where none is known */
  readonly practice: string;
  readonly reason: OpenReason;
  readonly entries: number;
  /** since when the oldest is open, epoch ms */
  readonly oldestMs: number;
  /** by days that they are open: up to 1, up to 7, up to 28, longer */
  readonly ages: readonly [number, number, number, number];
}

/** One open entry: ids and codes, nothing that names a person. */
export interface OpenItem {
  readonly id: string;
  readonly action: 'add' | 'remove';
  readonly practice: string;
  readonly reason: OpenReason;
  readonly day: string;
  readonly code: string;
  readonly term: string;
  /** `Type/id` here */
  readonly resource: string;
  readonly list: string;
  readonly sinceMs: number;
  readonly days: number;
  /** why the practice rejected it, in its words, which may speak of the person: only where they are asked for */
  readonly said: string;
}

export interface CodedReport {
  readonly groups: readonly OpenGroup[];
  readonly items: readonly OpenItem[];
  /** open entries in all; items are the oldest of them */
  readonly total: number;
}

const DAY_MS = 86_400_000;
const AGES = [1, 7, 28] as const;
const PAGE = 500;

/** @param most items that are named one by one; all are counted */
export async function codedReport(
  { codedEntries }: Pick<Store, 'codedEntries'>,
  nowMs: number,
  {
    practice,
    most = Number.POSITIVE_INFINITY,
    withReasons = false,
  }: {
    readonly practice?: string | undefined;
    readonly most?: number;
    readonly withReasons?: boolean;
  } = {},
): Promise<CodedReport> {
  const groups = new Map<string, OpenGroup>();
  const items: OpenItem[] = [];
  let total = 0;
  for (let after: OpenPlace | undefined, isLast = false; !isLast; ) {
    const page = await codedEntries.open(PAGE, after);
    for (const entry of page) {
      if (practice !== undefined && entry.practice !== practice) continue;
      const item = itemOf(entry, nowMs, withReasons);
      total += 1;
      count(groups, item);
      if (items.length < most) items.push(item);
    }
    after = page.at(-1);
    isLast = page.length < PAGE;
  }
  return { groups: [...groups.values()].sort(byPlace), items, total };
}

function itemOf(entry: CodedEntry, nowMs: number, withReasons: boolean): OpenItem {
  const { content, state } = entry;
  const sinceMs = (state === 'rejected' ? entry.settledMs : entry.listedMs) ?? entry.dueMs;
  return {
    id: entry.id,
    action: entry.action,
    practice: entry.practice ?? '',
    reason: whyOpen(entry),
    day: content.day ?? '',
    code: content.code.code,
    term: content.code.display,
    resource: `${content.source.type}/${content.source.id}`,
    list: entry.batch ?? '',
    sinceMs,
    days: Math.max(0, Math.floor((nowMs - sinceMs) / DAY_MS)),
    said: withReasons && state === 'rejected' ? (entry.reason ?? '') : '',
  };
}

function count(groups: Map<string, OpenGroup>, { practice, reason, sinceMs, days }: OpenItem): void {
  const key = JSON.stringify([practice, reason]);
  const before = groups.get(key) ?? NONE;
  const bucket = AGES.findIndex((age) => days < age);
  const at = bucket === -1 ? AGES.length : bucket;
  groups.set(key, {
    practice,
    reason,
    entries: before.entries + 1,
    oldestMs: Math.min(before.oldestMs, sinceMs),
    ages: before.ages.map((number, index) => number + Number(index === at)) as unknown as OpenGroup['ages'],
  });
}

const NONE = { entries: 0, oldestMs: Number.POSITIVE_INFINITY, ages: [0, 0, 0, 0] } as const;

function byPlace(left: OpenGroup, right: OpenGroup): number {
  return left.practice.localeCompare(right.practice) || left.reason.localeCompare(right.reason);
}

/** What each reason says, and what to do. */
export const REASON_TEXTS: Readonly<Record<OpenReason, string>> = {
  'not-verified': 'No verified NHS number: trace the person',
  restricted: 'The person is restricted: tell the practice another way',
  'no-consent': 'No consent to share with the GP, or refused',
  'no-practice': 'No practice with an ODS code: record where the person is registered',
  'not-served': 'No lists are made for this practice: add it to the configuration',
  'no-author': 'Nobody is named as its author: record who made it',
  'no-date': 'The date names no day: record the day',
  again: 'Taken out of the record, and holds good again: have it filed by hand',
  'not-listed': 'Waits for the next list',
  'not-out': 'In a list that has not gone out: see the worklist',
  'not-filed': 'Listed, and no receipt says that it is filed',
  rejected: 'Rejected by the practice',
};

const COLUMNS = [
  'practice',
  'reason',
  'action',
  'date',
  'snomed_concept_id',
  'term',
  'resource',
  'entry_id',
  'list_id',
  'open_since',
  'days',
  'said',
] as const;

/** @returns one line an entry, as RFC 4180 has it */
export function reportCsv({ items }: CodedReport): string {
  const rows = items.map((one) => [
    ...[one.practice, one.reason, one.action, one.day, one.code, one.term, one.resource, one.id, one.list],
    ...[new Date(one.sinceMs).toISOString(), String(one.days), one.said],
  ]);
  return csvText([[...COLUMNS], ...rows.map((row) => row.map((text) => cell(text)))]);
}

/** @returns the report as it is served and printed, times in ISO 8601 */
export function reportJson({ groups, items, total }: CodedReport): object {
  const timed = <T extends { sinceMs?: number; oldestMs?: number }>({
    sinceMs,
    oldestMs,
    ...rest
  }: T): object => ({
    ...rest,
    since: new Date(sinceMs ?? oldestMs ?? 0).toISOString(),
  });
  return { total, groups: groups.map(timed), items: items.map(timed) };
}
