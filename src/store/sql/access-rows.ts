/** SQL of accesses to the API: each a row of the chain, and rows that lead to it from what was touched and whose it was. */
import { randomBytes } from 'node:crypto';
import { digestOfText } from '../../fhir/digest.ts';
import { PROJECT_NAMESPACE, uuidV5 } from '../../fhir/ids.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { AccessDetail, NewAccess } from '../accesses.ts';
import { type AuditRow, CHAIN_START } from '../audit-chain.ts';
import type { ResourceKey } from '../resources.ts';
import type { NewWork } from '../work.ts';
import { ACCESSES, type ChainEnd } from './chain.ts';
import { rowsOf, type SqlValue, type Step, statement } from './statement.ts';
import { putWork } from './work-rows.ts';

/** Resources that a row names; of more it has a digest. */
const MOST_KEYS = 100;
/** People whom a row names. */
const MOST_PERSONS = 1_000;
/** Characters of a reason. */
const LONGEST_REASON = 500;

const TAKE = statement(
  `UPDATE counter SET last = last + ? WHERE name = 'access' RETURNING last, moment(?) AS "nowMs"`,
);
const SELECT_END = statement(
  `SELECT a.hash, a.at_ms AS "atMs" FROM access a WHERE a.seq = ?1
   UNION ALL SELECT v.last_hash AS hash, v.archived_ms AS "atMs" FROM access_archive v WHERE v.last_seq = ?1`,
);
const ENTITIES = rowsOf(
  'access_entity',
  { entity: 'text', seq: 'bigint' },
  'ON CONFLICT (entity, seq) DO NOTHING',
);
const REASONS = rowsOf('access_reason', { seq: 'bigint', salt: 'text', reason: 'text' });

/** Whoever also adds waits until the transaction ends, and so gets the numbers and the hash behind these. */
export function* recordAccesses(accesses: readonly NewAccess[], givenMs: number): Step<void> {
  const known = yield* knownOf(accesses);
  const taken = (yield* TAKE.get(accesses.length, givenMs)) as { last: number; nowMs: number };
  const first = taken.last - accesses.length + 1;
  const before = (yield* SELECT_END.get(first - 1)) as { hash: string; atMs: number } | undefined;
  const atMs = Math.max(taken.nowMs, before?.atMs ?? 0); // never before the row before: a search by time goes by numbers
  const after: ChainEnd = { seq: first - 1, hash: before?.hash ?? CHAIN_START };
  const entities: SqlValue[][] = [];
  const reasons: SqlValue[][] = [];
  const broken: NewWork[] = [];
  const rows = accesses.map((access, at) => {
    const seq = first + at;
    const named = [...new Set(access.keys)].filter((key) => known.has(key) || NOT_OF_ADDRESS.test(key));
    const concerned = personsIn(named, known);
    let reason: string | undefined;
    if (access.reason !== undefined && concerned.length > 0) {
      const [salt, words] = [randomBytes(16).toString('base64url'), access.reason.slice(0, LONGEST_REASON)];
      reasons.push([seq, salt, words]);
      reason = reasonDigest(salt, words);
      broken.push(...brokenGlass(access, concerned, atMs));
    }
    const detail = detailOf(access, named, concerned, reason);
    // an erasure must find it at once
    if (reason !== undefined) for (const person of concerned) entities.push([`Patient/${person}`, seq]);
    const { ownerOrg, client: actor, action } = access;
    return { atMs, ownerOrg, actor, action, detail: JSON.stringify(detail) };
  });
  yield* ACCESSES.append(rows, after);
  yield* ENTITIES.insert(entities);
  yield* REASONS.insert(reasons);
  yield* putWork([...new Map(broken.map((item) => [item.id, item])).values()], atMs);
}

/** @returns what the chain has of a reason */
export function reasonDigest(salt: string, words: string): string {
  return digestOfText(JSON.stringify([salt, words]));
}

function detailOf(
  { status, interactions, request, keys, params, purpose, reason: given }: NewAccess,
  named: readonly ResourceKey[],
  persons: readonly string[],
  reason: string | undefined,
): AccessDetail {
  const unknown = new Set(keys).size - named.length;
  return {
    ...{ status, interactions, request },
    ...(named.length > MOST_KEYS
      ? { count: named.length, digest: digestOfText(JSON.stringify(named)) }
      : named.length > 0 && { keys: named }),
    ...(unknown > 0 && { unknown }),
    ...(persons.length > 0 && persons.length <= MOST_PERSONS && { persons }),
    ...(params.length > 0 && { params }),
    ...(purpose !== undefined && { purpose }),
    ...(given !== undefined && { glass: true }),
    ...(reason !== undefined && { reason }),
  };
}

function* knownOf(accesses: readonly NewAccess[]): Step<ReadonlyMap<string, string | undefined>> {
  const known = new Map<string, string | undefined>();
  const others = new Set<ResourceKey>();
  for (const { keys, whose } of accesses)
    for (const key of keys)
      if (whose?.has(key)) known.set(key, whose.get(key));
      else others.add(key);
  return others.size === 0 ? known : new Map([...known, ...(yield* selectKnown([...others]))]);
}

const SELECT_KNOWN = statement(`
  SELECT r.type, r.id, r.person_id FROM json_each(?) wanted
  JOIN resource r ON r.type = wanted.value ->> 0 AND r.id = wanted.value ->> 1`);
/** @returns whose each of the resources is that are there; undefined for what is nobody's */
function* selectKnown(keys: readonly ResourceKey[]): Step<ReadonlyMap<string, string | undefined>> {
  const pairs = keys.map((key) => key.split('/'));
  const rows = (yield* SELECT_KNOWN.all(JSON.stringify(pairs))) as {
    type: string;
    id: string;
    person_id: string | null;
  }[];
  return new Map(rows.map(({ type, id, person_id }) => [`${type}/${id}`, person_id ?? undefined]));
}

/** Keys of ours that no table of resources has. */
const NOT_OF_ADDRESS = /^(AuditEvent\/access-\d+|Subscription\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;

function personsIn(
  keys: readonly ResourceKey[],
  known: ReadonlyMap<string, string | undefined>,
): readonly string[] {
  return [...new Set(keys.flatMap((key) => known.get(key) ?? []))];
}

const DAY_MS = 86_400_000;
/** @returns what the organisation is to look at: one item a client, person and day */
function brokenGlass(access: NewAccess, persons: readonly string[], atMs: number): NewWork[] {
  const { client, ownerOrg, request, action } = access;
  if (action !== 'access') return [];
  const day = Math.floor(atMs / DAY_MS);
  return persons.map((person) => {
    const diagnostics = `The client ${client} looked through confidentiality labels and consent (request ${request}): see with "hedgerow audit export --patient ${person}" what it read and the reason that it gave, and whether that was right.`;
    return {
      id: uuidV5(PROJECT_NAMESPACE, JSON.stringify(['break-glass', client, person, day])),
      kind: 'warning',
      ownerOrg,
      source: undefined,
      recordKind: undefined,
      recordKey: undefined,
      file: undefined,
      line: undefined,
      resource: `Patient/${person}`,
      target: undefined,
      outcome: outcomeOf(
        issueOf({ severity: 'warning', code: 'security', rule: 'api-break-glass', diagnostics }),
      ),
    };
  });
}

const DELETE_REASONS = statement(`
  DELETE FROM access_reason WHERE seq IN (
    SELECT e.seq FROM json_each(?) wanted JOIN access_entity e ON e.entity = wanted.value ->> 0)`);
/** A reason may name whom it was about: it goes with them. @param people person and patients */
export function* eraseReasons(people: readonly string[]): Step<void> {
  yield* DELETE_REASONS.run(JSON.stringify([...new Set(people)].map((id) => [`Patient/${id}`])));
}

/** @returns what a row is found by */
function termsOf({ ownerOrg, actor, action, detail }: Omit<AuditRow, 'seq'>): ReadonlySet<string> {
  const { keys = [], persons = [] } = JSON.parse(detail) as AccessDetail;
  return new Set([
    ...keys,
    ...persons.map((person) => `Patient/${person}`),
    ...[termOf('client', actor), termOf('organisation', ownerOrg)],
    ...(action === 'access' ? [] : [termOf('action', action)]), // nearly all are served
  ]);
}

/** No resource is called so: there is a space in it. */
export function termOf(of: 'client' | 'organisation' | 'action', name: string): string {
  return `${of} ${name}`;
}

const PAGE = 250;
const LOCK_INDEXED = statement(
  `UPDATE counter SET last = last + 0 WHERE name = 'access_indexed' RETURNING last`,
);
const SET_INDEXED = statement(`UPDATE counter SET last = ? WHERE name = 'access_indexed'`);
/**
 * Writes what the next rows of the chain are found by. Not with the rows themselves: they are added in order, and what leads
 * to them is scattered, which would cost several times as much while somebody waits.
 * @returns whether there are more
 */
export function* indexAccesses(): Step<boolean> {
  const { last } = (yield* LOCK_INDEXED.get()) as { last: number };
  const rows = yield* ACCESSES.page(last, PAGE);
  const terms = rows.flatMap((row) => [...termsOf(row)].map((term): [string, number] => [term, row.seq]));
  yield* ENTITIES.insert(terms.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  const end = rows.at(-1);
  if (end) yield* SET_INDEXED.run(end.seq);
  return rows.length === PAGE;
}

const DELETE_ENTITIES = statement('DELETE FROM access_entity WHERE entity = ? AND seq <= ?');
const DELETE_OLD_REASONS = statement('DELETE FROM access_reason WHERE seq <= ?');
/** Before rows leave for an archive: what leads to them. */
export function* forgetAccesses(firstSeq: number, lastSeq: number): Step<void> {
  const terms = new Set<string>();
  for (let after = firstSeq - 1; after < lastSeq; ) {
    const rows = yield* ACCESSES.page(after, PAGE);
    for (const row of rows) for (const term of termsOf(row)) terms.add(term);
    after = rows.at(-1)?.seq ?? lastSeq;
  }
  for (const term of terms) yield* DELETE_ENTITIES.run(term, lastSeq);
  yield* DELETE_OLD_REASONS.run(lastSeq);
}
