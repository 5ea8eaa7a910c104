/** Makes up patients and questionnaire responses, in the shape that the maps write, as NDJSON files. */
import { closeSync, openSync, writeSync } from 'node:fs';

const PROFILE = 'https://hedgerow.example/fhir/StructureDefinition';

/** @param at from 0 on */
export function patientAt(at: number): unknown {
  return {
    resourceType: 'Patient',
    id: idAt('304b034d', at),
    identifier: [
      {
        extension: [
          {
            url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
            valueCodeableConcept: {
              coding: [
                {
                  system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland',
                  code: '01',
                },
              ],
            },
          },
        ],
        system: 'https://fhir.nhs.uk/Id/nhs-number',
        value: '9990000107',
      },
    ],
    active: at % 3 !== 0,
    name: [
      { use: 'official', family: `Family${at}`, given: ['Ann', 'Bea'] },
      { use: 'nickname', given: ['Annie'] },
    ],
    telecom: [
      { system: 'phone', value: `0100 ${at}` },
      { system: 'email', value: `p${at}@example.org` },
    ],
    gender: at % 2 ? 'female' : 'male',
    birthDate: `19${10 + (at % 90)}-0${1 + (at % 9)}-11`,
    address: [{ line: ['1 Hedge Row'], city: 'Leeds', postalCode: 'LS1 4AP' }],
    generalPractitioner: [{ reference: 'Organization/4817da8d-2dc7-52ad-a49b-311cf09e18c8' }],
    meta: { profile: [`${PROFILE}/social-prescribing-patient`] },
  };
}

/** Nine answers to the questions of an instrument, in a group. */
export function responseAt(at: number): unknown {
  const item = Array.from({ length: 9 }, (_, i) => ({
    linkId: `${i + 1}`,
    answer: [{ valueInteger: (at + i) % 4 }],
  }));
  return {
    resourceType: 'QuestionnaireResponse',
    id: idAt('afb05d97', at),
    extension: [{ url: `${PROFILE}/questionnaire-stage`, valueCode: at % 2 ? 'baseline' : 'follow-up' }],
    questionnaire: 'https://hedgerow.example/fhir/Questionnaire/phq-9',
    status: 'completed',
    authored: '2026-03-05T10:25:00Z',
    item: [{ linkId: 'questions', item }],
    subject: { reference: `Patient/${idAt('304b034d', at >> 2)}` },
    meta: { profile: [`${PROFILE}/social-prescribing-questionnaire-response`] },
  };
}

function idAt(start: string, at: number): string {
  return `${start}-3327-5f0b-af54-${String(at).padStart(12, '0')}`;
}

/** Lines that are written at once. */
const AT_ONCE = 1_000;

export function writeLines(file: string, count: number, resourceAt: (at: number) => unknown): void {
  const opened = openSync(file, 'w');
  for (let at = 0; at < count; at += AT_ONCE) {
    let text = '';
    for (let i = at; i < Math.min(at + AT_ONCE, count); i++) text += `${JSON.stringify(resourceAt(i))}\n`;
    writeSync(opened, text);
  }
  closeSync(opened);
}
