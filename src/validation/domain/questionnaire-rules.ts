/** Turns questionnaire responses into faults of answers out of range (hr-5) and of follow-ups that cannot be compared (hr-4). */
import type { OperationOutcomeIssue, QuestionnaireResponse } from '@medplum/fhirtypes';
import { issueOf } from '../../fhir/outcome.ts';
import { type AnswerFault, readAnswers } from '../../referral/answers.ts';
import { isBefore } from '../../referral/fhir-time.ts';
import { instrumentOf } from '../../referral/instruments.ts';
import type { Journey } from './journey.ts';

const STAGE_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/questionnaire-stage';
const STAGE_EXTENSION = 'https://hedgerow.example/fhir/StructureDefinition/questionnaire-stage';
const BASELINE_EXTENSION = 'https://hedgerow.example/fhir/StructureDefinition/baseline';

const FAULT_TEXT: Readonly<Record<AnswerFault['kind'], string>> = {
  'unknown-item': 'is no item of this instrument: check the instrument and the item',
  repeated: 'is answered more than once: keep one answer',
  'no-number': 'has an answer that stands for no number: write an integer, or a coding with an ordinal value',
  'not-whole': 'has an answer that is not a whole number',
  'out-of-range': 'has an answer outside the range of the item',
};

/** hr-5: answers lie in the instrument's range. Refused items have no answer and are no fault. */
export function checkAnswers(response: QuestionnaireResponse): OperationOutcomeIssue[] {
  const instrument = instrumentOf(response.questionnaire);
  if (!instrument) return [];
  return readAnswers(response, instrument).faults.map(({ kind, item, expression }) => {
    const range =
      kind === 'out-of-range' && item ? `, ${item.min} to ${item.max}: check it with the source` : '';
    const which = item ? ` (${instrument.slug} item ${item.linkId})` : ` (${instrument.slug})`;
    return issueOf({
      code: 'value',
      rule: 'hr-5',
      diagnostics: `${expression}${which} ${FAULT_TEXT[kind]}${range}.`,
      expression,
    });
  });
}

/**
 * hr-4: a follow-up is not before its baseline, and uses the same instrument version.
 * The baseline is the one that the follow-up names (extension `baseline`), else the one of the same person and instrument in
 * the same record.
 */
export function checkFollowUp(response: QuestionnaireResponse, journey: Journey): OperationOutcomeIssue[] {
  const baseline = baselineOf(response, journey);
  if (!baseline) return [];
  const issues: OperationOutcomeIssue[] = [];
  if (isBefore(response.authored, baseline.authored))
    issues.push(
      incomparable(
        'QuestionnaireResponse.authored',
        'is before its baseline: check the dates, and which is which',
      ),
    );
  const [name, version] = (response.questionnaire ?? '').split('|');
  const [baseName, baseVersion] = (baseline.questionnaire ?? '').split('|');
  if (name !== baseName)
    issues.push(incomparable('QuestionnaireResponse.questionnaire', 'is not the instrument of its baseline'));
  else if (version && baseVersion && version !== baseVersion)
    issues.push(
      incomparable(
        'QuestionnaireResponse.questionnaire',
        'has another version than its baseline: scores may not be compared',
      ),
    );
  return issues;
}

function baselineOf(response: QuestionnaireResponse, journey: Journey): QuestionnaireResponse | undefined {
  const named = response.extension?.find((one) => one.url === BASELINE_EXTENSION)?.valueReference?.reference;
  if (named !== undefined) return journey.find('QuestionnaireResponse', named);
  if (stageOf(response) === undefined || stageOf(response) === 'baseline') return undefined;
  const instrument = nameOf(response);
  for (const responses of journey.responsesOf(response.subject?.reference)) {
    const baseline = baselinesAmong(responses).get(instrument);
    if (baseline) return baseline;
  }
  return undefined;
}

const known = new WeakMap<
  readonly QuestionnaireResponse[],
  ReadonlyMap<string | undefined, QuestionnaireResponse>
>();

/** Read once a list: each of thousands of follow-ups of one person asks for its baseline. @returns the first by instrument */
function baselinesAmong(
  responses: readonly QuestionnaireResponse[],
): ReadonlyMap<string | undefined, QuestionnaireResponse> {
  const before = known.get(responses);
  if (before) return before;
  const baselines = new Map<string | undefined, QuestionnaireResponse>();
  for (const one of responses) {
    if (stageOf(one) !== 'baseline' || baselines.has(nameOf(one))) continue;
    baselines.set(nameOf(one), one);
  }
  known.set(responses, baselines);
  return baselines;
}

/** @returns the canonical of the instrument, without its version */
function nameOf({ questionnaire }: QuestionnaireResponse): string | undefined {
  return questionnaire?.split('|', 1)[0];
}

/** @returns baseline, follow-up or closure, from the tag or the extension; undefined when the record does not say */
export function stageOf(response: QuestionnaireResponse): string | undefined {
  const extension = response.extension?.find((one) => one.url === STAGE_EXTENSION);
  return (
    extension?.valueCode ??
    extension?.valueCoding?.code ??
    extension?.valueCodeableConcept?.coding?.find((coding) => coding.system === STAGE_SYSTEM)?.code ??
    response.meta?.tag?.find((tag) => tag.system === STAGE_SYSTEM)?.code
  );
}

function incomparable(path: string, text: string): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'hr-4',
    diagnostics: `${path} ${text}.`,
    expression: path,
  });
}
