/** True faults of published definitions and examples, each with the reason: everything else in them must be found valid. */

/** By `severity rule expression`, the numbers of items left out: why it is a fault. */
export type TrueFaults = Readonly<Record<string, string>>;

/** Of base R4 itself, as its definitions were published. */
export const BASE_R4: TrueFaults = {
  'error fhir-code StructureDefinition.fhirVersion':
    'SubscriptionStatus is one of 4.3, which 4.0.1 does not know',
  'warning fhir-code StructureDefinition.type':
    'SubscriptionStatus and MetadataResource are no types of 4.0.1',
  'warning invariant-sdf-0 StructureDefinition':
    'the names of primitive types, and names in words, are no identifiers',
  'warning invariant-spd-0 SearchParameter': 'a name like address-city is no identifier',
  'warning invariant-csd-0 CodeSystem': 'a name like v2.0136, or one in words, is no identifier',
  'warning invariant-vsd-0 ValueSet': 'a name like v2.0136, or one in words, is no identifier',
};

const BARE_ID = 'the reference is an id without its type';

/** Of UK Core's examples: `file: severity rule expression`. */
export const UK_CORE: TrueFaults = {
  'Extension-UKCore-ConditionEpisode-Example.json: error fhir-choice Condition.extension[].valueCodeableConcept':
    'a valueCode stands beside the valueCodeableConcept that the definition asks for',
  'Extension-UKCore-ConditionEpisode-Example.json: error profile-choice-type Condition.extension[].valueCode':
    'the same valueCode: the definition allows valueCodeableConcept alone',
  'UKCore-MedicationDispense-Amoxicillin-Example.json: error fhir-reference MedicationDispense.authorizingPrescription[].reference':
    BARE_ID,
  'UKCore-MedicationDispense-CiprofloxacinOral-Example.json: error fhir-reference MedicationDispense.authorizingPrescription[].reference':
    BARE_ID,
};

const OLD_STATUS =
  'the code is of the system before 2.2 of UKCore-NHSNumberVerificationStatus, which the value set has no more';
const NOT_OF_THE_OLD = 'the code is one of the system for England, and is written with the old one';
const PLACEHOLDER = 'a placeholder such as {Practitionerid} was left in';
const NOT_WRAPPED = 'the ServiceRequest stands in the entry itself, without `resource` around it';
const CONCEPT = 'the definition says valueCodeableConcept, and another type is there';
const LIST = 'the element may repeat, and is written as one object';
const NO_LIST = 'the element may not repeat, and is written as an array';
const PATCH = 'the body of a PATCH has the elements that change, and no more';
const CAPITAL = 'the name begins with a capital letter';
const NOT_THERE = 'no entry has this fullUrl';

const ENTRY = 'Bundle.entry[].resource';

/** Of the examples of the Booking and Referral Standard, 1.1.0 and 1.2.0. */
export const BARS: TrueFaults = {
  [`error fhir-format ${ENTRY}.id`]: PLACEHOLDER,
  [`error fhir-format ${ENTRY}.meta.lastUpdated`]: 'the minute has three digits',
  'error fhir-format DocumentReference.id': 'the id is a name, a bar and a number',
  [`error profile-code ${ENTRY}.identifier[].extension[].valueCodeableConcept`]: OLD_STATUS,
  [`error profile-code ${ENTRY}.communication[].language`]:
    'the code is of UKCore-HumanLanguage, not of BCP 47',
  [`error fhir-reference ${ENTRY}.actor[].reference`]: PLACEHOLDER,
  [`error fhir-reference ${ENTRY}.destination[].receiver.reference`]:
    'the urn lacks its first letters, :uuid:',
  [`error fhir-reference ${ENTRY}.slot[].reference`]: BARE_ID,
  [`error fhir-reference ${ENTRY}.performer[].reference`]: BARE_ID,
  'error fhir-reference ServiceRequest.performer[].reference': BARE_ID,
  'warning bundle-full-url-required Bundle.entry[].fullUrl': 'results of a search have no fullUrl',
  [`warning fhir-code ${ENTRY}.basedOn[].type`]: 'serviceRequest is no type: it begins with a capital letter',
  'warning fhir-code Appointment.basedOn[].type': 'as in the Bundle',
  [`error profile-choice-type ${ENTRY}.extension[].valueCode`]: CONCEPT,
  'error profile-code OperationOutcome.issue[].code': 'the code is the HTTP status',
  'error fhir-code OperationOutcome.issue[].code': 'the code is "too costly", with a space',
  'error fhir-cardinality CapabilityStatement.rest[].security': NO_LIST,
  'warning fhir-code CapabilityStatement.messaging[].endpoint[].protocol': 'the code has no system',
  [`error fhir-required ${ENTRY}.participant[].status`]: 'it is left out',
  [`error fhir-unknown-element ${ENTRY}.Schedule`]: CAPITAL,
  [`error fhir-required ${ENTRY}.schedule`]: CAPITAL,
  'error fhir-unknown-element ServiceRequest.PatientInstruction': CAPITAL,
  'error fhir-cardinality DocumentReference.content[].format': NO_LIST,
  'error fhir-cardinality DocumentReference.masterIdentifier': NO_LIST,
  'error fhir-cardinality ServiceRequest.basedOn': LIST,
  'error fhir-unknown-element Bundle.meta.type': 'the type of the Bundle stands in its meta',
  'error fhir-required Bundle.type': 'the type of the Bundle stands in its meta',
  [`error fhir-cardinality ${ENTRY}.useContext[].code`]: NO_LIST,
  [`error bundle-reference-unresolved ${ENTRY}.episodeOfCare[].reference`]: NOT_THERE,
  [`error bundle-reference-unresolved ${ENTRY}.organization.reference`]: NOT_THERE,
  [`error fhir-extension-context ${ENTRY}.contact[].extension[]`]:
    'ContactPreference is one of the patient, not of a contact',
  ...Object.fromEntries(
    (
      'resourceType meta basedOn status intent category subject encounter occurrencePeriod authoredOn ' +
      'requester performer locationReference supportingInfo PatientInstruction'
    )
      .split(' ')
      .map((name) => [`error fhir-unknown-element Bundle.entry[].${name}`, NOT_WRAPPED]),
  ),
  'error fhir-unknown-element Endpoint.Period': CAPITAL,
  'error fhir-cardinality Endpoint.identifier': LIST,
  'error fhir-unknown-element Endpoint.connectionType.coding':
    'it is a Coding, and is written as a CodeableConcept',
  'error fhir-cardinality Endpoint.managingOrganization': NO_LIST,
  'error fhir-cardinality Endpoint.payloadType': LIST,
  'error fhir-cardinality Endpoint.header': LIST,
  'error fhir-cardinality HealthcareService.endpoint': LIST,
  'error fhir-required Appointment.participant': PATCH,
  'error fhir-required ServiceRequest.subject': PATCH,
  'error fhir-code ServiceRequest.status': 'inactive is no status of a request',
  'error profile-type ServiceRequest': 'it claims UKCore-Appointment',
  'error fhir-required DocumentReference.status': 'it is left out',
  'error fhir-required DocumentReference.content': 'it is left out',
};

/** Of the examples of the Personal Demographics Service. */
export const PDS: TrueFaults = Object.fromEntries(
  ['Patient', ENTRY].flatMap((at) => [
    [`error profile-code ${at}.identifier[].extension[].valueCodeableConcept`, NOT_OF_THE_OLD],
    [
      `warning terminology-unknown-code ${at}.identifier[].extension[].valueCodeableConcept.coding[].code`,
      NOT_OF_THE_OLD,
    ],
    [`error profile-choice-type ${at}.address[].extension[].extension[].valueCoding`, CONCEPT],
    [
      `error fhir-extension-context ${at}.telecom[].extension[]`,
      'it says ContactPoint.system, and is used on the telecom around it',
    ],
    [`error profile-choice-type ${at}.telecom[].extension[].valueCoding`, CONCEPT],
  ]),
);
