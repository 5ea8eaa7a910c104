/** Turns a service's answer to a referral that was sent from here into a change of the referral, or into why it cannot be one. */
import type { Task } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { BarsFault } from '../../nhs/bars/errors.ts';
import { readResponse, type ToldReferral, type ToldState } from '../../nhs/bars/read-response.ts';
import type { CheckedMessage } from '../../nhs/bars/receive-checks.ts';
import { REQUEST_STATUSES } from '../../referral/agreement.ts';
import { isReferralTask } from '../../referral/task-event.ts';
import type {
  CommitRecord,
  Identified,
  Message,
  RefusedRecord,
  ResourceKey,
  Store,
} from '../../store/store.ts';
import type { Envelope } from './known-referrals.ts';
import { faultOf } from './refusal-fault.ts';
import type { TakeOptions } from './take-referral.ts';

export interface ResponseOptions extends Omit<TakeOptions, 'store'> {
  readonly store: TakeOptions['store'] & Pick<Store, 'filings' | 'search'>;
  /** names of the targets that referrals go out by: the channels of what was sent */
  readonly sentThrough: readonly string[];
}

const REFERRAL_STATUS = 'https://hedgerow.example/fhir/CodeSystem/referral-status';
/** Order in which a referral goes on: what is behind where it stands changes nothing. */
const ONWARD: readonly string[] = ['draft', 'requested', 'received', 'accepted', 'in-progress'];
const HELD: ReadonlySet<string | undefined> = new Set(['accepted', 'in-progress', 'on-hold']);

/** @returns undefined when what it says is on disk; else why it is not */
export async function takeResponse(
  options: ResponseOptions,
  message: CheckedMessage,
  envelope: Envelope,
): Promise<BarsFault | undefined> {
  const sent = await sentMessage(options, message, envelope);
  if (!sent || isOfAnother(sent, envelope)) return await unknownAnswer(options, message, envelope);
  const id = sent.about!.slice('ServiceRequest/'.length);
  const told = readResponse(message);
  const task = await taskOn(options, id);
  const state = told.state && stateAfter(told.state, task?.status);
  if (state !== undefined) {
    const record = recordOf(options, envelope, { sent, id, task, state, told });
    const kept = await options.store.sourceRecord(record.source, record.kind, record.key);
    if (kept?.digest !== record.digest) {
      const [result] = await options.take([record], receiptOf(options, record));
      if (result!.state === 'refused') return faultOf(result!.outcome);
    }
  }
  await settle(options, sent, told.state);
  return undefined;
}

/** A referral of ours is known by the message that carried it, and the conversation must be the same. */
async function sentMessage(
  { store, sentThrough }: ResponseOptions,
  { respondsTo }: CheckedMessage,
  { conversation }: Envelope,
): Promise<Message | undefined> {
  for (const channel of sentThrough) {
    const found = await store.messages.byRemoteId(channel, 'out', respondsTo!);
    if (found?.conversation === conversation && found.about?.startsWith('ServiceRequest/')) return found;
  }
  return undefined;
}

/** @returns the referral of ours that an answer is about */
export async function answeredReferral(
  ...asked: Parameters<typeof sentMessage>
): Promise<ResourceKey | undefined> {
  return (await sentMessage(...asked))?.about;
}

/** Only the organisation that was asked answers. */
function isOfAnother({ organisation }: Message, { caller }: Envelope): boolean {
  return organisation !== undefined && organisation !== caller;
}

/** Nobody asked for it; but where the conversation is one of ours somebody has to look. */
async function unknownAnswer(
  options: ResponseOptions,
  { bundleId }: CheckedMessage,
  envelope: Envelope,
): Promise<BarsFault> {
  const { store, sentThrough } = options;
  for (const channel of sentThrough) {
    const all = await store.messages.ofConversation(channel, envelope.conversation);
    if (!all.some(({ direction }) => direction === 'out')) continue;
    const record: RefusedRecord = {
      source: channel,
      kind: 'response',
      key: bundleId,
      payload: envelope,
      ownerOrg: options.ownerOrg,
      receiptId: options.uuid(),
      outcome: outcomeOf(
        issueOf({
          code: 'not-found',
          rule: 'bars-unknown-response',
          diagnostics:
            'Somebody answered in a conversation of ours, but names a message that was not sent, or is not the organisation that it was sent to: read what it says, and ask the service what it is about.',
          expression: 'MessageHeader.response.identifier',
        }),
      ),
    };
    await options.take([record], receiptOf(options, record));
    break;
  }
  return {
    code: 'REC_NOT_FOUND',
    issue: 'not-found',
    diagnostics:
      'MessageHeader.response.identifier is no message of ours to this organisation in this conversation: give the Bundle.id of the request, and its X-Correlation-Id.',
    expression: 'Bundle.entry[0].resource.response.identifier',
  };
}

async function taskOn({ store }: ResponseOptions, id: string): Promise<(Task & { id: string }) | undefined> {
  const clauses = [{ kind: 'reference', param: 'focus', targets: [`ServiceRequest/${id}`] } as const];
  const { versions } = await store.search({ type: 'Task', clauses, count: 20 });
  const tasks = versions.flatMap(({ resource }) => (resource?.resourceType === 'Task' ? [resource] : []));
  return tasks.find(isReferralTask) as (Task & { id: string }) | undefined;
}

/** @returns undefined where the referral stands there already, or further on */
function stateAfter(told: ToldState, now: string | undefined): ToldState | undefined {
  if (told === now) return undefined;
  if (told === 'rejected' && HELD.has(now)) return 'failed';
  const [at, to] = [ONWARD.indexOf(now ?? ''), ONWARD.indexOf(told)];
  if (told === 'accepted' && now === 'on-hold') return undefined;
  return at !== -1 && to !== -1 && to <= at ? undefined : told;
}

interface Telling {
  readonly sent: Message;
  readonly id: string;
  readonly task: (Task & { id: string }) | undefined;
  readonly state: ToldState;
  readonly told: ToldReferral;
}

function recordOf(
  { ownerOrg, clock, uuid }: ResponseOptions,
  envelope: Envelope,
  { sent, id, task, state, told }: Telling,
): CommitRecord {
  const request = { resourceType: 'ServiceRequest', id, status: REQUEST_STATUSES[state][0] };
  const reason = reasonOf(state, told);
  const resources = [
    request,
    ...(task
      ? [{ resourceType: 'Task', id: task.id, status: state, ...(reason ? { statusReason: reason } : {}) }]
      : []),
  ];
  return {
    source: sent.channel,
    kind: 'response',
    key: id,
    digest: digestOf(envelope),
    mapDigest: 'fhir',
    payload: envelope,
    ownerOrg,
    sourceTimeMs: clock(),
    timeOf: 'reading',
    receiptId: uuid(),
    resources: resources.map((one) => ({ resource: one as unknown as Identified, partial: true })),
    warnings: [],
  };
}

/** Codes of ours that name the event, then what the service said. */
const ENDED: Readonly<Partial<Record<ToldState, string>>> = {
  rejected: 'rejected',
  cancelled: 'cancelled',
  failed: 'withdrawn',
};

function reasonOf(state: ToldState, { reason }: ToldReferral): Task['statusReason'] {
  const code = ENDED[state];
  if (code === undefined) return reason as Task['statusReason'];
  const given = (reason as Task['statusReason'])?.coding ?? [];
  const isNamed = given.some(({ system }) => system === REFERRAL_STATUS);
  return { ...reason, coding: [...(isNamed ? [] : [{ system: REFERRAL_STATUS, code }]), ...given] };
}

const FILED: Readonly<Record<ToldState, 'filed' | 'rejected' | undefined>> = {
  received: undefined,
  accepted: 'filed',
  'in-progress': 'filed',
  'on-hold': 'filed',
  completed: 'filed',
  rejected: 'rejected',
  cancelled: 'rejected',
  failed: 'rejected',
  'entered-in-error': 'rejected',
};

async function settle(
  { store, clock }: ResponseOptions,
  sent: Message,
  state: ToldState | undefined,
): Promise<void> {
  const filed = state && FILED[state];
  if (!filed) return;
  const { channel: target, about } = sent;
  await store.filings.note({ target, resource: about!, state: filed }, clock());
  const next = filed === 'filed' ? 'answered' : 'rejected';
  await store.messages.change(sent, { state: next, dueMs: null }, clock(), [
    'prepared',
    'sent',
    'acknowledged',
    'silent',
  ]);
}

function receiptOf(
  { clock }: ResponseOptions,
  { receiptId, source, kind }: Pick<RefusedRecord, 'receiptId' | 'source' | 'kind'>,
) {
  return { id: receiptId, source, kind, receivedMs: clock(), file: undefined };
}
