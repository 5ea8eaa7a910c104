/** SQL of incidents and their notices. */
import { randomUUID } from 'node:crypto';
import type { Incident, IncidentStore, Notice } from '../incidents.ts';
import type { Runner } from './engine.ts';
import { type Step, statement } from './statement.ts';

interface Row {
  readonly id: string;
  readonly cause: string;
  readonly target: string | null;
  readonly detail: string;
  readonly opened_ms: number;
  readonly closed_ms: number | null;
  readonly told: 0 | 1 | 2;
}

function incidentOf(row: Row): Incident {
  return {
    id: row.id,
    cause: row.cause,
    target: row.target ?? undefined,
    detail: row.detail,
    openedMs: row.opened_ms,
    closedMs: row.closed_ms ?? undefined,
  };
}

const OPEN = statement(`
  INSERT INTO incident (id, cause, target, detail, opened_ms, told, due_ms) VALUES (?, ?, ?, ?, ?, 0, moment(?))
  ON CONFLICT (cause) WHERE closed_ms IS NULL DO NOTHING`);
const CLOSE = statement(
  'UPDATE incident SET closed_ms = ?, due_ms = moment(?) WHERE cause = ? AND closed_ms IS NULL',
);
const SELECT_OPEN = statement('SELECT * FROM incident WHERE closed_ms IS NULL ORDER BY cause');
const TAKE = statement(`
  UPDATE incident SET due_ms = moment(?) + ? WHERE due_ms <= moment(?) AND (told = 0 OR (told = 1 AND closed_ms IS NOT NULL)) RETURNING *`);
const TOLD = statement('UPDATE incident SET told = ?, due_ms = opened_ms WHERE id = ?');
const PUT_OFF = statement('UPDATE incident SET due_ms = moment(?) + ? WHERE id = ?');
const OLDEST = statement(`
  SELECT moment(?) - queued_ms AS waited_ms FROM outbox WHERE target = ? AND state IN ('waiting', 'claimed') ORDER BY seq LIMIT 1`);

function* takeNotices(nowMs: number, leaseMs: number): Step<Notice[]> {
  const rows = (yield* TAKE.all(nowMs, leaseMs, nowMs)) as unknown as Row[];
  return rows
    .sort((a, b) => a.opened_ms - b.opened_ms)
    .map((row) => ({ incident: incidentOf(row), of: row.told === 0 ? 'opened' : 'closed' }) as const);
}

function* oldest(target: string, nowMs: number): Step<number | undefined> {
  return ((yield* OLDEST.get(nowMs, target)) as { waited_ms: number } | undefined)?.waited_ms;
}

export function incidentStore(runner: Runner): IncidentStore {
  return {
    open: async ({ cause, target, detail }, nowMs) => {
      const values = [randomUUID(), cause, target ?? null, detail, nowMs, nowMs] as const;
      return (await runner.write(() => OPEN.run(...values))) === 1;
    },
    close: async (cause, nowMs) => (await runner.write(() => CLOSE.run(nowMs, nowMs, cause))) === 1,
    openCauses: async () =>
      ((await runner.read(() => SELECT_OPEN.all())) as unknown as Row[]).map(incidentOf),
    takeNotices: (nowMs, leaseMs) => runner.write(() => takeNotices(nowMs, leaseMs)),
    told: async ({ incident, of }) =>
      void (await runner.write(() => TOLD.run(of === 'opened' ? 1 : 2, incident.id))),
    putOff: async ({ incident }, nowMs, waitMs) =>
      void (await runner.write(() => PUT_OFF.run(nowMs, waitMs, incident.id))),
    longestWaitMs: (target, nowMs) => runner.read(() => oldest(target, nowMs)),
  };
}
