/** Turns the issues of @medplum/core's validator into ours: stable rule ids, what to change, and no value. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';

interface Translation {
  readonly when: RegExp;
  readonly rule: string;
  /** completes "<path> …"; may use what the pattern caught, which is never a value */
  readonly text: (caught: readonly string[]) => string;
}

/** By the texts of @medplum/core 5.2; the last one takes what a later version words anew. */
const TRANSLATIONS: readonly Translation[] = [
  { when: /^Missing required property/, rule: 'base-required', text: () => 'is required: supply it' },
  {
    when: /^Invalid number of values: expected (\d+\.\.(?:\d+|\*)), but found (\d+)/,
    rule: 'base-cardinality',
    text: ([range, found]) => `occurs ${found} times: ${range} are allowed`,
  },
  { when: /^Expected array/, rule: 'base-cardinality', text: () => 'may repeat: write it as an array' },
  {
    when: /^Expected single value/,
    rule: 'base-cardinality',
    text: () => 'may not repeat: write one value, without brackets',
  },
  {
    when: /^Invalid additional property/,
    rule: 'base-unknown-element',
    text: () => 'is no element here: remove it, or correct its name',
  },
  {
    when: /^(?:Invalid empty|String must contain)/,
    rule: 'base-empty',
    text: () => 'is empty: leave it out',
  },
  { when: /^Invalid (?:null|undefined) value/, rule: 'base-null', text: () => 'is null: leave it out' },
  { when: /^Invalid JSON type/, rule: 'base-type', text: () => 'has the wrong JSON type' },
  {
    when: /^Invalid (\w+) (?:format|value)$/,
    rule: 'base-format',
    text: ([type]) => `is not written as a ${type}`,
  },
  {
    when: /^(?:Expected number|Invalid numeric)/,
    rule: 'base-number',
    text: () => 'is no number that its type allows',
  },
  { when: /larger than|exceeds/, rule: 'base-length', text: () => 'is too long' },
  { when: /.*/s, rule: 'base-structure', text: () => 'does not fit the structure of base R4' },
];
/** Our own element checks say these as errors; of absolute references @medplum/core says them wrongly. */
const SAID_ELSEWHERE = /^(?:Conflicting choice|Invalid reference)/;
const CONSTRAINT = /^Constraint ([A-Za-z0-9-]+) not met: (.*)$/s;

/**
 * @param issue of `validateResource`; its texts may quote the resource, so they are never passed on
 * @returns our issue, or none where our own checks say the same
 */
export function translateIssue(issue: OperationOutcomeIssue): OperationOutcomeIssue[] {
  const text = issue.details?.text ?? '';
  if (SAID_ELSEWHERE.test(text)) return [];
  const path = (issue.expression?.[0] ?? '').replace(/\[x\]$/, '');
  const { severity, code } = issue;
  const constraint = CONSTRAINT.exec(text);
  if (constraint) {
    const [, key, description] = constraint;
    const diagnostics = `${path} breaks ${key}: ${description}`;
    return [issueOf({ severity, code: 'invariant', rule: `base-${key}`, diagnostics, expression: path })];
  }
  const { when, rule, text: write } = TRANSLATIONS.find((one) => one.when.test(text))!; // the last one takes any text
  const caught = when.exec(text)!.slice(1);
  return [issueOf({ severity, code, rule, diagnostics: `${path} ${write(caught)}.`, expression: path })];
}
