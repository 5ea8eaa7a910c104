/** `audit verify` names the first row that was tampered with, in the store or in an archive; `audit export` prints AuditEvents. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, expect, test } from 'vitest';
import { prune } from '../../src/cli/again/retention.ts';
import type { Workshop } from '../../src/cli/again/workshop.ts';
import { exportJob, type VerifyEvent, verifyJob } from '../../src/cli/audit/jobs.ts';
import type { NewAccess, Store } from '../../src/store/store.ts';
import { commit, idOf, NOW_MS, patient, recordOf } from '../store/samples.ts';
import { temporaryFile, temporaryStore } from '../store/temporary.ts';

const archiveDir = mkdtempSync(join(tmpdir(), 'hedgerow-audit-'));
afterEach(() => rmSync(archiveDir, { recursive: true, force: true }));

const ACCESS: NewAccess = {
  ...{ ownerOrg: 'X26', client: 'vendor', action: 'access', status: 200, interactions: ['read'] },
  ...{
    keys: [`Patient/${idOf('p')}`],
    params: [],
    purpose: undefined,
    reason: undefined,
    request: idOf('r'),
  },
} as NewAccess;

async function opened(): Promise<{ store: Store; shop: Workshop; change(sql: string): void }> {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  await commit(store, recordOf([patient('p')]));
  for (const client of ['a', 'b', 'c']) await store.accesses.record([{ ...ACCESS, client }], NOW_MS, true);
  const change = (sql: string): void => {
    const db = new DatabaseSync(file);
    db.exec(sql);
    db.close();
  };
  const shop = { store, archiveDir, clock: () => NOW_MS, maps: new Map() } as unknown as Workshop;
  return { store, shop, change };
}

const verified = (shop: Workshop): Promise<VerifyEvent[]> => Array.fromAsync(verifyJob(shop));

test('both chains hold as they were written', async () => {
  const { shop } = await opened();
  expect(await verified(shop)).toEqual([{ event: 'whole', rows: { audit: 1, access: 3 } }]);
});

test.each([
  ['changed', `UPDATE access SET actor = 'nobody' WHERE seq = 2`, 2],
  ['taken out', 'DELETE FROM access WHERE seq = 2', 2],
  ['cut off at the end', 'DELETE FROM access WHERE seq = 3', 3],
])('a row that was %s by hand is named', async (_how, sql, seq) => {
  const { shop, change } = await opened();
  expect(() => change(sql)).toThrow(/never changed|archive alone/);
  change('DROP TRIGGER access_kept; DROP TRIGGER access_whole');
  change(sql);
  const fault = `row ${seq} does not fit the row before it`;
  expect(await verified(shop)).toEqual([{ event: 'broken', chain: 'access', fault }]);
});

test('a reason that was changed by hand is named', async () => {
  const { store, shop, change } = await opened();
  await store.accesses.record([{ ...ACCESS, reason: 'Found unconscious' }], NOW_MS, true);
  change(`UPDATE access_reason SET reason = 'Curious'`);
  expect(await verified(shop)).toEqual([
    { event: 'broken', chain: 'access', fault: 'the reason beside row 4 is not the one that was given' },
  ]);
});

test('accesses go into archives of their own, which are verified too', async () => {
  const { store, shop } = await opened();
  await Array.fromAsync(prune(shop, { auditRows: 1 }, archiveDir, 'sam'));
  const [archive] = await store.auditArchives('access');
  expect(archive).toMatchObject({ firstSeq: 1, lastSeq: 2, file: 'access-000000000001-000000000002.ndjson' });
  expect(await verified(shop)).toMatchObject([{ event: 'whole', rows: { access: 3 } }]);
  const path = join(archiveDir, archive!.file);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace('"actor":"b"', '"actor":"x"'));
  expect(await verified(shop)).toMatchObject([
    { event: 'broken', fault: expect.stringMatching(/^row 2 in access-/) },
  ]);
  rmSync(path);
  expect(await verified(shop)).toMatchObject([
    { event: 'broken', fault: expect.stringContaining('rows 1 to 2 is not in') },
  ]);
});

test('what was read beside a restricted person is not exported with them', async () => {
  const { store, shop } = await opened();
  const system = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
  const practice = { resourceType: 'Organization', id: idOf('o'), name: 'Elm Surgery' } as const;
  const restricted = patient('p', { meta: { security: [{ system, code: 'R' }] } });
  await commit(store, recordOf([restricted], { key: 'R2' }));
  await commit(store, recordOf([practice], { key: 'R3' }));
  await store.accesses.record(
    [{ ...ACCESS, keys: [`Patient/${idOf('p')}`, `Organization/${practice.id}`] }],
    NOW_MS,
    true,
  );
  const [newest] = await Array.fromAsync(exportJob(shop, {}));
  const named = newest?.resource.entity?.flatMap(({ what }) => what?.reference ?? []);
  expect(named).toEqual([`Patient/${idOf('p')}`]);
});

test('accesses are exported as AuditEvents: of a patient, of a client, newest first', async () => {
  const { shop } = await opened();
  const exported = async (wish: Parameters<typeof exportJob>[1]): Promise<(string | undefined)[]> =>
    (await Array.fromAsync(exportJob(shop, wish))).map(({ resource }) => resource.id);
  expect(await exported({})).toEqual(['access-3', 'access-2', 'access-1']);
  expect(await exported({ client: 'b' })).toEqual(['access-2']);
  expect(await exported({ patient: `Patient/${idOf('p')}` })).toHaveLength(3);
  expect(await exported({ patient: 'nobody' })).toEqual([]);
  expect(await exported({ untilMs: NOW_MS })).toEqual([]);
});
