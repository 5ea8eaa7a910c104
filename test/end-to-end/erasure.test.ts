/** A person's right to erasure: nothing of them is left in any byte of the store, and the EHR is told. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import { testNhsNumber } from '../../tooling/demo/nhs-number.ts';
import { journeys, type Posted } from '../faults/journeys.ts';
import { heldByAdapter, heldBySandbox, undelivered } from '../faults/ledger.ts';
import { listening, type Running, run, runSandbox, until } from '../faults/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'erasure-'));
const file = join(folder, 'data/hedgerow.sqlite');
const sandboxFile = join(folder, 'sandbox.sqlite');
const config = join(folder, 'config.json');
const running: Running[] = [];

afterAll(async () => {
  await Promise.all(running.map((one) => one.kill()));
  rmSync(folder, { recursive: true, force: true });
});

const NHS_NUMBER = testNhsNumber(200_000);
/** What tells who they are, as it stands in the records below. */
const TRACES = [
  'Zebedee',
  'Quillfeather',
  'Thimblewick Lane',
  '07700 900987',
  'zq@example.org',
  NHS_NUMBER,
  'C-erased',
  'misses her late husband',
];

/** One person with a referral, a later one of the same key that is refused, and two contacts; and another person. */
function records(): Posted[] {
  const [referral, ...contacts] = journeys(1, 2);
  const mine = structuredClone(referral!.body) as { client: object; referral: object };
  Object.assign(mine.client, {
    id: 'C-erased',
    nhsNumber: NHS_NUMBER,
    firstName: 'Zebedee',
    lastName: 'Quillfeather',
    address: { lines: ['4 Thimblewick Lane'], postcode: 'ZZ99 3VZ' },
    contact: { mobile: '07700 900987', email: 'zq@example.org' },
  });
  const amended = structuredClone(mine);
  Object.assign(amended.referral, { hopes: 'To talk: she misses her late husband' });
  const refused = structuredClone(amended);
  Object.assign(refused.referral, { state: 'NO_SUCH_STATE' });
  const mineToo = contacts.map(({ kind, key, body }) => {
    const copy = structuredClone(body) as { contact: object };
    Object.assign(copy.contact, { clientId: 'C-erased', remarks: 'Ms Quillfeather misses her late husband' });
    return { kind, key, body: copy };
  });
  const versions = [mine, amended, refused].map((body): Posted => ({ kind: 'referral', key: 'R-1', body }));
  return [...versions, ...mineToo, ...journeys(2, 2).slice(2)];
}

async function start(): Promise<{ adapter: Running; url: string }> {
  const adapter = run(['src/main.ts', 'start', '--config', config]);
  running.push(adapter);
  return { adapter, url: await listening(adapter) };
}

/** Stops the adapter once the EHR has everything. */
async function delivered(adapter: Running): Promise<void> {
  await until('an empty outbox', 60_000, () => undelivered(file) === 0 || undefined, adapter);
  expect(await adapter.stop()).toBe(0);
}

/** @returns traces that stand in any byte of the store's files, in UTF-8 or UTF-16 */
function tracesLeft(): string[] {
  const bytes = Buffer.concat(
    [file, `${file}-wal`, `${file}-shm`].filter((path) => existsSync(path)).map((path) => readFileSync(path)),
  );
  return TRACES.filter((trace) => bytes.includes(trace) || bytes.includes(trace, 0, 'utf16le'));
}

/** @returns `Type/id` of what the store has of the person: their patient, and what refers to it */
function ofPerson(): { patient: string; keys: string[] } {
  const held = [...heldByAdapter(file)];
  const patient = held.find(([key, one]) => key.startsWith('Patient/') && one.content.includes(NHS_NUMBER))!;
  const keys = held.filter(([, one]) => one.content.includes(`"${patient[0]}"`)).map(([key]) => key);
  return { patient: patient[0].slice('Patient/'.length), keys: [patient[0], ...keys] };
}

test('an erased person is gone from every byte of the store and deleted at the EHR; the audit still verifies', async () => {
  const sandbox = await runSandbox(sandboxFile);
  running.push(sandbox.process);
  const target = { name: 'ehr', url: sandbox.url, requiresVerifiedNhsNumber: false };
  const places = { dataDir: join(folder, 'data'), inboxDir: join(folder, 'inbox') };
  const settings = { port: 0, access: { open: true }, ...places };
  writeFileSync(config, JSON.stringify({ ...settings, targets: [target] }));
  const { adapter, url } = await start();
  const answers: number[] = [];
  for (const { kind, body } of records()) {
    const headers = { 'content-type': 'application/json' };
    const request = { method: 'POST', headers, body: JSON.stringify(body) };
    answers.push((await fetch(`${url}/intake/platform/${kind}`, request)).status);
  }
  expect(answers).toEqual([202, 202, 422, 202, 202, 202, 202]);
  await delivered(adapter);
  expect(tracesLeft()).toEqual(TRACES);
  const { patient, keys } = ofPerson();
  const before = heldBySandbox(sandboxFile);
  expect(keys.length).toBeGreaterThan(10);
  expect(keys.filter((key) => before.get(key)?.isDeleted !== false)).toEqual([]);

  const store = await openSqliteStore({ file });
  const erased = await store.erasePerson(
    await store.personOf(patient),
    'data-protection-officer',
    Date.now(),
  );
  expect(erased.resources).toBeGreaterThanOrEqual(keys.length);
  await store.close();
  expect(tracesLeft()).toEqual([]);

  const again = await start();
  await delivered(again.adapter);
  const after = heldBySandbox(sandboxFile);
  const deleted = [...after].filter(([, held]) => held.isDeleted).map(([key]) => key);
  expect(deleted).toEqual(expect.arrayContaining(keys));
  expect(deleted).toHaveLength(erased.deliveries);
  // the other person, and what belongs to nobody, is as it was
  for (const [key, held] of before) if (!deleted.includes(key)) expect(after.get(key), key).toEqual(held);
  const other = [...after].filter(([key, held]) => key.startsWith('Patient/') && !held.isDeleted);
  expect(other).toHaveLength(1);
  const audit = await openSqliteStore({ file });
  expect(await audit.verifyAudit()).toBeUndefined();
  await audit.close();
}, 180_000);
