/** A resource is checked as a whole: FHIR, profiles, domain rules, and what a terminology server adds. */
import type { Bundle, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { issueOf, ruleOf } from '../../src/fhir/outcome.ts';
import { checkWhole, settled } from '../../src/validation/check-whole.ts';
import type { PendingCode } from '../../src/validation/run.ts';
import { knownValidator } from './known.ts';

const wrongNumber = (id: string): Resource => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: 'https://fhir.nhs.uk/Id/nhs-number', value: '9990000019' }],
});
const bundleOf = (...resources: Resource[]): Bundle => ({
  resourceType: 'Bundle',
  type: 'collection',
  entry: resources.map((resource) => ({ fullUrl: `https://x.example/Patient/${resource.id}`, resource })),
});
const said = (issues: readonly OperationOutcomeIssue[]): string[] =>
  issues.map((issue) => `${ruleOf(issue)} ${issue.expression?.[0]}`);

test('asks the domain rules of each entry without an error, and counts the entries', () => {
  const faulty = { ...wrongNumber('b'), gender: 'f' } as unknown as Resource;
  const { resources, issues } = checkWhole(
    knownValidator(),
    bundleOf(wrongNumber('a'), faulty, wrongNumber('c')),
  );
  expect(resources).toBe(3);
  expect(said(issues)).toEqual([
    'fhir-code Bundle.entry[1].resource.gender',
    'hr-1 Bundle.entry[0].resource.identifier[0].value',
    'hr-1 Bundle.entry[2].resource.identifier[0].value',
  ]);
  expect(issues[1]?.diagnostics).toMatch(/^Bundle\.entry\[0\]\.resource\.identifier\[0\]\.value is no NHS/);
});

test('checks what has neither id nor entries', () => {
  expect(checkWhole(knownValidator(), { resourceType: 'Bundle', type: 'collection' })).toMatchObject({
    resources: 0,
    issues: [],
  });
  const { id: _, ...nameless } = wrongNumber('x');
  expect(said(checkWhole(knownValidator(), nameless as Resource).issues)).toEqual([
    'hr-1 Patient.identifier[0].value',
  ]);
});

const [VALUE_SET, SYSTEM] = ['http://x.example/ValueSet/v', 'http://x.example/s'];
const open = (expression: string, code: string): PendingCode => ({
  valueSet: VALUE_SET,
  strength: 'required',
  codes: [{ system: SYSTEM, code }],
  expression,
  because: 'it is not here',
});
const unchecked = (expression: string): OperationOutcomeIssue =>
  issueOf({ severity: 'information', rule: 'terminology-not-checked', diagnostics: 'not held', expression });

test('puts what a terminology server says in place of what was not checked', async () => {
  const codes = { 'A.good': 'good', 'A.bad': 'bad', 'A.unknown': 'unknown' };
  const verdict = {
    issues: Object.keys(codes).map(unchecked),
    pending: Object.entries(codes).map(([place, code]) => open(place, code)),
  };
  const answers: Readonly<Record<string, boolean>> = { good: true, bad: false };
  const ask = async (questions: readonly { readonly code: string }[]) =>
    questions.map(({ code }) => answers[code]);
  expect(said(await settled(verdict, ask))).toEqual([
    'terminology-not-checked A.unknown',
    'terminology-code A.bad',
  ]);
  expect(await settled(verdict, undefined)).toBe(verdict.issues);
});
