/** The store's accesses: added to their chain, and looked up by who, what, when and what came of it. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { AccessDetail, AccessQuery, AccessStore, KeptAccess } from '../accesses.ts';
import type { AccessAction } from '../audit-chain.ts';
import { indexAccesses, reasonDigest, recordAccesses, termOf } from './access-rows.ts';
import type { Watched } from './engine.ts';
import { oneTime, type SqlValue, type Step, statement } from './statement.ts';

export function accessStore(watched: Watched): AccessStore {
  return {
    async record(accesses, nowMs, isOnDisk) {
      if (accesses.length === 0) return;
      const steps = (): Step<void> => recordAccesses(accesses, nowMs);
      await (isOnDisk ? watched.write(steps) : watched.writeSoon(steps));
    },
    async search(query) {
      if (isNowhere(query)) return [];
      if (leadsOf(query)[0] !== undefined) while (await watched.write(indexAccesses)) await nextTurn();
      return watched.read(() => searchAccesses(query));
    },
    index: () => watched.write(indexAccesses),
    read: (seq, organisations) => watched.read(() => readAccess(seq, organisations)),
    brokenReason: () => watched.read(findBrokenReason),
  };
}

function isNowhere({ organisations, actions, entities }: AccessQuery): boolean {
  return [organisations, actions, ...(entities ?? [])].some((one) => one?.length === 0);
}

interface Row {
  readonly seq: number;
  readonly atMs: number;
  readonly ownerOrg: string;
  readonly client: string;
  readonly action: AccessAction;
  readonly detail: string;
  readonly words: string | null;
  readonly salt: string | null;
}

function accessOf({ detail, words, salt, ...row }: Row): KeptAccess {
  return {
    ...(JSON.parse(detail) as AccessDetail),
    ...row,
    words: words ?? undefined,
    salt: salt ?? undefined,
  };
}

const COLUMNS = `a.seq, a.at_ms AS "atMs", a.owner_org AS "ownerOrg", a.actor AS client, a.action, a.detail,
  w.reason AS words, w.salt`;
const REASON = 'LEFT JOIN access_reason w ON w.seq = a.seq';
const FROM = `FROM access a ${REASON}`;

const SELECT = statement(`SELECT ${COLUMNS} ${FROM} WHERE a.seq = ?`);
function* readAccess(
  seq: number,
  organisations: readonly string[] | undefined,
): Step<KeptAccess | undefined> {
  const row = (yield* SELECT.get(seq)) as Row | undefined;
  if (!row || (organisations && !organisations.includes(row.ownerOrg))) return undefined;
  return accessOf(row);
}

/** What of a query is left once its times are numbers. */
export interface AccessConditions extends Omit<AccessQuery, 'lowMs' | 'highMs' | 'before'> {
  readonly from: number;
  /** below which all are */
  readonly until: number;
}

function* searchAccesses(query: AccessQuery): Step<readonly KeptAccess[]> {
  const { lowMs, highMs, before = Number.MAX_SAFE_INTEGER, count } = query;
  const from = lowMs === undefined ? 0 : yield* firstFrom(lowMs);
  const until = Math.min(before, highMs === undefined ? before : yield* firstFrom(highMs));
  const found = new Map<number, Row>();
  for (const term of leadsOf(query)) {
    const { text, values } = accessSql({ ...query, from, until }, term);
    const rows = (yield* oneTime({ sqlite: text, postgres: text }).all(...values)) as Row[];
    for (const row of rows) found.set(row.seq, row);
  }
  return [...found.values()]
    .sort((a, b) => b.seq - a.seq)
    .slice(0, count)
    .map(accessOf);
}

/** @returns what leads to the rows, as alternatives: that of which there are fewest; undefined: the chain itself */
export function leadsOf({
  entities,
  client,
  actions,
  organisations,
}: AccessQuery): readonly (string | undefined)[] {
  if (entities?.[0]) return [...new Set(entities[0])];
  if (client !== undefined) return [termOf('client', client)];
  if (actions && !actions.includes('access')) return actions.map((one) => termOf('action', one));
  return organisations?.map((one) => termOf('organisation', one)) ?? [undefined];
}

/** @returns the statement that finds them from one term, newest first, each row by a key */
export function accessSql(
  { entities = [], interactions = [], organisations, client, actions, from, until, count }: AccessConditions,
  term: string | undefined,
): { text: string; values: SqlValue[] } {
  const marks = (values: readonly unknown[]): string => values.map(() => '?').join(', ');
  const seq = term === undefined ? 'a.seq' : 'e.seq';
  const parts: [string, readonly SqlValue[]][] = [[`${seq} >= ? AND ${seq} < ?`, [from, until]]];
  if (term !== undefined) parts.unshift(['e.entity = ?', [term]]);
  for (const also of entities.slice(1))
    parts.push([
      `EXISTS (SELECT 1 FROM access_entity f WHERE f.entity IN (${marks(also)}) AND f.seq = a.seq)`,
      also,
    ]);
  if (client !== undefined) parts.push(['a.actor = ?', [client]]);
  if (organisations) parts.push([`a.owner_org IN (${marks(organisations)})`, organisations]);
  if (actions) parts.push([`a.action IN (${marks(actions)})`, actions]);
  for (const codes of interactions)
    parts.push([`(${codes.map(() => 'a.detail LIKE ?').join(' OR ')})`, codes.map(interactionLike)]);
  const led = term === undefined ? FROM : `FROM access_entity e JOIN access a ON a.seq = e.seq ${REASON}`;
  return {
    text: `SELECT ${COLUMNS} ${led} WHERE ${parts.map(([text]) => text).join(' AND ')} ORDER BY ${seq} DESC LIMIT ?`,
    values: [...parts.flatMap(([, values]) => values), count],
  };
}

/** A detail is JSON with names in this order, and no text in it has a bare quotation mark. */
function interactionLike(code: string): string {
  return `%"interactions":[%"${code}"%],"request":%`;
}

const SELECT_TIME = statement(
  'SELECT a.seq, a.at_ms AS "atMs" FROM access a WHERE a.seq >= ? ORDER BY a.seq LIMIT 1',
);
const SELECT_BOUNDS = statement('SELECT min(a.seq) AS low, max(a.seq) AS high FROM access a');
/** Times never go back along the chain: a place in it is found by halving. @returns seq of the first row at or after a moment */
function* firstFrom(ms: number): Step<number> {
  const bounds = (yield* SELECT_BOUNDS.get()) as { low: number | null; high: number | null };
  let [low, high] = [bounds.low ?? 1, (bounds.high ?? 0) + 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const row = (yield* SELECT_TIME.get(middle)) as { seq: number; atMs: number } | undefined;
    if (row && row.atMs < ms) low = row.seq + 1;
    else high = middle;
  }
  return low;
}

const PAGE = 1_000;
const SELECT_REASONS = statement(`
  SELECT w.seq, w.salt, w.reason, a.detail FROM access_reason w LEFT JOIN access a ON a.seq = w.seq
  WHERE w.seq > ? ORDER BY w.seq LIMIT ?`);
function* findBrokenReason(): Step<number | undefined> {
  for (let after = 0; ; ) {
    const rows = (yield* SELECT_REASONS.all(after, PAGE)) as {
      seq: number;
      salt: string;
      reason: string;
      detail: string | null;
    }[];
    for (const { seq, salt, reason, detail } of rows)
      if (detail === null || (JSON.parse(detail) as AccessDetail).reason !== reasonDigest(salt, reason))
        return seq;
    if (rows.length < PAGE) return undefined;
    after = rows.at(-1)!.seq;
  }
}
