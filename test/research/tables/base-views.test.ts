/** Each shipped view gives the rows that a reader of the example expects. */
import { describe, expect, test } from 'vitest';
import { population } from '../population.ts';
import { exampleOf, type Row, rowsOf, shipped, VIEW_NAMES, viewOf } from './base-views.ts';

const ANN = '51687be8';

function check(view: string, example: string, rows: readonly Row[]): void {
  test(`${view} of ${example}`, () => expect(rowsOf(view, exampleOf(example))).toEqual(rows));
}

describe('people and referrals', () => {
  check('patient', 'platform/examples/referral/adult-referred-by-gp', [
    {
      ...{ patient_key: ANN, gender: 'female', birth_date: '1948-05-17', deceased: false },
      ...{ ethnic_category: 'A', practice_key: '24de55ba' },
    },
  ]);

  const declined = { request_key: 'c1d2a36d', patient_key: '6b062a51' };
  check('service_request', 'platform/examples/referral/offer-declined', [
    {
      ...declined,
      ...{ status: 'revoked', intent: 'order', is_referral: false, authored: '2026-03-06T10:50:00Z' },
      ...{ source_code: 'gp', requester_key: 'e161a86b', service_key: '3f8db12c' },
    },
  ]);
  check('task', 'platform/examples/referral/offer-declined', [
    {
      ...{ task_key: '39ad5c3a', ...declined, status: 'cancelled', task_code: 'fulfill' },
      ...{ authored: '2026-03-06T10:50:00Z', last_modified: '2026-03-08T10:55:00Z' },
      ...{ status_reason: 'person-request', reason_snomed: '871711000000103', owner_key: '3f8db12c' },
    },
  ]);

  const taken = { request_key: 'c0e91482', patient_key: '3283bc7a' };
  check('service_request', 'platform/examples/referral/hand-over-accepted', [
    {
      ...{ ...taken, based_on_key: '041926e3', replaces_key: '041926e3', status: 'active', intent: 'order' },
      ...{ is_referral: true, authored: '2026-01-19T15:00:00Z', source_code: 'hospital' },
      ...{ requester_key: 'dc153869', service_key: '3f8db12c' },
    },
    { request_key: '041926e3', status: 'completed', is_referral: false },
  ]);
  check('episode', 'platform/examples/referral/hand-over-accepted', [
    {
      ...{ episode_key: '5d20cd2f', ...taken, status: 'active' },
      ...{ started: '2026-01-20T11:50:00Z', service_key: '3f8db12c' },
    },
    { episode_key: 'e87d5c73', status: 'finished', ended: '2026-01-20T11:50:00Z' },
  ]);
  check('consent', 'platform/examples/referral/hand-over-accepted', [
    ...['refer', 'share-gp'].map((purpose_code) => ({
      ...{ consent_key: purpose_code === 'refer' ? '490a90b4' : '6cb046ba', patient_key: '3283bc7a' },
      ...{ purpose_code, status: 'active', decided: '2026-01-19T15:00:00Z', extent_code: 'full' },
    })),
    {
      ...{ consent_key: 'e44eb8d1', patient_key: '3283bc7a', purpose_code: 'research' },
      ...{ status: 'rejected', decided: '2026-01-19T15:00:00Z', extent_code: 'full' },
    },
  ]);

  test('service_request tells the onward referrals from the one that they are based on', () => {
    const rows = rowsOf(
      'service_request',
      exampleOf('platform/examples/referral/onward-to-several-activities'),
    );
    expect(
      rows.map((row) => [row.is_referral, row.based_on_key, row.activity_kind, row.activity_key, row.status]),
    ).toEqual([
      [true, undefined, undefined, undefined, 'active'],
      [false, 'd7af1b66', 'exercise', 'faf474af', 'active'],
      [false, 'd7af1b66', 'nature', 'ced11c58', 'active'],
      [false, 'd7af1b66', 'coaching', 'f7b41cb0', 'revoked'],
    ]);
  });

  test('task tells what a GP must do from how the referral stands', () => {
    const rows = rowsOf('task', exampleOf('platform/examples/outcome/completed-with-outcomes'));
    expect(rows.map((row) => [row.task_code, row.status, row.status_reason])).toEqual([
      ['gp-action', 'requested', undefined],
      [undefined, 'completed', 'needs-met'],
    ]);
  });

  test('task names the end that its state alone does not say', () => {
    const [row] = rowsOf('task', exampleOf('platform/examples/status/withdrawn'));
    expect(row).toMatchObject({ status: 'cancelled', referral_status: 'withdrawn' });
  });
});

describe('needs', () => {
  const asked = { request_key: '13a6dc61', patient_key: ANN, is_text_only: false };
  check('request_reason', 'platform/examples/referral/adult-referred-by-gp', [
    { ...asked, need_code: 'loneliness', snomed_code: '267076002' },
    { ...asked, need_code: 'money', snomed_code: '160932005' },
    { ...asked, need_code: 'bereavement' },
    { ...asked, determinant_code: 'social' },
    { ...asked, determinant_code: 'income' },
  ]);

  const active = { patient_key: ANN, clinical_status: 'active', is_text_only: false };
  check('condition', 'platform/examples/referral/adult-referred-by-gp', [
    {
      ...{ ...active, condition_key: 'b3be69bc', need_code: 'loneliness' },
      ...{ snomed_code: '267076002', determinant_code: 'social' },
    },
    {
      ...{ ...active, condition_key: '22733431', need_code: 'money' },
      ...{ snomed_code: '160932005', determinant_code: 'income' },
    },
    { ...active, condition_key: '79edbfb2', need_code: 'bereavement', determinant_code: 'social' },
  ]);

  test('a need in words alone is told from one with a code of an older system', () => {
    const code = (coding: object[]) => ({ coding, text: 'a need' });
    const conditions = [{ text: 'a need' }, code([{ system: 'http://read.info/ctv3', code: '13Z' }])].map(
      (code) => ({ resourceType: 'Condition', id: 'c', code }),
    );
    expect(rowsOf('condition', conditions).map((row) => row.is_text_only)).toEqual([true, false]);
  });

  test('a need was recorded when that is said, or else when it began', () => {
    const began = { resourceType: 'Condition', id: 'c', onsetDateTime: '2026-01' };
    const said = { ...began, recordedDate: '2026-03-01' };
    expect(rowsOf('condition', [began, said]).map((row) => row.recorded)).toEqual(['2026-01', '2026-03-01']);
  });
});

describe('contacts and support', () => {
  const contact = { patient_key: ANN, request_key: '13a6dc61', is_own: true, class_code: 'AMB' };
  check('encounter', 'platform/examples/contact/group-session-person-1', [
    {
      ...{ ...contact, encounter_key: '7c4129e8', episode_key: 'e0d42898', status: 'finished' },
      ...{ mode_code: 'walk', started: '2026-03-12T14:00:00Z', ended: '2026-03-12T15:30:00Z' },
      ...{ group_session: 'platform/S-77', service_text: 'Social prescribing', appointment_key: '6d9be98c' },
    },
  ]);
  check('encounter', 'platform/examples/contact/missed-at-surgery', [
    {
      ...{ ...contact, encounter_key: '8bcabf4b', episode_key: 'e0d42898', status: 'cancelled' },
      ...{ mode_code: 'surgery', type_snomed: '185202000', cancelled_reason: 'no-reply' },
      ...{ started: '2026-03-09T10:00:00+00:00', ended: '2026-03-09T10:30:00+00:00' },
      ...{ service_text: 'Social prescribing', appointment_key: 'd1d1746c' },
    },
  ]);
  check('appointment', 'platform/examples/contact/missed-at-surgery', [
    {
      ...{ appointment_key: 'd1d1746c', patient_key: ANN, request_key: '13a6dc61' },
      ...{ status: 'noshow', reason_code: 'no-reply', started: '2026-03-09T10:00:00+00:00' },
    },
  ]);
  check('goal', 'platform/examples/support/plan-with-goals', [
    {
      ...{ goal_key: '584152ac', patient_key: ANN, lifecycle_status: 'active', achievement: 'in-progress' },
      ...{ determinant_code: 'social', started: '2026-03-10', due: '2026-05-31', status_date: '2026-03-10' },
    },
    {
      ...{ goal_key: '39b33805', patient_key: ANN, lifecycle_status: 'active' },
      ...{ determinant_code: 'income', started: '2026-03-10' },
    },
  ]);
  check('procedure', 'platform/examples/support/befriending-declined', [
    {
      ...{ procedure_key: 'b6a94370', patient_key: ANN, request_key: '13a6dc61' },
      ...{ status: 'not-done', kind_code: 'befriending', performed: '2026-03-11' },
    },
  ]);

  test('a contact that was read from a record is not one of social prescribing', () => {
    const read = { resourceType: 'Encounter', id: 'e', status: 'finished', class: { code: 'AMB' } };
    expect(rowsOf('encounter', [read])).toEqual([
      { encounter_key: 'e', status: 'finished', class_code: 'AMB', is_own: false },
    ]);
  });
});

describe('questionnaires and outcomes', () => {
  const pam = { response_key: 'a062cd0f', patient_key: 'b8cafc7f', request_key: 'd7af1b66' };
  const when = { stage: 'baseline', authored: '2026-03-05T10:25:00Z' };
  const questionnaire = 'https://hedgerow.example/fhir/Questionnaire/pam';
  check('response', 'platform/examples/questionnaire/pam-given', [
    { ...pam, ...when, questionnaire, status: 'completed' },
  ]);
  check('questionnaire_answer', 'platform/examples/questionnaire/pam-given', [
    { ...pam, ...when, questionnaire, link_id: 'score', value_number: 56.4 },
    { ...pam, ...when, questionnaire, link_id: 'level', value_number: 3 },
    { ...pam, ...when, questionnaire, link_id: 'scorer-version' },
  ]);

  test('questionnaire_answer finds answers at any depth, and leaves words out', () => {
    const number = (linkId: string, valueInteger: number, item?: object[]) => ({
      linkId,
      answer: [{ valueInteger, ...(item && { item }) }],
    });
    const words = { linkId: 'd', answer: [{ valueString: 'in my own words' }] };
    const response = {
      resourceType: 'QuestionnaireResponse',
      item: [{ linkId: 'group', item: [number('a', 1, [number('b', 2, [words])])] }, number('c', 3)],
    };
    const rows = rowsOf('questionnaire_answer', [response]);
    expect(rows.map((row) => [row.link_id, row.value_number]).sort()).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', undefined],
    ]);
    expect(JSON.stringify(rows)).not.toContain('words');
  });

  const swemwbs = { observation_key: 'a5bf4ebf', patient_key: ANN, response_key: 'af41b807' };
  const filled = { ...swemwbs, effective: '2026-03-05T10:20:00Z' };
  check('score', 'platform/examples/questionnaire/swemwbs-baseline', [
    { ...filled, score_code: 'swemwbs-metric', is_component: false, value: 16.88 },
    { ...filled, score_code: 'swemwbs-raw', is_component: true, value: 17 },
  ]);

  test('score has nothing for a question that was refused, and 0 for an answer of 0', () => {
    const rows = rowsOf('score', exampleOf('platform/examples/questionnaire/ons4-with-a-refusal'));
    expect(rows.map((row) => [row.score_code, row.value, row.band])).toEqual([
      ['ons4-satisfaction', 4, 'low'],
      ['ons4-worthwhile', 0, 'low'],
      ['ons4-anxiety', 8, 'high'],
    ]);
  });

  const judged = { patient_key: ANN, request_key: '13a6dc61', effective: '2026-06-10T10:45:00Z' };
  check('outcome', 'platform/examples/outcome/completed-with-outcomes', [
    {
      ...{ ...judged, observation_key: 'd2113a4d', determinant_code: 'social' },
      ...{ outcome_code: 'loneliness', change_code: 'improved' },
    },
    {
      ...{ ...judged, observation_key: 'c64c679f', determinant_code: 'income' },
      ...{ outcome_code: 'benefits', change_code: 'improved' },
    },
    { ...judged, observation_key: '0d9bf9d1', determinant_code: 'housing', change_code: 'unchanged' },
  ]);
});

describe('organisations and activities', () => {
  check('organization', 'platform/examples/referral/hand-over-accepted', [
    {
      ...{ organization_key: '24de55ba', kind_code: 'gp-practice', ods_code: 'Y99001' },
      ...{ part_of_key: 'fd219ba6', name: 'Meadow Lane Surgery' },
    },
    { organization_key: 'fd219ba6', kind_code: 'pcn', ods_code: 'U99001', name: 'Riverside PCN' },
    {
      ...{ organization_key: '63ab0cb1', kind_code: 'hospital-service' },
      ...{ part_of_key: '0c2f9a3d', name: 'Harbour Hospital Link Workers' },
    },
    { organization_key: '0c2f9a3d', kind_code: 'hospital', ods_code: 'RZZ99', name: 'Harbour Hospital' },
    { organization_key: '3f8db12c', kind_code: 'community-service', name: 'Riverside Social Prescribing' },
  ]);
  check('activity', 'open-referral-uk/examples/service/walking-group', [
    { activity_key: 'daed92da', kind_code: 'exercise', provider_key: '7e35e3c1' },
  ]);
});

describe('every view', () => {
  test.each(VIEW_NAMES)('%s is named as its file, and tells of each column what it is', (name) => {
    const { url, status, title, description } = shipped(name);
    expect([viewOf(name).name, url, status]).toEqual([
      ...[name, `https://hedgerow.example/fhir/ViewDefinition/${name}`, 'active'],
    ]);
    expect([title, description]).toEqual([expect.stringMatching(/\w/), expect.stringMatching(/\w/)]);
    expect(viewOf(name).columns.filter((one) => !one.type || !one.description)).toEqual([]);
  });

  test('has rows of people for a whole population, and words of nobody', () => {
    const resources = [...population({ people: 60 })].map(({ resource }) => resource);
    const withoutNames = VIEW_NAMES.filter((name) => name !== 'organization');
    const rows = withoutNames.flatMap((name) => {
      const found = rowsOf(name, resources);
      expect([name, found.length]).not.toEqual([name, 0]);
      return found;
    });
    expect(JSON.stringify(rows)).not.toMatch(/Test/);
  });

  test('reads what de-identification leaves: a year of birth, no names, no words', () => {
    const patient = { resourceType: 'Patient', id: 'p', birthDate: '1948', gender: 'female' };
    expect(rowsOf('patient', [patient])).toEqual([
      { patient_key: 'p', birth_date: '1948', gender: 'female', deceased: false },
    ]);
    for (const name of VIEW_NAMES) {
      const { resource } = viewOf(name);
      expect(() => rowsOf(name, [{ resourceType: resource, id: 'r' }])).not.toThrow();
    }
  });

  test('counts nothing that was entered in error where no column says so', () => {
    const error = { id: 'r', status: 'entered-in-error', reasonCode: [{ text: 'a' }] };
    const survey = { code: 'survey', system: 'http://terminology.hl7.org/CodeSystem/observation-category' };
    const item = [{ linkId: '1', answer: [{ valueInteger: 1 }] }];
    const observation = { ...error, resourceType: 'Observation', category: [{ coding: [survey] }] };
    const code = [{ coding: [{ code: 'entered-in-error' }] }];
    expect(rowsOf('request_reason', [{ ...error, resourceType: 'ServiceRequest' }])).toEqual([]);
    expect(
      rowsOf('questionnaire_answer', [{ ...error, resourceType: 'QuestionnaireResponse', item }]),
    ).toEqual([]);
    expect(rowsOf('score', [observation])).toEqual([]);
    expect(rowsOf('condition', [{ resourceType: 'Condition', verificationStatus: code[0] }])).toEqual([]);
    expect(rowsOf('score', [{ ...observation, status: 'final' }])).toHaveLength(1);
  });
});
