/** Turns what PDS says of a number into what it makes of a Patient of ours: the word that is laid over it, and what somebody must look at. Pure. */

import type { Extension, HumanName, Identifier, OperationOutcomeIssue, Patient } from '@medplum/fhirtypes';
import {
  CONFIDENTIALITY_SYSTEM,
  FORMER_NHS_NUMBER_SYSTEM,
  NHS_NUMBER_SYSTEM,
  type NhsNumber,
  parseNhsNumber,
} from '../../fhir/identifiers.ts';
import { issueOf } from '../../fhir/outcome.ts';
import { VERIFICATION_SYSTEM, VERIFICATION_URL } from '../../fhir/verified-number.ts';
import { DEATH_CODES, DEATH_STATUS, type PatientAnswer, type PdsPerson, type PdsRefusal } from './answer.ts';
import { sharesBirthDate, sharesSurname } from './names.ts';

/** What became of a check, as it is counted. */
export type PdsOutcome =
  | 'verified'
  | 'superseded'
  | 'traced'
  | 'mismatch'
  | 'invalidated'
  | 'not-found'
  | 'not-traced'
  | 'unasked';

export interface Finding {
  readonly outcome: PdsOutcome;
  /** what is said of the Patient: number and status, restriction, death; nothing else of it is PDS's to say */
  readonly word: Patient & { readonly id: string };
  readonly warnings: readonly OperationOutcomeIssue[];
  /** version of the record at PDS, and whose record it is: versions of one record only rise */
  readonly version: string | undefined;
  readonly of?: NhsNumber;
  /** it says of this very person that they are not restricted: nothing else takes a restriction back */
  readonly lifts?: true;
}

/** A Patient of ours, as far as identity goes. */
export type Asked = Pick<Patient, 'name' | 'birthDate' | 'identifier'> & { readonly id: string };

/** 01 verified, 03 trace required, 04 traced without a match, 05 needs to be resolved @source UK Core, NHSNumberVerificationStatusEngland */
type Status = '01' | '03' | '04' | '05';

/** @returns the number that a Patient goes by now; undefined where there is none that passes its check */
export function currentNumber({ identifier }: Pick<Patient, 'identifier'>): NhsNumber | undefined {
  for (const { system, use, value } of identifier ?? [])
    if (system === NHS_NUMBER_SYSTEM && use !== 'old') {
      const number = parseNhsNumber(value ?? '');
      if (number !== undefined) return number;
    }
  return undefined;
}

/**
 * @param answer to the question about `number`
 * @param today FHIR date: an earlier number was given up then at the latest
 */
export function findingOf(
  patient: Asked,
  number: NhsNumber,
  answer: Exclude<PatientAnswer, PdsRefusal>,
  today: string,
): Finding {
  if (answer.kind === 'person') return personFinding(patient, number, answer.person, today);
  const outcome = answer.kind === 'notFound' ? 'not-found' : 'invalidated';
  const status = answer.kind === 'notFound' ? '04' : '05';
  const word = wordOf(patient, [identifierOf(number, status), ...formerNumbers(patient, number)]);
  return { outcome, word, warnings: [warning(patient, WHY[answer.kind])], version: undefined };
}

/**
 * @returns what is said where nothing could be asked: there is no full name and birth date to check the answer by. How far
 *   a source has got with the number stands; where it does not say, it is yet to be traced. What PDS said before is still
 *   said, but as yet to be traced again: else a number that was superseded would be the Patient's once more
 */
export function unaskedFinding(patient: Asked, number: NhsNumber | undefined): Finding {
  const former = number === undefined ? [] : formerNumbers(patient, number);
  const isOfSource =
    former.length === 0 &&
    (patient.identifier ?? []).some(
      ({ system, value, extension }) =>
        system === NHS_NUMBER_SYSTEM &&
        parseNhsNumber(value ?? '') === number &&
        !OF_PDS.has(statusIn(extension)),
    );
  const says = number !== undefined && !isOfSource;
  const word = wordOf(patient, says ? [identifierOf(number, '03'), ...former] : []);
  return { outcome: 'unasked', word, warnings: [warning(patient, UNASKED)], version: undefined };
}

/** None, or one that PDS alone gives here: what a source calls verified does not count as that. */
const OF_PDS: ReadonlySet<string | undefined> = new Set([undefined, '01', '03']);

function statusIn(extension: readonly Extension[] | undefined): string | undefined {
  return extension?.find(({ url }) => url === VERIFICATION_URL)?.valueCodeableConcept?.coding?.[0]?.code;
}

/** @returns what is said where no search found the person beyond doubt */
export function untracedFinding(patient: Asked, why: 'none' | 'tooMany' | 'unsure'): Finding {
  return {
    outcome: 'not-traced',
    word: wordOf(patient, []),
    warnings: [warning(patient, UNTRACED[why])],
    version: undefined,
  };
}

/** @returns the elements in which PDS differs from the Patient: either of them makes it another person, or a mistake */
export function differencesFrom(
  patient: Pick<Patient, 'name' | 'birthDate'>,
  person: Pick<PdsPerson, 'names' | 'birthDate'>,
): readonly ('Patient.name' | 'Patient.birthDate')[] {
  return [
    ...(sharesSurname(patient.name, person.names) ? [] : (['Patient.name'] as const)),
    ...(sharesBirthDate(patient.birthDate, person.birthDate) ? [] : (['Patient.birthDate'] as const)),
  ];
}

function personFinding(patient: Asked, number: NhsNumber, person: PdsPerson, today: string): Finding {
  const { version } = person;
  const differs = differencesFrom(patient, person);
  if (differs.length > 0) {
    // whose record that is, is not known: only that nothing may lead to them is taken from it
    const numbers = [identifierOf(number, '05'), ...formerNumbers(patient, number)];
    const word = wordOf(patient, numbers, { restriction: person.restriction });
    const warnings = differs.map((path) => mismatch(patient, path));
    return { outcome: 'mismatch', word, warnings, version, of: person.number };
  }
  const isOther = person.number !== number;
  // all of them, so that the word still speaks of the number by which a source knows the person
  const former = formerNumbers(patient, person.number);
  const earlier = isOther ? [givenUp(number, today), ...former] : former;
  const word = wordOf(patient, [identifierOf(person.number, '01'), ...earlier], person);
  const warnings = person.death ? [death(patient, person.death.status)] : [];
  const outcome = isOther ? 'superseded' : number === currentNumber(patient) ? 'verified' : 'traced';
  const lifts = person.restriction === 'U' ? { lifts: true as const } : {};
  return { outcome, word, warnings, version, of: person.number, ...lifts };
}

/**
 * Keeps what PDS said before of a restriction, where its answer now is none, is about nobody, or may be about another person.
 * @param known the label under which PDS restricted the Patient when it was last asked; undefined where it did not
 */
export function withKnownRestriction(finding: Finding, known: 'R' | 'V' | undefined): Finding {
  const { word, lifts } = finding;
  if (lifts || known === undefined || word.meta?.security) return finding;
  return {
    ...finding,
    word: { ...word, meta: { security: [{ system: CONFIDENTIALITY_SYSTEM, code: known }] } },
  };
}

function identifierOf(value: NhsNumber, code: Status): Identifier {
  const status = {
    url: VERIFICATION_URL,
    valueCodeableConcept: { coding: [{ system: VERIFICATION_SYSTEM, code }] },
  };
  return { system: NHS_NUMBER_SYSTEM, value, extension: [status] };
}

function givenUp(value: NhsNumber, today: string): Identifier {
  return { use: 'old', system: FORMER_NHS_NUMBER_SYSTEM, value, period: { end: today } };
}

/** Numbers that a Patient had before stay, as they stand. */
function formerNumbers({ identifier }: Asked, current: NhsNumber): Identifier[] {
  return (identifier ?? []).filter(
    ({ system, value }) => system === FORMER_NHS_NUMBER_SYSTEM && value !== current,
  );
}

function wordOf(
  { id }: Asked,
  identifier: Identifier[],
  { restriction, death }: Partial<Pick<PdsPerson, 'restriction' | 'death'>> = {},
): Finding['word'] {
  const isRestricted = restriction === 'R' || restriction === 'V';
  return {
    resourceType: 'Patient',
    id,
    ...(isRestricted ? { meta: { security: [{ system: CONFIDENTIALITY_SYSTEM, code: restriction }] } } : {}),
    ...(identifier.length === 0 ? {} : { identifier }),
    ...(death === undefined ? {} : { deceasedDateTime: death.dateTime, ...noticeOf(death.status) }),
  };
}

function noticeOf(code: '1' | '2' | undefined): { extension?: Extension[] } {
  if (code === undefined) return {};
  const coding = [{ system: DEATH_CODES, code }];
  const extension = [{ url: 'deathNotificationStatus', valueCodeableConcept: { coding } }];
  return { extension: [{ url: DEATH_STATUS, extension }] };
}

interface Why {
  readonly rule: string;
  readonly code: OperationOutcomeIssue['code'];
  readonly words: string;
  readonly expression: string;
}

const NUMBER = { expression: 'Patient.identifier' };
const WHY: Readonly<Record<'notFound' | 'invalidated' | 'invalidNumber', Why>> = {
  notFound: {
    ...NUMBER,
    rule: 'pds-not-found',
    code: 'not-found',
    words: 'PDS knows nobody by this NHS number: ask the person, and correct it at its source.',
  },
  invalidated: {
    ...NUMBER,
    rule: 'pds-invalidated',
    code: 'deleted',
    words:
      'PDS has withdrawn this NHS number, and names no other in its place. It counts as verified no longer: ask the person, and correct it at its source.',
  },
  invalidNumber: {
    ...NUMBER,
    rule: 'pds-invalid-number',
    code: 'value',
    words: 'PDS does not take this for an NHS number: correct it at its source.',
  },
};
const UNASKED: Why = {
  rule: 'pds-incomplete',
  code: 'incomplete',
  expression: 'Patient',
  words:
    'PDS was not asked: without a surname and a full birth date nobody could tell whether its answer is about this person. Add them at the source.',
};
const UNTRACED: Readonly<Record<'none' | 'tooMany' | 'unsure', Why>> = {
  none: {
    ...NUMBER,
    rule: 'pds-no-match',
    code: 'not-found',
    words:
      'PDS has nobody of this name and birth date: check both at the source, or ask the person for the NHS number.',
  },
  tooMany: {
    ...NUMBER,
    rule: 'pds-many-matches',
    code: 'multiple-matches',
    words:
      'PDS has more than one person of this name and birth date, and none was chosen: ask the person for the NHS number.',
  },
  unsure: {
    ...NUMBER,
    rule: 'pds-unsure-match',
    code: 'business-rule',
    words:
      'PDS has somebody who may be this person, but is not so beyond doubt: none was chosen. Ask the person for the NHS number.',
  },
};

function warning({ id }: Asked, { rule, code, words, expression }: Why): OperationOutcomeIssue {
  return issueOf({ severity: 'warning', code, rule, expression, diagnostics: `Patient/${id}: ${words}` });
}

/** Which element differs; neither of the two values. */
function mismatch(patient: Asked, expression: string): OperationOutcomeIssue {
  const words = `${expression} is another at PDS than here, under the NHS number that the source gives. The number does not count as verified, and nothing here was changed: find out which of the two is right, and correct it there.`;
  return warning(patient, { rule: 'pds-mismatch', code: 'conflict', expression, words });
}

function death(patient: Asked, status: '1' | '2' | undefined): OperationOutcomeIssue {
  const how = status === '2' ? 'formally, by the registrar' : 'informally, by an organisation that knew them';
  const words = `PDS says that this person has died, as it was told ${how}. Nothing was stopped by that: close what is open, and stop what is still being sent.`;
  return warning(patient, {
    rule: 'pds-deceased',
    code: 'business-rule',
    expression: 'Patient.deceased',
    words,
  });
}

/** Names that stand for nobody in particular make no check. */
export function canBeChecked({ name, birthDate }: Pick<Patient, 'name' | 'birthDate'>): boolean {
  const surnames = (name ?? []).filter(({ family, use }: HumanName) => family && use !== 'anonymous');
  return surnames.length > 0 && /^\d{4}-\d{2}-\d{2}$/.test(birthDate ?? '');
}
