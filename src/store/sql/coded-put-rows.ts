/** SQL of where lists of coded entries were put: by which ways, which are still to be, and what goes back before anybody can have it. */
import type { UnputList } from '../coded-entries.ts';
import { entryItemId, notOutItem, notOutItemId, UNFILED_ENTRY } from '../coded-work.ts';
import { type Step, statement } from './statement.ts';
import { putWork, withdrawWorkItem } from './work-rows.ts';

const UNPUT = statement(`
  SELECT batch_id AS id, min(listed_ms) AS listed FROM coded_entry
  WHERE batch_id IS NOT NULL AND put_ms IS NULL AND listed_ms >= ?1 AND (listed_ms > ?1 OR batch_id > ?2)
  GROUP BY batch_id ORDER BY min(listed_ms), batch_id LIMIT ?3`);
export function* unput(count: number, after?: UnputList): Step<readonly UnputList[]> {
  const rows = yield* UNPUT.all(after?.listedMs ?? 0, after?.id ?? '', count);
  return (rows as { id: string; listed: number }[]).map(({ id, listed }) => ({
    id,
    listedMs: Number(listed),
  }));
}

const WAYS = statement('SELECT max(put_ways) AS ways FROM coded_entry WHERE batch_id = ?');
export function* waysOf(batch: string): Step<readonly string[]> {
  const row = (yield* WAYS.get(batch)) as { ways: string | null } | undefined;
  return JSON.parse(row?.ways ?? '[]') as string[];
}

const BEGUN = statement('SELECT max(begun_ways) AS ways FROM coded_entry WHERE batch_id = ?');
const BEGIN = statement('UPDATE coded_entry SET begun_ways = ? WHERE batch_id = ?');
function* begunOf(batch: string): Step<readonly string[]> {
  const row = (yield* BEGUN.get(batch)) as { ways: string | null } | undefined;
  return JSON.parse(row?.ways ?? '[]') as string[];
}

export function* begin(batch: string, way: string): Step<boolean> {
  const begun = yield* begunOf(batch);
  if (begun.includes(way)) return false;
  yield* BEGIN.run(JSON.stringify([...begun, way]), batch);
  return true;
}

export function* notBegun(batch: string, way: string): Step<void> {
  const others = (yield* begunOf(batch)).filter((one) => one !== way);
  yield* BEGIN.run(others.length === 0 ? null : JSON.stringify(others), batch);
}

const PUT_BY = statement('UPDATE coded_entry SET put_ways = ? WHERE batch_id = ?');
export function* putBy(batch: string, ways: readonly string[]): Step<void> {
  yield* PUT_BY.run(JSON.stringify(ways), batch);
}

const PUT_OUT = statement('UPDATE coded_entry SET put_ms = ? WHERE batch_id = ?');
export function* putOut(batch: string, nowMs: number): Step<void> {
  yield* PUT_OUT.run(nowMs, batch);
}

export function* raiseNotOut(way: string, why: string, nowMs: number): Step<void> {
  yield* putWork([notOutItem(way, why)], nowMs);
}

export function* outAgain(way: string): Step<void> {
  yield* withdrawWorkItem(notOutItemId(way));
}

const RELEASE = statement(`
  UPDATE coded_entry SET state = 'due', batch_id = NULL, place = NULL, listed_ms = NULL, raised_ms = NULL
  WHERE fact = ?1 AND action = 'add' AND batch_id = ?2 AND state = 'listed'
    AND put_ms IS NULL AND put_ways IS NULL AND begun_ways IS NULL
    AND NOT EXISTS (SELECT 1 FROM coded_entry r WHERE r.fact = ?1 AND r.action = 'remove' AND r.batch_id IS NOT NULL)`);
const NO_REMOVAL = statement(`
  UPDATE coded_entry SET state = 'withdrawn', blocked = NULL
  WHERE fact = ? AND action = 'remove' AND state = 'due'`);
export function* release(batch: string, facts: readonly string[]): Step<number> {
  let released = 0;
  for (const fact of facts) {
    if ((yield* RELEASE.run(fact, batch)) === 0) continue;
    released += 1;
    yield* NO_REMOVAL.run(fact);
    yield* withdrawWorkItem(entryItemId({ fact, action: 'add' }, UNFILED_ENTRY));
  }
  return released;
}
