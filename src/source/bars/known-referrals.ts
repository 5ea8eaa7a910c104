/** Looks up what is known here of the referral and the person that a BaRS message names. */
import type { Identifier, Patient, ServiceRequest } from '@medplum/fhirtypes';
import { FORMER_NHS_NUMBER_SYSTEM, NHS_NUMBER_SYSTEM, parseNhsNumber } from '../../fhir/identifiers.ts';
import { isNhsNumberSystem } from '../../fhir/verified-number.ts';
import { isUuid } from '../../nhs/bars/headers.ts';
import { addressOf, addressText, systemOf } from '../../nhs/bars/normal-forms.ts';
import { idOfSent, REMOTE_REFERRAL_SYSTEM, remoteIdOf } from '../../nhs/bars/read-message.ts';
import type { CheckedMessage } from '../../nhs/bars/receive-checks.ts';
import { isJson } from '../../nhs/bars/receive-entries.ts';
import type { ResourceKey, Store, StoredVersion } from '../../store/store.ts';

export type LookupStore = Pick<
  Store,
  'read' | 'readPerson' | 'personOf' | 'search' | 'sourceRecord' | 'messages'
>;

export interface LookupOptions {
  /** of the source, which is the channel of its messages too */
  readonly name: string;
  readonly store: LookupStore;
}

/** A message as it is kept until it is worked. */
export interface Envelope {
  /** ODS code of the organisation that sent it */
  readonly caller: string;
  /** `system|value` of the service that it was sent to */
  readonly target: string;
  readonly conversation: string;
  readonly requestId: string;
  readonly message: unknown;
}

/**
 * Finds a referral by what its sender calls it: by the sender's id, or by ours, which the answer to the first message told.
 * @returns its id here, known or not
 */
export async function referralId(
  { name, store }: LookupOptions,
  caller: string,
  remoteId: string,
): Promise<string> {
  const ofSender = idOfSent(name, caller, 'ServiceRequest', remoteId);
  if (!isUuid(remoteId)) return ofSender;
  const named = (await store.read('ServiceRequest', remoteId))?.resource;
  return named?.resourceType === 'ServiceRequest' && isFrom({ name }, caller, named) ? remoteId : ofSender;
}

/** @returns whether a referral came from an organisation: its id follows from what that calls it */
export function isFrom(
  { name }: Pick<LookupOptions, 'name'>,
  caller: string,
  { id, identifier }: ServiceRequest,
): boolean {
  return (identifier ?? []).some(
    ({ system, value }) =>
      system === REMOTE_REFERRAL_SYSTEM &&
      value !== undefined &&
      idOfSent(name, caller, 'ServiceRequest', value) === id,
  );
}

/** The same conversation tells which referral is meant where its sender calls it otherwise than before. */
export async function referralOfConversation(
  { name, store }: LookupOptions,
  { caller, conversation }: Pick<Envelope, 'caller' | 'conversation'>,
): Promise<string | undefined> {
  const messages = await store.messages.ofConversation(name, conversation);
  const keys = new Set(
    messages.flatMap(({ direction, state, about }) =>
      direction === 'in' && state === 'taken' && about?.startsWith('ServiceRequest/') ? [about] : [],
    ),
  );
  if (keys.size !== 1) return undefined;
  const id = [...keys][0]!.slice('ServiceRequest/'.length);
  const found = (await store.read('ServiceRequest', id))?.resource;
  return found?.resourceType === 'ServiceRequest' && isFrom({ name }, caller, found) ? id : undefined;
}

/** @returns the referral as it stands; undefined when there is none, or it was erased */
export async function referralAt(
  store: Pick<Store, 'read'>,
  id: string,
): Promise<(StoredVersion & { readonly resource: ServiceRequest & { readonly id: string } }) | undefined> {
  const found = await store.read('ServiceRequest', id);
  return found?.resource?.resourceType === 'ServiceRequest'
    ? { ...found, resource: found.resource as ServiceRequest & { readonly id: string } }
    : undefined;
}

/** @returns whom a referral is for; undefined when there is none, or it was erased */
export async function personOfReferral(
  store: Pick<Store, 'read'>,
  key: ResourceKey,
): Promise<string | undefined> {
  return (await referralAt(store, key.slice('ServiceRequest/'.length)))?.personId;
}

/** @returns NHS numbers of the person that a message names, checked */
export function numbersIn({ entries }: Pick<CheckedMessage, 'entries'>): readonly string[] {
  const person = entries.find(({ resource }) => resource.resourceType === 'Patient')?.resource;
  return numbersOf((person?.identifier ?? []) as readonly Identifier[]);
}

function numbersOf(identifiers: readonly Identifier[]): readonly string[] {
  if (!Array.isArray(identifiers)) return [];
  return identifiers.flatMap((one) => {
    const isNumber = isJson(one) && isNhsNumberSystem(systemOf(String(one.system)));
    return (isNumber && typeof one.value === 'string' && parseNhsNumber(one.value)) || [];
  });
}

/** @returns whether a message speaks of another person than the one whom the referral is for, as far as numbers tell */
export async function isAnotherPerson(
  store: Pick<Store, 'readPerson' | 'personOf'>,
  message: CheckedMessage,
  patientId: string,
): Promise<boolean> {
  const there = numbersIn(message);
  if (there.length === 0) return false;
  // one source may know them by a number that another has replaced
  const known = await store.readPerson(await store.personOf(patientId), 'Patient');
  const here = known.flatMap(({ resource }) =>
    numbersOf((resource as Patient | undefined)?.identifier ?? []),
  );
  return here.length > 0 && !there.some((one) => here.includes(one));
}

/** @returns ids of the Patients here that have one of the numbers */
export async function patientsNumbered(
  store: Pick<Store, 'search'>,
  numbers: readonly string[],
): Promise<readonly string[]> {
  if (numbers.length === 0) return [];
  const values = numbers.flatMap((code) => [
    { system: NHS_NUMBER_SYSTEM, code },
    { system: FORMER_NHS_NUMBER_SYSTEM, code },
  ]);
  const clauses = [{ kind: 'token', param: 'identifier', values } as const];
  const { versions } = await store.search({ type: 'Patient', clauses, count: 50 });
  return versions.map(({ id }) => id);
}

/** @returns whether a referral goes on */
export function isCurrent({ status }: Pick<ServiceRequest, 'status'>): boolean {
  return status === 'active' || status === 'on-hold';
}

/** @returns whether the organisation has another referral of the person open at the same service: only one may be */
export async function hasAnotherOpen(
  options: LookupOptions,
  message: CheckedMessage,
  { caller, target }: Envelope,
  id: string,
): Promise<boolean> {
  const { store } = options;
  for (const patientId of await patientsNumbered(store, numbersIn(message))) {
    const personId = await store.personOf(patientId);
    for (const { resource } of await store.readPerson(personId, 'ServiceRequest')) {
      if (resource?.resourceType !== 'ServiceRequest' || resource.id === id) continue;
      if (!isCurrent(resource) || !isFrom(options, caller, resource)) continue;
      if ((await serviceOf(options, resource.id!)) === target) return true;
    }
  }
  return false;
}

async function serviceOf({ name, store }: LookupOptions, id: string): Promise<string | undefined> {
  const messages = await store.messages.about(`ServiceRequest/${id}`, name);
  const first = messages.findLast(({ direction, state }) => direction === 'in' && state === 'taken');
  if (first?.service !== undefined) return first.service;
  const kept = (await store.sourceRecord(name, 'referral', id))?.payload as Envelope | undefined;
  const address = addressOf(kept?.target);
  return address && addressText(address);
}

/** @returns ids here of what a message names under addresses that it may have made anew: the referral, and its person */
export function knownAddresses(
  { focus, entries }: CheckedMessage,
  id: string,
  patientId: string | undefined,
): ReadonlyMap<string, string> {
  const known = new Map([[focus.fullUrl, `ServiceRequest/${id}`]]);
  const person = entries.find(({ resource }) => resource.resourceType === 'Patient');
  if (person && patientId !== undefined) known.set(person.fullUrl, `Patient/${patientId}`);
  return known;
}

/** @returns the id here of the referral that a message is about */
export async function referralOf(
  options: LookupOptions,
  message: CheckedMessage,
  envelope: Envelope,
): Promise<string> {
  const id = await referralId(options, envelope.caller, remoteIdOf(message.focus));
  if (message.asks === 'new' || (await referralAt(options.store, id))) return id;
  return (await referralOfConversation(options, envelope)) ?? id;
}
