/** SQL of reads for a viewer: a resource by its key, many, and whether its earlier versions may be read. */
import type { ResourceKey } from '../store.ts';
import { RESOURCE_COLUMNS, type ResourceRow, selectVersion, selectVersions } from './resource-rows.ts';
import type { Asking } from './search/asking.ts';
import { bothTexts } from './search/texts.ts';
import { type Sql, sql } from './sql-text.ts';
import { madeOnce, type Step } from './statement.ts';
import { seenSql } from './viewer.ts';

export function* selectSeen(asking: Asking, type: string, id: string): Step<ResourceRow | undefined> {
  const rows = yield* rowsOf(asking, (one) => keyed(one, type, id, RESOURCE_COLUMNS, 'current'));
  return rows[0] as ResourceRow | undefined;
}

export function* selectSeenMany(asking: Asking, keys: readonly ResourceKey[]): Step<readonly ResourceRow[]> {
  const byType = Map.groupBy(new Set(keys), (key) => key.slice(0, key.indexOf('/')));
  const found: ResourceRow[] = [];
  for (const [type, of] of byType) {
    const ids = JSON.stringify(of.map((key) => [key.slice(type.length + 1)]));
    const rows = yield* rowsOf(asking, (one) => {
      const seen = seenSql(one, type, 'r');
      return sql(
        `SELECT ${RESOURCE_COLUMNS} FROM json_each(?) wanted
         JOIN resource r ON r.type = ? AND r.id = wanted.value ->> 0 WHERE ${seen.text}`,
        ...[ids, type, ...seen.values],
      );
    });
    found.push(...(rows as readonly ResourceRow[]));
  }
  return found;
}

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
  return (yield* rowsOf(asking, (one) => keyed(one, type, id, 'r.rid', 'history'))).length > 0;
}

function keyed(asking: Asking, type: string, id: string, columns: string, of: 'current' | 'history'): Sql {
  const seen = seenSql(asking, type, 'r', of);
  return sql(
    `SELECT ${columns} FROM resource r WHERE r.type = ? AND r.id = ? AND ${seen.text}`,
    ...[type, id, ...seen.values],
  );
}

function* rowsOf(asking: Asking, make: (asking: Asking) => Sql): Step<readonly unknown[]> {
  const { texts, values } = (yield* bothTexts(asking, make))!;
  return yield* madeOnce(texts).all(...values);
}
