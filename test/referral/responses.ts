/** Turns answers into questionnaire responses, and those into scores, for tests. */
import type { QuestionnaireResponse, QuestionnaireResponseItemAnswer } from '@medplum/fhirtypes';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { score } from '../../src/referral/scores.ts';

type Answer = number | string | QuestionnaireResponseItemAnswer | undefined;

/** @param answers by linkId; undefined: the item is there without an answer */
export function responseOf(slug: string, answers: Readonly<Record<string, Answer>>): QuestionnaireResponse {
  return {
    resourceType: 'QuestionnaireResponse',
    id: 'QuestionnaireResponse:response:Q1',
    status: 'completed',
    questionnaire: `https://hedgerow.example/fhir/Questionnaire/${slug}`,
    subject: { reference: 'Patient:person:P1' },
    encounter: { reference: 'Encounter:contact:C1' },
    authored: '2025-03-04',
    item: Object.entries(answers).map(([linkId, answer]) => ({
      linkId,
      ...(answer === undefined ? {} : { answer: [answerOf(answer)] }),
    })),
  };
}

/** @returns answers '1' to 'n', all of one value but for those named */
export function numbered(count: number, value: number, but: Readonly<Record<string, Answer>> = {}) {
  const answers: Record<string, Answer> = {};
  for (let item = 1; item <= count; item++) answers[String(item)] = value;
  return { ...answers, ...but };
}

/** @returns answers '1' to 'n' of one range whose sum is `total` */
export function summingTo(count: number, low: number, high: number, total: number): Record<string, number> {
  let left = total - count * low;
  const answers: Record<string, number> = {};
  for (let item = 1; item <= count; item++) {
    const more = Math.min(left, high - low);
    answers[String(item)] = low + more;
    left -= more;
  }
  return answers;
}

/** @returns value and band by score code */
export function scored(slug: string, answers: Parameters<typeof responseOf>[1]): Record<string, unknown[]> {
  return Object.fromEntries(
    score(responseOf(slug, answers)).observations.map((one) => [
      one.id!.slice('Observation:score:Q1|'.length),
      [one.valueQuantity?.value ?? one.valueString, one.interpretation?.[0]?.coding?.[0]?.code],
    ]),
  );
}

/** @returns rule ids of what scoring says */
export function rules(slug: string, answers: Parameters<typeof responseOf>[1]): (string | undefined)[] {
  return score(responseOf(slug, answers)).issues.map(ruleOf);
}

function answerOf(
  answer: number | string | QuestionnaireResponseItemAnswer,
): QuestionnaireResponseItemAnswer {
  if (typeof answer === 'string') return { valueString: answer };
  if (typeof answer !== 'number') return answer;
  return Number.isInteger(answer) ? { valueInteger: answer } : { valueDecimal: answer };
}
