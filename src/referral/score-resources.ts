/** Turns a score of a response into its Observation, and a safety finding into its Flag. */
import type { CodeableConcept, Flag, Observation, QuestionnaireResponse } from '@medplum/fhirtypes';
import { SCORE_BAND_SYSTEM, SCORE_SYSTEM, type ScoreDefinition, type ScoreValue } from './instrument.ts';

const UCUM = 'http://unitsofmeasure.org';
/** UCUM annotation: a score has no unit. */
const SCORE_UNIT = '{score}';
const FLAG_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/flag';

/** @param key the response's own key, part of the Observation's local id */
export function observationOf(
  response: QuestionnaireResponse,
  key: string,
  definition: ScoreDefinition,
  { value, raw }: ScoreValue,
): Observation {
  const { rule } = definition;
  const interpretation = interpretationOf(definition, value);
  return {
    resourceType: 'Observation',
    id: `Observation:score:${key}|${definition.code}`,
    status: statusOf(response),
    category: [categoryOf('observation-category', 'survey', 'Survey')],
    code: codeOf(definition),
    ...(response.subject ? { subject: { ...response.subject } as Observation['subject'] } : {}),
    ...(response.encounter ? { encounter: { ...response.encounter } } : {}),
    ...(response.authored ? { effectiveDateTime: response.authored } : {}),
    ...(typeof value === 'string' ? { valueString: value } : { valueQuantity: quantityOf(value) }),
    ...(interpretation ? { interpretation: [interpretation] } : {}),
    derivedFrom: [{ reference: ownReference(response) }],
    ...(rule.kind === 'converted-sum' && raw !== undefined
      ? {
          component: [
            {
              code: { coding: [{ system: SCORE_SYSTEM, ...rule.raw }], text: rule.raw.display },
              valueQuantity: quantityOf(raw),
            },
          ],
        }
      : {}),
  };
}

/** Flag for a person who answered PHQ-9 item 9 above 0. */
export function flagOf(response: QuestionnaireResponse, key: string): Flag {
  return {
    resourceType: 'Flag',
    id: `Flag:phq9-item9:${key}`,
    status: response.status === 'entered-in-error' ? 'entered-in-error' : 'active',
    category: [categoryOf('flag-category', 'safety', 'Safety')],
    code: {
      coding: [{ system: FLAG_SYSTEM, code: 'phq-9-item-9', display: 'PHQ-9 item 9 above 0' }],
      text: 'PHQ-9 item 9 above 0: safety check needed',
    },
    subject: { ...response.subject } as Flag['subject'],
    ...(response.encounter ? { encounter: { ...response.encounter } as Flag['encounter'] } : {}),
    ...(response.authored ? { period: { start: response.authored } } : {}),
  };
}

function categoryOf(system: string, code: string, display: string): CodeableConcept {
  return { coding: [{ system: `http://terminology.hl7.org/CodeSystem/${system}`, code, display }] };
}

/** Verified published codes first, our own always, so that given and computed scores meet. */
function codeOf({ code, display, codings = [] }: ScoreDefinition): CodeableConcept {
  const published = codings.filter((coding) => coding.verified);
  return {
    coding: [
      ...published.map(({ system, code, display }) => ({ system, code, display })),
      { system: SCORE_SYSTEM, code, display },
    ],
    text: display,
  };
}

function interpretationOf({ bands }: ScoreDefinition, value: number | string): CodeableConcept | undefined {
  if (typeof value === 'string') return undefined;
  const band = bands?.find(({ low, high }) => value >= low && value <= high);
  return (
    band && {
      coding: [{ system: SCORE_BAND_SYSTEM, code: band.code, display: band.display }],
      text: band.display,
    }
  );
}

/** A score is as final as the response it comes from. */
function statusOf({ status }: QuestionnaireResponse): Observation['status'] {
  if (status === 'completed') return 'final';
  return status === 'amended' || status === 'entered-in-error' ? status : 'preliminary';
}

function quantityOf(value: number): NonNullable<Observation['valueQuantity']> {
  return { value, unit: 'score', system: UCUM, code: SCORE_UNIT };
}

/** Local ids refer to themselves; final ids need their type. */
function ownReference({ id = '' }: QuestionnaireResponse): string {
  return id.startsWith('QuestionnaireResponse:') ? id : `QuestionnaireResponse/${id}`;
}
