/** What a PATCH makes of a resource: by its media type, whole or not at all, and never another resource. */
import type { Patient, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { applyPatch, patchOfEntry } from '../../src/api/patch.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { parts } from './adapter.ts';

const JSON_PATCH = 'application/json-patch+json';
const FHIR = 'application/fhir+json; charset=utf-8';
const { definitions } = parts();

const patient = (): Patient => ({
  resourceType: 'Patient',
  id: 'p1',
  meta: { versionId: '3', lastUpdated: '2025-03-03T09:00:00Z', tag: [{ code: 'a' }] },
  active: true,
  name: [{ family: 'Ash', given: ['Ada'] }],
  birthDate: '1980-01-02',
});

function patched(body: unknown, mediaType: string | undefined = JSON_PATCH): Resource {
  const done = applyPatch(body, mediaType, patient(), definitions);
  if (!done.ok) throw new Error(done.outcome.issue[0]?.diagnostics);
  return done.value;
}
function refusal(body: unknown, mediaType: string | undefined = JSON_PATCH) {
  const before = patient();
  const done = applyPatch(body, mediaType, before, definitions);
  expect(before).toEqual(patient());
  if (done.ok) throw new Error('it was applied');
  return [done.status, ruleOf(done.outcome.issue[0]!)];
}
const fhirpath = (type: string, path: string, value?: object): object => ({
  resourceType: 'Parameters',
  parameter: [
    {
      name: 'operation',
      part: [
        { name: 'type', valueCode: type },
        { name: 'path', valueString: path },
        ...(value ? [{ name: 'value', ...value }] : []),
      ],
    },
  ],
});

test('takes each patch by its media type, and either as application/json', () => {
  const expected = { ...patient(), birthDate: '1981-02-03' };
  const json = [{ op: 'replace', path: '/birthDate', value: '1981-02-03' }];
  const path = fhirpath('replace', 'Patient.birthDate', { valueDate: '1981-02-03' });
  expect(patched(json)).toEqual(expected);
  expect(patched(path, FHIR)).toEqual(expected);
  expect(patched(path, 'application/fhir+xml')).toEqual(expected);
  expect(patched(json, 'application/json')).toEqual(expected);
  expect(patched(path, 'application/json')).toEqual(expected);
});

test('refuses other media types, and a patch that is not what its media type says', () => {
  const path = fhirpath('delete', 'Patient.birthDate');
  expect(refusal([], 'application/xml-patch+xml')).toEqual([415, 'patch-media-type']);
  expect(refusal([], 'application/merge-patch+json')).toEqual([415, 'patch-media-type']);
  expect(applyPatch([], undefined, patient(), definitions)).toMatchObject({ ok: false, status: 415 });
  expect(refusal(path, JSON_PATCH)).toEqual([400, 'patch-form']);
  expect(refusal([{ op: 'remove', path: '/active' }], FHIR)).toEqual([400, 'patch-form']);
  expect(refusal({ resourceType: 'Patient' }, FHIR)).toEqual([400, 'patch-form']);
});

test.each([
  [[{ op: 'replace', path: '/id', value: 'p2' }]],
  [[{ op: 'remove', path: '/id' }]],
  [[{ op: 'replace', path: '/resourceType', value: 'Person' }]],
  [[{ op: 'replace', path: '/meta/versionId', value: '9' }]],
  [[{ op: 'add', path: '/meta/lastUpdated', value: '2020-01-01T00:00:00Z' }]],
  [[{ op: 'replace', path: '', value: { resourceType: 'Patient', id: 'p2' } }]],
  [[{ op: 'replace', path: '', value: [] }]],
  [
    [
      { op: 'replace', path: '/id', value: 'p2' },
      { op: 'replace', path: '/id', value: 'p1' },
    ],
  ],
])('leaves what identifies the resource as it is: %j', (patch) => {
  expect(refusal(patch)).toEqual([422, 'patch-identity']);
});

test('leaves it as it is by FHIRPath too', () => {
  const value = { valueId: 'p2' };
  expect(refusal(fhirpath('replace', 'Patient.id', value), FHIR)).toEqual([422, 'patch-identity']);
  expect(refusal(fhirpath('delete', 'Patient.id'), FHIR)).toEqual([422, 'patch-identity']);
  expect(refusal(fhirpath('replace', 'Patient.meta.versionId', value), FHIR)).toEqual([
    422,
    'patch-identity',
  ]);
});

test('keeps version and time where meta is replaced or removed', () => {
  const kept = { versionId: '3', lastUpdated: '2025-03-03T09:00:00Z' };
  expect(patched([{ op: 'remove', path: '/meta' }]).meta).toEqual(kept);
  expect(patched(fhirpath('replace', 'Patient.meta', { valueMeta: { source: 'urn:x' } }), FHIR).meta).toEqual(
    {
      ...kept,
      source: 'urn:x',
    },
  );
});

test('leaves nothing empty behind', () => {
  expect(patched([{ op: 'remove', path: '/name/0' }])).not.toHaveProperty('name');
  const both = [
    { op: 'remove', path: '/name/0/family' },
    { op: 'remove', path: '/name/0/given/0' },
  ];
  expect(patched(both)).not.toHaveProperty('name');
});

test('reads the patch of a Bundle entry', () => {
  const patch = [{ op: 'remove', path: '/active' }];
  const data = Buffer.from(JSON.stringify(patch)).toString('base64');
  const binary = { resourceType: 'Binary', contentType: JSON_PATCH, data };
  expect(patchOfEntry(binary)).toEqual({ ok: true, value: { mediaType: JSON_PATCH, body: patch } });
  const parameters = fhirpath('delete', 'Patient.active');
  expect(patchOfEntry(parameters)).toMatchObject({ ok: true, value: { body: parameters } });
  for (const wrong of [
    patch,
    { ...binary, contentType: 'text/plain' },
    { ...binary, data: 'e30' + '=' },
    undefined,
  ])
    if (wrong !== undefined && 'data' in wrong && wrong.contentType === JSON_PATCH)
      expect(patchOfEntry(wrong)).toMatchObject({ ok: true, value: { body: {} } });
    else expect(patchOfEntry(wrong)).toMatchObject({ ok: false, status: 400 });
});

test('whatever is sent, an answer comes back and the resource given is as it was', () => {
  const text = fc.constantFrom(
    'Patient',
    'Patient.name',
    'name[0].given',
    '/name/0',
    'where(1',
    '$this',
    '%resource',
    '',
  );
  const part = fc.record(
    {
      name: fc.constantFrom('type', 'path', 'name', 'value', 'index', 'source', 'destination', 'other'),
      valueCode: fc.constantFrom('add', 'insert', 'delete', 'replace', 'move', 'x'),
      valueString: text,
      valueInteger: fc.integer({ min: -2, max: 3 }),
      part: fc.anything(),
      resource: fc.anything(),
    },
    { requiredKeys: ['name'] },
  );
  const parameters = fc.record({
    resourceType: fc.constant('Parameters'),
    parameter: fc.array(
      fc.record({ name: fc.constant('operation'), part: fc.array(part, { maxLength: 6 }) }),
      { maxLength: 3 },
    ),
  });
  fc.assert(
    fc.property(
      fc.oneof(parameters, fc.anything()),
      fc.constantFrom(FHIR, JSON_PATCH, 'application/json'),
      (body, media) => {
        const before = patient();
        const done = applyPatch(body, media, before, definitions);
        expect(before).toEqual(patient());
        if (done.ok) expect(done.value).toMatchObject({ resourceType: 'Patient', id: 'p1' });
        else expect([400, 422]).toContain(done.status);
      },
    ),
    { numRuns: 1_000 },
  );
});
