/** Codes, references, profiles and days, as our maps write them. */
import type { CodeableConcept, Coding, Meta, Reference, Resource } from '@medplum/fhirtypes';
import type { Identified } from '../../../src/store/store.ts';

export const HEDGEROW = 'https://hedgerow.example/fhir';
export const SNOMED = 'http://snomed.info/sct';
const UK_CORE = 'https://fhir.hl7.org.uk';
const DAY_MS = 86_400_000;

/** Day that the population is as of. */
export const TODAY = '2026-07-01';

/** @returns a coding of one of our CodeSystems */
export function own(system: string, code: string): Coding {
  return { system: `${HEDGEROW}/CodeSystem/${system}`, code };
}

export function snomed(code: string): Coding {
  return { system: SNOMED, code };
}

export function terminology(system: string, code: string): Coding {
  return { system: `http://terminology.hl7.org/CodeSystem/${system}`, code };
}

export function ukCore(system: string, code: string): CodeableConcept {
  return concept({ system: `${UK_CORE}/CodeSystem/UKCore-${system}`, code });
}

export function ukCoreExtension(name: string): string {
  return `${UK_CORE}/StructureDefinition/Extension-UKCore-${name}`;
}

export function concept(...coding: Coding[]): CodeableConcept {
  return { coding };
}

export function profiled(name: string): Meta {
  return { profile: [`${HEDGEROW}/StructureDefinition/social-prescribing-${name}`] };
}

export function to<T extends Resource>(type: T['resourceType'], id: string): Reference<T> {
  return { reference: `${type}/${id}` } as Reference<T>;
}

/** @param before days before the population's today; less than 0 for days after it @returns `2026-06-30` */
export function daysAgo(before: number): string {
  return new Date(Date.parse(TODAY) - before * DAY_MS).toISOString().slice(0, 10);
}

/** @returns a time of that day, as sources write it */
export function timeAgo(before: number, hour = 10): string {
  return `${daysAgo(before)}T${String(hour).padStart(2, '0')}:00:00Z`;
}

/** Resources of one person, made one after another. */
export type Made = Generator<Identified>;
