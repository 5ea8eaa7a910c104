/** What answers of PDS mean, the published ones among them. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readPatientAnswer, readSearchAnswer } from '../../../src/nhs/pds/answer.ts';
import { errorBody, PUBLISHED } from '../../servers/pds-errors.ts';
import { pdsRecord } from '../../servers/pds-records.ts';

const NUMBER = '9990000018';

test.each<[number, string, object]>([
  [404, 'INVALIDATED_RESOURCE', { kind: 'invalidated' }],
  [404, 'RESOURCE_NOT_FOUND', { kind: 'notFound' }],
  [400, 'INVALID_RESOURCE_ID', { kind: 'invalidNumber' }],
  [400, 'MISSING_VALUE', { retry: 'permanent', rule: 'pds-request' }],
  [400, 'INVALID_VALUE', { retry: 'permanent', rule: 'pds-request' }],
  [400, 'UNSUPPORTED_SERVICE', { retry: 'permanent', rule: 'pds-request' }],
  [400, 'ADDITIONAL_PROPERTIES', { retry: 'permanent', rule: 'pds-request' }],
  [400, 'INVALID_SEARCH_DATA', { retry: 'permanent', rule: 'pds-request' }],
  [403, 'INVALID_VALUE', { retry: 'permanent', rule: 'pds-request' }],
  [401, 'ACCESS_DENIED', { retry: 'transient', rule: 'pds-access' }],
  [403, 'ACCESS_DENIED', { retry: 'transient', rule: 'pds-access' }],
  [403, 'INVALID_METHOD', { retry: 'transient', rule: 'pds-access' }],
  [408, 'UNABLE_TO_CALL_SERVICE', { retry: 'transient', rule: 'pds-down' }],
  [429, 'TOO_MANY_REQUESTS', { retry: 'transient', rule: 'pds-busy' }],
])('%i %s', (status, code, meaning) => {
  expect(readPatientAnswer({ status, body: errorBody(code, `value of ${NUMBER}`) })).toMatchObject(meaning);
  const search = readSearchAnswer({ status, body: errorBody(code, `value of ${NUMBER}`) });
  expect(JSON.stringify(search)).not.toContain(NUMBER);
});

test.each([
  [404, {}, 'pds-address'],
  [302, undefined, 'pds-address'],
  [500, undefined, 'pds-down'],
  [503, 'a page', 'pds-down'],
  [200, { resourceType: 'Bundle' }, 'pds-unreadable'],
  [200, { resourceType: 'Patient', id: '9990000019' }, 'pds-unreadable'],
  [200, { ...pdsRecord(NUMBER), id: '9990000026' }, 'pds-unreadable'],
])('a %i that PDS never promised is no answer about anybody', (status, body, rule) => {
  expect(readPatientAnswer({ status, body })).toMatchObject({ kind: 'refused', rule, retry: 'transient' });
});

test('what would lead to a person is not read, whoever they are', () => {
  const record = pdsRecord(NUMBER, {
    address: [{ line: ['17 Quarry Steps'] }],
    telecom: [{ value: '01632 960111' }],
    generalPractitioner: [{ identifier: { value: 'Y98765' } }],
  });
  const read = JSON.stringify(readPatientAnswer({ status: 200, body: record }));
  for (const one of ['Quarry', '01632', 'Y98765']) expect(read).not.toContain(one);
});

test.each([
  ['U', 'U'],
  ['R', 'R'],
  ['V', 'V'],
  ['REDACTED', 'R'],
])('security %s', (security, restriction) => {
  const answer = readPatientAnswer({ status: 200, body: pdsRecord(NUMBER, { security }) });
  expect(answer).toMatchObject({ kind: 'person', person: { restriction } });
});

test('a record without a label says nothing of a restriction', () => {
  const body = { ...pdsRecord(NUMBER), meta: { versionId: '1' } };
  const answer = readPatientAnswer({ status: 200, body });
  expect(answer).toMatchObject({ kind: 'person', person: { restriction: undefined } });
});

test.each([
  [{ name: { family: 'Example' } }],
  [{ name: [null] }],
  [{ name: [{ family: 7 }] }],
  [{ identifier: 'x' }],
  [{ meta: { security: { code: 'U' } } }],
  [{ extension: {} }],
  [{ birthDate: 1961 }],
])('a record of another form than FHIR gives it is no answer: %j', (more) => {
  const body = { ...pdsRecord(NUMBER), ...more };
  expect(readPatientAnswer({ status: 200, body })).toMatchObject({ kind: 'refused', rule: 'pds-unreadable' });
  for (const entry of [[{ resource: body }], {}, [null], 'x'])
    expect(
      readSearchAnswer({ status: 200, body: { resourceType: 'Bundle', total: 1, entry } }),
    ).toMatchObject({ kind: 'refused', rule: 'pds-unreadable' });
});

test.each([[{}], ['x'], [[null]], [[{ details: { coding: {} } }]]])('an outcome of %j is read', (issue) => {
  const body = { resourceType: 'OperationOutcome', issue };
  expect(readPatientAnswer({ status: 500, body })).toMatchObject({ rule: 'pds-down' });
});

test('a search has found somebody only where it found one and no more', () => {
  const entry = [{ search: { score: 1 }, resource: pdsRecord(NUMBER) }];
  const bundle = { resourceType: 'Bundle', type: 'searchset' };
  const read = (body: object): unknown => readSearchAnswer({ status: 200, body });
  expect(read({ ...bundle, total: 1, entry })).toMatchObject({ kind: 'match', score: 1 });
  expect(read({ ...bundle, total: 0 })).toEqual({ kind: 'none' });
  expect(read({ ...bundle, total: 2, entry: [...entry, ...entry] })).toEqual({ kind: 'tooMany' });
  expect(read({ ...bundle, total: 2, entry })).toEqual({ kind: 'tooMany' });
  expect(read(errorBody('TOO_MANY_MATCHES') as object)).toEqual({ kind: 'tooMany' });
  expect(read({ ...bundle, total: 1, entry: [{ resource: pdsRecord(NUMBER) }] })).toMatchObject({ score: 0 });
});

if (!PUBLISHED) console.info('The published examples of PDS are not at hand: they are passed over.');
describe.runIf(PUBLISHED)('published', () => {
  const files = PUBLISHED ? globSync(join(PUBLISHED, '{patient,search}Responses/*.json')).sort() : [];
  test.each(files.map((file) => [basename(file), file]))('%s is read', (_name, file) => {
    const body = JSON.parse(readFileSync(file, 'utf8')) as { resourceType: string; entry?: unknown[] };
    const answer =
      body.resourceType === 'Bundle'
        ? readSearchAnswer({ status: 200, body })
        : readPatientAnswer({ status: 200, body });
    // the number of this one fails its check
    if (file.endsWith('PatientCompoundName.json')) return expect(answer.kind).toBe('refused');
    const isOne = body.resourceType === 'Patient' || body.entry?.length === 1;
    const expected = body.resourceType === 'Patient' ? 'person' : isOne ? 'match' : 'tooMany';
    expect(answer.kind).toBe(expected);
  });
});
