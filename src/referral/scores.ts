/** Turns a QuestionnaireResponse into score Observations and safety Flags, and settles given scores against computed ones. */
import type { Flag, Observation, OperationOutcomeIssue, QuestionnaireResponse } from '@medplum/fhirtypes';
import { parseLocalId } from '../fhir/ids.ts';
import { issueOf } from '../fhir/outcome.ts';
import { type Answers, readAnswers } from './answers.ts';
import type { Instrument, ScoreRule, ScoreValue } from './instrument.ts';
import { INSTRUMENTS, instrumentOf } from './instruments.ts';
import { pamLevelDisagrees } from './pam-levels.ts';
import { flagOf, observationOf } from './score-resources.ts';

export { reconcileGiven } from './given-scores.ts';

export interface Scored {
  readonly observations: Observation[];
  readonly flags: Flag[];
  readonly issues: OperationOutcomeIssue[];
}

/**
 * Scores one response.
 * @param response with a local id `QuestionnaireResponse:response:<key>`; never changed
 * @returns Observations `Observation:score:<key>|<score code>`, Flags, and warnings for what could not be scored:
 * an unknown questionnaire, answers that are none, items without an answer (information: people may refuse)
 */
export function score(response: QuestionnaireResponse): Scored {
  const instrument = instrumentOf(response.questionnaire);
  if (!instrument) return { observations: [], flags: [], issues: [unknownQuestionnaire()] };
  const key = (response.id && parseLocalId(response.id)?.key) ?? response.id;
  if (!key) return { observations: [], flags: [], issues: [withoutId(instrument)] };
  const answers = readAnswers(response, instrument);
  const scored: Scored = { observations: [], flags: [], issues: answerIssues(instrument, answers) };
  for (const definition of instrument.scores) {
    const value = scoreValue(definition.rule, answers.numbers);
    if (value) scored.observations.push(observationOf(response, key, definition, value));
    else scored.issues.push(...missingIssues(instrument, definition.code, definition.rule, answers));
  }
  if (instrument.slug === 'phq-9') raiseSelfHarm(response, key, answers, scored);
  if (instrument.slug === 'pam' && pamLevelDisagrees(answers)) scored.issues.push(pamIssue());
  return scored;
}

/** @returns the score, or undefined where an item it needs has no usable answer */
function scoreValue(rule: ScoreRule, numbers: ReadonlyMap<string, number>): ScoreValue | undefined {
  if (rule.kind === 'given') return undefined;
  if (rule.kind === 'answer') {
    const value = numbers.get(rule.item);
    return value === undefined ? undefined : { value };
  }
  if (rule.kind === 'count') {
    const present = rule.counting.filter(({ item }) => numbers.has(item));
    if (rule.counting.length - present.length > rule.missingAllowed) return undefined;
    return { value: present.filter(({ item, values }) => values.includes(numbers.get(item)!)).length };
  }
  const answered = rule.items.flatMap((item) => numbers.get(item) ?? []);
  if (answered.length < rule.items.length) return undefined;
  if (rule.kind === 'digits') return { value: answered.join('') };
  const sum = answered.reduce((total, value) => total + value, 0);
  if (rule.kind === 'sum') return { value: sum };
  return { value: rule.table.get(sum)!, raw: sum }; // items are in range, so the table has every sum
}

const SELF_HARM_RULE = 'score-phq-9-item-9';
/** Rules whose issue calls for a look at the person, not at the record. */
export const SAFETY_RULES: ReadonlySet<string> = new Set([SELF_HARM_RULE]);

/**
 * Thoughts of self-harm: whatever the total, and also when there is none. An answer that cannot be read raises no flag, but a
 * person has to look at it. Clinical-safety rule of ours.
 */
function raiseSelfHarm(response: QuestionnaireResponse, key: string, answers: Answers, scored: Scored): void {
  const unreadable = answers.faults.some(({ item }) => item?.linkId === '9');
  const raised = (answers.numbers.get('9') ?? 0) > 0;
  if (!raised && !unreadable) return;
  if (raised && response.subject) scored.flags.push(flagOf(response, key));
  scored.issues.push(
    issueOf({
      severity: 'warning',
      code: 'informational',
      rule: SELF_HARM_RULE,
      diagnostics:
        'PHQ-9 calls for a safety check of this person: read the response and follow the service’s safety procedure.',
      expression: 'QuestionnaireResponse',
    }),
  );
}

function unknownQuestionnaire(): OperationOutcomeIssue {
  const slugs = INSTRUMENTS.map((instrument) => instrument.slug).join(', ');
  return issueOf({
    severity: 'warning',
    code: 'not-supported',
    rule: 'score-unknown-questionnaire',
    diagnostics: `Nothing was scored: the questionnaire is none that is known. Let the map write https://hedgerow.example/fhir/Questionnaire/ and one of ${slugs}.`,
    expression: 'QuestionnaireResponse.questionnaire',
  });
}

function withoutId(instrument: Instrument): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'required',
    rule: 'score-no-id',
    diagnostics: `Nothing was scored: the ${instrument.slug} response has no id to derive the ids of its scores from. Let the map write QuestionnaireResponse.id.`,
    expression: 'QuestionnaireResponse.id',
  });
}

const FAULT_TEXT = {
  'unknown-item': 'is not an item of the instrument: check the instrument and the item number',
  repeated: 'is answered more than once: keep one answer',
  'no-number': 'has an answer that stands for no number: write an integer, or a coding with an ordinal value',
  'not-whole': 'has an answer that is not a whole number',
  'out-of-range': 'has an answer outside its range',
} as const;

function answerIssues(instrument: Instrument, answers: Answers): OperationOutcomeIssue[] {
  return answers.faults.map((fault) => {
    const range =
      fault.item && fault.kind === 'out-of-range' ? ` ${fault.item.min} to ${fault.item.max}` : '';
    return issueOf({
      severity: 'warning',
      code: 'value',
      rule: 'score-unusable-answer',
      diagnostics: `${instrument.slug}: ${fault.item ? `item ${fault.item.linkId}` : 'one item'} ${FAULT_TEXT[fault.kind]}${range}. It counts as missing.`,
      expression: fault.expression,
    });
  });
}

/** Says which score is not there and for want of which items; nothing where the instrument was not even begun for it. */
function missingIssues(
  instrument: Instrument,
  code: string,
  rule: ScoreRule,
  answers: Answers,
): OperationOutcomeIssue[] {
  if (rule.kind === 'given' || rule.kind === 'answer') return [];
  const needed = rule.kind === 'count' ? rule.counting.map(({ item }) => item) : rule.items;
  const missing = needed.filter((item) => !answers.numbers.has(item));
  if (missing.length === needed.length) return [];
  return [
    issueOf({
      severity: 'information',
      code: 'incomplete',
      rule: 'score-missing-item',
      diagnostics: `${code} was not computed: ${instrument.slug} has no answer to ${missing.length === 1 ? 'item' : 'items'} ${missing.join(', ')}.`,
      expression: 'QuestionnaireResponse.item',
    }),
  ];
}

function pamIssue(): OperationOutcomeIssue {
  return issueOf({
    severity: 'warning',
    code: 'business-rule',
    rule: 'score-pam-level',
    diagnostics:
      'The PAM level given does not belong to the PAM score given. Both are kept as given: check them with the scorer, and its version.',
    expression: 'QuestionnaireResponse.item',
  });
}
