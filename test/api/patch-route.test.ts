/** PATCH over HTTP, as a vendor sends it: both kinds of patch, in JSON and in XML. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { commit, idOf, patient, recordOf } from '../store/samples.ts';
import { startAdapter } from './adapter.ts';

const PATH = `/fhir/R4/Patient/${idOf('p')}`;
const JSON_PATCH = 'application/json-patch+json';

async function started() {
  const adapter = await startAdapter();
  const name = [{ family: 'Ash', given: ['Ada'] }];
  await commit(adapter.store, recordOf([patient('p', { name, birthDate: '1980-01-02' })]));
  const patch = async (body: unknown, type: string, headers: Record<string, string> = {}) => {
    const answer = await fetch(adapter.url + PATH, {
      method: 'PATCH',
      body: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'Content-Type': type, ...headers },
    });
    const text = await answer.text();
    return {
      status: answer.status,
      etag: answer.headers.get('etag'),
      body: JSON.parse(text) as Patient,
      text,
    };
  };
  const read = async (): Promise<Patient> => (await (await adapter.get(PATH)).json()) as Patient;
  return { patch, read };
}

const xml = (type: string, path: string, value = ''): string =>
  `<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
    <part><name value="type"/><valueCode value="${type}"/></part>
    <part><name value="path"/><valueString value="${path}"/></part>${value}</parameter></Parameters>`;

test('each kind of patch makes a new version', async () => {
  const { patch, read } = await started();
  const byPointer = await patch([{ op: 'add', path: '/name/0/given/-', value: 'Bea' }], JSON_PATCH);
  expect([byPointer.status, byPointer.etag]).toEqual([200, 'W/"2"']);
  const value = '<part><name value="value"/><valueDate value="1981-02-03"/></part>';
  const byPath = await patch(xml('replace', 'Patient.birthDate', value), 'application/fhir+xml');
  expect([byPath.status, byPath.etag]).toEqual([200, 'W/"3"']);
  expect(await read()).toMatchObject({
    name: [{ family: 'Ash', given: ['Ada', 'Bea'] }],
    birthDate: '1981-02-03',
  });
});

test('what is refused changes nothing, and says which operation it was', async () => {
  const { patch, read } = await started();
  const before = await read();
  const operations = [
    { op: 'replace', path: '/birthDate', value: '1999-09-09' },
    { op: 'test', path: '/name/0/family', value: 'Secret' },
  ];
  const failed = await patch(operations, JSON_PATCH);
  expect(failed).toMatchObject({
    status: 422,
    text: expect.stringContaining('Operation 1, counted from 0 (test)'),
  });
  expect(failed.text).not.toMatch(/Secret|Ash|1999/);
  const invalid = [{ op: 'replace', path: '/birthDate', value: 'yesterday' }];
  const statuses = [
    (await patch(xml('delete', 'Patient.nmae'), 'application/fhir+xml')).status,
    (await patch(invalid, JSON_PATCH)).status,
    (await patch([{ op: 'replace', path: '/id', value: 'other' }], JSON_PATCH)).status,
    (await patch('[{]', JSON_PATCH)).status,
    (await patch({}, JSON_PATCH)).status,
    (await patch('<a/>', 'application/xml-patch+xml')).status,
    (await patch(operations.slice(0, 1), JSON_PATCH, { 'If-Match': 'W/"7"' })).status,
  ];
  expect(statuses).toEqual([422, 422, 422, 400, 400, 415, 412]);
  expect(await read()).toEqual(before);
});

test('names the media types of both patches to who sends another', async () => {
  const adapter = await startAdapter();
  const answer = await fetch(adapter.url + PATH, {
    method: 'PATCH',
    body: '{}',
    headers: { 'Content-Type': 'application/merge-patch+json' },
  });
  expect([answer.status, await answer.text()]).toEqual([
    415,
    expect.stringMatching(/application\/json-patch\+json.*application\/fhir\+json/),
  ]);
});
