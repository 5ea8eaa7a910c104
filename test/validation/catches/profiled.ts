/** Profiles that slice in every way, resources that conform to them, and the validator that knows them beside all others. */
import type { StructureDefinition } from '@medplum/fhirtypes';
import { knownCanonicals, ROOT } from '../../../src/cli/load.ts';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import type { Json } from '../../../src/validation/run.ts';
import { createValidator, type Validator } from '../../../src/validation/validator.ts';
import { OWN, profile, R4 } from '../snapshot/profiles.ts';

const by = (type: 'exists' | 'pattern' | 'profile' | 'type' | 'value', path: string) => [{ type, path }];
const NEED = 'https://example.org/CodeSystem/need';
const SURVEY = { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'survey' };
const need = (code: string) => ({ coding: [{ system: NEED, code }] });

/** Slices by value (closed), in order, at the end, by existence; cardinality, length, range. */
const catchPatient = profile('catch-patient', 'Patient', [
  { id: 'Patient.identifier', slicing: { discriminator: by('value', 'system'), rules: 'closed' }, min: 1 },
  { id: 'Patient.identifier:nhs', min: 1, max: '1' },
  { id: 'Patient.identifier:nhs.system', min: 1, fixedUri: 'https://fhir.nhs.uk/Id/nhs-number' },
  { id: 'Patient.identifier:nhs.value', min: 1, maxLength: 10 },
  { id: 'Patient.identifier:own', min: 0, max: '2' },
  { id: 'Patient.identifier:own.system', min: 1, fixedUri: 'https://example.org/Id/own' },
  { id: 'Patient.name', slicing: { discriminator: by('exists', 'period'), rules: 'open' }, min: 1 },
  { id: 'Patient.name:now', min: 1, max: '1' },
  { id: 'Patient.name:now.family', min: 1 },
  { id: 'Patient.name:now.period', max: '0' },
  { id: 'Patient.name:before', min: 0, max: '1' },
  { id: 'Patient.name:before.period', min: 1 },
  { id: 'Patient.telecom', slicing: { discriminator: by('value', 'system'), rules: 'open', ordered: true } },
  { id: 'Patient.telecom:phone', min: 0, max: '*' },
  { id: 'Patient.telecom:phone.system', min: 1, fixedCode: 'phone' },
  { id: 'Patient.telecom:email', min: 0, max: '*' },
  { id: 'Patient.telecom:email.system', min: 1, fixedCode: 'email' },
  { id: 'Patient.birthDate', min: 1, minValueDate: '1900-01-01' },
  { id: 'Patient.address', slicing: { discriminator: by('value', 'use'), rules: 'openAtEnd' } },
  { id: 'Patient.address:home', min: 0, max: '1' },
  { id: 'Patient.address:home.use', min: 1, fixedCode: 'home' },
  { id: 'Patient.photo', max: '0' },
  { id: 'Patient.contact', max: '1' },
  { id: 'Patient.link.type', patternCode: 'seealso' },
]);

/** Slices by pattern, by the type of a choice, by what a reference resolves to; fixed and pattern values; a narrower set. */
const catchObservation = profile('catch-observation', 'Observation', [
  {
    id: 'Observation',
    constraint: [
      { key: 'ct-1', severity: 'error', human: 'Say when.', expression: 'effective.exists()' },
      { key: 'ct-2', severity: 'warning', human: 'Say who.', expression: 'performer.exists()' },
    ],
  },
  { id: 'Observation.category', slicing: { discriminator: by('pattern', '$this'), rules: 'open' }, min: 1 },
  { id: 'Observation.category:housing', min: 1, max: '1', patternCodeableConcept: need('housing') },
  { id: 'Observation.code', patternCodeableConcept: { coding: [{ system: NEED }] } },
  { id: 'Observation.subject', min: 1, type: [{ code: 'Reference', targetProfile: [`${R4}Patient`] }] },
  {
    id: 'Observation.focus',
    slicing: { discriminator: by('type', 'resolve()'), rules: 'closed' },
  },
  {
    id: 'Observation.focus:place',
    min: 0,
    max: '1',
    type: [{ code: 'Reference', targetProfile: [`${R4}Location`] }],
  },
  { id: 'Observation.value[x]', slicing: { discriminator: by('type', '$this'), rules: 'open' } },
  { id: 'Observation.value[x]:valueQuantity', min: 0, max: '1', type: [{ code: 'Quantity' }] },
  { id: 'Observation.value[x]:valueQuantity.code', min: 1, fixedCode: '{score}' },
  { id: 'Observation.method', fixedCodeableConcept: { text: 'by telephone' } },
  { id: 'Observation.hasMember', slicing: { discriminator: by('profile', 'resolve()'), rules: 'open' } },
  {
    id: 'Observation.hasMember:own',
    min: 1,
    max: '1',
    type: [{ code: 'Reference', targetProfile: [`${OWN}catch-part`] }],
  },
]);

const catchPart = profile('catch-part', 'Observation', [{ id: 'Observation.value[x]', min: 1 }]);

const KIND = 'https://example.org/CodeSystem/kind';

/** Slices that one item may fit together, slices that say the same, one that says nothing, and none that tells. */
const catchService = profile('catch-service', 'HealthcareService', [
  {
    id: 'HealthcareService.category',
    slicing: { discriminator: by('value', 'coding.system'), rules: 'open' },
  },
  { id: 'HealthcareService.category:need', min: 0, max: '1' },
  { id: 'HealthcareService.category:need.coding.system', min: 1, fixedUri: NEED },
  { id: 'HealthcareService.category:kind', min: 0, max: '*' },
  { id: 'HealthcareService.category:kind.coding.system', min: 1, fixedUri: KIND },
  { id: 'HealthcareService.type', slicing: { discriminator: by('value', 'coding'), rules: 'open' } },
  { id: 'HealthcareService.type:none', min: 0, max: '*' },
  { id: 'HealthcareService.type:none.coding', max: '0' },
  { id: 'HealthcareService.type:none.text', min: 1 },
  { id: 'HealthcareService.specialty', slicing: { discriminator: by('value', 'text'), rules: 'open' } },
  { id: 'HealthcareService.specialty:any', min: 0, max: '1' },
  {
    id: 'HealthcareService.coverageArea',
    slicing: { discriminator: by('profile', 'resolve()'), rules: 'open' },
  },
  {
    id: 'HealthcareService.coverageArea:far',
    min: 0,
    max: '1',
    type: [{ code: 'Reference', targetProfile: [`${OWN}nowhere`] }],
  },
  { id: 'HealthcareService.program', slicing: { rules: 'open' } },
  { id: 'HealthcareService.program:one', min: 0, max: '1', patternCodeableConcept: need('food') },
  {
    id: 'HealthcareService.characteristic',
    slicing: { discriminator: by('type', '$this'), rules: 'closed' },
  },
  { id: 'HealthcareService.characteristic:one', min: 0, max: '1' },
  { id: 'HealthcareService.characteristic:other', min: 0, max: '1' },
]);

/** Slices within slices. */
const catchCondition = profile('catch-condition', 'Condition', [
  { id: 'Condition.bodySite', slicing: { discriminator: by('pattern', '$this'), rules: 'open' } },
  { id: 'Condition.bodySite:arm', min: 0, max: '*', patternCodeableConcept: { text: 'arm' } },
  {
    id: 'Condition.bodySite:arm.coding',
    slicing: { discriminator: by('value', 'system'), rules: 'open' },
  },
  { id: 'Condition.bodySite:arm.coding:side', min: 1, max: '1' },
  { id: 'Condition.bodySite:arm.coding:side.system', min: 1, fixedUri: 'https://example.org/side' },
]);

const ProfiledPatient: Json = {
  resourceType: 'Patient',
  meta: { profile: [`${OWN}catch-patient`] },
  identifier: [
    { system: 'https://example.org/Id/own', value: 'a' },
    { system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000018' },
    { system: 'https://example.org/Id/own', value: 'b' },
  ],
  name: [{ family: 'Elm', period: { end: '2001' } }, { family: 'Ash' }],
  telecom: [
    { system: 'phone', value: '1' },
    { system: 'url', value: 'https://example.org' },
    { system: 'phone', value: '2' },
    { system: 'email', value: 'a@example.org' },
  ],
  birthDate: '1968-02',
  address: [
    { use: 'home', text: 'a' },
    { use: 'work', text: 'b' },
  ],
  contact: [{ name: { family: 'Oak' } }],
  link: [{ other: { reference: 'Patient/p-2' }, type: 'seealso' }],
};

const ProfiledObservation: Json = {
  resourceType: 'Observation',
  meta: { profile: [`${OWN}catch-observation`] },
  contained: [
    { resourceType: 'Location', id: 'hall' },
    { resourceType: 'Observation', id: 'part', status: 'final', code: { text: 'part' }, valueInteger: 1 },
  ],
  status: 'final',
  category: [
    { text: 'seen' },
    { coding: [SURVEY, { system: NEED, code: 'housing', display: 'Home' }], text: 'home' },
  ],
  code: { coding: [{ system: NEED, code: 'heating' }] },
  subject: { reference: 'Patient/p-1' },
  focus: [{ reference: '#hall' }],
  effectiveDateTime: '2026',
  performer: [{ reference: 'Practitioner/g-1' }],
  valueQuantity: { value: 3, system: 'http://unitsofmeasure.org', code: '{score}' },
  method: { text: 'by telephone' },
  hasMember: [{ reference: '#part' }],
};

const ProfiledCondition: Json = {
  resourceType: 'Condition',
  meta: { profile: [`${OWN}catch-condition`] },
  bodySite: [
    { text: 'leg' },
    { text: 'arm', coding: [{ system: 'https://example.org/side', code: 'left' }] },
  ],
  subject: { reference: 'Patient/p-1' },
};

const ProfiledService: Json = {
  resourceType: 'HealthcareService',
  meta: { profile: [`${OWN}catch-service`] },
  contained: [{ resourceType: 'Location', id: 'hall' }],
  category: [need('food'), { coding: [{ system: KIND, code: 'walk' }] }, { text: 'else' }],
  type: [{ text: 'walks' }, { coding: [{ system: KIND, code: 'walk' }] }],
  location: [{ reference: '#hall' }],
};

export const PROFILED: Readonly<Record<string, Json>> = {
  ProfiledPatient,
  ProfiledObservation,
  ProfiledCondition,
  ProfiledService,
};

let made: Validator | undefined;

/** @returns the validator as the adapter has it, and these profiles */
export function profiledValidator(): Validator {
  if (made) return made;
  const canonicals = knownCanonicals(ROOT);
  const all: readonly StructureDefinition[] = [
    catchPatient,
    catchObservation,
    catchPart,
    catchCondition,
    catchService,
  ];
  for (const one of all) canonicals.add(one);
  made = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });
  return made;
}
