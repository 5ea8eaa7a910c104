/** Decimals over HTTP: their precision is part of what they say, and comes back in JSON and XML. */
import { expect, test } from 'vitest';
import { startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, created, send } from './write-client.ts';

const XML = { Accept: 'application/fhir+xml' };

/** @param value as it is written @returns JSON text of what was measured */
function measured(patient: string, value: string, id?: string): string {
  const own = id === undefined ? '' : `"id":"${id}",`;
  return `{"resourceType":"Observation",${own}"status":"final","code":{"text":"Weight"},"subject":{"reference":"Patient/${patient}"},"valueQuantity":{"value":${value},"unit":"kg"}}`;
}

function written(value: string): unknown {
  return expect.stringContaining(`"valueQuantity":{"value":${value},`);
}

async function weighed(
  value: string,
): Promise<{ adapter: TestAdapter; patient: string; id: string; text: string }> {
  const adapter = await startAdapter();
  const { id: patient } = await created(adapter, ADA);
  const answer = await send(adapter, 'POST', '/Observation', measured(patient, value));
  const text = await answer.text();
  expect([answer.status, text]).toEqual([201, expect.any(String)]);
  return { adapter, patient, id: (JSON.parse(text) as { id: string }).id, text };
}

async function textAt(adapter: TestAdapter, path: string, headers = {}): Promise<string> {
  return await (await adapter.get(`${BASE}${path}`, headers)).text();
}

test.each(['1.50', '1.0', '0.010', '1e2', '72'])(
  'keeps %s as it was written, wherever it is read',
  async (value) => {
    const { adapter, id, text } = await weighed(value);
    expect(text).toEqual(written(value));
    for (const path of [
      `/Observation/${id}`,
      `/Observation/${id}/_history/1`,
      `/Observation/${id}/_history`,
      `/Observation?_id=${id}`,
      `/Observation?_id=${id}&_elements=value`,
      `/Observation/${id}?_elements=value`,
    ]) {
      expect(await textAt(adapter, path), path).toEqual(written(value));
      expect(await textAt(adapter, path, XML), path).toContain(`<value value="${value}"/>`);
    }
  },
);

test('finds it by its number', async () => {
  const { adapter, id } = await weighed('1.50');
  expect(await textAt(adapter, '/Observation?value-quantity=1.50')).toContain(id);
});

test('takes another precision for another version, and the same for none', async () => {
  const { adapter, patient, id } = await weighed('1.50');
  const put = async (value: string): Promise<string | null> =>
    (await send(adapter, 'PUT', `/Observation/${id}`, measured(patient, value, id))).headers.get('etag');
  expect([await put('1.50'), await put('1.5'), await put('1.5'), await put('1.500')]).toEqual([
    'W/"1"',
    'W/"2"',
    'W/"2"',
    'W/"3"',
  ]);
  expect(await textAt(adapter, `/Observation/${id}`)).toEqual(written('1.500'));
});

test('keeps it through patches of something else, and takes what a patch says', async () => {
  const { adapter, id } = await weighed('1.50');
  const path = `/Observation/${id}`;
  const json = { 'Content-Type': 'application/json-patch+json' };
  const note = '[{"op":"add","path":"/note","value":[{"text":"Again"}]}]';
  expect(await (await send(adapter, 'PATCH', path, note, json)).text()).toEqual(written('1.50'));
  const value = '[{"op":"replace","path":"/valueQuantity/value","value":1.500}]';
  const patched = await send(adapter, 'PATCH', path, value, json);
  expect([patched.headers.get('etag'), await patched.text()]).toEqual(['W/"3"', written('1.500')]);
  const parameters =
    '{"resourceType":"Parameters","parameter":[{"name":"operation","part":[{"name":"type","valueCode":"replace"},{"name":"path","valueString":"Observation.value.value"},{"name":"value","valueDecimal":2.0}]}]}';
  const replaced = await send(adapter, 'PATCH', path, parameters);
  expect(await replaced.text()).toContain('"value":2.0');
});

test('keeps it in a transaction, and in the reads of a batch', async () => {
  const { adapter, patient, id } = await weighed('1.50');
  const entry = `{"resource":${measured(patient, '3.00')},"request":{"method":"POST","url":"Observation"}}`;
  const transaction = `{"resourceType":"Bundle","type":"transaction","entry":[${entry}]}`;
  const prefer = { Prefer: 'return=representation' };
  for (const headers of [prefer, { ...prefer, ...XML }]) {
    const answer = await send(adapter, 'POST', '', transaction, headers);
    const text = await answer.text();
    expect(text).toMatch(/"value":3\.00,|<value value="3\.00"\/>/);
  }
  const get = `{"request":{"method":"GET","url":"Observation/${id}"}}`;
  const batch = `{"resourceType":"Bundle","type":"batch","entry":[${get}]}`;
  expect(await (await send(adapter, 'POST', '', batch)).text()).toEqual(written('1.50'));
});

test('keeps it from XML to JSON', async () => {
  const { adapter, patient } = await weighed('1.50');
  const xml = `<Observation xmlns="http://hl7.org/fhir"><status value="final"/><code><text value="Weight"/></code><subject><reference value="Patient/${patient}"/></subject><valueQuantity><value value="4.20"/><unit value="kg"/></valueQuantity></Observation>`;
  const answer = await send(adapter, 'POST', '/Observation', xml, { 'Content-Type': 'application/fhir+xml' });
  expect([answer.status, await answer.text()]).toEqual([201, written('4.20')]);
});
