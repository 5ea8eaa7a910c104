/** Delivers how a referral stands to whoever sent it by BaRS: one message for each step, kept before its first byte leaves. */
import type {
  Bundle,
  Consent,
  Encounter,
  MessageHeader,
  Patient,
  ServiceRequest,
  Task,
} from '@medplum/fhirtypes';
import { digestOf } from '../fhir/digest.ts';
import type { BarsClient } from '../nhs/bars/client.ts';
import { USE_CASES } from '../nhs/bars/codes.ts';
import { madeId } from '../nhs/bars/entries.ts';
import type { BarsHeaders } from '../nhs/bars/headers.ts';
import { addressOf, addressText } from '../nhs/bars/normal-forms.ts';
import { type ResponseSettings, responseMessage } from '../nhs/bars/response-message.ts';
import { coveringConsent } from '../referral/covering-consent.ts';
import { isReferralTask } from '../referral/task-event.ts';
import type { Identified, Message, ResourceKey, Store } from '../store/store.ts';
import { refusal } from './answers.ts';
import { refusedBy } from './bars-answers.ts';
import type { Gate } from './gate.ts';
import { InOrder } from './in-order.ts';
import type { Delivered, Delivery, Target } from './target.ts';

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
  const messages = await options.store.messages.about(about, options.name);
  const asked =
    messages.findLast(
      ({ direction, state, replyTo }) => direction === 'in' && state === 'taken' && replyTo,
    ) ?? (await askedInRecord(options, about));
  if (!asked) return forgotten(about);
  const digest = digestOf([resource.status, resource.statusReason]);
  const last = messages.find(({ direction, state }) => direction === 'out' && state === 'acknowledged');
  if (last?.body === digest) return done(options, delivery); // nothing new to its sender
  const prepared = await prepare(options, delivery, resource, { asked, about, isFirst: last === undefined });
  if (!prepared || prepared.message.state === 'acknowledged') return done(options, delivery);
  return await post(options, delivery, { ...prepared, digest }, signal);
}

interface Prepared {
  readonly message: Message;
  readonly headers: BarsHeaders;
}

/** The same version makes the same message under the same ids, however often it is tried. */
async function prepare(
  options: BarsResponseOptions,
  delivery: Delivery,
  task: Task,
  {
    asked,
    about,
    isFirst,
  }: { readonly asked: Asked; readonly about: ResourceKey; readonly isFirst: boolean },
): Promise<Prepared | undefined> {
  const { store, name, clock } = options;
  const [found] = await store.readMany([about]);
  const request = found?.resource as (ServiceRequest & { id: string }) | undefined;
  const target = addressOf(asked.replyTo);
  if (!request || !target) return undefined;
  const { version } = delivery.entry;
  const id = madeId('response', name, about, `${version}`);
  const key = { channel: name, direction: 'out' as const, id };
  const settings = options.settingsOf(await serviceAsked(options, request.id));
  const made = responseMessage(
    {
      ...(await gathered(options, request)),
      request,
      task: task as Task & { id: string },
      respondsTo: asked.remoteId!,
      replyTo: asked.replyTo!,
      receiver: await callerOf(options, request.id),
      reason: isFirst ? 'new' : 'update',
    },
    settings,
    {
      bundleId: madeId('response-bundle', id),
      time: task.meta?.lastUpdated ?? new Date(clock()).toISOString(),
    },
  );
  const { message } = await store.messages.keep(
    {
      ...key,
      ...{ conversation: asked.conversation, about, version, personId: found!.personId },
      ...{
        ownerOrg: found!.ownerOrg,
        remoteId: made.id,
        state: 'prepared',
        body: JSON.stringify(made),
      },
    },
    clock(),
  );
  const useCase = request.category
    ?.flatMap(({ coding }) => coding ?? [])
    .find(({ system }) => system === USE_CASES);
  return {
    message,
    headers: {
      ...options.headers,
      target,
      requestId: id,
      correlationId: asked.conversation,
      version: settings.version,
      useContext: `${useCase?.code ?? ''}|referral|servicerequest-response|${isFirst ? 'new' : 'update'}`,
    },
  };
}

async function post(
  options: BarsResponseOptions,
  delivery: Delivery,
  { message, headers, digest }: Prepared & { readonly digest: string },
  signal: AbortSignal,
): Promise<Delivered> {
  const { store, client, clock, name } = options;
  const answered = await client.post(message.body!, headers, signal);
  if (answered.ok && answered.meaning.taken) {
    await store.messages.change(message, { state: 'acknowledged', body: digest }, clock());
    await replaceOlder(options, message);
    return done(options, delivery);
  }
  return refusedBy(answered, `the answer about ${delivery.entry.type}/${delivery.entry.id}`, name);
}

/** What was told by a later message need not be told any more, whether it arrived or not. */
async function replaceOlder({ store, clock, name }: BarsResponseOptions, told: Message): Promise<void> {
  for (const one of await store.messages.about(told.about!, name))
    if (one.direction === 'out' && (one.version ?? 0) < told.version!)
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
  };
}

/** What is answered, and where to. */
type Asked = Pick<Message, 'conversation' | 'remoteId' | 'replyTo'>;

interface KeptEnvelope {
  readonly caller?: string;
  readonly target?: string;
  readonly conversation?: string;
  readonly message?: Bundle;
}

/** Messages go sooner than records: what the referral was made of says as much. */
async function askedInRecord(options: BarsResponseOptions, about: ResourceKey): Promise<Asked | undefined> {
  const kept = await envelopeOf(options, about.slice('ServiceRequest/'.length));
  const header = kept?.message?.entry?.[0]?.resource as MessageHeader | undefined;
  const replyTo = addressOf(header?.source?.endpoint);
  if (!kept?.conversation || !kept.message?.id || !replyTo) return undefined;
  return {
    conversation: kept.conversation,
    remoteId: kept.message.id,
    replyTo: addressText(replyTo),
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

async function envelopeOf(
  { store, name }: BarsResponseOptions,
  id: string,
): Promise<KeptEnvelope | undefined> {
  return (await store.sourceRecord(name, 'referral', id))?.payload as KeptEnvelope | undefined;
}

async function serviceAsked(options: BarsResponseOptions, id: string): Promise<string> {
  return (await envelopeOf(options, id))?.target ?? '';
}

async function callerOf(options: BarsResponseOptions, id: string): Promise<string> {
  return (await envelopeOf(options, id))?.caller ?? 'unknown';
}

function done({ clock }: BarsResponseOptions, { entry, digest }: Delivery): Delivered {
  const { target, type, id, version } = entry;
  const link = { target, type, id, remoteId: id, remoteVersion: undefined, version, digest };
  return { ok: true, link: { ...link, deliveredMs: clock() } };
}
