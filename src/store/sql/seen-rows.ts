/** SQL of reads for a viewer: a resource by its key, many, and whether its earlier versions may be read. */
import type { ResourceKey } from '../store.ts';
import type { Viewer } from '../viewer.ts';
import { RESOURCE_COLUMNS, type ResourceRow, selectVersion, selectVersions } from './resource-rows.ts';
import type { Asking } from './search/asking.ts';
import { bothTexts } from './search/texts.ts';
import { type Sql, sql } from './sql-text.ts';
import { madeOnce, type SqlValue, type Statement, type Step } from './statement.ts';
import { isSteady, seenSql } from './viewer.ts';

/** How rows of a type are selected for a viewer, by their ids. */
interface Selection {
  readonly statement: Statement;
  /** behind those of ids and type */
  readonly values: readonly SqlValue[];
}

/** By what the rows are named: one id, or a JSON array of them. */
type Named = 'one' | 'many';

/** Of viewers whose conditions stay as they are, by type and by how rows are named. */
const STEADY = new WeakMap<Viewer, Map<string, Selection>>();

export function* selectSeen(asking: Asking, type: string, id: string): Step<ResourceRow | undefined> {
  const { statement, values } = yield* selectionOf(asking, type, 'one');
  return (yield* statement.get(id, type, ...values)) as ResourceRow | undefined;
}

export function* selectSeenMany(asking: Asking, keys: readonly ResourceKey[]): Step<readonly ResourceRow[]> {
  const byType = Map.groupBy(new Set(keys), (key) => key.slice(0, key.indexOf('/')));
  const found: ResourceRow[] = [];
  for (const [type, of] of byType) {
    const ids = JSON.stringify(of.map((key) => [key.slice(type.length + 1)]));
    const { statement, values } = yield* selectionOf(asking, type, 'many');
    found.push(...((yield* statement.all(ids, type, ...values)) as readonly ResourceRow[]));
  }
  return found;
}

function* selectionOf(asking: Asking, type: string, named: Named): Step<Selection> {
  const { viewer } = asking;
  const known = STEADY.get(viewer)?.get(`${type} ${named}`);
  if (known) return known;
  const made = yield* bothTexts(asking, (one) => SELECTING[named](seenSql(one, type, 'r')));
  const selection = { statement: madeOnce(made!.texts), values: made!.values };
  if (!isSteady(viewer, type)) return selection;
  const ofViewer = STEADY.get(viewer) ?? new Map<string, Selection>();
  STEADY.set(viewer, ofViewer.set(`${type} ${named}`, selection));
  return selection;
}

const SELECTING: Readonly<Record<Named, (seen: Sql) => Sql>> = {
  one: ({ text, values }) =>
    sql(`SELECT ${RESOURCE_COLUMNS} FROM resource r WHERE r.id = ? AND r.type = ? AND ${text}`, ...values),
  many: ({ text, values }) =>
    sql(
      `SELECT ${RESOURCE_COLUMNS} FROM json_each(?) wanted
       JOIN resource r ON r.type = ? AND r.id = wanted.value ->> 0 WHERE ${text}`,
      ...values,
    ),
};

export function* selectSeenVersion(
  asking: Asking,
  type: string,
  id: string,
  version: number,
): Step<ResourceRow | undefined> {
  const current = yield* selectSeen(asking, type, id);
  if (current?.version === version) return current;
  return (yield* maySeePast(asking, type, id)) ? yield* selectVersion(type, id, version) : undefined;
}

/** Newest first. */
export function* selectSeenVersions(
  asking: Asking,
  type: string,
  id: string,
  count: number,
  before: number | undefined,
): Step<readonly ResourceRow[]> {
  return (yield* maySeePast(asking, type, id)) ? yield* selectVersions(type, id, count, before) : [];
}

/** Of versions that are past, what is so now decides. */
function* maySeePast(asking: Asking, type: string, id: string): Step<boolean> {
  const made = yield* bothTexts(asking, (one) => {
    const seen = seenSql(one, type, 'r', 'history');
    const text = `SELECT r.rid FROM resource r WHERE r.type = ? AND r.id = ? AND ${seen.text}`;
    return sql(text, type, id, ...seen.values);
  });
  return (yield* madeOnce(made!.texts).all(...made!.values)).length > 0;
}
