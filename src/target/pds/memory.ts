/** Turns a check into what is remembered of it, by digests alone: enough to know that nothing has changed since, and nothing to read. */
import type { Identifier, Patient, Resource } from '@medplum/fhirtypes';
import { digestOf } from '../../fhir/digest.ts';
import { isNhsNumberSystem } from '../../fhir/verified-number.ts';
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
  /** newest version that PDS gave of any record, and digest of whose it is: an answer without one leaves it */
  readonly newest?: { readonly of: string; readonly version: string } | undefined;
}

/** @returns digest of the number, the names and the birth date: while it stays, PDS has nothing new to be asked */
export function identityOf(patient: Pick<Patient, 'identifier' | 'name' | 'birthDate'>): string {
  return digestOf([currentNumber(patient) ?? '', patient.name ?? [], patient.birthDate ?? '']);
}

export function keptOf(
  patient: Pick<Patient, 'identifier' | 'name' | 'birthDate'>,
  { word, version, of }: Pick<Finding, 'word' | 'version' | 'of'>,
  before: Kept | undefined,
): Kept {
  const says = {
    number: word.identifier !== undefined,
    restricted: isRestricted(word),
    died: word.deceasedDateTime !== undefined,
  };
  const identity = identityOf({ ...patient, ...(word.identifier ? { identifier: word.identifier } : {}) });
  const newest = of === undefined || version === undefined ? before?.newest : { of: digestOf(of), version };
  return { identity, word: digestOf(word), says, shown: shownIn(word, says), version, newest };
}

/** @returns the same, of a Patient about whom PDS has to be asked again, whatever is known */
export function askedAnew(kept: Kept): Kept {
  return { ...kept, identity: '' };
}

/** @returns whether an answer is older than one that came before it: not every copy of PDS has heard of what another has */
export function isStale({ of, version }: Pick<Finding, 'of' | 'version'>, before: Kept | undefined): boolean {
  if (of === undefined || version === undefined || before?.newest?.of !== digestOf(of)) return false;
  const isNumber = (text: string): boolean => /^\d{1,15}$/.test(text);
  const known = before.newest.version;
  return isNumber(version) && isNumber(known) && Number(version) < Number(known);
}

/** @returns whether the Patient has what was last said of it: a source, or a target's change, may have taken it out */
export function shows(patient: Patient, { says, shown }: Kept): boolean {
  return shownIn(patient, says) === shown;
}

/** @param word what PDS last said of a Patient @returns the label under which it restricted them; undefined where it did not */
export function labelIn(word: Resource | undefined): 'R' | 'V' | undefined {
  if (!word || !isRestricted(word)) return undefined;
  return word.meta?.security?.some(({ code }) => code === 'V') ? 'V' : 'R';
}

function shownIn(patient: Patient, says: Kept['says']): string {
  return digestOf([
    says.number ? (patient.identifier ?? []).flatMap(numberIn) : [],
    says.restricted && isRestricted(patient),
    says.died ? (patient.deceasedDateTime ?? '') : '',
  ]);
}

function numberIn({ system, value, use, extension }: Identifier): unknown[] {
  if (!isNhsNumberSystem(system)) return [];
  const codings = (extension ?? []).flatMap((one) => one.valueCodeableConcept?.coding ?? []);
  return [[value ?? '', use === 'old', codings.map(({ code }) => code ?? '')]];
}
