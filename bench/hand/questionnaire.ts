/** Turns the facts of a filled-in questionnaire into its response, the scores that the source gave, and a note. */
import type { Observation, QuestionnaireResponse, QuestionnaireResponseItem } from '@medplum/fhirtypes';
import { concept, type Draft, type Entries, toContact, toPerson, toReferral, toWorker } from './parts.ts';
import { codings, codingsOf } from './tables.ts';

const SNOMED_SCORE = codings('prsb/score-to-snomed');
const SCORE = codings('prsb/score-coding');

/** Codes are those of the logical model. */
export interface FormFacts {
  readonly key: string;
  readonly personKey: string;
  readonly referralKey: string | undefined;
  readonly contactKey: string | undefined;
  readonly instrument: string | undefined;
  readonly version: string | undefined;
  readonly authored: string;
  readonly stage: string | undefined;
  readonly completedBy: string | undefined;
  readonly workerKey: string | undefined;
  readonly items: QuestionnaireResponseItem[];
  readonly note: string | undefined;
}

export function responseOf(facts: FormFacts): Draft<QuestionnaireResponse> {
  const response: Draft<QuestionnaireResponse> = {
    resourceType: 'QuestionnaireResponse',
    id: `QuestionnaireResponse:response:${facts.key}`,
    status: 'completed',
    authored: facts.authored,
    subject: toPerson(facts.personKey),
    source: toPerson(facts.personKey),
  };
  if (facts.stage !== undefined)
    response.extension = [
      {
        url: 'https://hedgerow.example/fhir/StructureDefinition/questionnaire-stage',
        valueCode: facts.stage,
      },
    ];
  if (facts.instrument !== undefined) {
    const url = `https://hedgerow.example/fhir/Questionnaire/${facts.instrument}`;
    response.questionnaire = facts.version === undefined ? url : `${url}|${facts.version}`;
  }
  if (facts.referralKey !== undefined) response.basedOn = [toReferral(facts.referralKey)];
  if (facts.contactKey !== undefined) response.encounter = toContact(facts.contactKey);
  if (facts.items.length > 0) response.item = facts.items;
  const author = authorOf(facts);
  if (author) response.author = author;
  return response;
}

function authorOf({ completedBy, personKey, workerKey }: FormFacts): QuestionnaireResponse['author'] {
  if (completedBy === undefined || completedBy === 'self') return toPerson(personKey);
  return completedBy === 'worker' && workerKey !== undefined ? toWorker(workerKey) : undefined;
}

export function givenScoreOf(facts: FormFacts, code: string | undefined, value: number): Draft<Observation> {
  const score: Draft<Observation> = {
    resourceType: 'Observation',
    status: 'final',
    category: [concept('http://terminology.hl7.org/CodeSystem/observation-category', 'survey', 'Survey')],
    subject: toPerson(facts.personKey),
    effectiveDateTime: facts.authored,
    valueQuantity: { value, unit: 'score', system: 'http://unitsofmeasure.org', code: '{score}' },
    derivedFrom: [{ reference: `QuestionnaireResponse:response:${facts.key}` }],
  };
  if (code !== undefined) {
    score.id = `Observation:given-score:${facts.key}|${code}`;
    const coding = codingsOf(SNOMED_SCORE, SCORE, code);
    if (coding) score.code = { coding };
  }
  if (facts.contactKey !== undefined) score.encounter = toContact(facts.contactKey);
  return score;
}

export function addNote(facts: FormFacts, entries: Entries): void {
  if (facts.note === undefined) return;
  const resource: Draft<Observation> = {
    resourceType: 'Observation',
    id: `Observation:questionnaire-note:${facts.key}`,
    status: 'final',
    derivedFrom: [{ reference: `QuestionnaireResponse:response:${facts.key}` }],
    code: concept(
      'https://hedgerow.example/fhir/CodeSystem/observation',
      'questionnaire-note',
      'Note on a questionnaire',
    ),
    subject: toPerson(facts.personKey),
    effectiveDateTime: facts.authored,
    note: [{ text: facts.note }],
  };
  entries.push({ resource });
}
