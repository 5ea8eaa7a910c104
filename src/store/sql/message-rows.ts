/** SQL of messages to and from NHS services. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type {
  Direction,
  Message,
  MessageChange,
  MessageKey,
  MessageState,
  MessageStore,
  NewMessage,
} from '../messages.ts';
import type { ResourceKey } from '../store.ts';
import type { Runner } from './engine.ts';
import { type Step, statement } from './statement.ts';

interface Row {
  readonly channel: string;
  readonly direction: Direction;
  readonly id: string;
  readonly conversation: string;
  readonly about: string | null;
  readonly version: number | null;
  readonly person_id: string | null;
  readonly owner_org: string;
  readonly remote_id: string | null;
  readonly reply_to: string | null;
  readonly state: MessageState;
  readonly due_ms: number | null;
  readonly outcome: string | null;
  readonly body: string | null;
  readonly created_ms: number;
  readonly changed_ms: number;
}

function messageOf(row: Row): Message {
  return {
    channel: row.channel,
    direction: row.direction,
    id: row.id,
    conversation: row.conversation,
    about: (row.about ?? undefined) as ResourceKey | undefined,
    version: row.version ?? undefined,
    personId: row.person_id ?? undefined,
    ownerOrg: row.owner_org,
    remoteId: row.remote_id ?? undefined,
    replyTo: row.reply_to ?? undefined,
    state: row.state,
    dueMs: row.due_ms ?? undefined,
    outcome: row.outcome === null ? undefined : (JSON.parse(row.outcome) as OperationOutcome),
    body: row.body ?? undefined,
    createdMs: row.created_ms,
    changedMs: row.changed_ms,
  };
}

function messagesOf(rows: readonly unknown[]): readonly Message[] {
  return rows.map((row) => messageOf(row as Row));
}

const KEEP = statement(`
  INSERT INTO message (channel, direction, id, conversation, about, version, person_id, owner_org, remote_id, reply_to,
    state, due_ms, body, created_ms, changed_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, direction, id) DO NOTHING`);
const GET = statement('SELECT * FROM message WHERE channel = ? AND direction = ? AND id = ?');

function* keepMessage(message: NewMessage, nowMs: number): Step<{ message: Message; isNew: boolean }> {
  const { channel, direction, id, about, version, personId, remoteId, replyTo, dueMs, body } = message;
  const isNew =
    (yield* KEEP.run(
      ...[channel, direction, id, message.conversation, about ?? null, version ?? null, personId ?? null],
      ...[message.ownerOrg, remoteId ?? null, replyTo ?? null, message.state, dueMs ?? null, body ?? null],
      ...[nowMs, nowMs],
    )) === 1;
  return { message: messageOf((yield* GET.get(channel, direction, id)) as Row), isNew };
}

/** `given` says whether a column is written, since null is a value here. */
const CHANGE = statement(`
  UPDATE message SET
    state = coalesce(?, state),
    remote_id = CASE WHEN ? = 1 THEN ? ELSE remote_id END,
    reply_to = CASE WHEN ? = 1 THEN ? ELSE reply_to END,
    body = CASE WHEN ? = 1 THEN ? ELSE body END,
    due_ms = CASE WHEN ? = 1 THEN ? ELSE due_ms END,
    outcome = CASE WHEN ? = 1 THEN ? ELSE outcome END,
    changed_ms = ?
  WHERE channel = ? AND direction = ? AND id = ? AND state IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)`);
const ANY_STATE: readonly MessageState[] = [
  ...(['prepared', 'sent', 'acknowledged', 'answered', 'rejected', 'silent', 'replaced'] as const),
  ...(['received', 'taken', 'refused'] as const),
];

function* changeMessage(
  { channel, direction, id }: MessageKey,
  change: MessageChange,
  nowMs: number,
  from: readonly MessageState[] = ANY_STATE,
): Step<boolean> {
  const { state, remoteId, replyTo, body, dueMs, outcome } = change;
  const text = outcome === undefined || outcome === null ? null : JSON.stringify(outcome);
  const given = (value: unknown): number => (value === undefined ? 0 : 1);
  const written = yield* CHANGE.run(
    state ?? null,
    ...[given(remoteId), remoteId ?? null, given(replyTo), replyTo ?? null],
    ...[given(body), body ?? null, given(dueMs), dueMs ?? null, given(outcome), text],
    ...[nowMs, channel, direction, id, JSON.stringify(from.map((one) => [one]))],
  );
  return written === 1;
}

const BY_REMOTE = statement(`
  SELECT * FROM message WHERE channel = ? AND direction = ? AND remote_id = ? ORDER BY message_no DESC LIMIT 1`);
const OF_CONVERSATION = statement(
  'SELECT * FROM message WHERE channel = ? AND conversation = ? ORDER BY message_no',
);
const ABOUT = statement('SELECT * FROM message WHERE about = ? ORDER BY message_no DESC');
const OVERDUE = statement(
  'SELECT * FROM message WHERE channel = ? AND due_ms <= moment(?) ORDER BY due_ms LIMIT ?',
);

const ERASE = statement(`
  UPDATE message SET body = NULL, outcome = NULL, reply_to = NULL
  WHERE person_id IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)`);
/** Takes out what messages say; that they went stays. @param people ids of the person, and of their Patients */
export function* eraseMessages(people: readonly string[]): Step<void> {
  yield* ERASE.run(JSON.stringify([...new Set(people)].map((id) => [id])));
}

const PRUNE = statement(`
  UPDATE message SET body = NULL WHERE message_no IN (
    SELECT m.message_no FROM message m
    WHERE m.body IS NOT NULL AND m.state IN ('answered', 'rejected', 'replaced', 'taken', 'refused') AND m.changed_ms < ?
    ORDER BY m.changed_ms LIMIT ?)`);
/** Takes out bodies that nobody needs any more. @returns how many */
export function* pruneMessages(beforeMs: number, count: number): Step<number> {
  return yield* PRUNE.run(beforeMs, count);
}

export function messageStore(runner: Runner): MessageStore {
  return {
    keep: (message, nowMs) => runner.write(() => keepMessage(message, nowMs)),
    change: (key, change, nowMs, from) => runner.write(() => changeMessage(key, change, nowMs, from)),
    get: ({ channel, direction, id }) => runner.read(() => first(GET.get(channel, direction, id))),
    byRemoteId: (channel, direction, remoteId) =>
      runner.read(() => first(BY_REMOTE.get(channel, direction, remoteId))),
    ofConversation: (channel, conversation) =>
      runner.read(() => listed(OF_CONVERSATION.all(channel, conversation))),
    async about(resource, channel) {
      const all = await runner.read(() => listed(ABOUT.all(resource)));
      return channel === undefined ? all : all.filter((one) => one.channel === channel);
    },
    overdue: (channel, nowMs, count) => runner.read(() => listed(OVERDUE.all(channel, nowMs, count))),
  };
}

function* first(row: Step<unknown>): Step<Message | undefined> {
  const found = yield* row;
  return found === undefined ? undefined : messageOf(found as Row);
}

function* listed(rows: Step<readonly unknown[]>): Step<readonly Message[]> {
  return messagesOf(yield* rows);
}
