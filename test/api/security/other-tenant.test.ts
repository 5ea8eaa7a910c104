/** What another organisation has, asked for in every way that there is: each answer is that for what is not there. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { bearer, FHIR, openPlace, type Place } from './place.ts';

/** What an intruder asks by; of what is there, and of what is not. */
interface Guess {
  readonly patient: string;
  readonly referral: string;
  readonly number: string;
}
type Question = readonly [method: string, path: string, body?: unknown, headers?: Record<string, string>];

const SYSTEM = 'https://vendor.example/id';
const FHIR_JSON = 'application/fhir+json';
const JSON_PATCH = { 'Content-Type': 'application/json-patch+json' };
const PATCH = [{ op: 'replace', path: '/gender', value: 'male' }];
const IF_MATCH = { 'If-Match': 'W/"1"' };

const personOf = (number: string): object => ({
  resourceType: 'Patient',
  gender: 'female',
  name: [{ family: 'Abara', given: ['Ada'] }],
  identifier: [{ system: SYSTEM, value: number }],
});
const referralOf = (reference: string): object => ({
  ...{ resourceType: 'ServiceRequest', status: 'active', intent: 'order', code: { text: 'Walking group' } },
  subject: { reference },
});
const bundleOf = (type: string, ...entry: object[]): object => ({ resourceType: 'Bundle', type, entry });
const entryOf = (method: string, url: string, more: object = {}): object => ({
  request: { method, url, ...more },
});

const READS = ({ patient, referral, number }: Guess): readonly Question[] => [
  ['GET', `/Patient/${patient}`],
  ['HEAD', `/Patient/${patient}`],
  ['GET', `/Patient/${patient}`, undefined, { 'If-None-Match': 'W/"1"' }],
  ['GET', `/Patient/${patient}`, undefined, { 'If-None-Match': '*' }],
  ['GET', `/Patient/${patient}`, undefined, { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' }],
  ['GET', `/Patient/${patient}/_history`],
  ['GET', `/Patient/${patient}/_history/1`],
  ['GET', `/Patient/${patient}/$everything`],
  ['GET', `/Patient/${patient}/ServiceRequest`],
  ['GET', `/Patient/${patient}/$validate`],
  ['POST', `/Patient/${patient}/$validate?mode=update`, { ...personOf(number), id: patient }],
  ['GET', `/ServiceRequest/${referral}/$status`],
  ['GET', `/Patient?_id=${patient}`],
  ['GET', `/Patient?identifier=${SYSTEM}|${number}`],
  ['POST', '/Patient/_search', new URLSearchParams({ identifier: number })],
  ['GET', '/Patient?_has:ServiceRequest:subject:status=active&_total=accurate'],
  ['GET', `/ServiceRequest?subject:Patient.identifier=${SYSTEM}|${number}&_total=accurate`],
  ['GET', `/ServiceRequest?_id=${referral}&_include=*&_revinclude=*`],
  ['GET', '/_history?_count=500'],
  ['GET', '/Patient/_history'],
  ['POST', '/$graphql', { query: `{ Patient(id: "${patient}") { id } }` }],
  ['POST', `/Patient/${patient}/$graphql`, { query: '{ id }' }],
  ['POST', '', bundleOf('batch', entryOf('GET', `Patient/${patient}`, { ifNoneMatch: 'W/"1"' }))],
  ['POST', '', bundleOf('batch', entryOf('GET', `Patient/${patient}/$everything`))],
  ['POST', '', bundleOf('transaction', entryOf('GET', `Patient/${patient}`))],
];

const WRITES = ({ patient, number }: Guess): readonly Question[] => [
  ['DELETE', `/Patient/${patient}`],
  ['DELETE', `/Patient/${patient}`, undefined, IF_MATCH],
  ['DELETE', `/Patient?identifier=${SYSTEM}|${number}`],
  ['PUT', `/Patient/${patient}`, { ...personOf(number), id: patient }, IF_MATCH],
  ['PATCH', `/Patient/${patient}`, PATCH, JSON_PATCH],
  ['PATCH', `/Patient/${patient}`, PATCH, { ...JSON_PATCH, ...IF_MATCH }],
  ['PATCH', `/Patient?identifier=${SYSTEM}|${number}`, PATCH, JSON_PATCH],
  ['POST', '/ServiceRequest', referralOf(`Patient/${patient}`)],
  ['POST', '/ServiceRequest', referralOf(`Patient/${patient}/_history/1`)],
  [
    'POST',
    '',
    bundleOf('transaction', {
      ...entryOf('POST', 'ServiceRequest'),
      resource: referralOf(`Patient?identifier=${SYSTEM}|${number}`),
    }),
  ],
  ['POST', '', bundleOf('transaction', entryOf('DELETE', `Patient/${patient}`))],
  ['POST', '', bundleOf('batch', entryOf('DELETE', `Patient?identifier=${SYSTEM}|${number}`))],
  // last: who asks for what is not there makes one of its own
  ['POST', '/Patient', personOf(number), { 'If-None-Exist': `identifier=${SYSTEM}|${number}` }],
];

const VARIES = [
  /"(?:versionId|lastUpdated|timestamp)":"[^"]*"/g,
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g,
  /_cursor=[\w-]+/g, // sealed, each anew
];

/** @returns all that the answer tells, but times and ids */
async function toldOf(place: Place, token: string, question: Question, guess: Guess): Promise<string> {
  const [method, path, body, headers = {}] = question;
  const isForm = body instanceof URLSearchParams;
  const answer = await fetch(`${place.url}${FHIR}${path}`, {
    method,
    headers: { ...bearer(token), ...(body && !isForm ? { 'Content-Type': FHIR_JSON } : {}), ...headers },
    ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
  });
  const shown = ['etag', 'location', 'allow'].map((name) => answer.headers.get(name) ?? '');
  let text = [answer.status, ...shown, await answer.text()].join(' ');
  for (const one of Object.values(guess))
    text = text.replaceAll(one, '…').replaceAll(encodeURIComponent(one), '…');
  for (const one of VARIES) text = text.replaceAll(one, '…');
  return text;
}

async function create(place: Place, token: string, body: object): Promise<string> {
  const { resourceType } = body as { resourceType: string };
  const answer = await fetch(`${place.url}${FHIR}/${resourceType}`, {
    method: 'POST',
    headers: { ...bearer(token), 'Content-Type': FHIR_JSON },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(await answer.text());
  return ((await answer.json()) as { id: string }).id;
}

test('nothing that a client asks tells it that another organisation has something', async () => {
  const place = await openPlace();
  const [vendor, other] = [await place.token('vendor'), await place.token('other')];
  const number = 'V-000001';
  const patient = await create(place, vendor, personOf(number));
  const referral = await create(place, vendor, referralOf(`Patient/${patient}`));
  const there: Guess = { patient, referral, number };
  const not: Guess = { patient: randomUUID(), referral: randomUUID(), number: 'V-999999' };
  const told: string[] = [];
  const each = [READS, WRITES].flatMap((of) => of(there).map((one, at) => [one, of(not)[at]!] as const));
  for (const [of, without] of each) {
    const about = await toldOf(place, other, of, there);
    const wanted = await toldOf(place, other, without, not);
    if (about !== wanted) told.push(`${of[0]} ${of[1]}\n${about}\n${wanted}`);
  }
  expect(told).toEqual([]);
  // nor does its own audit, which names what it has read
  const audit = await place.get(`${FHIR}/AuditEvent?entity=Patient/${patient}`, bearer(other));
  expect([audit.status, await audit.json()]).toEqual([200, expect.objectContaining({ entry: [] })]);
  const mine = await place.get(`${FHIR}/Patient/${patient}/_history`, bearer(vendor));
  expect(await mine.json()).toMatchObject({ total: 1 });
});

test('an id that another has is refused to who would create under it, and nothing of the resource is said', async () => {
  const place = await openPlace();
  const [vendor, other] = [await place.token('vendor'), await place.token('other')];
  const id = await create(place, vendor, personOf('V-000002'));
  const answer = await fetch(`${place.url}${FHIR}/Patient/${id}`, {
    method: 'PUT',
    headers: { ...bearer(other), 'Content-Type': FHIR_JSON },
    body: JSON.stringify({ ...personOf('V-000003'), id }),
  });
  const text = await answer.text();
  expect([answer.status, text.includes('api-not-yours'), text.includes('V-00')]).toEqual([403, true, false]);
  const still = await place.get(`${FHIR}/Patient/${id}`, bearer(vendor));
  expect(await still.text()).toContain('V-000002');
});
