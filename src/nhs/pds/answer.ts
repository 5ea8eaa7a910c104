/** Turns what PDS answered into what it says of a person, or into what its error means for us; what would lead to the person is never read. */
import type {
  Bundle,
  BundleEntry,
  Coding,
  HumanName,
  OperationOutcome,
  OperationOutcomeIssue,
  Patient,
} from '@medplum/fhirtypes';
import {
  CONFIDENTIALITY_SYSTEM,
  NHS_NUMBER_SYSTEM,
  type NhsNumber,
  parseNhsNumber,
} from '../../fhir/identifiers.ts';
import type { RetryClass } from '../../fhir/outcome.ts';

/** What of a PDS record is read: its address, telecom, contacts and practice are not. */
export interface PdsPerson {
  /** may be another than was asked for: that one was superseded */
  readonly number: NhsNumber;
  /** version of the record, as in its ETag */
  readonly version: string | undefined;
  readonly names: readonly HumanName[];
  readonly birthDate: string | undefined;
  /** U unrestricted, R restricted, V very restricted; another label counts as R; undefined where there is none, which lifts nothing */
  readonly restriction: 'U' | 'R' | 'V' | undefined;
  readonly death: { readonly dateTime: string; readonly status: '1' | '2' | undefined } | undefined;
}

/** `refused`: PDS, or what stands before it, did not answer the question. */
export type PdsRefusal = {
  readonly kind: 'refused';
  readonly retry: Exclude<RetryClass, 'ambiguous'>;
  readonly code: OperationOutcomeIssue['code'];
  readonly rule: string;
  readonly diagnostics: string;
};

export type PatientAnswer =
  | { readonly kind: 'person'; readonly person: PdsPerson }
  | { readonly kind: 'notFound' | 'invalidated' | 'invalidNumber' }
  | PdsRefusal;

export type SearchAnswer =
  | { readonly kind: 'match'; readonly person: PdsPerson; readonly score: number }
  | { readonly kind: 'none' | 'tooMany' }
  | PdsRefusal;

/** An answer as it came. */
export interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const CODE_SYSTEM = 'https://fhir.nhs.uk/R4/CodeSystem/Spine-ErrorOrWarningCode';

/** @source PDS FHIR API, GET /Patient/{id} */
export function readPatientAnswer({ status, body }: Reply): PatientAnswer {
  const codes = codesIn(body);
  if (status === 404 && codes.includes('INVALIDATED_RESOURCE')) return { kind: 'invalidated' };
  // a 404 without the code is an address that is wrong, not a person who is not there
  if (status === 404 && codes.includes('RESOURCE_NOT_FOUND')) return { kind: 'notFound' };
  if (status === 400 && codes.includes('INVALID_RESOURCE_ID')) return { kind: 'invalidNumber' };
  const person = status === 200 ? personIn(body) : undefined;
  return person ? { kind: 'person', person } : refusalOf(status, codes);
}

/** @source PDS FHIR API, GET /Patient: too many matches are an OperationOutcome under 200 */
export function readSearchAnswer({ status, body }: Reply): SearchAnswer {
  const codes = codesIn(body);
  if (codes.includes('TOO_MANY_MATCHES')) return { kind: 'tooMany' };
  const bundle = body as Bundle<Patient> | undefined;
  if (status !== 200 || bundle?.resourceType !== 'Bundle') return refusalOf(status, codes);
  const entries: readonly BundleEntry<Patient>[] | undefined = listIn(bundle.entry);
  if (!entries) return refusalOf(status, codes);
  if (entries.length === 0 && (bundle.total ?? 0) === 0) return { kind: 'none' };
  if (entries.length !== 1 || bundle.total !== 1) return { kind: 'tooMany' };
  const person = personIn(entries[0]!.resource);
  return person ? { kind: 'match', person, score: entries[0]!.search?.score ?? 0 } : refusalOf(status, codes);
}

export const DEATH_CODES = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-DeathNotificationStatus';
export const DEATH_STATUS =
  'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-DeathNotificationStatus';

function personIn(body: unknown): PdsPerson | undefined {
  const patient = body as Patient | undefined;
  if (patient?.resourceType !== 'Patient') return undefined;
  if (!isReadable(patient)) return undefined;
  const stated = patient.identifier?.find(({ system }) => system === NHS_NUMBER_SYSTEM)?.value;
  const number = typeof patient.id === 'string' ? parseNhsNumber(patient.id) : undefined;
  if (number === undefined || (stated !== undefined && stated !== number)) return undefined;
  return {
    number,
    version: patient.meta?.versionId,
    names: patient.name ?? [],
    birthDate: patient.birthDate,
    restriction: restrictionIn(patient),
    death: deathIn(patient),
  };
}

/** What is read of a person has the form that FHIR gives it. */
function isReadable({ identifier, name, extension, meta, birthDate, deceasedDateTime }: Patient): boolean {
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
  const lists: readonly (readonly object[] | undefined)[] = [identifier, name, extension, meta?.security];
  return (
    lists.every((list) => listIn(list) !== undefined) &&
    [birthDate, deceasedDateTime, ...(name ?? []).map(({ family }) => family)].every(isText)
  );
}

/** @returns the list, an empty one where there is nothing; undefined where it is none of objects */
function listIn<T>(value: readonly T[] | undefined): readonly T[] | undefined {
  if (value === undefined) return [];
  const isList = Array.isArray(value) && value.every((one) => typeof one === 'object' && one !== null);
  return isList ? value : undefined;
}

/** @returns codes of one system, and those that name none; none where it is no list of codings */
function codesOf(codings: readonly Coding[] | undefined, of: string): readonly string[] {
  return (listIn(codings) ?? []).flatMap(({ system, code }) =>
    (system === of || system === undefined) && typeof code === 'string' ? [code] : [],
  );
}

function restrictionIn({ meta }: Patient): PdsPerson['restriction'] {
  const codes = codesOf(meta?.security, CONFIDENTIALITY_SYSTEM);
  const told = codes.filter((code) => code !== 'U');
  if (told.length > 0) return told.includes('V') ? 'V' : 'R';
  return codes.length > 0 ? 'U' : undefined;
}

function deathIn({ deceasedDateTime, extension }: Patient): PdsPerson['death'] {
  if (deceasedDateTime === undefined) return undefined;
  const parts = listIn(extension?.find(({ url }) => url === DEATH_STATUS)?.extension) ?? [];
  const concept = parts.find(({ url }) => url === 'deathNotificationStatus')?.valueCodeableConcept;
  const [code] = codesOf(concept?.coding, DEATH_CODES);
  if (code === 'U') return undefined; // the notice was taken back
  return { dateTime: deceasedDateTime, status: code === '1' || code === '2' ? code : undefined };
}

function codesIn(body: unknown): readonly string[] {
  const outcome = body as OperationOutcome | undefined;
  if (outcome?.resourceType !== 'OperationOutcome') return [];
  const codes = (listIn(outcome.issue) ?? []).flatMap(({ details }) => codesOf(details?.coding, CODE_SYSTEM));
  return codes.filter((code) => /^[A-Z_]{3,60}$/.test(code));
}

type Meaning = Pick<PdsRefusal, 'retry' | 'code' | 'rule'> & { readonly advice: string };

const ACCESS: Meaning = {
  retry: 'transient',
  code: 'security',
  rule: 'pds-access',
  advice: 'The application is not let in: check its key, and that it is onboarded for PDS. Everything waits.',
};
const BUSY: Meaning = {
  retry: 'transient',
  code: 'throttled',
  rule: 'pds-busy',
  advice: 'It is asked again later.',
};
const DOWN: Meaning = {
  retry: 'transient',
  code: 'transient',
  rule: 'pds-down',
  advice: 'It is asked again later.',
};
const ADDRESS: Meaning = {
  retry: 'transient',
  code: 'not-found',
  rule: 'pds-address',
  advice: 'This is not the address of PDS: correct "nhs.pds.baseUrl". Everything waits.',
};
const REQUEST: Meaning = {
  retry: 'permanent',
  code: 'processing',
  rule: 'pds-request',
  advice: 'PDS does not take the request as it was made; amend the record at its source, then replay.',
};
const UNREADABLE: Meaning = {
  retry: 'transient',
  code: 'structure',
  rule: 'pds-unreadable',
  advice: 'The answer is not what PDS promises; nothing was taken from it. It is asked again later.',
};

/** By error code; a status decides where there is none that we know. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  ACCESS_DENIED: ACCESS,
  INVALID_METHOD: ACCESS,
  TOO_MANY_REQUESTS: BUSY,
  UNABLE_TO_CALL_SERVICE: DOWN,
};

function refusalOf(status: number, codes: readonly string[]): PdsRefusal {
  const known = codes.find((code) => BY_CODE[code]);
  const { advice, ...meaning } = known ? BY_CODE[known]! : meaningOf(status, codes);
  const said = codes.length > 0 ? ` (${codes.slice(0, 3).join(', ')})` : '';
  return { kind: 'refused', ...meaning, diagnostics: `PDS answered ${status}${said}. ${advice}` };
}

function meaningOf(status: number, codes: readonly string[]): Meaning {
  if (status === 401 || status === 403) return codes.includes('INVALID_VALUE') ? REQUEST : ACCESS;
  if (status === 429) return BUSY;
  if (status === 408 || status === 425 || status >= 500) return DOWN;
  if (status === 200) return UNREADABLE;
  if (status < 400 || ((status === 404 || status === 405) && codes.length === 0)) return ADDRESS;
  return REQUEST;
}
