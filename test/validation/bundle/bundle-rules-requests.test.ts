/** Transactions and batches: method, url and resource of each request. */
import { expect, test } from 'vitest';
import type { Json } from '../../../src/validation/run.ts';
import { linesOf } from '../verdicts.ts';

const patient = { resourceType: 'Patient', id: 'p1' };
const named = { resourceType: 'Patient', active: true };
const parameters = { resourceType: 'Parameters', parameter: [{ name: 'x', valueString: 'y' }] };
const binary = { resourceType: 'Binary', contentType: 'application/json-patch+json', data: 'aGVk' };

const of = (type: string, ...entry: readonly Json[]): readonly string[] =>
  linesOf({ resourceType: 'Bundle', type, entry });
const request = (method: string, url: string, resource?: Json, more: Json = {}): Json => ({
  ...(resource && { resource }),
  request: { method, url, ...more },
});

const URL = 'error bundle-request-url Bundle.entry[0].request.url';
const RESOURCE = 'error bundle-request-resource Bundle.entry[0].resource';

const REQUESTS: readonly (readonly [line: string, resource: Json | undefined, found: readonly string[]])[] = [
  ['POST Patient', named, []],
  ['POST Patient/$match', parameters, []],
  ['POST $process-message', parameters, []],
  ['POST Patient/_search', undefined, []],
  ['POST Patient/p1', patient, [URL]],
  ['POST Patient?active=true', named, [URL]],
  ['POST People', named, [URL]],
  ['POST Patient', undefined, [RESOURCE]],
  ['POST Person', named, ['error bundle-request-type Bundle.entry[0].request.url']],
  ['PUT Patient/p1', patient, []],
  ['PUT Patient?identifier=a', named, []],
  ['PUT Patient', patient, [URL]],
  ['PUT Patient/p1/name', patient, [URL]],
  ['PUT Patient/p_1', patient, [URL]],
  ['PUT Patient/p2', patient, ['error bundle-request-id Bundle.entry[0].resource.id']],
  ['PUT Patient/p1', named, ['error bundle-request-id Bundle.entry[0].resource.id']],
  ['PUT Patient/p1', undefined, [RESOURCE]],
  ['PUT Person/p1', patient, ['error bundle-request-type Bundle.entry[0].request.url']],
  ['PATCH Patient/p1', binary, []],
  ['PATCH Patient/p1', parameters, []],
  ['PATCH Patient', parameters, [URL]],
  ['DELETE Patient/p1', undefined, []],
  ['DELETE Patient?active=false', undefined, []],
  ['DELETE Patient', undefined, [URL]],
  ['DELETE Patient?', undefined, [URL]],
  ['DELETE Patient/p1', patient, [RESOURCE]],
  ['GET Patient/p1/_history', undefined, []],
  ['GET Patient?name=a', undefined, []],
  ['GET metadata', undefined, []],
  ['GET Patient/p1', patient, [RESOURCE]],
  ['PUT https://example.org/fhir/Patient/p1', patient, [URL]],
  ['PUT /Patient/p1', patient, ['warning bundle-request-url Bundle.entry[0].request.url']],
];

test.each(REQUESTS)('%s with %j', (line, resource, found) => {
  const [method, url] = line.split(' ');
  expect(of('transaction', request(method!, url!, resource))).toEqual(found);
  expect(of('batch', request(method!, url!, resource))).toEqual(found);
});

test('no two entries write the same resource, but one may be read and written', () => {
  const put = request('PUT', 'Patient/p1', patient);
  const repeated = ['error bundle-request-repeated Bundle.entry[1].request.url'];
  expect(of('transaction', put, request('DELETE', 'Patient/p1'))).toEqual(repeated);
  expect(of('batch', put, put)).toEqual(repeated);
  const criteria = request('DELETE', 'Patient?identifier=a');
  expect(of('transaction', criteria, criteria)).toEqual(repeated);
  expect(of('transaction', put, request('GET', 'Patient/p1'))).toEqual([]);
  expect(of('transaction', put, request('PUT', 'Person/p1', { resourceType: 'Person', id: 'p1' }))).toEqual(
    [],
  );
});

test('a condition of a create is a query alone, and of a create only', () => {
  const at = 'bundle-request-condition Bundle.entry[0].request.ifNoneExist';
  const posted = (ifNoneExist: string): readonly string[] =>
    of('transaction', request('POST', 'Patient', named, { ifNoneExist }));
  expect(posted('identifier=a')).toEqual([]);
  expect(posted('Patient?identifier=a')).toEqual([`error ${at}`]);
  expect(of('transaction', request('PUT', 'Patient/p1', patient, { ifNoneExist: 'identifier=a' }))).toEqual([
    `warning ${at}`,
  ]);
});

test('a search may stand for a reference in a transaction, and nowhere else', () => {
  const condition = { resourceType: 'Condition', subject: { reference: 'Patient?identifier=a' } };
  expect(of('transaction', request('POST', 'Condition', condition))).toEqual([]);
  const refused = ['error bundle-conditional-reference Bundle.entry[0].resource.subject.reference'];
  expect(of('batch', request('POST', 'Condition', condition))).toEqual(refused);
  expect(of('collection', { resource: condition })).toEqual(refused);
  expect(linesOf(condition)).toEqual(['error fhir-reference Condition.subject.reference']);
});

test('messages repeat neither urls nor ids', () => {
  const entry = [request('PUT', 'Patient/secret-of-a-person', patient)];
  const lines = JSON.stringify(linesOf({ resourceType: 'Bundle', type: 'transaction', entry }));
  expect(lines).toContain('bundle-request-id');
  expect(lines).not.toContain('secret');
});
