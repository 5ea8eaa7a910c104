/** SQL of the processes that share a database: which of them are alive, what the others left open, and whose turn a schedule is. */
import { type Step, statement } from './statement.ts';

const HEARD = statement(
  'INSERT INTO instance (id, seen_ms) VALUES (?, moment(?)) ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms',
);
export function* putHeartbeat(instance: string, nowMs: number): Step<void> {
  yield* HEARD.run(instance, nowMs);
}

const INTERRUPT_ABANDONED = statement({
  sqlite: `
    UPDATE receipt SET interrupted_ms = ? WHERE id IN (
      SELECT id FROM receipt WHERE finished_ms IS NULL AND interrupted_ms IS NULL
        AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.id = receipt.instance AND i.seen_ms > moment(?) - ?))`,
  postgres: `
    UPDATE receipt SET interrupted_ms = ? WHERE finished_ms IS NULL AND interrupted_ms IS NULL
      AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.id = receipt.instance AND i.seen_ms > moment(?) - ?)`,
});
const FORGET_SILENT = statement('DELETE FROM instance WHERE seen_ms <= moment(?) - ?');
/** Closes the receipts of processes that were not heard of for `silentMs`. @returns how many */
export function* interruptAbandoned(nowMs: number, silentMs: number): Step<number> {
  const interrupted = yield* INTERRUPT_ABANDONED.run(nowMs, nowMs, silentMs);
  yield* FORGET_SILENT.run(nowMs, silentMs);
  return interrupted;
}

const BEGIN_TURN = statement(`
  INSERT INTO schedule (name, due_ms) SELECT ?1, ?2 WHERE ?2 <= moment(?3)
  ON CONFLICT (name) DO UPDATE SET due_ms = excluded.due_ms
  WHERE schedule.due_ms < excluded.due_ms OR schedule.due_ms > moment(?3)`);
/**
 * A turn that was begun in a time yet to come was begun by a clock that was wrong: it holds no other up.
 * @param turn when it is due: the same for all processes
 * @returns false when it was begun before, or is yet to come
 */
export function* beginTurn(
  name: string,
  { dueMs, nowMs }: { readonly dueMs: number; readonly nowMs: number },
): Step<boolean> {
  return (yield* BEGIN_TURN.run(name, dueMs, nowMs)) === 1;
}
