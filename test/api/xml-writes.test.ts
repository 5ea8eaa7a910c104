/** Writes in XML, answered in XML: a whole life of a resource without a word of JSON. */
import type { Bundle, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { resourceFromXml } from '../../src/fhir/xml/read.ts';
import { expectOutcome, parts, startAdapter, type TestAdapter } from './adapter.ts';

const NS = 'xmlns="http://hl7.org/fhir"';
const XML = 'application/fhir+xml';

function send(adapter: TestAdapter, method: string, path: string, body?: string): Promise<Response> {
  const headers = { Accept: XML, 'Content-Type': XML, Prefer: 'return=representation' };
  return fetch(`${adapter.url}/fhir/R4${path}`, { method, headers, body: body ?? null });
}

async function read<T>(answer: Response, status: number): Promise<T> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([status, expect.stringContaining('http://hl7.org/fhir')]);
  expect(answer.headers.get('content-type')).toBe(`${XML}; charset=utf-8`);
  const found = resourceFromXml(text, parts().definitions);
  expect(found.ok).toBe(true);
  return (found as { value: unknown }).value as T;
}

const patient = (inner: string): string =>
  `<?xml version="1.0" encoding="UTF-8"?><Patient ${NS}>${inner}<active value="true"/><name><family value="Example"/><given value="Ada"/></name></Patient>`;

test('creates, reads, updates, patches and finds a resource in XML', async () => {
  const adapter = await startAdapter();
  const made = await read<Patient>(await send(adapter, 'POST', '/Patient', patient('')), 201);
  expect(made).toMatchObject({
    active: true,
    name: [{ family: 'Example', given: ['Ada'] }],
    meta: { versionId: '1' },
  });
  const path = `/Patient/${made.id}`;
  const updated = patient(`<id value="${made.id}"/>`).replace('</name>', '</name><gender value="female"/>');
  expect(await read<Patient>(await send(adapter, 'PUT', path, updated), 200)).toMatchObject({
    gender: 'female',
  });
  const parameter = (name: string, value: string): string => `<part><name value="${name}"/>${value}</part>`;
  const patch = `<Parameters ${NS}><parameter><name value="operation"/>${parameter('type', '<valueCode value="replace"/>')}${parameter('path', '<valueString value="Patient.gender"/>')}${parameter('value', '<valueCode value="other"/>')}</parameter></Parameters>`;
  expect(await read<Patient>(await send(adapter, 'PATCH', path, patch), 200)).toMatchObject({
    gender: 'other',
  });
  const found = await read<Bundle>(await send(adapter, 'GET', '/Patient?family=Example'), 200);
  expect(found.entry?.[0]?.resource).toMatchObject({
    id: made.id,
    gender: 'other',
    meta: { versionId: '3' },
  });
  const json = await (await adapter.get(`/fhir/R4${path}`)).json();
  expect(await read(await send(adapter, 'GET', path), 200)).toEqual(json);
});

test('takes a transaction in XML', async () => {
  const adapter = await startAdapter();
  const entry = `<entry><fullUrl value="urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a"/><resource>${patient('').replace(/<\?.*?\?>/, '')}</resource><request><method value="POST"/><url value="Patient"/></request></entry>`;
  const body = `<Bundle ${NS}><type value="transaction"/>${entry}</Bundle>`;
  const answer = await read<Bundle>(await send(adapter, 'POST', '/', body), 200);
  expect(answer.entry?.[0]?.response?.status).toMatch(/^201/);
});

test('refuses broken XML, and an entity that would read a file, and writes nothing', async () => {
  const adapter = await startAdapter();
  const post = (body: string): Promise<Response> =>
    fetch(`${adapter.url}/fhir/R4/Patient`, { method: 'POST', headers: { 'Content-Type': XML }, body });
  await expectOutcome(await post(patient('').slice(0, -3)), 400, 'xml-syntax');
  const entity = `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>${patient('<id value="&x;"/>').replace(/<\?.*?\?>/, '')}`;
  await expectOutcome(await post(entity), 400, 'xml-doctype');
  const found = (await (await adapter.get('/fhir/R4/Patient')).json()) as Bundle;
  expect(found.entry ?? []).toEqual([]);
});
