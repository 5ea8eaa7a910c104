/** Turns what the store has of a person into whose record it is, at which practice, and whether anything may be filed there now. */
import type {
  Consent,
  Organization,
  Patient,
  PractitionerRole,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { parseOdsCode } from '../../fhir/identifiers.ts';
import { nhsNumbersIn, verifiedNhsNumber } from '../../fhir/verified-number.ts';
import { type Successors, workedBy } from '../../nhs/ods/successors.ts';
import type { Blocked, CodedPerson } from '../../referral/coded/entry.ts';
import { coveringConsent } from '../../referral/covering-consent.ts';
import { isRestricted } from '../../referral/restriction.ts';
import type { ResourceKey } from '../../store/store.ts';

const ODS = /^https?:\/\/fhir\.nhs\.uk\/id\/ods-organi[sz]ation-code$/i;
/** Code of CodeSystem consent-purpose. */
const SHARE_WITH_GP = 'share-gp';

export interface PersonRules {
  /** ODS codes that lists are made for; default every practice */
  readonly practices?: readonly string[] | undefined;
  readonly consentScopes?: readonly string[] | undefined;
}

/** A person as entries are filed for. */
export interface FiledPerson {
  readonly person: CodedPerson | undefined;
  /** ODS code of the registered practice, or of the one that works in its place */
  readonly practice: string | undefined;
  readonly blocked: Blocked | undefined;
  /** every NHS number that is, or was, theirs; undefined where nobody is known */
  readonly numbers: ReadonlySet<string> | undefined;
}

/** @returns what must be read to tell the practice, and then the organisations of roles among these */
export function practiceReferences(patients: readonly Patient[]): readonly ResourceKey[] {
  return patients.flatMap(({ generalPractitioner = [] }) =>
    generalPractitioner.flatMap(({ reference }) =>
      reference && /^(Organization|PractitionerRole)\//.test(reference) ? [reference as ResourceKey] : [],
    ),
  );
}

/** @param read what `practiceReferences` named, by key */
export function filedPerson(
  given: readonly Patient[],
  consents: readonly Consent[],
  read: ReadonlyMap<string, Resource>,
  rules: PersonRules & { readonly nowMs: number; readonly successors: Successors },
): FiledPerson {
  const patients = [...given].sort(byWeight);
  const [patient] = patients;
  if (!patient)
    return { person: undefined, practice: undefined, blocked: 'not-verified', numbers: undefined };
  const number = verifiedNhsNumber(patient);
  const person = number === undefined ? undefined : { nhsNumber: number as string, ...namesOf(patient) };
  const registered = patients.map((one) => practiceOf(one, read)).find((code) => code !== undefined);
  const practice = registered && workedBy(registered, rules.successors, rules.practices);
  const blocked = blockedBy({ patients, consents, isVerified: person !== undefined, practice }, rules);
  return { person, practice, blocked, numbers: numbersOf(patients) };
}

/** One whose number is verified counts before one whose is not; of two, the one changed last. */
function byWeight(left: Patient, right: Patient): number {
  const [a, b] = [left, right].map((one) => Number(verifiedNhsNumber(one) !== undefined)) as [number, number];
  return b - a || (right.meta?.lastUpdated ?? '').localeCompare(left.meta?.lastUpdated ?? '');
}

function blockedBy(
  person: {
    readonly patients: readonly Patient[];
    readonly consents: readonly Consent[];
    readonly isVerified: boolean;
    readonly practice: string | undefined;
  },
  { practices, consentScopes, nowMs }: PersonRules & { readonly nowMs: number },
): Blocked | undefined {
  if (!person.isVerified) return 'not-verified';
  // their practice is neither kept nor inferred: there is nobody to list them for
  if (person.patients.some(isRestricted)) return 'restricted';
  const rule = { purpose: SHARE_WITH_GP, scopes: consentScopes };
  // codes alone are filed: consent to codes only is enough
  if (!coveringConsent(person.consents, rule, nowMs).covers) return 'no-consent';
  if (person.practice === undefined) return 'no-practice';
  const isServed = practices?.some((code) => code.toUpperCase() === person.practice) ?? true;
  return isServed ? undefined : 'not-served';
}

function namesOf({ name = [], birthDate = '' }: Patient): Omit<CodedPerson, 'nhsNumber'> {
  const official = name.find(({ use }) => use === 'official') ?? name.find(({ use }) => use === 'usual');
  const { family = '', given = [] } = official ?? name.find(({ use }) => use !== 'old') ?? {};
  return { family, given: given.join(' '), birthDate };
}

function numbersOf(patients: readonly Patient[]): ReadonlySet<string> {
  return new Set(patients.flatMap(nhsNumbersIn));
}

function practiceOf(patient: Patient, read: ReadonlyMap<string, Resource>): string | undefined {
  for (const reference of patient.generalPractitioner ?? []) {
    const code = odsOf(reference, read);
    if (code !== undefined) return code;
  }
  return undefined;
}

/** @returns ODS code of what a reference names: an organisation, or that of a role */
export function odsOf(
  reference: Reference | undefined,
  read: ReadonlyMap<string, Resource>,
): string | undefined {
  const { identifier, reference: key = '' } = reference ?? {};
  if (ODS.test(identifier?.system ?? '')) return parseOdsCode(identifier?.value ?? '');
  const found = read.get(key);
  if (found?.resourceType === 'Organization') return odsOfOrganization(found);
  if (found?.resourceType === 'PractitionerRole')
    return odsOf((found as PractitionerRole).organization, read);
  return undefined;
}

function odsOfOrganization({ identifier = [] }: Organization): string | undefined {
  const found = identifier.find(({ system, use }) => ODS.test(system ?? '') && use !== 'old');
  return found && parseOdsCode(found.value ?? '');
}
