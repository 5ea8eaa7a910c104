/** SQL of what subscriptions follow and of what they are told: committed versions in order, and events by number. */
import type { ResourceKey } from '../resources.ts';
import type { CommittedVersion, NewEvent, SubscriptionEvent } from '../subscriptions.ts';
import { rowsOf, type Step, statement } from './statement.ts';

interface ChangeRow {
  readonly change_no: number;
  readonly type: string;
  readonly id: string;
  readonly first_version: number;
  readonly last_version: number;
}

const CHANGES = statement('SELECT * FROM change WHERE change_no > ? ORDER BY change_no LIMIT ?');
export function* selectChanges(after: number, count: number): Step<readonly CommittedVersion[]> {
  const rows = (yield* CHANGES.all(after, count)) as readonly ChangeRow[];
  return rows.flatMap((row) =>
    Array.from({ length: row.last_version - row.first_version + 1 }, (_, at) => {
      const { change_no: no, type, id } = row;
      return { no, type, id, version: row.first_version + at };
    }),
  );
}

const LAST_CHANGE = statement("SELECT last FROM counter WHERE name = 'change'");
/** @returns the number of the newest change that is committed: all below it are too */
export function* selectLastChange(): Step<number> {
  return ((yield* LAST_CHANGE.get()) as { last: number }).last;
}

const EVENTS = rowsOf('subscription_event', {
  subscription_id: 'text',
  event_no: 'bigint',
  type: 'text',
  id: 'text',
  version: 'bigint',
  context: 'text',
  at_ms: 'bigint',
});
/** @param first number of the first of them */
export function* insertEvents(subscription: string, first: number, events: readonly NewEvent[]): Step<void> {
  yield* EVENTS.insert(
    events.map(({ type, id, version, context, atMs }, at) => [
      ...[subscription, first + at, type, id, version, context ?? null, atMs],
    ]),
  );
}

interface EventRow {
  readonly event_no: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly context: string | null;
  readonly at_ms: number;
}

const SELECT_EVENTS = statement(`
  SELECT * FROM subscription_event WHERE subscription_id = ? AND event_no >= ? AND event_no <= ?
  ORDER BY event_no LIMIT ?`);
export function* selectEvents(
  id: string,
  from: number,
  to: number,
  count: number,
): Step<readonly SubscriptionEvent[]> {
  const rows = (yield* SELECT_EVENTS.all(id, from, to, count)) as readonly EventRow[];
  return rows.map((row) => ({
    ...{ no: row.event_no, type: row.type, id: row.id, version: row.version, atMs: row.at_ms },
    context: (row.context ?? undefined) as ResourceKey | undefined,
  }));
}

/** Up to where every subscription that follows has come. */
const TIDY_CHANGES = statement(`
  DELETE FROM change WHERE change_no <= coalesce(
    (SELECT min(last_change) FROM subscription WHERE id > '' AND state <> 'off'),
    (SELECT last FROM counter WHERE name = 'change'))`);
/** Of one that is off nothing more is sent: what it was not told goes by age too. */
const TIDY_EVENTS = statement(`
  DELETE FROM subscription_event WHERE at_ms < ? AND subscription_id = ? AND event_no <= ?`);
const STANDS = statement(`
  SELECT id, CASE state WHEN 'off' THEN last_event ELSE sent_event END AS done FROM subscription
  WHERE id > ? ORDER BY id LIMIT ?`);
const PAGE = 500;
export function* tidyEvents(sentBeforeMs: number): Step<number> {
  let gone = yield* TIDY_CHANGES.run();
  let stands: readonly { readonly id: string; readonly done: number }[];
  let after = '';
  do {
    stands = (yield* STANDS.all(after, PAGE)) as typeof stands;
    for (const { id, done } of stands) gone += yield* TIDY_EVENTS.run(sentBeforeMs, id, done);
    after = stands.at(-1)?.id ?? after;
  } while (stands.length === PAGE);
  return gone;
}
