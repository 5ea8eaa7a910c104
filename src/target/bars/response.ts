/** Delivers how a referral stands to whoever sent it by BaRS: one message for each step, kept before its first byte leaves. */
import type { Consent, Encounter, Patient, ServiceRequest, Task } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import type { BarsClient } from '../../nhs/bars/client.ts';
import { USE_CASES } from '../../nhs/bars/codes.ts';
import { madeId } from '../../nhs/bars/entries.ts';
import type { BarsHeaders } from '../../nhs/bars/headers.ts';
import { addressOf, type ServiceAddress } from '../../nhs/bars/normal-forms.ts';
import { type ResponseSettings, responseMessage } from '../../nhs/bars/response-message.ts';
import { coveringConsent } from '../../referral/covering-consent.ts';
import { isReferralTask } from '../../referral/task-event.ts';
import type { Identified, Message, ResourceKey, Store, StoredVersion } from '../../store/store.ts';
import { refusal } from '../answers.ts';
import type { Gate } from '../gate.ts';
import { InOrder } from '../in-order.ts';
import type { Delivered, Delivery, Target } from '../target.ts';
import { refusedBy } from './answers.ts';
import { type Asked, askedIn, askedInRecord } from './asked.ts';

export interface BarsResponseOptions {
  /** of the source that the referrals came by, and of this target */
  readonly name: string;
  readonly store: Pick<Store, 'messages' | 'readMany' | 'readPerson' | 'personOf' | 'sourceRecord'>;
  readonly client: BarsClient;
  /** by the service that a referral was sent to, `system|value` */
  readonly settingsOf: (endpoint: string) => ResponseSettings;
  readonly headers: Pick<BarsHeaders, 'organisation' | 'software'>;
  readonly clock: () => number;
  readonly close?: () => void;
}

/** States that the sender brought about itself, or that are nothing to tell. */
const UNTOLD: ReadonlySet<string> = new Set(['draft', 'requested', 'ready']);

export function createBarsResponseTarget(options: BarsResponseOptions): Target {
  return {
    name: options.name,
    async deliver(deliveries, signal) {
      const order = new InOrder(signal);
      for (const delivery of deliveries)
        if (order.maySend(delivery)) order.settle(delivery, await tell(options, delivery, signal));
      return deliveries.map((delivery) => order.answer(delivery));
    },
    close: async () => options.close?.(),
  };
}

/** Only that a referral goes on is told, and of that what its sender has to know; whatever else changed stays here. */
export const responseGate: Gate = async ({ resource }) => ({ send: true, resource: stubOf(resource) });

function stubOf(resource: Identified): Identified {
  if (resource.resourceType !== 'Task')
    return { resourceType: resource.resourceType, id: resource.id } as Identified;
  const { id, status, intent, statusReason, code, focus, for: whom, meta } = resource;
  return {
    resourceType: 'Task',
    id,
    meta,
    status,
    intent,
    statusReason,
    code,
    focus,
    for: whom,
  } as Identified;
}

async function tell(
  options: BarsResponseOptions,
  delivery: Delivery,
  signal: AbortSignal,
): Promise<Delivered> {
  const { resource } = delivery;
  if (resource?.resourceType !== 'Task' || !isReferralTask(resource) || UNTOLD.has(resource.status))
    return done(options, delivery);
  const about = resource.focus!.reference as ResourceKey;
  const [found] = await options.store.readMany([about]);
  if (found?.resource?.resourceType !== 'ServiceRequest') return done(options, delivery); // it was erased
  const messages = await options.store.messages.about(about, options.name);
  const asked = askedIn(messages) ?? (await askedInRecord(options, about));
  const target = addressOf(asked?.replyTo);
  if (!asked || !target) return forgotten(about);
  const out = messages.filter(({ direction }) => direction === 'out');
  const digest = digestOf([resource.status, resource.statusReason]);
  const last = out.find(({ state }) => state === 'acknowledged');
  const task = resource as Task & { id: string };
  if (isKnown(out, last, { task, digest })) return done(options, delivery); // nothing new to its sender
  const answering = { ...{ asked, target, task, digest, out }, isFirst: last === undefined };
  const prepared = await prepare(options, delivery, answering, found as Found);
  if (prepared.message.state === 'acknowledged') return done(options, delivery);
  return await post(options, delivery, prepared, signal);
}

/** What was said since then and not acknowledged may have arrived all the same: then its sender believes that. */
function isKnown(
  out: readonly Message[],
  last: Message | undefined,
  { task, digest }: Pick<Step, 'task' | 'digest'>,
): boolean {
  if (!last || out.slice(0, out.indexOf(last)).some(({ state }) => state !== 'rejected')) return false;
  // a restriction takes digests: then the state alone is known
  return last.digest === undefined ? last.what === task.status : last.digest === digest;
}

type Found = StoredVersion & { readonly resource: ServiceRequest & { readonly id: string } };

/** A step that is to be told. */
interface Step {
  readonly asked: Asked;
  readonly target: ServiceAddress;
  readonly task: Task & { readonly id: string };
  /** of how the referral stands */
  readonly digest: string;
  /** what was told so far, newest first */
  readonly out: readonly Message[];
  readonly isFirst: boolean;
}

interface Prepared {
  readonly message: Message;
  readonly headers: BarsHeaders;
}

/**
 * The same version makes the same message under the same ids, however often it is tried. It is another one once it was
 * refused, or once its contacts may not go along any more.
 */
async function prepare(
  options: BarsResponseOptions,
  delivery: Delivery,
  step: Step,
  { resource: request, personId, ownerOrg }: Found,
): Promise<Prepared> {
  const { store, name, clock } = options;
  const { asked, task, digest, out } = step;
  const { version } = delivery.entry;
  const about = `ServiceRequest/${request.id}` as const;
  const { patient, encounters, mayName } = await gathered(options, request);
  const refused = out.filter((one) => one.state === 'rejected' && one.version === version).length;
  const id = madeId('response', name, about, `${version}`, mayName ? 'contacts' : '', `${refused}`);
  const settings = options.settingsOf(asked.service ?? '');
  const made = responseMessage(
    {
      ...{ patient, encounters, request, task, respondsTo: asked.remoteId },
      ...{ replyTo: asked.replyTo, receiver: asked.organisation, reason: reasonOf(step) },
    },
    settings,
    {
      bundleId: madeId('response-bundle', id),
      time: task.meta?.lastUpdated ?? new Date(clock()).toISOString(),
    },
  );
  const body = JSON.stringify(made);
  const { message } = await store.messages.keep(
    {
      ...{ channel: name, direction: 'out', id, conversation: asked.conversation, about, version, personId },
      ...{ ownerOrg, remoteId: made.id, organisation: asked.organisation, what: task.status },
      ...{ digest, state: 'prepared', body },
    },
    clock(),
  );
  const kept = message.state === 'replaced' ? await revived(options, message, { body, digest }) : message;
  return { message: kept, headers: headersOf(options, id, settings.version, step, request) };
}

/** Its body went when the person was restricted: it is made again, as they may be spoken of now. */
async function revived(
  { store, clock }: BarsResponseOptions,
  message: Message,
  said: { readonly body: string; readonly digest: string },
): Promise<Message> {
  const change = { ...said, state: 'prepared' } as const;
  await store.messages.change(message, change, clock(), ['replaced']);
  return { ...message, ...change };
}

const reasonOf = ({ isFirst }: Step): 'new' | 'update' => (isFirst ? 'new' : 'update');

function headersOf(
  { headers }: BarsResponseOptions,
  requestId: string,
  version: string,
  step: Step,
  { category }: ServiceRequest,
): BarsHeaders {
  const codings = (category ?? []).flatMap(({ coding }) => coding ?? []);
  const useCase = codings.find(({ system }) => system === USE_CASES)?.code ?? '';
  return {
    ...headers,
    ...{ target: step.target, requestId, correlationId: step.asked.conversation, version },
    useContext: `${useCase}|referral|servicerequest-response|${reasonOf(step)}`,
  };
}

async function post(
  options: BarsResponseOptions,
  delivery: Delivery,
  { message, headers }: Prepared,
  signal: AbortSignal,
): Promise<Delivered> {
  const { store, client, clock, name } = options;
  const answered = await client.post(message.body!, headers, signal);
  if (answered.ok && answered.meaning.taken) {
    await store.messages.change(message, { state: 'acknowledged', body: null, outcome: null }, clock());
    await replaceOlder(options, message);
    return done(options, delivery);
  }
  const { type, id } = delivery.entry;
  const refused = refusedBy(answered, `the answer about ${type}/${id}`, name);
  const { retry, outcome } = refused;
  if (retry === 'permanent' || retry === 'conflict')
    await store.messages.change(message, { state: 'rejected', body: null, outcome }, clock(), ['prepared']);
  return refused;
}

/** What was told by a later message need not be told any more, whether it arrived or not. */
async function replaceOlder({ store, clock, name }: BarsResponseOptions, told: Message): Promise<void> {
  for (const one of await store.messages.about(told.about!, name))
    if (one.direction === 'out' && one.id !== told.id && (one.version ?? 0) <= told.version!)
      await store.messages.change(one, { state: 'replaced', body: null }, clock(), ['prepared']);
}

/** Contacts go along where the person agreed to be referred: who refuses is told of by status alone. */
async function gathered(
  { store, clock }: BarsResponseOptions,
  request: ServiceRequest & { readonly id: string },
) {
  const patientId = request.subject?.reference?.slice('Patient/'.length) ?? '';
  const personId = await store.personOf(patientId);
  const [patients, consents, contacts] = await Promise.all(
    [[`Patient/${patientId}` as ResourceKey], 'Consent', 'Encounter'].map((what) =>
      typeof what === 'string' ? store.readPerson(personId, what) : store.readMany(what as ResourceKey[]),
    ),
  );
  const resources = <T>(versions: readonly { readonly resource?: unknown }[] | undefined): T[] =>
    (versions ?? []).flatMap(({ resource }) => (resource ? [resource as T] : []));
  const covering = coveringConsent(resources<Consent>(consents), { purpose: 'refer' }, clock());
  const own = resources<Encounter & { id: string }>(contacts).filter((one) =>
    one.basedOn?.some(({ reference }) => reference === `ServiceRequest/${request.id}`),
  );
  return {
    patient: resources<Patient & { id: string }>(patients)[0],
    encounters: covering.covers ? own : [],
    mayName: covering.covers,
  };
}

function forgotten(about: ResourceKey): Delivered {
  return refusal(
    'permanent',
    'incomplete',
    'bars-forgotten',
    `The message that ${about} came by is no longer kept: tell its sender by telephone or mail, then close this.`,
  );
}

function done({ clock }: BarsResponseOptions, { entry, digest }: Delivery): Delivered {
  const { target, type, id, version } = entry;
  const link = { target, type, id, remoteId: id, remoteVersion: undefined, version, digest };
  return { ok: true, link: { ...link, deliveredMs: clock() } };
}
