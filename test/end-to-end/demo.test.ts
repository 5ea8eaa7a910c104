/** The first start of a newcomer, from the demonstration's summary to the second start that sends nothing again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { csvChunks, referralRows } from '../../tooling/demo/load.ts';
import { columnsOf } from '../../tooling/demo-set.ts';
import { journeys } from '../faults/journeys.ts';
import { stuckDeliveries } from '../faults/ledger.ts';
import { Newcomer, newVersions } from './newcomer.ts';
import { cellsOf } from './table.ts';

const newcomer = new Newcomer(mkdtempSync(join(tmpdir(), 'newcomer-')));
const [posted] = journeys(1, 0);

beforeAll(async () => {
  await newcomer.start();
  await newcomer.untilPrinted('Ctrl-C stops.');
  await newcomer.untilDelivered();
}, 300_000);

afterAll(async () => {
  await newcomer.kill();
  rmSync(newcomer.folder, { recursive: true, force: true });
});

test('prints a summary whose numbers add up', () => {
  const rows = cellsOf(newcomer.output, 'Source');
  const files = rows.slice(0, -1);
  const [name, ...totals] = rows.at(-1)!;
  expect(name).toBe('Total');
  expect(files.map(([file]) => file).toSorted()).toEqual(demoFiles().toSorted());
  for (const [file, ...numbers] of files) {
    const [read, mapped, validated, committed, unchanged, rejected] = numbers.map(Number);
    expect(committed! + unchanged! + rejected!, file).toBe(read);
    expect(validated, file).toBeLessThanOrEqual(mapped!);
    expect(mapped, file).toBeLessThanOrEqual(read!);
    expect(unchanged, file).toBe(0);
  }
  expect(totals.map(Number)).toEqual(
    totals.map((_, column) => files.reduce((sum, row) => sum + Number(row[column + 1]), 0)),
  );
});

test('lists every rejected row with its file, line, rule and what to change, and no value of it', () => {
  const rejected = Number(cellsOf(newcomer.output, 'Source').at(-1)![6]);
  const lines = newcomer.output.split('\n').filter((line) => /^ {2}\S+:\d+ {2}/.test(line));
  expect(lines).toHaveLength(rejected);
  expect(rejected).toBeGreaterThan(0);
  for (const line of lines) {
    const [, file, at, rule, advice] = /^ {2}(\S+):(\d+) {2}([a-z0-9-]+) {2}(.{20,})$/.exec(line) ?? [];
    expect(rule, line).toBeDefined();
    const row = lineOf(file!, Number(at));
    for (const value of row.split(/[",:;{}]+/).filter((cell) => cell.length > 5 && /\d/.test(cell)))
      expect(advice).not.toContain(value);
  }
});

test('delivers everything that is due; what is held is held by consent, and nothing is parked', async () => {
  const { counts } = await newcomer.status();
  expect(counts.targets).toMatchObject([{ target: 'sandbox-ehr', waiting: 0, claimed: 0, parked: 0 }]);
  const stuck = stuckDeliveries(newcomer.storeFile);
  expect(new Set(stuck.map((one) => `${one.state} ${one.rule}`))).toEqual(new Set(['held hr-8']));
  const held = new Set(stuck.map((one) => one.key));
  const [here, there] = [newcomer.here(), newcomer.atSandbox()];
  expect([...here.keys()].filter((key) => !there.has(key) && !held.has(key))).toEqual([]);
  expect([...there.keys()].filter((key) => !here.has(key))).toEqual([]);
  expect(counts.targets[0]!.delivered).toBe(there.size);
});

test('serves the status page and the data', async () => {
  const page = await fetch(`${newcomer.url}/`);
  expect(page.status).toBe(200);
  expect(page.headers.get('content-type')).toContain('text/html');
  expect(await page.text()).toContain('sandbox-ehr');
  const search = await fetch(`${newcomer.url}/fhir/R4/ServiceRequest`);
  const bundle = (await search.json()) as Bundle;
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'searchset' });
  expect(bundle.entry?.[0]?.resource?.resourceType).toBe('ServiceRequest');
});

test('takes another CSV from the inbox to the EHR', async () => {
  const before = newcomer.atSandbox();
  const [row] = referralRows(1);
  // nobody of the demonstration, and glad to share
  const own = { 'NHS No': undefined, 'NHS No checked': undefined, 'No NHS No because': 'Not known' };
  const text = [...csvChunks(columnsOf('referral'), [{ ...row, ...own, 'OK to share with GP': 'Yes' }])];
  const line = await newcomer.drop('spreadsheet', 'referrals of June.csv', text.join(''));
  expect(line).toContain('1 read, 1 committed, 0 unchanged, 0 rejected');
  await newcomer.untilDelivered();
  const types = [...newVersions(before, newcomer.atSandbox()).keys()].map((key) => key.split('/')[0]);
  expect(types).toEqual(expect.arrayContaining(['Patient', 'ServiceRequest', 'Task', 'Provenance']));
});

test('takes a posted record to the EHR', async () => {
  const before = newcomer.atSandbox();
  const answer = await newcomer.post('/intake/platform/referral', posted!.body);
  expect(answer).toMatchObject({ status: 202, body: { committed: 1, unchanged: 0, refused: 0 } });
  const receipt = await fetch(`${newcomer.url}${answer.location}`);
  expect(await receipt.json()).toMatchObject({ status: 'finished', committed: 1 });
  await newcomer.untilDelivered();
  const came = newVersions(before, newcomer.atSandbox());
  expect(came.size).toBeGreaterThan(5);
  expect(new Set(came.values())).toEqual(new Set([1]));
});

test('makes no version and sends nothing when the same record comes again', async () => {
  const [here, there] = [newcomer.here(), newcomer.atSandbox()];
  const answer = await newcomer.post('/intake/platform/referral', posted!.body);
  expect(answer).toMatchObject({ status: 202, body: { committed: 0, unchanged: 1, deliveries: 0 } });
  await newcomer.untilDelivered();
  expect(newcomer.here()).toEqual(here);
  expect(newcomer.atSandbox()).toEqual(there);
});

test('makes one version and one delivery of what a changed record changes', async () => {
  const [here, there] = [newcomer.here(), newcomer.atSandbox()];
  const changed = structuredClone(posted!.body) as { updatedAt: string; referral: { remarks: string } };
  changed.updatedAt = '2026-03-04T10:00:00Z';
  changed.referral.remarks = 'Now prefers the mornings';
  const answer = await newcomer.post('/intake/platform/referral', changed);
  expect(answer).toMatchObject({ status: 202, body: { committed: 1, unchanged: 0, refused: 0 } });
  await newcomer.untilDelivered();
  const came = newVersions(here, newcomer.here());
  expect([...came].map(([key, count]) => `${count} ${key.split('/')[0]}`).toSorted()).toEqual([
    '1 Provenance',
    '1 ServiceRequest',
  ]);
  expect(answer.body.deliveries).toBe(came.size);
  expect(newVersions(there, newcomer.atSandbox())).toEqual(came);
});

test('stops cleanly, and sends nothing again at the next start', async () => {
  const [here, there] = [newcomer.here(), newcomer.atSandbox()];
  const files = putAway();
  expect(await newcomer.stop()).toBe(0);
  expect(newcomer.output).toContain('Stopped.');
  await newcomer.start();
  // something new goes through, so whatever else was in line would have gone before it
  const [, , another] = journeys(3, 0);
  expect((await newcomer.post('/intake/platform/referral', another!.body)).status).toBe(202);
  await newcomer.untilDelivered();
  const came = newVersions(here, newcomer.here());
  expect([...came.keys()]).toContainEqual(expect.stringMatching(/^Patient\//));
  expect(newVersions(there, newcomer.atSandbox())).toEqual(came);
  expect([...came.keys()].filter((key) => here.has(key))).toEqual([]);
  expect(putAway()).toEqual(files);
  expect(newcomer.output).not.toContain('To deliver');
  expect(await newcomer.stop()).toBe(0);
});

/** @returns `source/file` of the demonstration's files */
function demoFiles(): string[] {
  return ['spreadsheet', 'platform'].flatMap((source) =>
    readdirSync(join(ROOT, 'mappings', source, 'demo')).map((file) => `${source}/${file}`),
  );
}

/** @returns files that were read, and files that still wait */
function putAway(): string[] {
  return ['spreadsheet', 'platform'].flatMap((source) =>
    readdirSync(join(newcomer.folder, 'inbox', source), { recursive: true }).map(String),
  );
}

/** @param line from 1 */
function lineOf(file: string, line: number): string {
  const path = demoFiles().find((name) => name.endsWith(`/${file}`))!;
  const [source] = path.split('/');
  const text = readFileSync(join(ROOT, 'mappings', source!, 'demo', file), 'utf8');
  return text.split('\n')[line - 1]!;
}
