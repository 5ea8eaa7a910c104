/** SQL of coded entries: planned by compare-and-set, listed in one transaction, settled by receipts. */
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import type { PlannedEntry } from '../../referral/coded/entry.ts';
import type {
  Blocked,
  CodedBatch,
  CodedContent,
  CodedEntry,
  CodedEntryStore,
  DueList,
  EntryAction,
  EntryChange,
  EntryState,
} from '../coded-entries.ts';
import { againItem } from '../coded-work.ts';
import type { ResourceKey } from '../resources.ts';
import {
  begin,
  notBegun,
  outAgain,
  putBy,
  putOut,
  raiseNotOut,
  release,
  unput,
  waysOf,
} from './coded-put-rows.ts';
import { raiseUnfiled, receive } from './coded-receipt-rows.ts';
import { lockCommits } from './counter-rows.ts';
import type { Runner } from './engine.ts';
import { type Step, statement } from './statement.ts';
import { putWork } from './work-rows.ts';

export interface EntryRow {
  readonly fact: string;
  readonly action: EntryAction;
  readonly id: string;
  readonly person_id: string;
  readonly owner_org: string;
  readonly practice: string | null;
  readonly day: string | null;
  readonly state: EntryState;
  readonly blocked: Blocked | null;
  readonly batch_id: string | null;
  readonly place: number | null;
  readonly content: string;
  readonly due_ms: number;
  readonly listed_ms: number | null;
  readonly put_ms: number | null;
  readonly put_ways: string | null;
  readonly begun_ways: string | null;
  readonly settled_ms: number | null;
  readonly said_by: string | null;
  readonly reason: string | null;
}

function entryOf(row: EntryRow): CodedEntry {
  return {
    fact: row.fact,
    action: row.action,
    id: row.id,
    state: row.state,
    blocked: row.blocked ?? undefined,
    practice: row.practice ?? undefined,
    content: JSON.parse(row.content) as CodedContent,
    batch: row.batch_id ?? undefined,
    personId: row.person_id,
    ownerOrg: row.owner_org,
    place: row.place ?? undefined,
    dueMs: row.due_ms,
    listedMs: row.listed_ms ?? undefined,
    isOut: (row.put_ms ?? row.put_ways ?? row.begun_ways) !== null,
    settledMs: row.settled_ms ?? undefined,
    saidBy: row.said_by ?? undefined,
    reason: row.reason ?? undefined,
  };
}

function* entriesOf(rows: Step<readonly unknown[]>): Step<readonly CodedEntry[]> {
  return (yield* rows).map((row) => entryOf(row as EntryRow));
}

const OF_PERSON = statement(`
  SELECT * FROM coded_entry WHERE fact IN (SELECT mine.fact FROM coded_entry mine WHERE mine.person_id = ?)`);
const OF_RESOURCES = statement(`
  SELECT c.* FROM json_each(?) wanted
  JOIN coded_entry c ON c.type = wanted.value ->> 0 AND c.resource_id = wanted.value ->> 1`);
function* ofPerson(personId: string, resources: readonly ResourceKey[]): Step<readonly CodedEntry[]> {
  const own = yield* entriesOf(OF_PERSON.all(personId));
  const keys = JSON.stringify(resources.map((key) => key.split('/')));
  const named = yield* entriesOf(OF_RESOURCES.all(keys));
  const known = new Set(own.map(({ fact, action }) => `${fact} ${action}`));
  return [...own, ...named.filter(({ fact, action }) => !known.has(`${fact} ${action}`))];
}

/**
 * Of a new entry no state is expected, so that one which is there is left alone. A removal is of the person whose record
 * has the entry, whoever the resource is about by now.
 */
const PUT = statement(`
  INSERT INTO coded_entry (fact, action, id, person_id, owner_org, type, resource_id, practice, day, state, blocked, content, due_ms)
  VALUES (?1, ?2, ?3,
    coalesce((SELECT a.person_id FROM coded_entry a WHERE a.fact = ?1 AND a.action = 'add' AND ?2 = 'remove'), ?4),
    ?5, ?6, ?7, ?8, ?9, 'due', ?10, ?11, ?12)
  ON CONFLICT (fact, action) DO UPDATE SET
    id = excluded.id, person_id = excluded.person_id, owner_org = excluded.owner_org, practice = excluded.practice,
    day = excluded.day, state = 'due', blocked = excluded.blocked, content = excluded.content
  WHERE coded_entry.state = ?13 AND coded_entry.batch_id IS NULL`);
const MARK = statement(
  'UPDATE coded_entry SET state = ?, blocked = ? WHERE fact = ? AND action = ? AND state = ?',
);

/** Whoever is erased meanwhile waits, or has been: nothing of them is written back. */
function* change(personId: string, changes: readonly EntryChange[], nowMs: number): Step<boolean> {
  yield* lockCommits();
  let isAll = true;
  for (const one of changes) {
    const { entry, from } = one;
    const written =
      one.kind === 'put'
        ? yield* put(personId, entry, from, nowMs)
        : yield* MARK.run(one.state, one.blocked ?? null, entry.fact, entry.action, from);
    // the next plan sees the mark and says nothing more, whatever becomes of the rest of this one
    if (one.kind === 'mark' && one.blocked === 'again' && written === 1)
      yield* putWork([againItem(entry)], nowMs);
    isAll &&= written === 1;
  }
  return isAll;
}

const ERASED = statement(`SELECT 1 FROM resource WHERE type = ? AND id = ? AND state = 'erased'`);
const ADDED = statement(`SELECT 1 FROM coded_entry WHERE fact = ? AND action = 'add'`);

/** What a plan still knew of somebody who was erased since is not written: the plan is to be made anew. */
function* put(personId: string, entry: PlannedEntry, from: string, nowMs: number): Step<number> {
  const { fact, action, id, practice, blocked, content } = entry;
  const { source, day, ownerOrg } = content;
  if ((yield* ERASED.get(source.type, source.id)) !== undefined) return 0;
  if (action === 'remove' && (yield* ADDED.get(fact)) === undefined) return 0;
  return yield* PUT.run(
    ...[fact, action, id, personId, ownerOrg, source.type, source.id, practice ?? null, day ?? null],
    ...[blocked ?? null, JSON.stringify(content), nowMs, from],
  );
}

const DUE = statement(`
  SELECT practice, day, count(*) AS entries FROM coded_entry
  WHERE state = 'due' AND blocked IS NULL AND practice >= ? AND practice <= ? AND day >= ? AND day <= ?
  GROUP BY practice, day ORDER BY practice, day`);
/** Behind every ODS code. */
const LAST = '~';
function* due(filter: Parameters<CodedEntryStore['due']>[0]): Step<readonly DueList[]> {
  const { practice, day, untilDay } = filter;
  const last = day === undefined || day > untilDay ? untilDay : day;
  const rows = yield* DUE.all(practice ?? '', practice ?? LAST, day ?? '', last);
  return (rows as DueList[]).map((row) => ({ ...row, entries: Number(row.entries) }));
}

const WAITING = statement(`
  SELECT * FROM coded_entry
  WHERE state = 'due' AND blocked IS NULL AND practice = ? AND day = ? AND day <= ?
  ORDER BY due_ms, fact, action`);
const LIST = statement(`
  UPDATE coded_entry SET state = 'listed', batch_id = ?, place = ?, listed_ms = ?, put_ms = ?
  WHERE fact = ? AND action = ? AND state = 'due' AND blocked IS NULL`);
/** Each entry is listed by whoever is first to find it due. */
function* list(
  practice: string,
  day: string,
  nowMs: number,
  { without = [], isFetched = false }: Parameters<CodedEntryStore['list']>[3] = {},
): Step<CodedBatch | undefined> {
  const waiting = (yield* entriesOf(WAITING.all(practice, day, day))).filter(
    ({ personId }) => !without.includes(personId),
  );
  const named = ['coded-batch', practice, day, nowMs, waiting.map(({ id, action }) => [id, action])];
  const batch = uuidV5(PROJECT_NAMESPACE, JSON.stringify(named));
  const putMs = isFetched ? nowMs : null;
  const entries: CodedEntry[] = [];
  for (const entry of waiting) {
    const place = entries.length + 1;
    if ((yield* LIST.run(batch, place, nowMs, putMs, entry.fact, entry.action)) === 1)
      entries.push({ ...entry, state: 'listed', batch, place, listedMs: nowMs, isOut: isFetched });
  }
  return entries.length === 0 ? undefined : { id: batch, practice, day, listedMs: nowMs, entries };
}

const BATCH = statement('SELECT * FROM coded_entry WHERE batch_id = ? ORDER BY place');
function* batchOf(id: string): Step<CodedBatch | undefined> {
  const rows = (yield* BATCH.all(id)) as EntryRow[];
  const [first] = rows;
  if (!first) return undefined;
  const { practice, day, listed_ms: listedMs } = first;
  return { id, practice: practice!, day: day!, listedMs: listedMs!, entries: rows.map(entryOf) };
}

const BATCHES = statement(`
  SELECT batch_id AS id, min(listed_ms) AS listed, count(*) AS entries FROM coded_entry
  WHERE batch_id IS NOT NULL AND practice = ? AND day = ? GROUP BY batch_id ORDER BY min(listed_ms), batch_id`);
const OPEN = statement(`
  SELECT * FROM coded_entry
  WHERE (state IN ('due', 'listed', 'rejected') OR blocked IS NOT NULL) AND (due_ms, fact, action) > (?, ?, ?)
  ORDER BY due_ms, fact, action LIMIT ?`);

const PEOPLE = statement(`
  SELECT DISTINCT c.person_id FROM json_each(?) wanted JOIN coded_entry c ON c.id = wanted.value ->> 0`);

const ERASE = statement(`
  DELETE FROM coded_entry WHERE person_id IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)`);
/** @param people ids of the person, and of their Patients */
export function* eraseCodedEntries(people: readonly string[]): Step<void> {
  yield* ERASE.run(JSON.stringify([...new Set(people)].map((id) => [id])));
}

export function codedEntryStore(runner: Runner): CodedEntryStore {
  return {
    ofPerson: (personId, resources) => runner.read(() => ofPerson(personId, resources)),
    change: (personId, changes, nowMs) => runner.write(() => change(personId, changes, nowMs)),
    due: (filter) => runner.read(() => due(filter)),
    waiting: (practice, day, untilDay) => runner.read(() => entriesOf(WAITING.all(practice, day, untilDay))),
    list: (practice, day, nowMs, how) => runner.write(() => list(practice, day, nowMs, how)),
    batch: (id) => runner.read(() => batchOf(id)),
    async batches(practice, day) {
      const rows = await runner.read(() => BATCHES.all(practice, day));
      return (rows as { id: string; listed: number; entries: number }[]).map((row) => ({
        ...{ id: row.id, practice, day },
        ...{ listedMs: Number(row.listed), entries: Number(row.entries) },
      }));
    },
    unput: (count, after) => runner.read(() => unput(count, after)),
    waysOf: (batch) => runner.read(() => waysOf(batch)),
    begin: (batch, way) => runner.write(() => begin(batch, way)),
    notBegun: (batch, way) => runner.write(() => notBegun(batch, way)),
    putBy: (batch, ways) => runner.write(() => putBy(batch, ways)),
    put: (batch, nowMs) => runner.write(() => putOut(batch, nowMs)),
    raiseNotOut: (way, why, nowMs) => runner.write(() => raiseNotOut(way, why, nowMs)),
    outAgain: (way) => runner.write(() => outAgain(way)),
    release: (batch, facts) => runner.write(() => release(batch, facts)),
    receive: (receipts, nowMs) => runner.write(() => receive(receipts, nowMs)),
    async peopleOf(ids) {
      const wanted = JSON.stringify(ids.map((id) => [id]));
      const rows = (await runner.read(() => PEOPLE.all(wanted))) as { person_id: string }[];
      return rows.map((row) => row.person_id);
    },
    open: (count, after) =>
      runner.read(() =>
        entriesOf(OPEN.all(after?.dueMs ?? -1, after?.fact ?? '', after?.action ?? '', count)),
      ),
    raiseUnfiled: (listedBeforeMs, nowMs) => runner.write(() => raiseUnfiled(listedBeforeMs, nowMs)),
  };
}
