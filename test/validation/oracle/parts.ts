/** Small resources and definitions that the tables of profile features are made of. */
import type { StructureDefinition } from '@medplum/fhirtypes';
import type { Json } from '../../../src/validation/run.ts';
import { profile, type Said } from '../snapshot/profiles.ts';

/** What profiles allow and refuse; the first profile is the one that all resources are held against. */
export interface OracleCase {
  readonly title: string;
  readonly profiles: readonly StructureDefinition[];
  readonly fine: readonly Json[];
  readonly faulty: readonly Json[];
  /** the rules that the faulty ones break, each at least once */
  readonly rules: readonly string[];
}

export const SYSTEM = 'https://example.org/s';
export const OTHER = 'https://example.org/t';
export const BIRTH_TIME = 'http://hl7.org/fhir/StructureDefinition/patient-birthTime';
export const UNKNOWN = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};

export function by(type: 'exists' | 'pattern' | 'profile' | 'type' | 'value', path: string) {
  return [{ type, path }];
}

export function patient(members: object): Json {
  return { resourceType: 'Patient', active: true, ...members };
}

export function observation(members: object): Json {
  return { resourceType: 'Observation', status: 'final', code: { text: 'x' }, ...members };
}

export function urn(last: number): string {
  return `urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e${last}`;
}

export function bundle(...resources: readonly Json[]): Json {
  const entry = resources.map((resource, at) => ({ fullUrl: urn(at), resource }));
  return { resourceType: 'Bundle', type: 'collection', entry };
}

export function coding(system: string, code: string, members: object = {}): Json {
  return { system, code, ...members };
}

export function item(linkId: string, members: Json = {}): Json {
  return { linkId, type: members.item ? 'group' : 'string', text: 'x', ...members };
}

export function questionnaire(...items: readonly Json[]): Json {
  return { resourceType: 'Questionnaire', status: 'draft', item: items };
}

/** @returns a profile on a data type */
export function dataType(name: string, base: string, said: readonly Said[]): StructureDefinition {
  return { ...profile(name, base, said), kind: 'complex-type' };
}

/** @returns the definition of an extension that may stand anywhere */
export function extension(name: string, said: readonly Said[]): StructureDefinition {
  const context = [{ type: 'element' as const, expression: 'Element' }];
  return { ...dataType(name, 'Extension', [{ id: 'Extension' }, ...said]), context };
}
