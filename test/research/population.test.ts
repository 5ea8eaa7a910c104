/** The made-up population is what it says: the same each time, whole, and of people who are nobody. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadValidator, ROOT } from '../../src/cli/load.ts';
import { parseNhsNumber } from '../../src/fhir/identifiers.ts';
import { isRestricted } from '../../src/referral/restriction.ts';
import type { Held } from '../../src/research/held.ts';
import { deidentifier } from './deidentify/samples.ts';
import { SHARES } from './population/referral-states.ts';
import { population } from './population.ts';
import { rowsOf, VIEW_NAMES } from './tables/base-views.ts';

const PEOPLE = [...population({ people: 600 })];

function ofType(type: string): Held[] {
  return PEOPLE.filter(({ resource }) => resource.resourceType === type);
}

test('a seed gives the same people, however many there are, and another seed gives others', () => {
  const few = [...population({ people: 20 })];
  expect(PEOPLE.slice(0, few.length)).toEqual(few);
  expect([...population({ people: 20, seed: 2 })]).not.toEqual(few);
});

test('every resource has an id of its own, and every reference leads to one', () => {
  const known = PEOPLE.map(({ resource }) => `${resource.resourceType}/${resource.id}`);
  expect(new Set(known).size).toBe(known.length);
  const referred = [...JSON.stringify(PEOPLE).matchAll(/"reference":"([^"]+)"/g)].map(([, to]) => to!);
  const there = new Set(known);
  expect(referred.filter((one) => !there.has(one))).toEqual([]);
});

test('every resource conforms to its profile, but for answers that stand deeper than their questions', () => {
  const { validator } = loadValidator({ dataDir: join(tmpdir(), 'no-such-folder') }, ROOT);
  const faults = PEOPLE.slice(0, 3_000).flatMap(({ resource }) =>
    validator
      .validate(resource)
      .filter(({ severity }) => severity === 'error' || severity === 'fatal')
      .map(({ diagnostics }) => `${resource.resourceType}: ${diagnostics}`),
  );
  expect(faults.filter((one) => !one.includes('is no linkId of the questionnaire'))).toEqual([]);
});

test('NHS numbers are valid, of nobody, and one person’s each', () => {
  const owners = new Map<string, Set<string | undefined>>();
  for (const { resource, personId } of PEOPLE)
    for (const { system, value } of resource.resourceType === 'Patient' ? (resource.identifier ?? []) : [])
      if (system === 'https://fhir.nhs.uk/Id/nhs-number')
        owners.set(value!, new Set([...(owners.get(value!) ?? []), personId]));
  expect(owners.size).toBeGreaterThan(500);
  for (const [number, people] of owners) {
    expect(parseNhsNumber(number)).toMatch(/^999/);
    expect(people.size).toBe(1);
  }
});

test('it has people of every kind that tables must cope with', () => {
  const patients = ofType('Patient');
  expect(patients.some(({ resource, personId }) => resource.id !== personId)).toBe(true);
  expect(patients.some(({ resource }) => isRestricted(resource))).toBe(true);
  expect(patients.some(({ resource }) => JSON.stringify(resource).includes('NHSNumberUnavailable'))).toBe(
    true,
  );
  const consents = rowsOf(
    'consent',
    ofType('Consent').map(({ resource }) => resource),
  );
  const decisions = new Set(consents.map((row) => `${row.purpose_code} ${row.status}`));
  for (const status of ['active', 'rejected', 'inactive']) expect(decisions).toContain(`research ${status}`);
});

test('referrals stand in every state, and are offered, declined, handed over and sent onward', () => {
  const tasks = rowsOf(
    'task',
    ofType('Task').map(({ resource }) => resource),
  );
  const states = new Set(tasks.map((row) => row.status));
  expect(states.size).toBe(11);
  expect(tasks.some((row) => row.reason_snomed === '871711000000103')).toBe(true);
  const requests = rowsOf(
    'service_request',
    ofType('ServiceRequest').map(({ resource }) => resource),
  );
  for (const column of ['replaces_key', 'activity_key'])
    expect(requests.some((row) => row[column])).toBe(true);
  expect(Object.keys(SHARES).length).toBe(16);
});

test('scores are of beginnings and ends, of every instrument that is used', () => {
  const scores = rowsOf(
    'score',
    ofType('Observation').map(({ resource }) => resource),
  );
  const codes = new Set(scores.map((row) => row.score_code));
  for (const code of ['ons4-anxiety', 'phq-9-total', 'gad-7-total', 'swemwbs-metric', 'swemwbs-raw'])
    expect(codes).toContain(code);
  for (const code of ['ucla-3-total', 'pam-level', 'mycaw-wellbeing']) expect(codes).toContain(code);
  const stages = new Set(
    rowsOf(
      'response',
      ofType('QuestionnaireResponse').map(({ resource }) => resource),
    ).map((row) => row.stage),
  );
  expect(stages).toEqual(new Set(['baseline', 'closure']));
});

test('every view reads what de-identification leaves of it, and no name is left', () => {
  const deidentify = deidentifier();
  const left = PEOPLE.slice(0, 2_000).flatMap((one) => deidentify.apply(one)?.resource ?? []);
  for (const name of VIEW_NAMES) {
    const rows = rowsOf(name, left);
    expect([name, rows.length]).not.toEqual([name, 0]);
    expect(JSON.stringify(rows)).not.toMatch(/Test|person-\d/);
  }
});
