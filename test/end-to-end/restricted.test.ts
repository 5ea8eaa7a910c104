/** A person whom PDS restricts: no byte of where they are is left in the store or the log, and none leaves; what waited for their number goes. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { Patient } from '@medplum/fhirtypes';
import { Client } from 'pg';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { type Adapter, openAdapter } from '../../src/cli/adapter.ts';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { hasVerifiedNhsNumber } from '../../src/referral/consent.ts';
import { journeys } from '../faults/journeys.ts';
import { type PdsServer, startPds } from '../servers/pds.ts';
import { pdsRecord } from '../servers/pds-records.ts';
import { startReceiver } from '../servers/webhook-receiver.ts';
import { temporaryDatabase } from '../store/temporary-postgres.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const NUMBER = '9990000018';
/** What would lead to the person, as it stands in their records and at PDS. */
const TRACES = [
  'Thimblewick',
  'ZZ99 4QQ',
  'zz99 4qq',
  '07700 900987',
  'zq@example.org',
  'Y98765',
  'Quarry Steps',
];
/** Named before anybody knew of a restriction: the practice stays, and nothing says whose it is. */
const EARLY_PRACTICE = 'Y98764';
const SECRET_ENV = 'HEDGEROW_TEST_RESTRICTED_SECRET';
process.env[SECRET_ENV] = 'a secret of tests';

type Body = { updatedAt: string; client: Record<string, unknown>; referral: Record<string, unknown> };

function referral(minute: number, more: object = {}): Body {
  const [{ body }] = journeys(1, 1) as unknown as [{ body: Body }];
  const mine = structuredClone(body);
  mine.updatedAt = new Date(Date.now() + minute * 60_000).toISOString();
  const { practice: _practice, ...client } = mine.client;
  mine.client = {
    ...client,
    ...{ nhsNumber: NUMBER, nhsNumberTrace: 'UNTRACED', lastName: 'Quillfeather', birthDate: '1961-04-09' },
    address: { lines: ['4 Thimblewick Lane'], postcode: 'ZZ99 4QQ' },
    contact: { mobile: '07700 900987', email: 'zq@example.org' },
    ...more,
  };
  return mine;
}

async function until(isSo: () => Promise<unknown>): Promise<void> {
  for (let times = 0; !(await isSo()); times++)
    if (times > 1_000) throw new Error('it did not come about');
    else await new Promise((resolve) => setTimeout(resolve, 50));
}

interface Place {
  readonly adapter: Adapter;
  readonly pds: PdsServer;
  readonly folder: string;
  readonly log: string[];
  readonly left: () => string[];
  post(body: Body): Promise<number>;
  quiet(): Promise<void>;
}

async function open(databaseUrl?: string): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), 'restricted-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const pds = await startPds();
  undo.push(() => pds.close());
  const receiver = await startReceiver();
  undo.push(() => receiver.close());
  pds.put(
    pdsRecord(NUMBER, {
      ...{ family: 'QUILLFEATHER', security: 'R' },
      address: [{ use: 'home', line: ['17 Quarry Steps'], postalCode: 'ZZ99 4QQ' }],
      generalPractitioner: [{ identifier: { value: 'Y98765' } }],
    }),
  );
  const target = {
    kind: 'webhook',
    name: 'ehr',
    url: receiver.url,
    secretEnv: SECRET_ENV,
    allowRestricted: true,
    send: { origin: 'elsewhere' },
  };
  const settings = {
    port: 0,
    dataDir: join(folder, 'data'),
    targets: [target],
    nhs: { pds: { baseUrl: pds.url, trace: false } },
  };
  writeFileSync(
    join(folder, 'hedgerow.config.json'),
    JSON.stringify({
      ...settings,
      ...(databaseUrl ? { databaseUrlEnv: 'HEDGEROW_TEST_RESTRICTED_DB' } : {}),
    }),
  );
  if (databaseUrl) process.env.HEDGEROW_TEST_RESTRICTED_DB = databaseUrl;
  const config = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      log.push(String(chunk));
      done();
    },
  });
  const adapter = await openAdapter({
    ...{ config: config.value, parts: parts.value, clock: Date.now, token: 'test' },
    log: pino({ level: 'trace' }, stream),
  });
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (isOpen) await adapter.stop();
    isOpen = false;
  };
  undo.push(close);
  return {
    adapter: { ...adapter, stop: close },
    pds,
    folder,
    log,
    left: () => [
      ...receiver.calls.map(({ body, headers }) => body + JSON.stringify(headers)),
      ...pds.seen.map(({ path, query, headers }) => `${path}?${query}${JSON.stringify(headers)}`),
    ],
    post: async (body) => {
      const request = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      };
      return (await fetch(`${adapter.url}/intake/platform/referral`, request)).status;
    },
    async quiet() {
      const waiting = async (): Promise<number> =>
        (await adapter.store.counts()).targets.reduce((sum, one) => sum + one.waiting + one.claimed, 0);
      await until(async () => (await waiting()) === 0);
    },
  };
}

const found = (texts: readonly (string | Buffer)[]): string[] =>
  TRACES.filter((trace) => texts.some((text) => text.includes(trace)));

async function restrict(place: Place): Promise<void> {
  const practice = { id: 'ORG-8', name: 'Early Surgery', odsCode: EARLY_PRACTICE };
  expect(await place.post(referral(0, { practice }))).toBe(202);
  await until(async () => place.left().some((one) => one.includes('"ServiceRequest"')));
  await place.quiet();
  const later = { ...referral(5), nothing: 1 } as unknown as Body;
  expect(
    await place.post(referral(1, { practice: { id: 'ORG-9', name: 'Hidden Surgery', odsCode: 'Y98765' } })),
  ).toBe(202);
  const refused = { ...later, referral: { ...later.referral, state: 'NO_SUCH_STATE' } };
  expect(await place.post(refused)).toBe(422);
  await place.quiet();
}

test('no byte of where a restricted person is stays in the embedded store or the log, or leaves', async () => {
  const place = await open();
  await restrict(place);
  expect(found(place.left())).toEqual([]);
  expect(place.left().join()).toContain(NUMBER);
  const files = ['', '-wal', '-shm'].map((end) => join(place.folder, `data/hedgerow.sqlite${end}`));
  const bytes = (): Buffer[] => files.filter((file) => existsSync(file)).map((file) => readFileSync(file));
  expect(found(bytes())).toEqual([]);
  expect(bytes().some((one) => one.includes('QUILLFEATHER') || one.includes('Quillfeather'))).toBe(true);
  expect(await place.adapter.store.verifyAudit()).toBeUndefined();
  await place.adapter.store.vacuum();
  await place.adapter.stop();
  expect(found([...bytes(), ...place.log])).toEqual([]);
}, 120_000);

test('no row of PostgreSQL says where a restricted person is, and nothing that says it leaves', async () => {
  const url = await temporaryDatabase();
  const place = await open(url);
  await restrict(place);
  const client = new Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
  );
  const texts: string[] = [];
  for (const { name } of rows)
    texts.push(
      ...(await client.query<{ row: string }>(`SELECT t::text AS row FROM ${name} t`)).rows.map(
        ({ row }) => row,
      ),
    );
  const { rows: tied } = await client.query<{ practice: string; patient: string }>(
    `SELECT o.id AS practice, p.id AS patient FROM resource o, resource p
     WHERE o.type = 'Organization' AND o.content LIKE '%${EARLY_PRACTICE}%' AND p.type = 'Patient'`,
  );
  expect(tied.length).toBe(1);
  const [{ practice, patient }] = tied as [(typeof tied)[number]];
  expect(texts.filter((one) => one.includes(practice) && one.includes(patient))).toEqual([]);
  const { rows: said } = await client.query(
    `SELECT 1 FROM contribution c JOIN record_patient r ON r.record_id = c.record_id
     WHERE c.id = $1 AND r.patient_id = $2`,
    [practice, patient],
  );
  expect(said).toEqual([]);
  const { rows: written } = await client.query<{ detail: string }>(
    `SELECT detail FROM audit WHERE detail LIKE '%' || $1 || '%'`,
    [practice],
  );
  expect(written.length).toBeGreaterThan(0);
  expect(written.filter(({ detail }) => detail.includes('"record"'))).toEqual([]);
  await client.end();
  expect(texts.some((one) => one.includes('Quillfeather'))).toBe(true);
  expect(found([...texts, ...place.left(), ...place.log])).toEqual([]);
}, 120_000);

test('a source does not make a number verified where PDS is asked', async () => {
  const place = await open();
  place.pds.fail(() => ({ status: 500 }));
  expect(await place.post(referral(0, { nhsNumberTrace: 'TRACED' }))).toBe(202);
  await until(async () => place.pds.seen.length > 0);
  const patients = async (): Promise<Patient[]> => {
    const { versions } = await place.adapter.store.search({ type: 'Patient', clauses: [], count: 9 });
    return versions.flatMap(({ resource }) => (resource?.resourceType === 'Patient' ? [resource] : []));
  };
  const isVerified = async (): Promise<boolean[]> => (await patients()).map(hasVerifiedNhsNumber);
  expect(await isVerified()).toEqual([false]);
  place.pds.fail(() => undefined);
  await until(async () => (await isVerified())[0]);
}, 120_000);
