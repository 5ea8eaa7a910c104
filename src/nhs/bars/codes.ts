/** Names what BaRS messages are made of: code systems, events, reasons, categories, definitions, profiles, identifiers. */

const NHS = 'https://fhir.nhs.uk';

export const MESSAGE_EVENTS = `${NHS}/CodeSystem/message-events-bars`;
export const MESSAGE_REASONS = `${NHS}/CodeSystem/message-reason-bars`;
export const MESSAGE_CATEGORIES = `${NHS}/CodeSystem/message-category-servicerequest`;
export const USE_CASES = `${NHS}/CodeSystem/usecases-categories-bars`;
export const CONSENT_CATEGORIES = `${NHS}/CodeSystem/consent-categories-bars`;
export const REJECTED_REASONS = `${NHS}/CodeSystem/rejected-reasons-bars`;
/** The published examples write `Codesystem`, the guide `CodeSystem`: compare with `isErrorSystem`. */
export const ERROR_CODES = `${NHS}/Codesystem/http-error-codes`;

export const DOS_SERVICE_ID = `${NHS}/Id/dos-service-id`;
export const SDS_ROLE_PROFILE_ID = `${NHS}/Id/sds-role-profile-id`;

/** `MessageHeader.eventCoding` */
export type MessageEvent =
  | 'servicerequest-request'
  | 'servicerequest-response'
  | 'booking-request'
  | 'booking-response';

export const EVENT_DISPLAYS: Readonly<Record<MessageEvent, string>> = {
  'servicerequest-request': 'ServiceRequest Request',
  'servicerequest-response': 'ServiceRequest Response',
  'booking-request': 'Booking Request',
  'booking-response': 'Booking Response',
};

/** `MessageHeader.reason` */
export type MessageReason = 'new' | 'update' | 'delete';

export const REASON_DISPLAYS: Readonly<Record<MessageReason, string>> = {
  new: 'New',
  update: 'Update',
  delete: 'Delete',
};

/** `ServiceRequest.category` beside the use case */
export type MessageCategory = 'referral' | 'validation';

export const CATEGORY_DISPLAYS: Readonly<Record<MessageCategory, string>> = {
  referral: 'Transfer of Care',
  validation: 'For Validation',
};

/** Why a receiver rejects: codes of REJECTED_REASONS. */
export const REJECTED_REASON_DISPLAYS = {
  RRNA: 'Resource not available in time',
  OTH: 'Other',
} as const;

const DEFINITIONS = `${NHS}/MessageDefinition`;

/** `MessageHeader.definition` */
export const MESSAGE_DEFINITIONS = {
  'request-referral': `${DEFINITIONS}/bars-message-servicerequest-request-referral`,
  'request-cancelled': `${DEFINITIONS}/bars-message-servicerequest-request-cancelled`,
  'request-validation': `${DEFINITIONS}/bars-message-servicerequest-request-validation`,
  'response-referral': `${DEFINITIONS}/bars-message-servicerequest-response-referral`,
  'response-validation-full': `${DEFINITIONS}/bars-message-servicerequest-response-validation-full`,
  'booking-request': `${DEFINITIONS}/bars-message-booking-request`,
} as const;

const PROFILES = `${NHS}/StructureDefinition`;
const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition';

/** Profiles of what BaRS profiles itself. */
export const BARS_PROFILES = {
  bundle: `${PROFILES}/BARSBundleMessage`,
  requestHeader: `${PROFILES}/BARSMessageHeader-servicerequest-request`,
  responseHeader: `${PROFILES}/BARSMessageHeader-servicerequest-response`,
  referral: `${PROFILES}/BARSServiceRequest-request-referral`,
} as const;

export const OPERATION_OUTCOME_PROFILE = `${UK_CORE}/UKCore-OperationOutcome`;

/** Types of a message that UK Core has no profile of; they claim the base one. */
const WITHOUT_UK_CORE: ReadonlySet<string> = new Set(['Goal', 'Group', 'CommunicationRequest']);

/** @returns canonical of the profile that an entry of this type claims, where BaRS has none of its own */
export function ukCoreProfile(type: string): string {
  return WITHOUT_UK_CORE.has(type)
    ? `http://hl7.org/fhir/StructureDefinition/${type}`
    : `${UK_CORE}/UKCore-${type}`;
}

/** Version of the standard that is live: what a service takes unless it is configured otherwise. */
export const LIVE_VERSION = '1.1.0';

/** Entries of a referral request: fewest and most of each type. */
export const REFERRAL_ENTRIES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  MessageHeader: [1, 1],
  ServiceRequest: [1, 1],
  Patient: [1, 1],
  Encounter: [1, 1],
  CarePlan: [1, 1],
  HealthcareService: [1, 1],
  Organization: [2, Number.POSITIVE_INFINITY],
  Practitioner: [1, Number.POSITIVE_INFINITY],
  PractitionerRole: [1, Number.POSITIVE_INFINITY],
  Consent: [1, Number.POSITIVE_INFINITY],
  Location: [0, Number.POSITIVE_INFINITY],
  Observation: [0, Number.POSITIVE_INFINITY],
  Flag: [0, Number.POSITIVE_INFINITY],
  MedicationStatement: [0, Number.POSITIVE_INFINITY],
  AllergyIntolerance: [0, Number.POSITIVE_INFINITY],
  Questionnaire: [0, Number.POSITIVE_INFINITY],
  QuestionnaireResponse: [0, Number.POSITIVE_INFINITY],
  Condition: [0, Number.POSITIVE_INFINITY],
  Task: [0, Number.POSITIVE_INFINITY],
  Communication: [0, Number.POSITIVE_INFINITY],
};

/** Entries of a cancellation. */
export const CANCEL_ENTRIES: Readonly<Record<string, readonly [least: number, most: number]>> = {
  MessageHeader: [1, 1],
  ServiceRequest: [1, 1],
  Patient: [1, 1],
  Organization: [2, 2],
};

/** A referral is of somebody, and FHIR has it say so: where it may not, or cannot, it says that it does not. */
export const MASKED_SUBJECT = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
};

/** @returns whether a system is that of the error codes, in either of its spellings */
export function isErrorSystem(system: string | undefined): boolean {
  return system?.toLowerCase() === ERROR_CODES.toLowerCase();
}
