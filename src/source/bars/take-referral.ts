/** Turns a referral message that came by BaRS into a commit, or into why it cannot be taken: new, update, cancel, entered in error. */
import type { ServiceRequest } from '@medplum/fhirtypes';
import { STORED_TYPES } from '../../fhir/definitions.ts';
import { digestOf } from '../../fhir/digest.ts';
import { issueOf } from '../../fhir/outcome.ts';
import type { BarsFault } from '../../nhs/bars/errors.ts';
import { readMessage, taskIdOf } from '../../nhs/bars/read-message.ts';
import type { CheckedMessage } from '../../nhs/bars/receive-checks.ts';
import { coveringConsent } from '../../referral/covering-consent.ts';
import type {
  CommitRecord,
  CommitResult,
  Identified,
  ReceiptStart,
  RefusedRecord,
} from '../../store/store.ts';
import {
  type Envelope,
  hasAnotherOpen,
  isAnotherPerson,
  isCurrent,
  knownAddresses,
  type LookupOptions,
  numbersIn,
  patientsNumbered,
  referralAt,
  referralOf,
} from './known-referrals.ts';
import { faultOf } from './refusal-fault.ts';

export interface TakeOptions extends LookupOptions {
  readonly take: (
    records: readonly (CommitRecord | RefusedRecord)[],
    receipt: ReceiptStart,
  ) => Promise<readonly CommitResult[]>;
  readonly ownerOrg: string;
  /** direct care on implied consent is consent to refer */
  readonly impliesConsent: boolean;
  readonly clock: () => number;
  readonly uuid: () => string;
}

const TYPES: ReadonlySet<string> = new Set(STORED_TYPES);
/** Stands for the map of what needs none. */
const NO_MAP = 'fhir';
const REFERRAL_STATUS = 'https://hedgerow.example/fhir/CodeSystem/referral-status';

/** What each ending makes of the referral and its Task. */
const ENDINGS = {
  cancel: { request: 'revoked', task: 'cancelled', kind: 'cancellation' },
  'in-error': { request: 'entered-in-error', task: 'entered-in-error', kind: 'in-error' },
} as const;

/**
 * Works a message. The same one again changes nothing, whatever stopped it before.
 * @returns undefined when what it asks for is on disk; else why it is not: nothing of it was committed then
 */
export async function takeReferral(
  options: TakeOptions,
  message: CheckedMessage,
  envelope: Envelope,
): Promise<BarsFault | undefined> {
  const id = await referralOf(options, message, envelope);
  const digest = digestOfMessage(envelope);
  const { asks } = message;
  const kind = asks === 'cancel' || asks === 'in-error' ? ENDINGS[asks].kind : 'referral';
  const isDone = async (): Promise<boolean> =>
    (await options.store.sourceRecord(options.name, kind, id))?.digest === digest;
  if (await isDone()) return undefined;
  const current = await referralAt(options.store, id);
  const fault = current
    ? await knownFault(options, message, current.resource)
    : await unknownFault(options, message, envelope, id);
  // another process may have taken the very same meanwhile: then it is that which stands in its way
  if (fault) return (await isDone()) ? undefined : fault;
  const subject = current?.resource.subject?.reference;
  const patientId = subject?.startsWith('Patient/') ? subject.slice('Patient/'.length) : undefined;
  const record =
    asks === 'cancel' || asks === 'in-error'
      ? endingOf(options, envelope, { id, digest, asks })
      : contentOf(options, message, envelope, {
          ...{ id, digest, patientId },
          impliesConsent: options.impliesConsent && !(await hasRefused(options, message, patientId)),
        });
  const [result] = await options.take([record], {
    id: record.receiptId,
    source: options.name,
    kind,
    receivedMs: options.clock(),
    file: undefined,
  });
  if (result!.state === 'refused') return faultOf(result!.outcome);
  return asks === 'cancel' || asks === 'in-error' ? await unmovedFault(options, id, asks) : undefined;
}

/** The same message under other ids is the same. */
function digestOfMessage({ caller, target, message }: Envelope): string {
  return digestOf([caller, target, message]);
}

/** @returns whether the person refused to be referred: what a message only implies does not go over that */
async function hasRefused(
  { store, clock }: TakeOptions,
  message: CheckedMessage,
  patientId: string | undefined,
): Promise<boolean> {
  const patients = new Set(await patientsNumbered(store, numbersIn(message)));
  if (patientId !== undefined) patients.add(patientId);
  for (const id of patients) {
    const versions = await store.readPerson(await store.personOf(id), 'Consent');
    const consents = versions.flatMap(({ resource }) =>
      resource?.resourceType === 'Consent' ? [resource] : [],
    );
    const covering = coveringConsent(consents, { purpose: 'refer' }, clock());
    if (!covering.covers && covering.why === 'refused') return true;
  }
  return false;
}

async function unknownFault(
  options: TakeOptions,
  message: CheckedMessage,
  envelope: Envelope,
  id: string,
): Promise<BarsFault | undefined> {
  if (message.asks !== 'new')
    return {
      code: 'REC_NOT_FOUND',
      issue: 'not-found',
      diagnostics:
        'The ServiceRequest is not known here as one of this organisation: name it as in the message that made it, or by the id that was answered.',
      expression: focusPath(message),
    };
  if (!(await hasAnotherOpen(options, message, envelope, id))) return undefined;
  return conflict(
    message,
    'The person has another referral of this organisation open at this service: revoke that one first; only one is active.',
  );
}

async function knownFault(
  { store }: TakeOptions,
  message: CheckedMessage,
  known: ServiceRequest,
): Promise<BarsFault | undefined> {
  const { asks } = message;
  const goesOn = isCurrent(known);
  const patientId = known.subject?.reference?.slice('Patient/'.length) ?? '';
  if (await isAnotherPerson(store, message, patientId))
    return conflict(message, 'The Patient is another than the one whom this ServiceRequest is for.');
  if (asks === 'new')
    return conflict(
      message,
      goesOn
        ? 'The ServiceRequest is known here: send what changes as an update.'
        : `The ServiceRequest is ${known.status} here, and is not opened again: refer anew under another id.`,
    );
  if (asks === 'in-error' ? known.status !== 'entered-in-error' : goesOn) return undefined;
  return conflict(
    message,
    `The ServiceRequest is ${known.status} here, and no longer current: ask for it before it is changed.`,
  );
}

function focusPath({ focus }: CheckedMessage): string {
  return `Bundle.entry[${focus.at}].resource`;
}

function conflict(message: CheckedMessage, diagnostics: string): BarsFault {
  return { code: 'REC_CONFLICT', issue: 'conflict', diagnostics, expression: focusPath(message) };
}

/** What a person was referred with. The Task begins with the referral; how it stands since then is not the sender's to say. */
function contentOf(
  options: TakeOptions,
  message: CheckedMessage,
  envelope: Envelope,
  {
    id,
    digest,
    patientId,
    impliesConsent,
  }: { id: string; digest: string; patientId: string | undefined; impliesConsent: boolean },
): CommitRecord {
  const { name, clock } = options;
  const read = readMessage(message, {
    source: name,
    caller: envelope.caller,
    types: TYPES,
    known: knownAddresses(message, id, patientId),
    impliesConsent,
  });
  const all = [read.referral, ...(message.asks === 'new' ? [read.task] : []), ...read.others];
  const nowMs = clock();
  const warnings = read.leftOut.length === 0 ? [] : [leftOutWarning(read.leftOut)];
  return {
    ...common(options, envelope, { id, digest }),
    kind: 'referral',
    sourceTimeMs: Math.min(message.timeMs ?? nowMs, nowMs),
    timeOf: message.timeMs === undefined ? 'reading' : 'source',
    resources: all.map((one) => ({ resource: one as unknown as Identified, partial: false })),
    warnings,
  };
}

function leftOutWarning(types: readonly string[]): CommitRecord['warnings'][number] {
  return issueOf({
    severity: 'warning',
    code: 'not-supported',
    rule: 'bars-left-out',
    diagnostics: `The message also has ${types.join(', ')}, which are kept with the record as it came and served nowhere: read them there.`,
  });
}

/** An ending says nothing else: what the referral was stays as it is known. */
function endingOf(
  options: TakeOptions,
  envelope: Envelope,
  { id, digest, asks }: { id: string; digest: string; asks: 'cancel' | 'in-error' },
): CommitRecord {
  const { request, task, kind } = ENDINGS[asks];
  const statusReason = {
    coding: [{ system: REFERRAL_STATUS, code: 'cancelled', display: 'Cancelled by the referrer' }],
  };
  const ended = { resourceType: 'Task', id: taskIdOf(options.name, id), status: task };
  const resources = [
    { resourceType: 'ServiceRequest', id, status: request },
    asks === 'cancel' ? { ...ended, statusReason } : ended,
  ];
  return {
    ...common(options, envelope, { id, digest }),
    kind,
    sourceTimeMs: options.clock(),
    timeOf: 'reading',
    resources: resources.map((one) => ({ resource: one as unknown as Identified, partial: true })),
    warnings: [],
  };
}

function common(
  { name, ownerOrg, uuid }: TakeOptions,
  envelope: Envelope,
  { id, digest }: { readonly id: string; readonly digest: string },
) {
  return {
    source: name,
    key: id,
    digest,
    mapDigest: NO_MAP,
    payload: envelope,
    ownerOrg,
    receiptId: uuid(),
  };
}

/** Something later may have been said of it by a clock that is ahead of ours: then the ending did not hold. */
async function unmovedFault(
  { name, store }: TakeOptions,
  id: string,
  asks: 'cancel' | 'in-error',
): Promise<BarsFault | undefined> {
  const task = (await store.read('Task', taskIdOf(name, id)))?.resource;
  if (task?.resourceType === 'Task' && task.status === ENDINGS[asks].task) return undefined;
  return {
    code: 'REC_CONFLICT',
    issue: 'conflict',
    diagnostics: 'The referral has moved on here meanwhile: ask for it, and decide anew.',
  };
}
