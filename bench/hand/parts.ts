/** Turns values into the small parts that resources of every kind are made of. */
import type {
  Annotation,
  Bundle,
  BundleEntry,
  CodeableConcept,
  Encounter,
  Meta,
  Organization,
  Patient,
  Period,
  PractitionerRole,
  Reference,
  Resource,
  ServiceRequest,
} from '@medplum/fhirtypes';

/** A resource in the making: what the record does not say is absent, required or not. */
export type Draft<R extends Resource> = Partial<R> & { resourceType: R['resourceType'] };
export type Entries = { resource: Draft<Resource> }[];

export function collection(entry: Entries): Bundle {
  return { resourceType: 'Bundle', type: 'collection', entry: entry as BundleEntry[] };
}

export function toPerson(key: string): Reference<Patient> {
  return { reference: `Patient:person:${key}` };
}

export function toWorker(key: string): Reference<PractitionerRole> {
  return { reference: `PractitionerRole:worker:${key}` };
}

export function toOrganization(key: string): Reference<Organization> {
  return { reference: `Organization:org:${key}` };
}

export function toReferral(key: string): Reference<ServiceRequest> {
  return { reference: `ServiceRequest:referral:${key}` };
}

export function toOnward(key: string): Reference<ServiceRequest> {
  return { reference: `ServiceRequest:onward:${key}` };
}

export function toContact(key: string): Reference<Encounter> {
  return { reference: `Encounter:contact:${key}` };
}

export function concept(system: string, code: string, display: string): CodeableConcept {
  return { coding: [{ system, code, display }] };
}

/** @returns undefined where there is neither start nor end */
export function period(start: string | undefined, end: string | undefined): Period | undefined {
  if (start === undefined) return end === undefined ? undefined : { end };
  return end === undefined ? { start } : { start, end };
}

/** Marks a resource that only adds to what another record gives. */
export function partial(): Meta {
  return { tag: [{ system: 'https://hedgerow.example/fhir/CodeSystem/contribution', code: 'partial' }] };
}

/** @param kind what sort of words: `what-matters` */
export function words(text: string, kind: string): Annotation {
  return {
    extension: [{ url: 'https://hedgerow.example/fhir/StructureDefinition/note-kind', valueCode: kind }],
    text,
  };
}
