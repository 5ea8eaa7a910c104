/** The table of search parameters that are served, and so indexed: an index row exists because one of these needs it. */
import type { StoredType } from '../fhir/definitions.ts';

/** How a parameter is searched. @source FHIR R4, 3.1.1.4.3 */
export type ParameterKind =
  | 'token'
  | 'reference'
  | 'date'
  | 'uri'
  | 'string'
  | 'number'
  | 'quantity'
  | 'composite';

/** Those that every type has; `_id` and `_lastUpdated` are columns, and need no rows. */
export const COMMON_PARAMETERS = ['_tag', '_profile', '_security', '_source'] as const;

/**
 * What R4 defines for our types, and is not served.
 * @source docs/adr/0020-search-index.md
 */
export const NOT_SERVED: Readonly<Record<string, string>> = {
  'Location.near': 'a distance on the globe, for which neither engine has an index here',
  'Organization.phonetic': 'R4 names no algorithm, so two servers would not find the same',
  'Patient.phonetic': 'R4 names no algorithm, so two servers would not find the same',
  'Practitioner.phonetic': 'R4 names no algorithm, so two servers would not find the same',
  'RelatedPerson.phonetic': 'R4 names no algorithm, so two servers would not find the same',
  _content: 'no full-text index of what is said of people is kept',
  _text: 'no full-text index of what is said of people is kept',
  _query: 'there are no named queries',
};

function words(text: string): readonly string[] {
  return [...COMMON_PARAMETERS, ...text.trim().split(/\s+/)];
}

/**
 * Codes of FHIR R4 search parameters by stored type, each of the kind that R4 gives it for the type. A parameter without an
 * R4 definition cannot stand here: `createSearchIndex` refuses it. The place of a code in its list is the bit by which
 * `resource.present` knows it: new ones go to the end, and there are 52 at most.
 */
export const SERVED_PARAMETERS: Readonly<Record<StoredType, readonly string[]>> = {
  Appointment: words(`
    actor appointment-type based-on date identifier location part-status patient practitioner
    reason-code reason-reference service-category service-type slot specialty status supporting-info`),
  CarePlan: words(`
    activity-code activity-date activity-reference based-on care-team category condition date encounter
    goal identifier instantiates-canonical instantiates-uri intent part-of patient performer replaces
    status subject`),
  Condition: words(`
    abatement-age abatement-date abatement-string asserter body-site category clinical-status code
    encounter evidence evidence-detail identifier onset-age onset-date onset-info patient recorded-date
    severity stage subject verification-status`),
  Consent: words(`
    action actor category consentor data date identifier organization patient period purpose scope
    security-label source-reference status`),
  Encounter: words(`
    account appointment based-on class date diagnosis episode-of-care identifier length location
    location-period part-of participant participant-type patient practitioner reason-code
    reason-reference service-provider special-arrangement status subject type`),
  EpisodeOfCare: words(`
    care-manager condition date identifier incoming-referral organization patient status type`),
  Flag: words(`
    author date encounter identifier patient subject`),
  Goal: words(`
    achievement-status category identifier lifecycle-status patient start-date subject target-date`),
  Group: words(`
    actual characteristic code exclude identifier managing-entity member type value
    characteristic-value`),
  HealthcareService: words(`
    active characteristic coverage-area endpoint identifier location name organization program
    service-category service-type specialty`),
  Location: words(`
    address address-city address-country address-postalcode address-state address-use endpoint
    identifier name operational-status organization partof status type`),
  Observation: words(`
    based-on category code combo-code combo-data-absent-reason combo-value-concept combo-value-quantity
    component-code component-data-absent-reason component-value-concept component-value-quantity
    data-absent-reason date derived-from device encounter focus has-member identifier method part-of
    patient performer specimen status subject value-concept value-date value-quantity value-string
    code-value-concept code-value-date code-value-quantity code-value-string combo-code-value-concept
    combo-code-value-quantity component-code-value-concept component-code-value-quantity`),
  Organization: words(`
    active address address-city address-country address-postalcode address-state address-use endpoint
    identifier name partof type`),
  Patient: words(`
    active address address-city address-country address-postalcode address-state address-use birthdate
    death-date deceased email family gender general-practitioner given identifier language link name
    organization phone telecom`),
  Practitioner: words(`
    active address address-city address-country address-postalcode address-state address-use
    communication email family gender given identifier name phone telecom`),
  PractitionerRole: words(`
    active date email endpoint identifier location organization phone practitioner role service
    specialty telecom`),
  Procedure: words(`
    based-on category code date encounter identifier instantiates-canonical instantiates-uri location
    part-of patient performer reason-code reason-reference status subject`),
  Provenance: words(`
    agent agent-role agent-type entity location patient recorded signature-type target when`),
  Questionnaire: words(`
    code context context-quantity context-type date definition description effective identifier
    jurisdiction name publisher status subject-type title url version context-type-quantity
    context-type-value`),
  QuestionnaireResponse: words(`
    author authored based-on encounter identifier part-of patient questionnaire source status subject`),
  RelatedPerson: words(`
    active address address-city address-country address-postalcode address-state address-use birthdate
    email gender identifier name patient phone relationship telecom`),
  Schedule: words(`
    active actor date identifier service-category service-type specialty`),
  ServiceRequest: words(`
    authored based-on body-site category code encounter identifier instantiates-canonical
    instantiates-uri intent occurrence order-detail patient performer performer-type priority replaces
    requester requisition specimen status subject`),
  Slot: words(`
    appointment-type identifier schedule service-category service-type specialty start status`),
  Task: words(`
    authored-on based-on business-status code encounter focus group-identifier identifier intent
    modified owner part-of patient performer period priority requester status subject`),
  VerificationResult: words(`
    target`),
};
