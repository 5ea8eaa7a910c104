/** Turns what the store holds of a person now into the gate that decides what of them may go to a target (hr-8, ADR 7). */
import type { Consent, Patient, Resource } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { outcomeOf } from '../fhir/outcome.ts';
import { readSuccessors, withClosed } from '../nhs/ods/successors.ts';
import { codedOnly } from '../referral/coded-only.ts';
import { decideSharing, hasVerifiedNhsNumber, type Purpose } from '../referral/consent.ts';
import { asRestricted, isRestricted, withoutWhereabouts } from '../referral/restriction.ts';
import { basisOf } from '../store/deliveries.ts';
import type { Identified, ResourceKey, Store } from '../store/store.ts';
import type { Gate } from './gate.ts';
import { namedAsHeld } from './known-person.ts';
import { notForTarget } from './not-sent.ts';
import { agreedFor, isOfPractice, practiceKeys, type SendRules, shapedFor } from './route.ts';

export interface ShareGateOptions {
  readonly store: Pick<Store, 'readPerson' | 'readMany' | 'restricted' | 'links' | 'job'>;
  readonly target: {
    readonly name: string;
    readonly purpose: Purpose;
    readonly requiresVerifiedNhsNumber: boolean;
    readonly allowRestricted: boolean;
    readonly send?: SendRules | undefined;
  };
  readonly definitions: Definitions;
  readonly clock: () => number;
}

interface Person {
  readonly consents: readonly Consent[];
  readonly patient: Patient | undefined;
  readonly alreadyShared: boolean;
  /** their Patients that the target holds */
  readonly held: readonly ResourceKey[];
  /** registered with a practice that the target is for */
  readonly isServed: boolean;
  /** the versions that this was read from */
  readonly basis?: string;
}

/** @returns the gate of one target; it reads consent and identity anew for every group of deliveries */
export function createShareGate({ store, target, definitions, clock }: ShareGateOptions): Gate {
  // The entries of one group ask one after the other: they share one reading, which no later turn of the event loop sees.
  const asked = new Map<string, Promise<Person>>();
  const personOf = (personId: string): Promise<Person> => {
    if (asked.size === 0) setImmediate(() => asked.clear());
    const person = asked.get(personId) ?? readPerson(store, target, personId);
    asked.set(personId, person);
    return person;
  };
  return async ({ personId, resource }) => {
    const person = personId === undefined ? NOBODY : await personOf(personId);
    const { basis } = person;
    // Whose practice is another is held without a word; what the person decided still goes to whoever holds a copy.
    if (!person.isServed && !(person.alreadyShared && resource.resourceType === 'Consent'))
      return { send: false, outcome: notForTarget(target.name), basis, quiet: true };
    const decision = decideSharing({
      ...person,
      resource,
      agreed: agreedFor(target),
      requiresVerifiedNhsNumber: target.requiresVerifiedNhsNumber,
      allowsRestricted: target.allowRestricted,
      nowMs: clock(),
      definitions,
    });
    const forms = (): readonly Identified[] =>
      formsOf(definitions, resource).flatMap((form) => [
        form,
        namedAsHeld(shapedFor(target.send, definitions, form) ?? form, person.held),
      ]);
    if (!decision.send && decision.isElsewhere)
      return { send: false, outcome: notForTarget(target.name), basis, quiet: true, forms };
    if (!decision.send) return { send: false, outcome: outcomeOf(decision.issue), basis, forms };
    const shaped = shapedFor(target.send, definitions, decision.resource as Identified);
    return shaped
      ? { send: true, resource: namedAsHeld(shaped, person.held), forms }
      : { send: false, outcome: notForTarget(target.name), basis, quiet: true, forms };
  };
}

/** Whole or in codes, with or without whereabouts: what a decision may have let through before the person decided otherwise. */
function formsOf(definitions: Definitions, resource: Identified): readonly Identified[] {
  const coded = codedOnly(definitions, resource);
  const extents = coded ? [resource, coded] : [resource];
  return [...extents, ...extents.map((extent) => withoutWhereabouts(extent) as Identified)];
}

const NOBODY: Person = { consents: [], patient: undefined, alreadyShared: false, held: [], isServed: true };

async function readPerson(
  store: ShareGateOptions['store'],
  target: ShareGateOptions['target'],
  personId: string,
): Promise<Person> {
  const versions = [
    ...(await store.readPerson(personId, 'Patient')),
    ...(await store.readPerson(personId, 'Consent')),
  ];
  const resources = versions.flatMap(({ resource }) => resource ?? []);
  const patients = resources.filter((resource) => resource.resourceType === 'Patient');
  const consents = resources.filter((resource) => resource.resourceType === 'Consent');
  const held = await store.links(
    target.name,
    patients.map((patient): ResourceKey => `Patient/${patient.id}`),
  );
  const restricted = await store.restricted(personId);
  // Two sources may know the same person: one that is restricted in either is restricted in both.
  const patient = patients.find(isRestricted) ?? patients.find(hasVerifiedNhsNumber) ?? patients[0];
  return {
    consents,
    // the label may stand in the record of somebody who has the same number, and is not known to be the same person
    patient: patient && restricted.length > 0 ? asRestricted(patient) : patient,
    alreadyShared: held.length > 0,
    held: held.map(({ id }): ResourceKey => `Patient/${id}`),
    isServed: await isServed(store, target.send?.practices, patients),
    basis: basisOf(versions, restricted),
  };
}

async function isServed(
  store: ShareGateOptions['store'],
  practices: readonly string[] | undefined,
  patients: readonly Patient[],
): Promise<boolean> {
  if (practices === undefined) return true;
  const read = await resourcesAt(store, practiceKeys(patients));
  const ofRoles = read.flatMap((one) =>
    one.resourceType === 'PractitionerRole' ? [one.organization?.reference as ResourceKey | undefined] : [],
  );
  const organizations = await resourcesAt(
    store,
    ofRoles.filter((key) => key !== undefined),
  );
  const all = withClosed(practices, await readSuccessors(store));
  return isOfPractice(all, patients, [...read, ...organizations]);
}

async function resourcesAt(
  store: ShareGateOptions['store'],
  keys: readonly ResourceKey[],
): Promise<readonly Resource[]> {
  if (keys.length === 0) return [];
  return (await store.readMany(keys)).flatMap(({ resource }) => resource ?? []);
}
