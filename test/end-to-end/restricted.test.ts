/** A person whom PDS restricts: no byte of where they are is left in the store or the log, and none leaves; what waited for their number goes. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Patient } from '@medplum/fhirtypes';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { hasVerifiedNhsNumber } from '../../src/referral/consent.ts';
import { temporaryDatabase } from '../store/temporary-postgres.ts';
import { type Body, found, NUMBER, open, type Place, referral, until } from './restricted-place.ts';

/** Named before anybody knew of a restriction: the practice stays, and nothing says whose it is. */
const EARLY_PRACTICE = 'Y98764';

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
  const place = await open({ databaseUrl: url });
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
