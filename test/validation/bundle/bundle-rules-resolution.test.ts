/** Which entry of a Bundle a reference means. */
import { expect, test } from 'vitest';
import { BundleEntries } from '../../../src/validation/bundle/entries.ts';
import type { Json } from '../../../src/validation/run.ts';
import { linesOf } from '../verdicts.ts';

const A = 'https://a.example/fhir/';
const B = 'https://b.example/fhir/';
const URN = 'urn:uuid:11111111-1111-4111-8111-111111111111';

const patient = (more: Json = {}): Json => ({ resourceType: 'Patient', id: 'p1', ...more });
const bundleOf = (...entry: readonly Json[]): Json => ({ resourceType: 'Bundle', type: 'collection', entry });

test('a relative reference is relative to the fullUrl of its entry', () => {
  const [ofA, ofB] = [patient(), patient()];
  const [askingA, askingB] = [{ resourceType: 'Basic' }, { resourceType: 'Basic' }];
  const entries = new BundleEntries(
    bundleOf(
      { fullUrl: `${A}Patient/p1`, resource: ofA },
      { fullUrl: `${B}Patient/p1`, resource: ofB },
      { fullUrl: `${A}Basic/1`, resource: askingA },
      { fullUrl: `${B}Basic/1`, resource: askingB },
    ),
  );
  expect(entries.find('Patient/p1', askingA)).toBe(ofA);
  expect(entries.find('Patient/p1', askingB)).toBe(ofB);
  expect(entries.find(`${B}Patient/p1`, askingA)).toBe(ofB);
  expect(entries.find('Patient/p2', askingA)).toBeUndefined();
});

test('where the entry has no base, a relative reference means the one entry of its type and id', () => {
  const [one, other, asking] = [patient(), patient(), { resourceType: 'Basic' }];
  const first = { fullUrl: `${A}Patient/p1`, resource: one };
  const from = { fullUrl: URN, resource: asking };
  expect(new BundleEntries(bundleOf(first, from)).find('Patient/p1', asking)).toBe(one);
  const second = { fullUrl: `${B}Patient/p1`, resource: other };
  expect(new BundleEntries(bundleOf(first, second, from)).find('Patient/p1', asking)).toBeUndefined();
});

test('a reference to a version means that version', () => {
  const [old, fresh] = [patient({ meta: { versionId: '1' } }), patient({ meta: { versionId: '2' } })];
  const fullUrl = `${A}Patient/p1`;
  const entries = new BundleEntries(bundleOf({ fullUrl, resource: fresh }, { fullUrl, resource: old }));
  expect(entries.find('Patient/p1/_history/1', old)).toBe(old);
  expect(entries.find(`${fullUrl}/_history/2`, old)).toBe(fresh);
  expect(entries.find(`${fullUrl}/_history/3`, old)).toBeUndefined();
  expect(entries.find(fullUrl, old)).toBe(fresh);
});

test('a URN means the entry of that fullUrl, whatever the case of others', () => {
  const resource = patient();
  const entries = new BundleEntries(bundleOf({ fullUrl: URN, resource }));
  expect(entries.find(URN, resource)).toBe(resource);
  expect(entries.find('urn:uuid:22222222-2222-4222-8222-222222222222', resource)).toBeUndefined();
});

test('the type of what is referred to is that of the entry meant', () => {
  const condition = { resourceType: 'Condition', id: 'c1', subject: { reference: URN } };
  const from = { fullUrl: `${A}Condition/c1`, resource: condition };
  expect(linesOf(bundleOf(from, { fullUrl: URN, resource: patient() }))).toEqual([]);
  const practitioner = { resourceType: 'Practitioner', id: 'p1' };
  expect(linesOf(bundleOf(from, { fullUrl: URN, resource: practitioner }))).toEqual([
    'error fhir-reference-type Bundle.entry[0].resource.subject.reference',
  ]);
});

test('100,000 entries that refer to each other are read once', () => {
  const url = (at: number): string => `urn:uuid:00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const entry = Array.from({ length: 100_000 }, (_one, at) => ({
    fullUrl: url(at),
    resource: { resourceType: 'Basic', subject: { reference: url((at + 1) % 100_000) } },
  }));
  const entries = new BundleEntries({ resourceType: 'Bundle', entry });
  for (const { resource } of entry) expect(entries.find(resource.subject.reference, resource)).toBeDefined();
});
