/** Bundles: full URLs, documents, messages, search results, responses. */
import { expect, test } from 'vitest';
import type { Json } from '../../../src/validation/run.ts';
import { linesOf } from '../verdicts.ts';

const BASE = 'https://example.org/fhir';
const HEADER_URL = 'urn:uuid:11111111-1111-4111-8111-111111111111';
const PATIENT_URL = 'urn:uuid:22222222-2222-4222-8222-222222222222';
const OTHER_URL = 'urn:uuid:33333333-3333-4333-8333-333333333333';

const patient = { resourceType: 'Patient', id: 'p1' };
const condition = (reference: string): Json => ({ resourceType: 'Condition', subject: { reference } });
const entry = (fullUrl: string | undefined, resource: Json, more: Json = {}): Json => ({
  ...(fullUrl !== undefined && { fullUrl }),
  resource,
  ...more,
});
const bundle = (type: string, entries: readonly Json[], more: Json = {}): Json => ({
  resourceType: 'Bundle',
  type,
  ...more,
  entry: entries,
});

const composition = (more: Json = {}): Json => ({
  resourceType: 'Composition',
  status: 'final',
  type: { text: 'Summary' },
  date: '2026-01-01',
  author: [{ display: 'A link worker' }],
  title: 'Summary',
  subject: { reference: PATIENT_URL },
  ...more,
});
const document = (entries: readonly Json[]): Json =>
  bundle('document', entries, {
    identifier: { system: 'https://example.org/documents', value: '1' },
    timestamp: '2026-01-01T10:00:00Z',
  });
const header = (focus: Json): Json => ({
  resourceType: 'MessageHeader',
  eventUri: 'https://example.org/event',
  source: { endpoint: 'https://example.org/source' },
  focus: [focus],
});
const message = (entries: readonly Json[], more: Json = { timestamp: '2026-01-01T10:00:00Z' }): Json =>
  bundle('message', entries, more);

const FULL_URLS: readonly (readonly [title: string, fullUrl: string, found: readonly string[]])[] = [
  ['a RESTful URL of the resource', `${BASE}/Patient/p1`, []],
  ['a URN of a UUID', PATIENT_URL, []],
  ['a URN of a UUID in capitals', 'urn:uuid:AAAAAAAA-1111-4111-8111-111111111111', []],
  ['a URN of an OID', 'urn:oid:2.16.840.1.113883', []],
  ['a URL that is not RESTful', 'https://example.org/files/1', []],
  ['a URL whose last parts are no resource type', 'https://example.org/Folder/1', []],
  ['a relative URL', 'Patient/p1', ['error bundle-full-url-form Bundle.entry[0].fullUrl']],
  ['a UUID too short', 'urn:uuid:1234', ['error bundle-full-url-form Bundle.entry[0].fullUrl']],
  ['an OID that is none', 'urn:oid:9.1', ['error bundle-full-url-form Bundle.entry[0].fullUrl']],
  ['another id', `${BASE}/Patient/p2`, ['error bundle-full-url-id Bundle.entry[0].fullUrl']],
  ['another type', `${BASE}/Person/p1`, ['error bundle-full-url-id Bundle.entry[0].fullUrl']],
];

test.each(FULL_URLS)('a fullUrl may be, or is refused as, %s', (_title, fullUrl, found) => {
  expect(linesOf(bundle('collection', [entry(fullUrl, patient)]))).toEqual(found);
});

test('a version in a fullUrl and a fullUrl twice are said by their invariants alone', () => {
  expect(linesOf(bundle('collection', [entry(`${BASE}/Patient/p1/_history/1`, patient)]))).toEqual([
    'error invariant-bdl-8 Bundle.entry[0]',
  ]);
  expect(linesOf(bundle('collection', [entry(PATIENT_URL, patient), entry(PATIENT_URL, patient)]))).toEqual([
    'error invariant-bdl-7 Bundle',
  ]);
});

test('a fullUrl must be there in a message, and ought to be in a searchset; not for what has no identity', () => {
  const focus = { identifier: { value: '1' } };
  expect(linesOf(message([entry(undefined, header(focus))]))).toEqual([
    'error bundle-full-url-required Bundle.entry[0].fullUrl',
  ]);
  expect(linesOf(bundle('searchset', [entry(undefined, patient)]))).toEqual([
    'warning bundle-full-url-required Bundle.entry[0].fullUrl',
  ]);
  const outcome = {
    resourceType: 'OperationOutcome',
    id: 'o1',
    issue: [{ severity: 'warning', code: 'informational' }],
  };
  expect(linesOf(bundle('searchset', [entry(undefined, outcome, { search: { mode: 'outcome' } })]))).toEqual(
    [],
  );
  expect(
    linesOf(bundle('collection', [entry(undefined, { resourceType: 'Patient', active: true })])),
  ).toEqual([]);
});

test('a document holds what its Composition refers to', () => {
  expect(linesOf(document([entry(HEADER_URL, composition()), entry(PATIENT_URL, patient)]))).toEqual([]);
  const sections = [{ section: [{ entry: [{ reference: `${BASE}/Condition/c1` }] }] }];
  const relates = [{ code: 'replaces', targetReference: { reference: `${BASE}/Composition/old` } }];
  const whole = composition({ section: sections, relatesTo: relates });
  expect(linesOf(document([entry(HEADER_URL, whole), entry(PATIENT_URL, patient)]))).toEqual([
    'error bundle-document-incomplete Bundle.entry[0].resource.section[0].section[0].entry[0].reference',
  ]);
});

test('a URN without an entry is a fault in documents, messages and transactions only', () => {
  const lost = 'error bundle-reference-unresolved Bundle.entry[0].resource.subject.reference';
  expect(linesOf(document([entry(HEADER_URL, composition())]))).toEqual([lost]);
  const stray = entry(OTHER_URL, condition(PATIENT_URL));
  expect(linesOf(bundle('collection', [stray]))).toEqual([]);
  const request = { method: 'POST', url: 'Condition' };
  expect(linesOf(bundle('transaction', [{ ...stray, request }]))).toEqual([lost]);
  expect(linesOf(bundle('batch', [{ ...stray, request }]))).toEqual([]);
});

test('what no reference reaches from the Composition is a warning, but for style sheets and what is said of the rest', () => {
  const first = [entry(HEADER_URL, composition()), entry(PATIENT_URL, patient)];
  expect(linesOf(document([...first, entry(OTHER_URL, condition(PATIENT_URL))]))).toEqual([
    'warning bundle-unreachable Bundle.entry[2]',
  ]);
  const provenance = {
    resourceType: 'Provenance',
    target: [{ reference: PATIENT_URL }],
    recorded: '2026-01-01T10:00:00Z',
    agent: [{ who: { display: 'A system' } }],
  };
  const style = { resourceType: 'Binary', contentType: 'text/css', data: 'aGVk' };
  expect(
    linesOf(
      document([
        ...first,
        entry(OTHER_URL, provenance),
        entry('urn:uuid:44444444-4444-4444-8444-444444444444', style),
      ]),
    ),
  ).toEqual([]);
});

test('a resource is reached through others and through attachments', () => {
  const file = {
    resourceType: 'DocumentReference',
    status: 'current',
    content: [{ attachment: { url: OTHER_URL } }],
  };
  const reference = 'urn:uuid:44444444-4444-4444-8444-444444444444';
  const binary = { resourceType: 'Binary', contentType: 'application/pdf', data: 'aGVk' };
  const first = composition({ section: [{ entry: [{ reference }] }] });
  expect(
    linesOf(
      document([
        entry(HEADER_URL, first),
        entry(OTHER_URL, binary),
        entry(reference, file),
        entry(PATIENT_URL, patient),
      ]),
    ),
  ).toEqual([]);
});

test('a message says when it was assembled and holds its focus', () => {
  const good = entry(HEADER_URL, header({ reference: PATIENT_URL }));
  expect(linesOf(message([good, entry(PATIENT_URL, patient)]))).toEqual([]);
  expect(linesOf(message([good, entry(PATIENT_URL, patient)], {}))).toEqual([
    'warning bundle-timestamp Bundle.timestamp',
  ]);
  const stray = entry(HEADER_URL, header({ reference: `${BASE}/Patient/p9` }));
  expect(linesOf(message([stray, entry(PATIENT_URL, patient)]))).toEqual([
    'error bundle-message-focus Bundle.entry[0].resource.focus[0].reference',
  ]);
});

test('the first entries of documents and messages are said by their invariants alone', () => {
  expect(linesOf(message([entry(PATIENT_URL, patient)]))).toEqual(['error invariant-bdl-12 Bundle']);
  expect(linesOf(document([entry(PATIENT_URL, patient)]))).toEqual(['error invariant-bdl-11 Bundle']);
});

test('search results agree with their modes, scores and total', () => {
  const one = (search: Json): Json => entry(`${BASE}/Patient/p1`, patient, { search });
  const found = (search: Json, total = 1): readonly string[] =>
    linesOf(bundle('searchset', [one(search)], { total }));
  expect(found({ mode: 'match', score: 1 })).toEqual([]);
  expect(found({ mode: 'include' }, 0)).toEqual([]);
  expect(found({ mode: 'match' }, 0)).toEqual(['error bundle-total Bundle.total']);
  expect(found({ mode: 'outcome' })).toEqual(['error bundle-search-mode Bundle.entry[0].search.mode']);
  expect(found({ score: 1.5 })).toEqual(['error bundle-search-score Bundle.entry[0].search.score']);
});

test('responses begin with a status, a transaction has none that failed, and outcomes are OperationOutcomes', () => {
  const found = (type: string, response: Json): readonly string[] => linesOf(bundle(type, [{ response }]));
  expect(found('batch-response', { status: '404 Not Found' })).toEqual([]);
  expect(found('transaction-response', { status: '201' })).toEqual([]);
  expect(found('batch-response', { status: 'Created' })).toEqual([
    'error bundle-response-status Bundle.entry[0].response.status',
  ]);
  expect(found('batch-response', { status: '2011' })).toEqual([
    'error bundle-response-status Bundle.entry[0].response.status',
  ]);
  expect(found('transaction-response', { status: '422' })).toEqual([
    'warning bundle-response-failed Bundle.entry[0].response.status',
  ]);
  expect(found('batch-response', { status: '200', outcome: patient })).toContain(
    'error bundle-response-outcome Bundle.entry[0].response.outcome',
  );
});

test('a history holds past requests: deletions without a resource, and a total that counts them', () => {
  const past = (method: string, more: Json, total = 1): Json =>
    bundle(
      'history',
      [
        {
          fullUrl: `${BASE}/Patient/p1`,
          request: { method, url: 'Patient/p1' },
          response: { status: '200' },
          ...more,
        },
      ],
      { total },
    );
  expect(linesOf(past('PUT', { resource: patient }))).toEqual([]);
  expect(linesOf(past('DELETE', {}))).toEqual([]);
  expect(linesOf(past('DELETE', { resource: patient }))).toEqual([
    'error bundle-request-resource Bundle.entry[0].resource',
  ]);
  expect(linesOf(past('PUT', { resource: patient }, 0))).toEqual(['error bundle-total Bundle.total']);
});

test('a Bundle within a Bundle has entries of its own', () => {
  const inner = message([
    entry(HEADER_URL, header({ reference: PATIENT_URL })),
    entry(PATIENT_URL, { resourceType: 'Patient', id: 'inner' }),
  ]);
  expect(linesOf(bundle('collection', [entry(OTHER_URL, inner)]))).toEqual([]);
  const lost = message([entry(HEADER_URL, header({ reference: PATIENT_URL }))]);
  expect(linesOf(bundle('collection', [entry(OTHER_URL, lost), entry(PATIENT_URL, patient)]))).toEqual([
    'error bundle-reference-unresolved Bundle.entry[0].resource.entry[0].resource.focus[0].reference',
  ]);
});

test('what is no Bundle in any way is refused without a crash', () => {
  for (const one of [null, 1, 'x', [], { resource: null }, { fullUrl: 1, resource: [] }, { request: 'PUT' }])
    for (const type of ['document', 'message', 'transaction', 'searchset', 'history', 'batch-response', 3])
      expect(linesOf({ resourceType: 'Bundle', type, entry: [one] })).not.toEqual([]);
});
