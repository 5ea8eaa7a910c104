/** Turns a check into what is remembered of it, by digests alone: enough to know that nothing has changed since, and nothing to read. */
import type { Identifier, Patient } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { NHS_NUMBER_SYSTEM } from '../../fhir/identifiers.ts';
import { currentNumber, type Finding } from '../../nhs/pds/finding.ts';
import { isRestricted } from '../../referral/restriction.ts';

/** What is kept of the last answer about a Patient. */
export interface Kept {
  /** digest of what identifies them, with the number that PDS gave */
  readonly identity: string;
  /** digest of what was said of the Patient */
  readonly word: string;
  /** what of it the Patient has to show, and its digest */
  readonly says: { readonly number: boolean; readonly restricted: boolean; readonly died: boolean };
  readonly shown: string;
  /** version of the record at PDS */
  readonly version?: string | undefined;
}

/** @returns digest of the number, the names and the birth date: while it stays, PDS has nothing new to be asked */
export function identityOf(patient: Pick<Patient, 'identifier' | 'name' | 'birthDate'>): string {
  return digestOf([currentNumber(patient) ?? '', patient.name ?? [], patient.birthDate ?? '']);
}

export function keptOf(
  patient: Pick<Patient, 'identifier' | 'name' | 'birthDate'>,
  { word, version }: Pick<Finding, 'word' | 'version'>,
): Kept {
  const says = {
    number: word.identifier !== undefined,
    restricted: isRestricted(word),
    died: word.deceasedDateTime !== undefined,
  };
  const identity = identityOf({ ...patient, ...(word.identifier ? { identifier: word.identifier } : {}) });
  return { identity, word: digestOf(word), says, shown: shownIn(word, says), version };
}

/** @returns whether the Patient has what was last said of it: a source, or a target's change, may have taken it out */
export function shows(patient: Patient, { says, shown }: Kept): boolean {
  return shownIn(patient, says) === shown;
}

/** @returns the label under which PDS restricted the Patient when it was last asked; undefined where it did not */
export function labelled({ meta }: Patient, { says }: Kept): 'R' | 'V' | undefined {
  if (!says.restricted) return undefined;
  return meta?.security?.some(({ code }) => code === 'V') ? 'V' : 'R';
}

function shownIn(patient: Patient, says: Kept['says']): string {
  return digestOf([
    says.number ? (patient.identifier ?? []).flatMap(numberIn) : [],
    says.restricted && isRestricted(patient),
    says.died ? (patient.deceasedDateTime ?? '') : '',
  ]);
}

function numberIn({ system, value, use, extension }: Identifier): unknown[] {
  if (system !== NHS_NUMBER_SYSTEM) return [];
  const codings = (extension ?? []).flatMap((one) => one.valueCodeableConcept?.coding ?? []);
  return [[value ?? '', use === 'old', codings.map(({ code }) => code ?? '')]];
}
