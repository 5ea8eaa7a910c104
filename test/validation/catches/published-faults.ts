/** True faults of published definitions and examples, each with the reason: everything else in them must be found valid. */

/** `severity rule expression`, without the numbers of items: why it is a fault. */
export type TrueFaults = Readonly<Record<string, string>>;

/** Of base R4 itself, as its definitions were published. */
export const BASE_R4: TrueFaults = {
  'error fhir-extension-context StructureDefinition.snapshot.element[].type[].extension[]':
    'structuredefinition-fhir-type says that it stands on ElementDefinition.type.code; it is used on the type around it',
  'error fhir-extension-context StructureDefinition.differential.element[].type[].extension[]':
    'as in the snapshot',
  'error fhir-extension-context StructureDefinition.snapshot.element[].extension[]':
    'structuredefinition-standards-status says StructureDefinition, and is used on single elements too',
  'error fhir-extension-context StructureDefinition.differential.element[].extension[]': 'as in the snapshot',
  'error fhir-extension-context ValueSet.extension[]':
    'structuredefinition-wg, -fmm and -standards-status say StructureDefinition, and are used on every definition',
  'error fhir-extension-context CodeSystem.extension[]': 'as on ValueSet',
  'error fhir-extension-context OperationDefinition.extension[]': 'as on ValueSet',
  'warning invariant-spd-0 SearchParameter': 'names like address-city are no identifiers',
  'warning invariant-csd-0 CodeSystem': 'names like v2.0136 or with spaces are no identifiers',
  'warning invariant-vsd-0 ValueSet': 'names like v2.0136 or with spaces are no identifiers',
};

/** Of UK Core's examples, by file. */
export const UK_CORE: Readonly<Record<string, readonly [reason: string, ...found: string[]]>> = {
  'Extension-UKCore-ConditionEpisode-Example.json': [
    'the extension has a valueCode beside the valueCodeableConcept that its definition asks for',
    'error fhir-choice Condition.extension[0].valueCodeableConcept',
    'error profile-unknown-element Condition.extension[0].valueCode',
  ],
  'UKCore-MedicationDispense-Amoxicillin-Example.json': [
    'the reference is an id without its type',
    'error fhir-reference MedicationDispense.authorizingPrescription[0].reference',
  ],
  'UKCore-MedicationDispense-CiprofloxacinOral-Example.json': [
    'the reference is an id without its type',
    'error fhir-reference MedicationDispense.authorizingPrescription[0].reference',
  ],
};

const NEVER_LISTED = 'code of the UKCore-NHSNumberVerificationStatus system of before 2.2, which the value set lists no more';
const PLACEHOLDER = 'a placeholder such as {Practitionerid} was left in, or a letter of a UUID is missing';
const FLAT = 'the resource stands in the entry itself, without `resource` around it';
const OF_TYPE = 'valueCoding or valueCode, where the definition says valueCodeableConcept';

/** Of the Booking and Referral Standard's examples, 1.1.0 and 1.2.0. */
export const BARS: TrueFaults = {
  'error fhir-format Bundle.entry[].resource.id': PLACEHOLDER,
  'error fhir-format DocumentReference.id': PLACEHOLDER,
};

/** Of the examples of the Personal Demographics Service. */
export const PDS: TrueFaults = {
  NEVER_LISTED,
  FLAT,
  OF_TYPE,
};
