/** SQL of subscriptions: what clients asked for, and where each stands. */
import type { KeptSubscription, NewSubscription, SubscriptionTurn } from '../subscriptions.ts';
import { lockCommits, takeNumbers } from './counter-rows.ts';
import { type Step, statement } from './statement.ts';
import { viewerIn, viewerText } from './viewer-text.ts';

/** A row as it stands in the table. */
export interface SubscriptionRow {
  readonly id: string;
  readonly client: string;
  readonly owner_org: string;
  readonly state: KeptSubscription['state'];
  readonly version: number;
  readonly last_updated_ms: number;
  readonly content: string;
  readonly headers: string;
  readonly viewer: string;
  readonly last_change: number;
  readonly last_event: number;
  readonly sent_event: number;
  readonly attempts: number;
  readonly due_ms: number;
  readonly failing_since_ms: number | null;
  readonly sent_ms: number | null;
  readonly end_ms: number | null;
  readonly fault: string | null;
  readonly holder: string | null;
}

export function keptOf(row: SubscriptionRow): KeptSubscription {
  return {
    id: row.id,
    client: row.client,
    ownerOrg: row.owner_org,
    state: row.state,
    version: row.version,
    lastUpdatedMs: row.last_updated_ms,
    content: row.content,
    headers: JSON.parse(row.headers) as string[],
    viewer: viewerIn(row.viewer),
    lastChange: row.last_change,
    lastEvent: row.last_event,
    sentEvent: row.sent_event,
    attempts: row.attempts,
    dueMs: row.due_ms,
    failingSinceMs: row.failing_since_ms ?? undefined,
    sentMs: row.sent_ms ?? undefined,
    endMs: row.end_ms ?? undefined,
    fault: row.fault ?? undefined,
  };
}

const INSERT = statement(`
  INSERT INTO subscription (id, client, owner_org, state, version, last_updated_ms, content, headers, viewer, last_change,
    due_ms, end_ms)
  VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, moment(?), ?) RETURNING *`);
const WATCH = statement(`
  INSERT INTO watched_type (type, subscription_id)
  SELECT wanted.value ->> 0, ? FROM json_each(?) wanted`);
const UNWATCH = statement('DELETE FROM watched_type WHERE subscription_id = ?');

/** Whoever commits now has noted its versions by the number that is taken, or waits and notes them after it. */
export function* insertSubscription(one: NewSubscription, nowMs: number): Step<SubscriptionRow> {
  yield* lockCommits();
  const lastChange = (yield* takeNumbers('change', 0)) - 1;
  yield* watch(one);
  return (yield* INSERT.get(
    ...[one.id, one.client, one.ownerOrg, one.state, nowMs, one.content, JSON.stringify(one.headers)],
    ...[viewerText(one.viewer), lastChange, nowMs, one.endMs ?? null],
  )) as SubscriptionRow;
}

function* watch({ id, state, types }: Pick<NewSubscription, 'id' | 'state' | 'types'>): Step<void> {
  yield* UNWATCH.run(id);
  if (state !== 'off') yield* WATCH.run(id, JSON.stringify([...new Set(types)].map((type) => [type])));
}

/** A turn that is under way loses its claim: it would go on by what no longer holds. */
const REPLACE = statement(`
  UPDATE subscription SET state = ?, version = version + 1, last_updated_ms = ?, content = ?, headers = ?, viewer = ?,
    last_change = CASE WHEN state = 'off' THEN ? ELSE last_change END, attempts = 0, due_ms = moment(?),
    failing_since_ms = NULL, sent_ms = NULL, fault = NULL, end_ms = ?, holder = NULL, lease_until_ms = NULL
  WHERE id = ? AND version = coalesce(?, version) RETURNING *`);
export function* replaceSubscription(
  one: NewSubscription,
  version: number | undefined,
  nowMs: number,
): Step<SubscriptionRow | undefined> {
  yield* lockCommits();
  const lastChange = (yield* takeNumbers('change', 0)) - 1;
  const row = (yield* REPLACE.get(
    ...[one.state, nowMs, one.content, JSON.stringify(one.headers), viewerText(one.viewer), lastChange],
    ...[nowMs, one.endMs ?? null, one.id, version ?? null],
  )) as SubscriptionRow | undefined;
  if (row) yield* watch(one);
  return row;
}

const DELETE = statement('DELETE FROM subscription WHERE id = ?');
const DELETE_EVENTS = statement('DELETE FROM subscription_event WHERE subscription_id = ?');
export function* deleteSubscription(id: string): Step<boolean> {
  yield* lockCommits();
  yield* UNWATCH.run(id);
  yield* DELETE_EVENTS.run(id);
  return (yield* DELETE.run(id)) === 1;
}

const SELECT = statement('SELECT * FROM subscription WHERE id = ?');
export function* selectSubscription(id: string): Step<SubscriptionRow | undefined> {
  return (yield* SELECT.get(id)) as SubscriptionRow | undefined;
}

const OF_CLIENT = statement('SELECT * FROM subscription WHERE client = ? ORDER BY last_updated_ms, id');
const OF_ALL = statement("SELECT * FROM subscription WHERE id > '' ORDER BY id");
export function* selectSubscriptions(client: string | undefined): Step<readonly SubscriptionRow[]> {
  const rows = client === undefined ? yield* OF_ALL.all() : yield* OF_CLIENT.all(client);
  return rows as readonly SubscriptionRow[];
}

const WAITING = statement(`
  SELECT * FROM subscription
  WHERE id > '' AND state <> 'off' AND (lease_until_ms IS NULL OR lease_until_ms <= moment(?))`);
export function* selectWaiting(nowMs: number): Step<readonly SubscriptionRow[]> {
  return (yield* WAITING.all(nowMs)) as readonly SubscriptionRow[];
}

const CLAIM = statement(`
  UPDATE subscription SET holder = ?, lease_until_ms = moment(?) + ?
  WHERE id = ? AND state <> 'off' AND (lease_until_ms IS NULL OR lease_until_ms <= moment(?)) RETURNING *`);
export function* claimSubscription(
  id: string,
  holder: string,
  nowMs: number,
  leaseMs: number,
): Step<SubscriptionRow | undefined> {
  return (yield* CLAIM.get(holder, nowMs, leaseMs, id, nowMs)) as SubscriptionRow | undefined;
}

const ADVANCE = statement(`
  UPDATE subscription SET last_change = ?, last_event = last_event + ?
  WHERE id = ? AND holder = ? AND last_change = ? RETURNING *`);
/** @param from the change that it stood at: who has lost the claim moves nothing */
export function* advanceSubscription(
  of: { readonly id: string; readonly holder: string; readonly lastChange: number },
  lastChange: number,
  events: number,
): Step<SubscriptionRow | undefined> {
  return (yield* ADVANCE.get(lastChange, events, of.id, of.holder, of.lastChange)) as
    | SubscriptionRow
    | undefined;
}

/** `given` says whether a column is written, since null is a value here. A state that changes is a new version. */
const SETTLE = statement(`
  UPDATE subscription SET
    version = version + CASE WHEN coalesce(?1, state) <> state THEN 1 ELSE 0 END,
    last_updated_ms = CASE WHEN coalesce(?1, state) <> state THEN ?2 ELSE last_updated_ms END,
    state = coalesce(?1, state),
    sent_event = coalesce(?3, sent_event),
    attempts = coalesce(?4, attempts),
    due_ms = CASE WHEN ?5 = 1 THEN moment(?2) + ?6 ELSE due_ms END,
    failing_since_ms = CASE WHEN ?7 = 1 THEN ?8 ELSE failing_since_ms END,
    sent_ms = coalesce(?9, sent_ms),
    fault = CASE WHEN ?10 = 1 THEN ?11 ELSE fault END
  WHERE id = ?12 AND holder = ?13 RETURNING *`);
export function* settleSubscription(
  { id, holder }: { readonly id: string; readonly holder: string },
  turn: SubscriptionTurn,
  nowMs: number,
): Step<SubscriptionRow | undefined> {
  const given = (value: unknown): number => (value === undefined ? 0 : 1);
  const row = (yield* SETTLE.get(
    ...[turn.state ?? null, nowMs, turn.sentEvent ?? null, turn.attempts ?? null],
    ...[given(turn.waitMs), turn.waitMs ?? 0, given(turn.failingSinceMs), turn.failingSinceMs ?? null],
    ...[turn.sentMs ?? null, given(turn.fault), turn.fault ?? null, id, holder],
  )) as SubscriptionRow | undefined;
  if (row?.state === 'off') yield* UNWATCH.run(id);
  return row;
}

const RELEASE = statement(
  'UPDATE subscription SET holder = NULL, lease_until_ms = NULL WHERE id = ? AND holder = ?',
);
export function* releaseSubscription(id: string, holder: string): Step<void> {
  yield* RELEASE.run(id, holder);
}

const RECOVER = statement(`
  UPDATE subscription SET holder = NULL, lease_until_ms = NULL
  WHERE id > '' AND state <> 'off' AND lease_until_ms IS NOT NULL AND (? = 1 OR lease_until_ms <= moment(?))`);
export function* recoverSubscriptions(nowMs: number, everything: boolean): Step<number> {
  return yield* RECOVER.run(everything ? 1 : 0, nowMs);
}
