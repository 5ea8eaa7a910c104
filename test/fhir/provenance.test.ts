/** Provenance: who is the author of a commit, and of which versions. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { authorOf, provenanceOf } from '../../src/fhir/provenance.ts';

const request: Resource = {
  resourceType: 'ServiceRequest',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p' },
  requester: { reference: 'Practitioner/gp', display: 'Dr Example' },
};
const encounter: Resource = {
  resourceType: 'Encounter',
  status: 'finished',
  class: { code: 'AMB' },
  participant: [{ individual: { reference: 'Practitioner/lw' } }],
};

test('the author of a referral is its requester, of a contact its link worker', () => {
  expect(authorOf([request])).toEqual({ reference: 'Practitioner/gp' });
  expect(authorOf([request, encounter])).toEqual({ reference: 'Practitioner/lw' });
  expect(authorOf([{ resourceType: 'Patient' }])).toBeUndefined();
});

test('names the versions written, the true author and the transmitter apart, event time and commit time apart', () => {
  const commit = {
    source: 's',
    kind: 'referral',
    key: 'R',
    digest: 'd',
    sourceTimeMs: Date.UTC(2026, 0, 2),
    resources: [request],
    written: [{ type: 'ServiceRequest', id: 'x', version: 2 }],
  };
  const provenance = provenanceOf(commit, Date.UTC(2026, 5, 30));
  expect(provenance.target).toEqual([{ reference: 'ServiceRequest/x/_history/2' }]);
  expect(provenance.occurredDateTime).toBe('2026-01-02T00:00:00.000Z');
  expect(provenance.recorded).toBe('2026-06-30T00:00:00.000Z');
  expect(
    provenance.agent.map((agent) => [
      agent.type?.coding?.[0]?.code,
      agent.who.reference ?? agent.who.identifier?.value,
    ]),
  ).toEqual([
    ['author', 'Practitioner/gp'],
    ['transmitter', 'hedgerow'],
  ]);
  expect(provenanceOf({ ...commit, digest: 'e' }, 0).id).not.toBe(provenance.id);
});

test('where nobody is named the source itself stands as author, never this adapter', () => {
  const provenance = provenanceOf(
    { source: 'spreadsheet', kind: 'k', key: 'K', digest: 'd', sourceTimeMs: 0, resources: [], written: [] },
    0,
  );
  expect(provenance.agent[0]!.who.identifier?.value).toBe('spreadsheet');
});
