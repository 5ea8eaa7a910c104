/** Whatever is asked or sent, the answer is JSON and never a fault of ours. */
import { connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadServedSearch } from '../../src/api/search/served.ts';
import { STORED_TYPES } from '../../src/fhir/definitions.ts';
import { commit, contact, idOf, patient, recordOf, referral } from '../store/samples.ts';
import { startAdapter, type TestAdapter } from './adapter.ts';

const TYPES = ['ServiceRequest', 'Patient', 'Encounter', 'Observation', 'QuestionnaireResponse'] as const;
const NAMES = [
  ...new Set(TYPES.flatMap((type) => [...loadServedSearch().get(type)!.keys()])),
  ...['_id', '_lastUpdated', '_count', '_include', '_total', '_cursor', '_format', '_sort', 'constructor'],
  ...['_summary', '_elements', '_revinclude', '_include:iterate', '_revinclude:iterate', '_text', '_filter'],
  ...[
    'patient.name',
    'subject:Patient.family:exact',
    'patient.organization.partof.name',
    'subject.identifier',
  ],
  ...[
    '_has:Observation:patient:code',
    '_has:ServiceRequest:patient:_has:Task:focus:status',
    '_has:',
    '_has:a:b',
  ],
  ...[
    'status:not',
    'code:in',
    'family:contains',
    'url:below',
    'subject:identifier',
    'subject:missing',
    '_id:not',
  ],
  ...['code-value-quantity', 'value-quantity', 'status:', 'patient.', '.patient', 'patient..name'],
];
const PIECES = [
  '',
  ',',
  '|',
  '\\',
  ':',
  '/',
  ' ',
  '%',
  "'",
  '"',
  ';',
  'ge',
  'ne',
  'Patient',
  'x',
  '2025',
  '2025-02',
  '-30',
  'T25:00',
  '\ud800',
  '\u0000',
  '-1',
  '$',
  '*',
  'true',
  '5.4||kg',
  'Observation:patient',
  'http://hl7.org/fhir/ValueSet/administrative-gender',
  '999999999999',
  '1',
];

const value = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 4 })), {
  maxLength: 6,
});
const name = fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 6 }));
const query = fc.array(
  fc.tuple(
    name,
    value.map((pieces) => pieces.join('')),
  ),
  { maxLength: 4 },
);

async function expectAnswer(answer: Response, statuses: readonly number[]): Promise<void> {
  expect(answer.headers.get('content-type')).toMatch(/^application\/(fhir\+)?json; charset=utf-8$/);
  const body = JSON.parse(await answer.text()) as object;
  expect([answer.status, body]).toEqual([expect.toBeOneOf([...statuses]), expect.any(Object)]);
}

test('answers any search with a Bundle or an outcome', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p'), contact('e', 'p')]));
  const search = fc.asyncProperty(
    fc.constantFrom(...TYPES),
    query,
    fc.boolean(),
    async (type, pairs, isRaw) => {
      const text = isRaw
        ? pairs.map((pair) => pair.join('=').replaceAll(/[^\x21-\x7e]|#/g, '%')).join('&')
        : new URLSearchParams(pairs).toString();
      await expectAnswer(await adapter.get(`/fhir/R4/${type}?${text}`), [200, 400, 406]);
    },
  );
  await fc.assert(search, { numRuns: 400, seed: 20260630 });
});

test('answers any search by POST, and any of a compartment or of all types', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p'), contact('e', 'p')]));
  const paths = ['Patient', '', `Patient/${idOf('p')}/ServiceRequest`, `Patient/${idOf('p')}/*`];
  const search = fc.asyncProperty(fc.constantFrom(...paths), query, async (path, pairs) => {
    const text = new URLSearchParams(pairs).toString();
    const posted = await adapter.post(
      `/fhir/R4/${path === '' ? '' : `${path}/`}_search`,
      text,
      'application/x-www-form-urlencoded',
    );
    await expectAnswer(posted, [200, 400, 406]);
    await expectAnswer(await adapter.get(`/fhir/R4/${path}?${text}`), [200, 400, 406]);
  });
  await fc.assert(search, { numRuns: 150, seed: 20260630 });
});

test('answers any history and $everything', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p'), referral('r', 'p')]));
  const paths = ['_history', 'Patient/_history', `Patient/${idOf('p')}/_history`, 'Patient/$everything'];
  const names = fc.constantFrom(
    '_since',
    '_at',
    '_count',
    '_cursor',
    '_type',
    'start',
    'end',
    '_format',
    'x',
  );
  const pair = fc.tuple(
    names,
    value.map((pieces) => pieces.join('')),
  );
  const asked = fc.asyncProperty(
    fc.constantFrom(...paths),
    fc.array(pair, { maxLength: 3 }),
    async (path, pairs) => {
      const text = new URLSearchParams(pairs).toString();
      await expectAnswer(await adapter.get(`/fhir/R4/${path}?${text}`), [200, 400, 406]);
    },
  );
  await fc.assert(asked, { numRuns: 200, seed: 20260630 });
});

test('answers any path under the FHIR base', async () => {
  const adapter = await startAdapter();
  const part = fc.oneof(fc.constantFrom(...STORED_TYPES, '_history', '1', '$x', '%00', '%ff'), fc.webPath());
  const paths = fc.asyncProperty(fc.array(part, { maxLength: 5 }), async (segments) => {
    await expectAnswer(await adapter.get(`/fhir/R4/${segments.join('/')}`), [200, 400, 404]);
  });
  await fc.assert(paths, { numRuns: 200, seed: 20260630 });
});

test('answers any body with a receipt or an outcome', async () => {
  const adapter = await startAdapter();
  const types = fc.constantFrom('application/json', 'application/x-ndjson', 'text/csv');
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.json().map((text) => Buffer.from(text)),
    fc.string({ unit: 'binary', maxLength: 60 }).map((text) => Buffer.from(text)),
  );
  const bodies = fc.asyncProperty(types, bytes, async (type, body) => {
    await expectAnswer(await adapter.post('/intake/spreadsheet/contact', body, type), [202, 400, 422]);
  });
  await fc.assert(bodies, { numRuns: 200, seed: 20260630 });
});

test.each([
  ['nonsense', 'HELLO\r\n\r\n', /^HTTP\/1\.1 400 .*api-request/s],
  ['a header with a NUL', 'GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n', /^HTTP\/1\.1 400 .*api-request/s],
  [
    'an endless address',
    `GET /fhir/R4/Patient?_id=${'x'.repeat(20_000)} HTTP/1.1\r\n\r\n`,
    /^HTTP\/1\.1 431 .*api-header-size/s,
  ],
  ['a request without a Host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n', /^HTTP\/1\.1 400 /],
])('answers %s, and goes on', async (_name, bytes, wanted) => {
  const adapter = await startAdapter();
  expect(await exchange(adapter, bytes)).toMatch(wanted);
  expect((await adapter.get('/health')).status).toBe(200);
});

async function exchange(adapter: TestAdapter, bytes: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(Number(new URL(adapter.url).port), '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('end', () => resolve(text)).once('error', reject);
  });
}
