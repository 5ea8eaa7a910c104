/** SQL of filing receipts, and what is raised when none comes. */
import { issueOf } from '../../fhir/outcome.ts';
import type { Filing, FilingState, FilingStore } from '../filings.ts';
import type { ResourceKey } from '../store.ts';
import { reportItem, reportItemId } from '../work-items.ts';
import type { Runner } from './engine.ts';
import { type Step, statement } from './statement.ts';
import { putWork, resolveWorkItem } from './work-rows.ts';

export const UNFILED = 'delivery-unfiled';

const PUT = statement(`
  INSERT INTO filing (type, id, target, version, state, said_by, sent_ms, at_ms, owner_org) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT (type, id, target) DO UPDATE SET
    version = excluded.version, state = excluded.state, said_by = excluded.said_by, sent_ms = excluded.sent_ms,
    at_ms = excluded.at_ms, raised_ms = NULL`);
/** Keeps that a version was sent, and what the answer said of it. */
export function* putFiling(
  sent: {
    readonly type: string;
    readonly id: string;
    readonly target: string;
    readonly version: number;
    readonly ownerOrg: string;
  },
  state: FilingState,
  nowMs: number,
): Step<void> {
  const { type, id, target, version, ownerOrg } = sent;
  yield* PUT.run(type, id, target, version, state, 'http', nowMs, nowMs, ownerOrg);
  yield* resolveWorkItem(reportItemId(sent, UNFILED), nowMs);
}

const NOTE = statement(`
  UPDATE filing SET state = ?, said_by = 'task', at_ms = ? WHERE type = ? AND id = ? AND target = ?`);
/** Keeps what came back. @returns false when nothing of it was sent there */
export function* noteFiling(
  {
    target,
    resource,
    state,
  }: { readonly target: string; readonly resource: ResourceKey; readonly state: FilingState },
  nowMs: number,
): Step<boolean> {
  const [type, id] = resource.split('/') as [string, string];
  const isKnown = (yield* NOTE.run(state, nowMs, type, id, target)) === 1;
  if (isKnown) yield* resolveWorkItem(reportItemId({ target, type, id }, UNFILED), nowMs);
  return isKnown;
}

const RAISE = statement(`
  UPDATE filing SET raised_ms = ? WHERE target = ? AND state = 'sent' AND raised_ms IS NULL AND sent_ms <= ?
  RETURNING type, id, version, owner_org`);
function* raiseUnfiled(target: string, sentBeforeMs: number, nowMs: number): Step<number> {
  const rows = (yield* RAISE.all(nowMs, target, sentBeforeMs)) as unknown as {
    type: string;
    id: string;
    version: number;
    owner_org: string;
  }[];
  const items = rows.map(({ type, id, owner_org: ownerOrg }) => {
    const issue = issueOf({
      severity: 'warning',
      code: 'incomplete',
      rule: UNFILED,
      diagnostics: `${type}/${id} was sent to target ${target}, and nobody there has said that it is filed. Ask who receives it there.`,
      expression: type,
    });
    return reportItem({ seq: 0, target, deliveryKey: '', type, id, ownerOrg }, issue);
  });
  yield* putWork(items, nowMs);
  return items.length;
}

const SELECT = statement('SELECT * FROM filing WHERE type = ? AND id = ? ORDER BY target');
function* selectFilings(resource: ResourceKey): Step<Filing[]> {
  const [type, id] = resource.split('/') as [string, string];
  const rows = (yield* SELECT.all(type, id)) as unknown as {
    target: string;
    version: number;
    state: FilingState;
    said_by: 'http' | 'task';
    sent_ms: number;
    at_ms: number;
  }[];
  return rows.map(({ target, version, state, said_by, sent_ms, at_ms }) => ({
    target,
    resource,
    version,
    state,
    by: said_by,
    sentMs: sent_ms,
    atMs: at_ms,
  }));
}

export function filingStore(runner: Runner): FilingStore {
  return {
    of: (resource) => runner.read(() => selectFilings(resource)),
    note: (filing, nowMs) => runner.write(() => noteFiling(filing, nowMs)),
    raiseUnfiled: (target, sentBeforeMs, nowMs) =>
      runner.write(() => raiseUnfiled(target, sentBeforeMs, nowMs)),
  };
}
