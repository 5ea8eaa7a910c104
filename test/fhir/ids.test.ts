/** Ids, digests and naming: equal content is equal, whatever its order or time. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, digestOf } from '../../src/fhir/digest.ts';
import { PROJECT_NAMESPACE, parseLocalId, resourceId, uuidV5 } from '../../src/fhir/ids.ts';
import { nameResources, PARTIAL_TAG } from '../../src/fhir/naming.ts';

const DNS = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

test('makes the UUIDv5 that RFC 9562 publishes', () => {
  expect(uuidV5(DNS, 'www.example.com')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2');
});

test('the project namespace is that of its canonical base', () => {
  expect(PROJECT_NAMESPACE).toBe(uuidV5(URL_NAMESPACE, 'https://hedgerow.example/fhir'));
});

test('a local id splits at its first two colons only', () => {
  expect(parseLocalId('Patient:person:P:1\n2')).toEqual({ type: 'Patient', role: 'person', key: 'P:1\n2' });
});

test.each([
  'Patient/1',
  'urn:uuid:1',
  'https://a:b',
  'Patient:person:',
  'Patient:Person:1',
  'patient:person:1',
])('%j is no local id', (text) => {
  expect(parseLocalId(text)).toBeUndefined();
});

test('ids of another source, role or key are other ids, and never run together', () => {
  const ids = [
    resourceId('a', { type: 'Patient', role: 'person', key: '1' }),
    resourceId('b', { type: 'Patient', role: 'person', key: '1' }),
    resourceId('a', { type: 'Patient', role: 'relative', key: '1' }),
    resourceId('a', { type: 'Patient', role: 'person', key: '1"]' }),
    resourceId('a","Patient', { type: 'person', role: '1', key: '' }),
  ];
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids[0]).toBe(resourceId('a', { type: 'Patient', role: 'person', key: '1' }));
});

test('canonical JSON sorts keys, drops what is undefined and reads back as the same value', () => {
  expect(canonicalJson({ b: 1, a: [undefined, { d: undefined, c: 'é"' }] })).toBe(
    '{"a":[null,{"c":"é\\""}],"b":1}',
  );
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('the digest does not depend on the order of keys', () => {
  expect(digestOf({ a: 1, b: { c: 2, d: 3 } })).toBe(digestOf({ b: { d: 3, c: 2 }, a: 1 }));
  expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
});

test('naming gives ids and references their final form and leaves every other text alone', () => {
  const [patient, request] = nameResources('s', {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { resource: { resourceType: 'Patient', id: 'Patient:person:1', name: [{ text: 'Patient:person:1' }] } },
      {
        resource: {
          resourceType: 'ServiceRequest',
          id: 'ServiceRequest:referral:R',
          status: 'active',
          intent: 'order',
          subject: { reference: 'Patient:person:1' },
        },
      },
    ],
  });
  const id = resourceId('s', { type: 'Patient', role: 'person', key: '1' });
  expect(patient!.resource).toEqual({ resourceType: 'Patient', id, name: [{ text: 'Patient:person:1' }] });
  expect(request!.resource).toMatchObject({ subject: { reference: `Patient/${id}` } });
});

test('a partial resource is told apart and loses its tag, but keeps other tags', () => {
  const named = nameResources('s', {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      {
        resource: {
          resourceType: 'Task',
          id: 'Task:referral:R',
          status: 'completed',
          meta: { tag: [PARTIAL_TAG] },
        } as never,
      },
      {
        resource: {
          resourceType: 'Task',
          id: 'Task:referral:Q',
          status: 'completed',
          meta: { tag: [{ code: 'x' }, PARTIAL_TAG] },
        } as never,
      },
    ],
  });
  expect(named.map((one) => one.partial)).toEqual([true, true]);
  expect(named[0]!.resource).not.toHaveProperty('meta');
  expect(named[1]!.resource.meta).toEqual({ tag: [{ code: 'x' }] });
});

test('a resource that a map wrote twice becomes one', () => {
  const named = nameResources('s', {
    resourceType: 'Bundle',
    type: 'collection',
    entry: [
      { resource: { resourceType: 'Organization', id: 'Organization:org:1', name: 'Old' } },
      { resource: { resourceType: 'Organization', id: 'Organization:org:1', active: true } },
    ],
  });
  expect(named).toHaveLength(1);
  expect(named[0]!.resource).toMatchObject({ name: 'Old', active: true });
});
