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
import { lockCommits } from './counter-rows.ts';
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
  readonly organisation: string | null;
  readonly service: string | null;
  readonly what: string | null;
  readonly digest: string | null;
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
    organisation: row.organisation ?? undefined,
    service: row.service ?? undefined,
    what: row.what ?? undefined,
    digest: row.digest ?? undefined,
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
    organisation, service, what, digest, state, due_ms, body, created_ms, changed_ms)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (channel, direction, id) DO NOTHING`);
const GET = statement('SELECT * FROM message WHERE channel = ? AND direction = ? AND id = ?');

const ERASED = statement(`SELECT 1 FROM resource WHERE type = 'Patient' AND id = ? AND state = 'erased'`);

/** Whoever is erased meanwhile waits, or has been: of theirs nothing is kept but that it was. */
function* withoutErased(message: NewMessage): Step<NewMessage> {
  const { personId, direction, state, dueMs } = message;
  if (personId === undefined) return message;
  yield* lockCommits();
  if ((yield* ERASED.get(personId)) === undefined) return message;
  const isWaitedFor = direction === 'out' && state === 'prepared' && dueMs === undefined;
  const nothing = { body: undefined, digest: undefined, replyTo: undefined };
  return { ...message, ...nothing, state: isWaitedFor ? 'replaced' : state };
}

function* keepMessage(given: NewMessage, nowMs: number): Step<{ message: Message; isNew: boolean }> {
  const message = yield* withoutErased(given);
  const { channel, direction, id, about, version, personId, remoteId, replyTo, dueMs, body } = message;
  const { organisation, service, what, digest } = message;
  const isNew =
    (yield* KEEP.run(
      ...[channel, direction, id, message.conversation, about ?? null, version ?? null, personId ?? null],
      ...[message.ownerOrg, remoteId ?? null, replyTo ?? null],
      ...[organisation ?? null, service ?? null, what ?? null, digest ?? null],
      ...[message.state, dueMs ?? null, body ?? null, nowMs, nowMs],
    )) === 1;
  return { message: messageOf((yield* GET.get(channel, direction, id)) as Row), isNew };
}

/** `given` says whether a column is written, since null is a value here. */
const CHANGE = statement(`
  UPDATE message SET
    state = coalesce(?, state),
    person_id = CASE WHEN ? = 1 THEN ? ELSE person_id END,
    remote_id = CASE WHEN ? = 1 THEN ? ELSE remote_id END,
    reply_to = CASE WHEN ? = 1 THEN ? ELSE reply_to END,
    body = CASE WHEN ? = 1 THEN ? ELSE body END,
    digest = CASE WHEN ? = 1 THEN ? ELSE digest END,
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
  const { state, personId, remoteId, replyTo, body, digest, dueMs, outcome } = change;
  const text = outcome === undefined || outcome === null ? null : JSON.stringify(outcome);
  const given = (value: unknown): number => (value === undefined ? 0 : 1);
  const written = yield* CHANGE.run(
    state ?? null,
    ...[given(personId), personId ?? null],
    ...[given(remoteId), remoteId ?? null, given(replyTo), replyTo ?? null],
    ...[given(body), body ?? null, given(digest), digest ?? null],
    ...[given(dueMs), dueMs ?? null, given(outcome), text],
    ...[nowMs, channel, direction, id, JSON.stringify(from.map((one) => [one]))],
  );
  return written === 1;
}

const BY_REMOTE = statement(`
  SELECT * FROM message
  WHERE channel = ? AND direction = ? AND remote_id = ? AND coalesce(organisation, '') = coalesce(?, organisation, '')
  ORDER BY message_no DESC LIMIT 1`);
const OF_CONVERSATION = statement(
  'SELECT * FROM message WHERE channel = ? AND conversation = ? ORDER BY message_no',
);
const ABOUT = statement('SELECT * FROM message WHERE about = ? ORDER BY message_no DESC');
const WITH_BODY = statement(
  'SELECT channel, direction, id FROM message WHERE channel = ? AND body IS NOT NULL',
);
const OVERDUE = statement(
  'SELECT * FROM message WHERE channel = ? AND due_ms <= moment(?) ORDER BY due_ms LIMIT ?',
);

const MOVE = statement('UPDATE message SET person_id = ? WHERE person_id = ?');
const MOVE_ABOUT = statement(`
  UPDATE message SET person_id = ?
  WHERE person_id = ? AND about IN (SELECT wanted.value ->> 0 FROM json_each(?) wanted)`);
/** Messages follow the person that they are about. @param about keys of resources; without them all of the person's go */
export function* moveMessages(from: string, to: string, about?: readonly string[]): Step<void> {
  if (about === undefined) yield* MOVE.run(to, from);
  else yield* MOVE_ABOUT.run(to, from, JSON.stringify(about.map((key) => [key])));
}

const PRUNE = statement(`
  UPDATE message SET body = NULL WHERE message_no IN (
    SELECT m.message_no FROM message m
    WHERE m.body IS NOT NULL AND m.changed_ms < ? AND
      (m.state IN ('answered', 'rejected', 'replaced', 'taken', 'refused') OR m.state = 'acknowledged' AND m.due_ms IS NULL)
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
    byRemoteId: (channel, direction, remoteId, organisation) =>
      runner.read(() => first(BY_REMOTE.get(channel, direction, remoteId, organisation ?? null))),
    ofConversation: (channel, conversation) =>
      runner.read(() => listed(OF_CONVERSATION.all(channel, conversation))),
    async about(resource, channel) {
      const all = await runner.read(() => listed(ABOUT.all(resource)));
      return channel === undefined ? all : all.filter((one) => one.channel === channel);
    },
    withBody: async (channel) => (await runner.read(() => WITH_BODY.all(channel))) as readonly MessageKey[],
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
