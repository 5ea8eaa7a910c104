/** A person who becomes restricted after everything of them was known: whatever is asked of the adapter from then on, nothing leads to them. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, CapabilityStatement, Resource } from '@medplum/fhirtypes';
import { expect, onTestFinished, test } from 'vitest';
import { askJob } from '../../src/cli/jobs.ts';
import type { StoredVersion } from '../../src/store/store.ts';
import { type Receiver, startReceiver } from '../servers/webhook-receiver.ts';
import { pagesOf } from '../target/document/pdf-text.ts';
import { atPds, found, NUMBER, open, type Place, referral, TRACES, until } from './restricted-place.ts';

/** The practice that was known before, and its name: it stays as a practice, and is nobody's. */
const EARLY = { id: 'ORG-8', name: 'Merrowdown Surgery', odsCode: 'Y98764', type: 'PRACTICE' };
/** A practice that is named only once the person is restricted. */
const LATE = { id: 'ORG-9', name: 'Hidden Surgery', odsCode: 'Y98765', type: 'PRACTICE' };
const AUTHORIZATION = { authorization: 'Bearer test' };

interface Told {
  readonly where: string;
  readonly text: string;
}

/** Asks for everything that there is under an address of the adapter. */
class Asker {
  readonly #url: string;
  readonly told: Told[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  async get(path: string): Promise<string> {
    const response = await fetch(this.#url + path, { headers: AUTHORIZATION });
    const text = await response.text();
    this.told.push({ where: `${response.status} ${path}`, text });
    return text;
  }

  async fhir<T>(path: string): Promise<T> {
    return JSON.parse(await this.get(`/fhir/R4/${path}`)) as T;
  }

  /** Runs a job of the command line. */
  async job(name: string, asked: object): Promise<void> {
    const lock = { url: this.#url, token: 'test', pid: 1 } as never;
    const events = await Array.fromAsync(askJob(lock, name, asked));
    this.told.push({ where: name, text: JSON.stringify(events) });
  }
}

/** Every search with what it may bring along, every resource, every version. @returns all resources by key */
async function askFhir(asker: Asker): Promise<Map<string, Resource>> {
  const { rest } = await asker.fhir<CapabilityStatement>('metadata');
  const all = new Map<string, Resource>();
  for (const { type, searchInclude = [], searchRevInclude = [] } of rest![0]!.resource!) {
    const along = [
      ...searchInclude.map((one) => `&_include=${one}`),
      ...searchRevInclude.map((one) => `&_revinclude=${one}`),
    ].join('');
    for (const query of ['_count=200', `_count=200${along}`])
      for (const { resource } of (await asker.fhir<Bundle>(`${type}?${query}`)).entry ?? [])
        if (resource?.id) all.set(`${resource.resourceType}/${resource.id}`, resource);
  }
  for (const key of all.keys()) {
    await asker.fhir(key);
    const { entry = [] } = await asker.fhir<Bundle>(`${key}/_history?_count=200`);
    for (const [at] of entry.entries()) await asker.fhir(`${key}/_history/${at + 1}`);
  }
  return all;
}

async function askAll(place: Place): Promise<{ told: readonly Told[]; all: Map<string, Resource> }> {
  const asker = new Asker(place.adapter.url);
  const all = await askFhir(asker);
  const pages = ['/', '/work', '/health', '/ready', '/metrics', '/control/status', '/coded-activity'];
  const lists = ['/coded-activity/report?reasons', `/coded-activity/${EARLY.odsCode}/2026-02-27`];
  for (const path of [...pages, ...lists]) await asker.get(path);
  for (const state of ['open', 'resolved']) {
    const { items } = JSON.parse(await asker.get(`/worklist?state=${state}&count=200`)) as {
      items: readonly { id: string }[];
    };
    for (const { id } of items) for (const path of ['worklist', 'work']) await asker.get(`/${path}/${id}`);
  }
  const [patient] = [...all.keys()].filter((key) => key.startsWith('Patient/'));
  await asker.job('replay', { patient: patient!.split('/')[1], preview: true, withTodaysMap: true });
  await asker.job('remap', { preview: true });
  await asker.job('coded-report', {});
  return { told: asker.told, all };
}

function wherever(told: readonly Told[], traces: readonly string[]): string[] {
  return told.flatMap(({ where, text }) =>
    traces.filter((trace) => text.includes(trace)).map((trace) => `${trace} in ${where}`),
  );
}

/** @returns each resource of a Bundle, or the text as it is */
function namedApart({ where, text }: Told): readonly string[] {
  const { entry } = where.includes('/fhir/R4/') ? (JSON.parse(text) as Bundle) : {};
  return entry?.map((one) => JSON.stringify(one)) ?? [text];
}

/** @returns every file of the adapter, PDFs as they are read */
function filesIn(folder: string): Told[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.flatMap((name) => {
    const path = join(folder, name);
    if (!statSync(path).isFile()) return [];
    const bytes = readFileSync(path);
    return { where: name, text: name.endsWith('.pdf') ? pagesOf(bytes).join() : bytes.toString('latin1') };
  });
}

async function start(): Promise<{ place: Place; strict: Receiver }> {
  const strict = await startReceiver();
  onTestFinished(() => strict.close());
  const place = await open({
    security: 'U',
    targets: () => [
      {
        ...{ kind: 'webhook', name: 'strict', url: strict.url, requiresVerifiedNhsNumber: false },
        ...{ secretEnv: 'HEDGEROW_TEST_RESTRICTED_SECRET', send: { origin: 'elsewhere' } },
      },
      {
        ...{ kind: 'document', name: 'letters', allowRestricted: true },
        document: { recipient: 'referrer', messages: ['closed'], ways: [{ kind: 'folder' }] },
      },
    ],
    nhs: { codedActivity: { since: '2020-01-01' } },
  });
  return { place, strict };
}

/** @returns a referral of somebody of whom only the number is known: PDS is not asked about them */
function stranger(minute: number, more: object): ReturnType<typeof referral> {
  const body = referral(minute, more);
  const { birthDate: _birthDate, ...client } = body.client;
  return {
    ...body,
    referral: { ...body.referral, id: 'R-2', ubrn: '000000000002' },
    client: { ...client, id: 'C-2', lastName: 'Onlynumber' },
  };
}

test('once a person is restricted, nobody is told by any way where they are, nor finds them by it', async () => {
  const { place, strict } = await start();
  expect(await place.post(referral(0, { practice: EARLY }))).toBe(202);
  expect(await place.post(stranger(0, { practice: EARLY }))).toBe(202);
  await until(async () => place.left().some((one) => one.includes('"ServiceRequest"')));
  await place.quiet();
  const before = await askAll(place);
  const known = TRACES.filter((trace) => !['Y98765', 'Quarry Steps', 'zz99 4qq'].includes(trace));
  for (const trace of [...known, EARLY.name]) expect(wherever(before.told, [trace])).not.toEqual([]);
  const practice = [...before.all].find(([, one]) => JSON.stringify(one).includes(EARLY.name))![0];
  const had = { left: new Set(place.left()), log: place.log.length, strict: strict.calls.length };

  place.pds.put(atPds('R', '2'));
  const { store } = place.adapter;
  const patients = async (): Promise<readonly StoredVersion[]> =>
    (await store.search({ type: 'Patient', clauses: [], count: 9 })).versions;
  for (const { id } of await patients()) {
    await store.answers.keep('pds', id, { answer: '', untilMs: 0 }, Date.now()); // it is time to ask again
    await store.resend('pds', [{ key: `Patient/${id}`, how: 'over' }], 'test', Date.now());
  }
  expect(await place.post(stranger(1, { firstName: 'Robin' }))).toBe(202);
  await until(async () =>
    (await patients()).some(({ resource }) => resource?.meta?.security?.[0]?.code === 'R'),
  );
  await place.quiet();
  had.strict = strict.calls.length; // what was on its way to it while nobody knew
  const closed = referral(2, { practice: LATE });
  expect(await place.post({ ...closed, referral: { ...closed.referral, state: 'CLOSED' } })).toBe(202);
  expect(await place.post(stranger(2, { practice: LATE }))).toBe(202);
  await place.quiet();

  const { told, all } = await askAll(place);
  expect(wherever(told, [...TRACES, LATE.name])).toEqual([]);
  const ids = [...all.keys()].filter((key) => key.startsWith('Patient/')).map((key) => key.split('/')[1]!);
  expect(ids).toHaveLength(2);
  // the practice is there as a practice; whatever names it names nobody
  const ofPractice = [practice, EARLY.name, EARLY.odsCode];
  const named = told.flatMap(namedApart).filter((one) => ofPractice.some((word) => one.includes(word)));
  expect(named.length).toBeGreaterThan(0);
  expect(named.filter((one) => [...ids, NUMBER].some((word) => one.includes(word)))).toEqual([]);
  await findNobody(place, practice, ids);

  const since = place.left().filter((one) => !had.left.has(one));
  expect(found(since)).toEqual([]);
  expect(since.some((one) => one.includes(NUMBER))).toBe(true);
  const toStrict = strict.calls.slice(had.strict).map(({ body }) => body);
  expect(toStrict.filter((one) => ids.some((id) => one.includes(id)))).toEqual([]);
  expect(wherever([{ where: 'log', text: place.log.join() }], [...TRACES, EARLY.odsCode])).toEqual([]);
  await store.vacuum();
  await place.adapter.stop();
  const files = filesIn(place.folder);
  expect(files.some(({ where }) => where.endsWith('.pdf'))).toBe(true);
  expect(wherever(files, [...TRACES, LATE.name])).toEqual([]);
}, 120_000);

/** Whatever may be searched by, by what is known of where the person was. */
async function findNobody(place: Place, practice: string, ids: readonly string[]): Promise<void> {
  const base = `${place.adapter.url}/fhir/R4`;
  const { rest } = (await (await fetch(`${base}/metadata`)).json()) as CapabilityStatement;
  const values = ['ZZ99 4QQ', 'ZZ994QQ', 'Y98764', 'Y98765', '07700 900987', 'zq@example.org', practice];
  const finds: string[] = [];
  const searched = new Set<string>();
  for (const { type, searchParam = [] } of rest![0]!.resource!)
    for (const { name, type: kind } of searchParam) {
      if (!['token', 'reference', 'uri', 'string'].includes(kind!)) continue;
      searched.add(`${type} by ${name}`);
      const answer = await fetch(`${base}/${type}?${name}=${values.map(encodeURIComponent).join(',')}`);
      const text = await answer.text();
      expect([type, name, ids.some((id) => text.includes(id))]).toEqual([type, name, false]);
      if (text.includes(EARLY.name)) finds.push(`${type} by ${name}`);
    }
  expect(finds).toEqual(['Organization by identifier']); // of the practice alone
  // by all that a Patient says of where somebody is
  for (const name of [
    ...['address', 'address-postalcode', 'phone', 'email', 'telecom'],
    ...['general-practitioner', 'organization'],
  ])
    expect(searched).toContain(`Patient by ${name}`);
}
