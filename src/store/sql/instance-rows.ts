/** SQL of the processes that share a database: which of them are alive, what the others left open, and whose turn a schedule is. */
import { type Step, statement } from './statement.ts';

const HEARD = statement(
  'INSERT INTO instance (id, seen_ms) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET seen_ms = excluded.seen_ms',
);
export function* putHeartbeat(instance: string, nowMs: number): Step<void> {
  yield* HEARD.run(instance, nowMs);
}

const INTERRUPT_ABANDONED = statement({
  sqlite: `
    UPDATE receipt SET interrupted_ms = ? WHERE id IN (
      SELECT id FROM receipt WHERE finished_ms IS NULL AND interrupted_ms IS NULL
        AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.id = receipt.instance AND i.seen_ms > ?))`,
  postgres: `
    UPDATE receipt SET interrupted_ms = ? WHERE finished_ms IS NULL AND interrupted_ms IS NULL
      AND NOT EXISTS (SELECT 1 FROM instance i WHERE i.id = receipt.instance AND i.seen_ms > ?)`,
});
const FORGET_SILENT = statement('DELETE FROM instance WHERE seen_ms <= ?');
/** Closes the receipts of processes that were last heard of at `silentSinceMs` or before. @returns how many */
export function* interruptAbandoned(nowMs: number, silentSinceMs: number): Step<number> {
  const interrupted = yield* INTERRUPT_ABANDONED.run(nowMs, silentSinceMs);
  yield* FORGET_SILENT.run(silentSinceMs);
  return interrupted;
}

const BEGIN_TURN = statement(`
  INSERT INTO schedule (name, due_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET due_ms = excluded.due_ms
  WHERE schedule.due_ms < excluded.due_ms`);
/** @param dueMs when the turn was due: the same for all processes @returns false when it was begun before */
export function* beginTurn(name: string, dueMs: number): Step<boolean> {
  return (yield* BEGIN_TURN.run(name, dueMs)) === 1;
}
