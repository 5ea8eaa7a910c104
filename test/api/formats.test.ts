/** In which format a client is answered: JSON and XML by Accept and _format, laid out, compressed; the same of what it sends. */
import { request as plainRequest } from 'node:http';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import type { Bundle, CapabilityStatement, OperationOutcome, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { negotiate } from '../../src/api/negotiate.ts';
import { prettyJson } from '../../src/api/pretty-json.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { resourceFromXml } from '../../src/fhir/xml/read.ts';
import { commit, idOf, patient, recordOf } from '../store/samples.ts';
import { expectOutcome, parts, startAdapter, type TestAdapter } from './adapter.ts';

const BASE = '/fhir/R4';
const JSON_TYPE = 'application/fhir+json; charset=utf-8';
const XML_TYPE = 'application/fhir+xml; charset=utf-8';

async function onePatient(): Promise<TestAdapter> {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]));
  return adapter;
}

async function fromXml(answer: Response): Promise<unknown> {
  const found = resourceFromXml(await answer.text(), parts().definitions);
  expect(found).toMatchObject({ ok: true });
  return found.ok ? found.value : undefined;
}

test.each([
  [undefined, 'application/fhir+json'],
  ['', 'application/fhir+json'],
  ['*/*', 'application/fhir+json'],
  ['application/*', 'application/fhir+json'],
  ['application/json', 'application/json'],
  ['text/json', 'text/json'],
  ['application/fhir+xml', 'application/fhir+xml'],
  ['application/xml', 'application/xml'],
  ['text/xml', 'text/xml'],
  ['APPLICATION/FHIR+XML ; CHARSET=utf-8', 'application/fhir+xml'],
  ['application/fhir+json;q=0.5, application/fhir+xml', 'application/fhir+xml'],
  ['application/fhir+xml;q=0.5, application/fhir+json;q=0.6', 'application/fhir+json'],
  ['application/fhir+xml, application/fhir+json', 'application/fhir+xml'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'application/fhir+json'],
  [
    '*/*, application/fhir+json;q=0, application/json;q=0, text/json;q=0, text/html;q=0',
    'application/fhir+xml',
  ],
  ['application/fhir+json; fhirVersion=3.0, application/fhir+xml; fhirVersion=4.0', 'application/fhir+xml'],
  ['application/fhir+json; fhirVersion="4.0"', 'application/fhir+json'],
])('answers Accept %s with %s', (accept, media) => {
  const { format, refusal } = negotiate(accept, []);
  expect([format.media, refusal]).toEqual([media, undefined]);
});

test.each([
  'text/turtle',
  'application/json;q=0',
  'application/fhir+json; fhirVersion=3.0',
  'application/fhir+xml; fhirVersion=5.0, text/plain',
])('cannot answer Accept %s', (accept) => {
  expect(negotiate(accept, []).refusal?.issue.map(ruleOf)).toEqual(['api-accept']);
});

test('lets _format win over Accept, and the last _format over the others', () => {
  const xml = { format: { media: 'application/fhir+xml', syntax: 'xml' } };
  for (const name of [
    'xml',
    'text/xml',
    'application/xml',
    'application/fhir+xml',
    'application/fhir xml',
    'XML',
  ])
    expect(negotiate('application/fhir+json', [['_format', name]])).toMatchObject(xml);
  expect(
    negotiate(undefined, [
      ['_format', 'json'],
      ['_format', 'xml'],
    ]),
  ).toMatchObject(xml);
  for (const name of ['ttl', 'application/fhir+turtle', 'application/fhir+json;fhirVersion=5.0'])
    expect(negotiate('application/fhir+json', [['_format', name]]).refusal?.issue.map(ruleOf)).toEqual([
      'api-format',
    ]);
});

test('answers a read, a search, the statement and an error in XML to who asks for it', async () => {
  const adapter = await onePatient();
  const accept = { Accept: 'application/fhir+xml' };
  const path = `${BASE}/Patient/${idOf('p')}`;
  const read = await adapter.get(path, accept);
  expect([read.status, read.headers.get('content-type'), read.headers.get('etag')]).toEqual([
    200,
    XML_TYPE,
    'W/"1"',
  ]);
  expect(read.headers.get('vary')).toMatch(/Accept\b.*Accept-Encoding/);
  expect(await fromXml(read)).toEqual(await (await adapter.get(path)).json());
  const found = (await fromXml(await adapter.get(`${BASE}/Patient?_format=xml`))) as Bundle;
  expect(found.entry?.map(({ resource }) => resource?.id)).toEqual([idOf('p')]);
  const statement = await adapter.get(`${BASE}/metadata?_format=xml`);
  expect(await fromXml(statement)).toMatchObject({
    resourceType: 'CapabilityStatement',
    fhirVersion: '4.0.1',
  });
  const missing = await adapter.get(`${BASE}/Patient/nobody`, accept);
  expect([missing.status, missing.headers.get('content-type')]).toEqual([404, XML_TYPE]);
  expect(((await fromXml(missing)) as OperationOutcome).issue.map(ruleOf)).toEqual(['api-not-found']);
});

test('refuses what it cannot answer with an outcome in JSON', async () => {
  const adapter = await onePatient();
  await expectOutcome(await adapter.get(`${BASE}/Patient`, { Accept: 'text/turtle' }), 406, 'api-accept');
  await expectOutcome(await adapter.get(`${BASE}/metadata?_format=ttl`), 406, 'api-format');
});

test('lays an answer out for people on _pretty, in both formats', async () => {
  const adapter = await onePatient();
  const path = `${BASE}/Patient/${idOf('p')}`;
  const plain = await (await adapter.get(path)).text();
  const json = await (await adapter.get(`${path}?_pretty=true`)).text();
  expect(plain).not.toContain('\n');
  expect(json).toContain('{\n  "resourceType": "Patient"');
  expect(JSON.parse(json)).toEqual(JSON.parse(plain));
  const xml = await (await adapter.get(`${path}?_pretty=true&_format=xml`)).text();
  expect(xml).toContain('\n  <id value="');
});

test('lays JSON out without touching a sign of its texts and numbers', () => {
  const text = '{"a":[1.0,1.00e2,[],{}],"b":"x, {\\"y\\": 1}\\\\","c":{"d":null}}';
  expect(prettyJson(text)).toBe(
    '{\n  "a": [\n    1.0,\n    1.00e2,\n    [],\n    {}\n  ],\n  "b": "x, {\\"y\\": 1}\\\\",\n  "c": {\n    "d": null\n  }\n}',
  );
});

test('answers HEAD with the length and no body, in the format of GET', async () => {
  const adapter = await onePatient();
  const url = `${adapter.url}${BASE}/Patient/${idOf('p')}?_format=xml`;
  const got = await fetch(url, { headers: { 'Accept-Encoding': 'identity' } });
  const head = await fetch(url, { method: 'HEAD', headers: { 'Accept-Encoding': 'identity' } });
  expect([head.status, await head.text()]).toEqual([200, '']);
  for (const name of ['content-type', 'content-length', 'etag'])
    expect([name, head.headers.get(name)]).toEqual([name, got.headers.get(name)]);
});

interface Raw {
  readonly encoding: string | undefined;
  readonly vary: string | undefined;
  readonly body: Buffer;
}

/** As it comes over the wire: fetch would inflate it. */
function raw(url: string, headers: Record<string, string>): Promise<Raw> {
  return new Promise((resolve, reject) => {
    plainRequest(url, { headers }, async (answer) => {
      const body = Buffer.concat(await answer.toArray());
      resolve({ encoding: answer.headers['content-encoding'], vary: answer.headers.vary, body });
    })
      .once('error', reject)
      .end();
  });
}

test('compresses long answers for who takes that, and no short one', async () => {
  const adapter = await onePatient();
  const statement = `${adapter.url}${BASE}/metadata`;
  const read = `${adapter.url}${BASE}/Patient/${idOf('p')}`;
  const plain = await raw(statement, {});
  expect([plain.encoding, plain.vary]).toEqual([undefined, expect.stringContaining('Accept-Encoding')]);
  const gzip = await raw(statement, { 'Accept-Encoding': 'gzip' });
  expect([gzip.encoding, gunzipSync(gzip.body).equals(plain.body)]).toEqual(['gzip', true]);
  expect(gzip.body.length).toBeLessThan(plain.body.length / 5);
  const brotli = await raw(statement, { 'Accept-Encoding': 'br;q=1, gzip;q=0.5' });
  expect([brotli.encoding, brotliDecompressSync(brotli.body).equals(plain.body)]).toEqual(['br', true]);
  expect((await raw(read, { 'Accept-Encoding': 'gzip, br' })).encoding).toBeUndefined();
  expect((await raw(statement, { 'Accept-Encoding': 'identity' })).encoding).toBeUndefined();
});

test('does not compress for a page of another site, whose guesses the length would answer', async () => {
  const adapter = await onePatient();
  const headers = { 'Accept-Encoding': 'gzip', 'Sec-Fetch-Site': 'cross-site' };
  expect((await raw(`${adapter.url}${BASE}/metadata`, headers)).encoding).toBeUndefined();
});

const WELL: Patient = { resourceType: 'Patient', active: true, birthDate: '1950-01-01' };
const WELL_XML =
  '<Patient xmlns="http://hl7.org/fhir"><active value="true"/><birthDate value="1950-01-01"/></Patient>';

function validate(
  adapter: TestAdapter,
  body: string | Buffer,
  headers: Record<string, string>,
): Promise<Response> {
  const init = { method: 'POST', body: body as RequestInit['body'] & string, headers };
  return fetch(`${adapter.url}${BASE}/Patient/$validate`, init);
}

test('reads a resource in XML and as gzip as it reads JSON', async () => {
  const adapter = await startAdapter();
  const outcomes = await Promise.all([
    validate(adapter, JSON.stringify(WELL), { 'Content-Type': 'application/fhir+json' }),
    validate(adapter, WELL_XML, { 'Content-Type': 'application/fhir+xml; charset=UTF-8' }),
    validate(adapter, gzipSync(WELL_XML), { 'Content-Type': 'text/xml', 'Content-Encoding': 'gzip' }),
    validate(adapter, gzipSync(JSON.stringify(WELL)), {
      'Content-Type': 'application/json',
      'Content-Encoding': 'GZIP',
    }),
  ]);
  const texts = await Promise.all(outcomes.map(async (one) => [one.status, await one.text()]));
  expect(texts[0]![0]).toBe(200);
  for (const one of texts) expect(one).toEqual(texts[0]);
});

test('says where XML is wrong, by line, column and element', async () => {
  const adapter = await startAdapter();
  const xml = '<Patient xmlns="http://hl7.org/fhir">\n  <birthDat value="Robin"/>\n</Patient>';
  const answer = await validate(adapter, xml, { 'Content-Type': 'application/fhir+xml' });
  const outcome = await expectOutcome(answer, 400, 'xml-element');
  expect(outcome.issue[0]).toMatchObject({ expression: ['Patient'] });
  expect(outcome.issue[0]?.diagnostics).toMatch(/^line 2, column \d+, Patient: .*birthDate/);
  expect(JSON.stringify(outcome)).not.toContain('Robin');
});

test('lets a small body that inflates without end go at the bound', async () => {
  const adapter = await startAdapter();
  const bomb = gzipSync(Buffer.alloc(60_000_000, 0x20));
  expect(bomb.length).toBeLessThan(100_000);
  const headers = { 'Content-Type': 'application/fhir+json', 'Content-Encoding': 'gzip' };
  await expectOutcome(await validate(adapter, bomb, headers), 413, 'read-too-long');
  await expectOutcome(await validate(adapter, bomb.subarray(0, 50), headers), 400, 'api-gzip');
  await expectOutcome(await validate(adapter, '{"resourceType":"Patient"}', headers), 400, 'api-gzip');
});

test.each(['br', 'deflate', 'gzip, gzip', 'compress'])(
  'does not read the Content-Encoding %s',
  async (encoding) => {
    const adapter = await startAdapter();
    const headers = { 'Content-Type': 'application/fhir+json', 'Content-Encoding': encoding };
    const answer = await validate(adapter, '{}', headers);
    expect(answer.headers.get('accept-encoding')).toBe('gzip, identity');
    await expectOutcome(answer, 415, 'api-encoding');
  },
);

test('is told of a wrong type of body, and of another version of FHIR', async () => {
  const adapter = await startAdapter();
  for (const type of ['text/plain', 'application/fhir+json; fhirVersion=3.0', 'application/fhir+turtle'])
    await expectOutcome(await validate(adapter, '{}', { 'Content-Type': type }), 415, 'api-media-type');
});

test('answers JSON where nothing was asked for', async () => {
  const adapter = await onePatient();
  expect((await adapter.get(`${BASE}/Patient`)).headers.get('content-type')).toBe(JSON_TYPE);
});

test('serves each format that its statement lists', async () => {
  const adapter = await onePatient();
  const statement = (await (await adapter.get(`${BASE}/metadata`)).json()) as CapabilityStatement;
  expect(statement.format).toEqual(['application/fhir+json', 'application/fhir+xml', 'json', 'xml']);
  for (const format of statement.format) {
    const asked = `${BASE}/Patient?_format=${encodeURIComponent(format)}`;
    const media = format.includes('xml') ? XML_TYPE : JSON_TYPE;
    expect((await adapter.get(asked)).headers.get('content-type')).toBe(media);
  }
});
