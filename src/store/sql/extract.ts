/** Turns one type, as it was at one moment, into pages in the order of rids: each resource is met once, whatever is committed meanwhile. */
import type { ExtractedVersion, ExtractPage, ExtractQuery } from '../extract.ts';
import type { Identified } from '../resources.ts';
import type { SearchClause } from '../search-query.ts';
import type { ResourceRow } from './row-version.ts';
import { type Asking, JOIN } from './search/asking.ts';
import { nodesOf } from './search/nodes.ts';
import { bothTexts } from './search/texts.ts';
import { withFormerNumbers } from './search.ts';
import { ALWAYS, allOf, anyOf, joined, type Sql, sql } from './sql-text.ts';
import { madeOnce, type Step } from './statement.ts';
import { seenSql } from './viewer.ts';

/** What is read of a row: others are wide, and there are many. */
type ExtractRow = Pick<
  ResourceRow,
  'rid' | 'id' | 'version' | 'last_updated_ms' | 'state' | 'person_id' | 'content'
>;
const COLUMNS = 'r.rid, r.id, r.version, r.last_updated_ms, r.state, r.person_id, r.content';

/** A class, since pages of them are made: the content is parsed when it is first asked for, and most who read it send its text. */
class Extracted implements ExtractedVersion {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly lastUpdatedMs: number;
  readonly personId: string | undefined;
  readonly state: ExtractedVersion['state'];
  readonly #content: string | null;

  constructor(type: string, row: ExtractRow) {
    this.type = type;
    this.id = row.id;
    this.version = row.version;
    this.lastUpdatedMs = row.last_updated_ms;
    this.personId = row.person_id ?? undefined;
    this.state = row.state;
    this.#content = row.content;
  }

  get text(): string | undefined {
    return this.#content ?? undefined;
  }

  get resource(): Identified | undefined {
    return this.#content === null ? undefined : (JSON.parse(this.#content) as Identified);
  }
}

export function* extractPage(asking: Asking, query: ExtractQuery): Step<ExtractPage> {
  const rows = (yield* currentRows(asking, query)) ?? (yield* rowsOf(asking, (one) => walkSql(one, query)));
  const page = rows.slice(0, query.count);
  const newer = page.filter((row) => row.last_updated_ms > query.asOfMs).map(({ rid }) => rid);
  const earlier = new Map<number, ExtractRow>();
  if (newer.length > 0)
    for (const row of yield* rowsOf(asking, (one) => earlierSql(one, query, newer)))
      earlier.set(row.rid, row);
  const versions = page.flatMap((row) => {
    const then = row.last_updated_ms > query.asOfMs ? earlier.get(row.rid) : row;
    return then && isAskedFor(then, query) ? [new Extracted(query.type, then)] : [];
  });
  return { versions, next: rows.length > query.count ? page.at(-1)?.rid : undefined };
}

/**
 * Most pages have nothing that is deleted: these are one walk along an index, half as long as one along two.
 * @returns undefined where something may be deleted, as the same statement tells: the page is asked for otherwise then
 */
function* currentRows(asking: Asking, query: ExtractQuery): Step<readonly ExtractRow[] | undefined> {
  if (typeof query.people === 'object') return undefined;
  const limit = query.count + 1;
  const rows = (yield* rowsOf(asking, (one) => {
    const part = partSql(one, query, ofCurrent(one, query), GONE);
    const text = `${part.text} ORDER BY ${ORDER[one.dialect]} LIMIT ?`;
    return sql(text, query.type, query.after, ...part.values, limit);
  })) as readonly (ExtractRow & { readonly gone: number | null })[];
  const [first] = rows;
  if (!first) return undefined;
  const last = rows.length === limit ? rows[query.count - 1]!.rid : Number.POSITIVE_INFINITY;
  return first.gone === null || first.gone > last ? rows : undefined;
}

/** The first that is not current any more, on this page or a later one. */
const GONE = `, (SELECT min(g.rid) FROM resource g WHERE g.type = ? AND g.state <> 'current' AND g.rid > ?) AS gone`;

function ofCurrent(asking: Asking, { type }: ExtractQuery): Sql {
  return allOf([sql(`r.state = 'current'`), seenSql(asking, type, 'r')]);
}

/** What was erased since is in no version of then. */
function isAskedFor(then: ExtractRow, { sinceMs, withDeleted }: ExtractQuery): boolean {
  const isHere = then.state === 'current' && then.content !== null;
  return (isHere || withDeleted === true) && then.last_updated_ms > (sinceMs ?? Number.NEGATIVE_INFINITY);
}

/**
 * Rows that may have a version to give. One statement, as a resource that is deleted, or made anew, goes from one part of it
 * to the other: in two it could be met twice, or missed.
 */
function walkSql(asking: Asking, query: ExtractQuery): Sql {
  const limit = query.count + 1;
  const isThen = query.withDeleted ? ALWAYS : sql('r.last_updated_ms > ?', query.asOfMs);
  const parts = [
    partSql(asking, query, ofCurrent(asking, query)),
    partSql(
      asking,
      query,
      allOf([sql(`r.state <> 'current'`), isThen, seenSql(asking, query.type, 'r', 'history')]),
    ),
  ];
  const all = joined(
    parts.map(({ text, values }, at) =>
      sql(`SELECT * FROM (${text} ORDER BY ${ORDER[asking.dialect]} LIMIT ?) p${at}`, ...values, limit),
    ),
    ' UNION ALL ',
  );
  return sql(`${all.text} ORDER BY rid LIMIT ?`, ...all.values, limit);
}

function partSql(asking: Asking, query: ExtractQuery, condition: Sql, beside = ''): Sql {
  const { type, after, sinceMs, people, only } = query;
  const from = typeof people === 'object' ? ofPeople(asking, people) : sql('resource r');
  const where = allOf([
    behind(asking, type, after),
    ...(sinceMs === undefined ? [] : [sql('r.last_updated_ms > ?', sinceMs)]),
    ...(people === 'all' ? [sql('r.person_id IS NOT NULL')] : []),
    ...(only === undefined ? [] : [anyOf(only.map((set) => chosenSql(asking, type, set)))]),
    condition,
  ]);
  return sql(
    `SELECT ${COLUMNS}${beside} FROM ${from.text} WHERE ${where.text}`,
    ...from.values,
    ...where.values,
  );
}

/**
 * Asked for one type in the order of rids, PostgreSQL would walk all types, and for a type that it does not know sort all of
 * it: asked so it goes by the index of both. The type is a word of the statement, so that it knows how many there are.
 */
function behind({ dialect }: Asking, type: string, after: number): Sql {
  if (!/^[A-Z][A-Za-z]{1,60}$/.test(type)) throw new TypeError('no name of a type');
  return dialect === 'sqlite'
    ? sql(`r.type = '${type}' AND r.rid > ?`, after)
    : sql(`(r.type, r.rid) > ('${type}', ?) AND r.type <= '${type}'`, after);
}
const ORDER = { sqlite: 'r.rid', postgres: 'r.type, r.rid' } as const;

/** As a search finds them: what it asks of others is asked for the viewer. */
function chosenSql(asking: Asking, type: string, set: readonly SearchClause[]): Sql {
  const nodes = nodesOf(type, withFormerNumbers(type, set));
  const { text, values } = allOf(nodes.map((node) => asking.holds(asking, type, node)));
  return sql(`(${text})`, ...values);
}

/** People by their own ids, and by those of their patients: a patient that was joined to another is of whom it was joined to. */
function ofPeople({ dialect }: Asking, people: readonly string[]): Sql {
  const ids = JSON.stringify(people.map((id) => [id]));
  const hint = dialect === 'sqlite' ? 'INDEXED BY resource_person' : '';
  return sql(
    `(SELECT wanted.value ->> 0 AS person FROM json_each(?) wanted
      UNION SELECT p.person_id FROM json_each(?) wanted
        JOIN resource p ON p.type = 'Patient' AND p.id = wanted.value ->> 0) people
     ${JOIN[dialect]} resource r ${hint} ON r.person_id = people.person`,
    ...[ids, ids],
  );
}

/** The versions that were current then, of resources that have changed since. Any label on any version hides them. */
function earlierSql(asking: Asking, { type, asOfMs }: ExtractQuery, rids: readonly number[]): Sql {
  const seen = seenSql(asking, type, 'r', 'history');
  return sql(
    `SELECT r.rid, r.id, h.version, h.last_updated_ms, h.state, r.person_id, h.content
     FROM json_each(?) wanted
     JOIN resource r ON r.rid = CAST(wanted.value ->> 0 AS BIGINT)
     JOIN history h ON h.rid = r.rid AND h.version = (
       SELECT max(n.version) FROM history n WHERE n.rid = r.rid AND n.last_updated_ms <= ?)
     WHERE ${seen.text}`,
    ...[JSON.stringify(rids.map((rid) => [rid])), asOfMs, ...seen.values],
  );
}

function* rowsOf(asking: Asking, make: (asking: Asking) => Sql): Step<readonly ExtractRow[]> {
  const { texts, values } = (yield* bothTexts(asking, make))!;
  return (yield* madeOnce(texts).all(...values)) as readonly ExtractRow[];
}
