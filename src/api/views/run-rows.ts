/** Runs a view over resources a slice of time at a time, within bounds, so that other requests go on. */
import { setImmediate } from 'node:timers/promises';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { CompiledView } from '../../research/view/compile.ts';

export interface RunBounds {
  /** rows of one answer */
  readonly rows: number;
  /** rows of one resource */
  readonly rowsOfOne: number;
  /** time of one answer */
  readonly ms: number;
}

export const RUN_BOUNDS: RunBounds = { rows: 200_000, rowsOfOne: 20_000, ms: 60_000 };

export interface RowsAsked {
  readonly view: CompiledView;
  readonly resources: AsyncIterable<unknown> | Iterable<unknown>;
  /** rows that are wanted at most */
  readonly limit: number | undefined;
  readonly bounds: RunBounds;
  /** the client is gone */
  readonly signal: AbortSignal;
}

/** Takes rows; the array is its own. @returns once there is room for more; undefined where there is already */
export type TakeRow = (values: readonly unknown[]) => Promise<void> | undefined;

/** No other request waits longer for this one. */
const SLICE_MS = 10;

/** @throws AdapterError `view-evaluation`, `view-run-rows`, `view-run-time`; or the reason of the signal */
export async function rowsInto(
  { view, resources, limit, bounds, signal }: RowsAsked,
  take: TakeRow,
): Promise<void> {
  const startedMs = performance.now();
  let sliceMs = startedMs;
  let count = 0;
  for await (const resource of resources) {
    signal.throwIfAborted();
    for (const row of rowsOf(view, resource, bounds.rowsOfOne)) {
      if (count++ === bounds.rows) throw tooMany(bounds.rows);
      const full = take(row);
      if (full) await full;
      if (count === limit) return;
    }
    const nowMs = performance.now();
    if (nowMs - startedMs > bounds.ms) throw tooLong(bounds.ms);
    if (nowMs - sliceMs < SLICE_MS) continue;
    await setImmediate();
    sliceMs = performance.now();
  }
}

function rowsOf(view: CompiledView, resource: unknown, most: number): readonly (readonly unknown[])[] {
  const rows: unknown[][] = [];
  view.rows(resource, (row) => {
    if (rows.push([...row]) > most) throw tooMany(most);
  });
  return rows;
}

const INSTEAD = 'Narrow it by patient, group, _since or _limit; or have the table made by an export.';

function tooMany(most: number): AdapterError {
  return bounded('view-run-rows', `This gives more than ${most} rows. ${INSTEAD}`);
}

function tooLong(ms: number): AdapterError {
  return bounded('view-run-time', `This takes more than ${Math.ceil(ms / 1_000)} seconds. ${INSTEAD}`);
}

function bounded(rule: string, diagnostics: string): AdapterError {
  return new AdapterError('permanent', issueOf({ rule, code: 'too-costly', diagnostics }));
}
