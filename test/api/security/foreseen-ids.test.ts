/** Ids that can be foreseen, since they are made of a source's keys: nobody takes one before its record comes, or finds out by one who is known here. */
import type { Bundle, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { until } from '../../faults/process.ts';
import { bearer, FHIR, openPlace, type Place, referral } from './place.ts';

const FHIR_JSON = 'application/fhir+json';

function put(place: Place, token: string, resource: Resource): Promise<Response> {
  return send(place, token, 'PUT', `/${resource.resourceType}/${resource.id}`, resource);
}

function send(place: Place, token: string, method: string, path: string, body: object): Promise<Response> {
  const headers = { ...bearer(token), 'Content-Type': FHIR_JSON };
  return fetch(`${place.url}${FHIR}${path}`, { method, headers, body: JSON.stringify(body) });
}

/** @returns the person of the referral, as its own organisation sees them */
async function personOf(place: Place, token: string): Promise<Resource> {
  await referral(place, token);
  const found = await place.get(`${FHIR}/Patient`, bearer(token));
  return ((await found.json()) as Bundle).entry![0]!.resource!;
}

const patientWith = (id: string): Resource => ({ resourceType: 'Patient', id, gender: 'unknown' });

test('an id that a source’s key gives cannot be taken before the record comes', async () => {
  const elsewhere = await openPlace();
  const { id } = await personOf(elsewhere, await elsewhere.token('vendor'));
  const place = await openPlace();
  const [vendor, other] = [await place.token('vendor'), await place.token('other')];
  const taken = await put(place, other, patientWith(id!));
  expect([taken.status, await taken.text()]).toEqual([403, expect.stringContaining('api-not-yours')]);
  const entry = { request: { method: 'PUT', url: `Patient/${id}` }, resource: patientWith(id!) };
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry: [entry] };
  expect((await send(place, other, 'POST', '', bundle)).status).toBe(403);
  const conditional = await send(place, other, 'PUT', '/Patient?identifier=none', patientWith(id!));
  expect(conditional.status).toBe(403);
  expect((await personOf(place, vendor)).id).toBe(id);
  for (const path of [`Patient/${id}`, `Patient/${id}/_history`, `Patient/${id}/$everything`])
    expect([path, (await place.get(`${FHIR}/${path}`, bearer(other))).status]).toEqual([path, 404]);
});

test('an id that a source’s key gives is answered alike, whether the person is known here or not', async () => {
  const place = await openPlace();
  const [vendor, other] = [await place.token('vendor'), await place.token('other')];
  const { id } = await personOf(place, vendor);
  const unknown = `${id!.slice(0, -4)}0000`;
  const told = async (of: string): Promise<string> => {
    const answer = await put(place, other, patientWith(of));
    return `${answer.status} ${(await answer.text()).replaceAll(of, '…')}`;
  };
  expect(await told(id!)).toBe(await told(unknown));
});

test('who supplied a person’s record may go on writing it, and may create under ids of their own', async () => {
  const place = await openPlace();
  const vendor = await place.token('vendor');
  const person = await personOf(place, vendor);
  expect((await put(place, vendor, { ...person, language: 'en-GB' } as Resource)).status).toBe(200);
  expect((await put(place, vendor, patientWith('patient-of-ours-1'))).status).toBe(201);
  expect((await put(place, vendor, patientWith(crypto.randomUUID()))).status).toBe(201);
});

/** As a source that has asked PDS says it, so that who has the same number is the same person. */
const VERIFIED = {
  extension: [
    {
      url: 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus',
      valueCodeableConcept: {
        coding: [
          {
            system: 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland',
            code: 'number-present-and-verified',
          },
        ],
      },
    },
  ],
  system: 'https://fhir.nhs.uk/Id/nhs-number',
  value: '9990000018',
};

test('two organisations that know the same person each see what is theirs', async () => {
  const place = await openPlace();
  const [vendor, other] = [await place.token('vendor'), await place.token('other')];
  const create = async (token: string): Promise<string> => {
    const known = { resourceType: 'Patient', identifier: [VERIFIED], name: [{ family: 'Abara' }] };
    const answer = await send(place, token, 'POST', '/Patient', known);
    expect(answer.status).toBe(201);
    return ((await answer.json()) as Resource).id!;
  };
  const [theirs, own] = [await create(vendor), await create(other)];
  expect(await place.whole.adapter.store.personOf(own)).toBe(theirs);
  const get = async (path: string): Promise<string> =>
    await (await place.get(`${FHIR}/${path}`, bearer(other))).text();
  for (const path of ['Patient', `Patient/${own}`, `Patient/${own}/$everything`, '_history'])
    expect([path, (await get(path)).includes(theirs)]).toEqual([path, false]);
  // nor does the audit of its own accesses, which are kept under the person
  const found = `"reference":"Patient/${own}"`;
  const events = await until('the audit', 20_000, async () => {
    const text = await get(`AuditEvent?patient=${own}`);
    return text.includes(found) ? text : undefined;
  });
  expect(events).not.toContain(theirs);
  expect(await get(`AuditEvent?patient=${theirs}`)).not.toContain(found);
  const id = /access-\d+/.exec(events)![0];
  expect(await get(`AuditEvent/${id}`)).not.toContain(theirs);
});
