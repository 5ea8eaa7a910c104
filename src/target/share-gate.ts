/** Turns what the store holds of a person now into the gate that decides what of them may go to a target (hr-8, ADR 7). */
import type { Consent, Patient } from '@medplum/fhirtypes';
import type { Definitions } from '../fhir/definitions.ts';
import { outcomeOf } from '../fhir/outcome.ts';
import { decideSharing, hasVerifiedNhsNumber, type Purpose } from '../referral/consent.ts';
import { isRestricted } from '../referral/restriction.ts';
import type { Identified, ResourceKey, Store } from '../store/store.ts';
import type { Gate } from './deliver-group.ts';

export interface ShareGateOptions {
  readonly store: Pick<Store, 'readPerson' | 'links'>;
  readonly target: {
    readonly name: string;
    readonly purpose: Purpose;
    readonly requiresVerifiedNhsNumber: boolean;
    readonly allowRestricted: boolean;
  };
  readonly definitions: Definitions;
  readonly clock: () => number;
}

interface Person {
  readonly consents: readonly Consent[];
  readonly patient: Patient | undefined;
  readonly alreadyShared: boolean;
}

/** @returns the gate of one target; it reads consent and identity anew for every group of deliveries */
export function createShareGate({ store, target, definitions, clock }: ShareGateOptions): Gate {
  // The entries of one group ask one after the other: they share one reading, which no later turn of the event loop sees.
  const asked = new Map<string, Promise<Person>>();
  const personOf = (personId: string): Promise<Person> => {
    if (asked.size === 0) setImmediate(() => asked.clear());
    const person = asked.get(personId) ?? readPerson(store, target.name, personId);
    asked.set(personId, person);
    return person;
  };
  return async ({ personId, resource }) => {
    const person = personId === undefined ? NOBODY : await personOf(personId);
    const decision = decideSharing({
      ...person,
      resource,
      purpose: target.purpose,
      requiresVerifiedNhsNumber: target.requiresVerifiedNhsNumber,
      allowsRestricted: target.allowRestricted,
      nowMs: clock(),
      definitions,
    });
    return decision.send
      ? { send: true, resource: decision.resource as Identified }
      : { send: false, outcome: outcomeOf(decision.issue) };
  };
}

const NOBODY: Person = { consents: [], patient: undefined, alreadyShared: false };

async function readPerson(
  store: ShareGateOptions['store'],
  target: string,
  personId: string,
): Promise<Person> {
  const patients = (await store.readPerson(personId, 'Patient')).flatMap(({ resource }) =>
    resource?.resourceType === 'Patient' ? [resource] : [],
  );
  const consents = (await store.readPerson(personId, 'Consent')).flatMap(({ resource }) =>
    resource?.resourceType === 'Consent' ? [resource] : [],
  );
  const held = await store.links(
    target,
    patients.map((patient): ResourceKey => `Patient/${patient.id}`),
  );
  // Two sources may know the same person: one that is restricted in either is restricted in both.
  return {
    consents,
    patient: patients.find(isRestricted) ?? patients.find(hasVerifiedNhsNumber) ?? patients[0],
    alreadyShared: held.length > 0,
  };
}
