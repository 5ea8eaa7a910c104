/** From records to the store, with the real maps, validator and SQLite file: what is written, what is not, what needs a person. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { resourceId } from '../../src/fhir/ids.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { createPipeline, type IntakeSummary, type Pipeline } from '../../src/pipeline.ts';
import { readJson } from '../../src/source/read-json.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store, StoredVersion } from '../../src/store/store.ts';

const NOW_MS = Date.UTC(2026, 5, 30, 12);
const config = loadConfig({ cwd: ROOT, root: ROOT });
const loaded = config.ok ? loadParts(config.value, ROOT) : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue));
const parts = loaded.value;

let folder: string;
let store: Store;
let pipeline: Pipeline;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pipeline-'));
  store = await openSqliteStore({ file: join(folder, 'store.sqlite'), definitions: parts.definitions });
  pipeline = createPipeline({
    ...parts,
    store,
    clock: () => NOW_MS,
    ownerOrg: () => 'Z99901',
    route: () => ['ehr'],
  });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

type Json = Record<string, Record<string, unknown>>;
const example = (path: string): Json =>
  JSON.parse(readFileSync(join(ROOT, 'mappings/platform/examples', path, 'input.json'), 'utf8')) as Json;

async function intake(kind: string, ...records: readonly unknown[]): Promise<IntakeSummary> {
  const reader = parts.sources.get('platform')!.kinds.get(kind)!;
  return await pipeline.ingest(
    'platform',
    kind,
    readJson(reader, JSON.stringify(records), { nowMs: NOW_MS }),
  );
}

const stored = (type: string, role: string, key: string): Promise<StoredVersion | undefined> =>
  store.read(type, resourceId('platform', { type, role, key }));

test('a referral is stored with its outbox entries, its Provenance and its receipt', async () => {
  const summary = await intake('referral', example('referral/adult-referred-by-gp'));
  expect(summary.receipt).toMatchObject({ committed: 1, unchanged: 0, refused: 0, finishedMs: NOW_MS });
  const request = await stored('ServiceRequest', 'referral', 'R-100');
  expect(request).toMatchObject({ version: 1, ownerOrg: 'Z99901', resource: { status: 'active' } });
  const counts = await store.counts();
  const resources = counts.resources.reduce((sum, one) => sum + one.count, 0);
  expect(counts.targets).toMatchObject([{ target: 'ehr', waiting: resources }]);
  expect(summary.deliveries).toBe(resources);
  expect(counts.resources.find((one) => one.type === 'Provenance')).toMatchObject({ count: 1 });
});

test('the same record again makes no version and sends nothing', async () => {
  await intake('referral', example('referral/adult-referred-by-gp'));
  const again = await intake('referral', example('referral/adult-referred-by-gp'));
  expect(again).toMatchObject({ deliveries: 0, receipt: { committed: 0, unchanged: 1 } });
  expect(await stored('ServiceRequest', 'referral', 'R-100')).toMatchObject({ version: 1 });
});

test('a changed record makes one new version of what changed, and of nothing else', async () => {
  const before = example('referral/adult-referred-by-gp');
  await intake('referral', before);
  const changed = { ...before, referral: { ...before.referral, urgency: 'URGENT' } };
  const summary = await intake('referral', changed);
  expect(await stored('ServiceRequest', 'referral', 'R-100')).toMatchObject({
    version: 2,
    resource: { priority: 'urgent' },
  });
  expect(await stored('Patient', 'person', 'C-100')).toMatchObject({ version: 1 });
  // ServiceRequest, Task and the Provenance of this commit
  expect(summary.deliveries).toBe(3);
});

test('a closure before its referral waits for it, and then both are one', async () => {
  const closure = example('outcome/completed-with-outcomes') as Json & {
    closure: { referralId: string; clientId: string };
  };
  const { referralId } = closure.closure;
  await intake('outcome', closure);
  expect(await stored('ServiceRequest', 'referral', referralId)).toBeUndefined();
  expect((await store.worklist({ kind: 'incomplete', open: true, count: 9 })).length).toBeGreaterThan(0);
  const referral = example('referral/adult-referred-by-gp');
  const own = {
    ...referral,
    referral: { ...referral.referral, id: referralId },
    client: { ...referral.client, id: closure.closure.clientId },
  };
  await intake('referral', own);
  expect(await stored('ServiceRequest', 'referral', referralId)).toMatchObject({
    resource: { status: 'completed', intent: 'order' },
  });
  expect(await stored('Task', 'referral', referralId)).toMatchObject({ resource: { status: 'completed' } });
  const open = await store.worklist({ kind: 'incomplete', open: true, count: 9 });
  // its goals come with the record of support, which is not here
  expect(open.filter((item) => !item.resource?.startsWith('Goal/'))).toEqual([]);
});

test('a bad record stops no good one, and is kept to be amended', async () => {
  const good = example('referral/adult-referred-by-gp');
  const summary = await intake(
    'referral',
    example('referral/bad-nhs-number'),
    good,
    example('referral/bad-missing-key'),
  );
  expect(summary.receipt).toMatchObject({ committed: 1, refused: 2 });
  expect(summary.refusals.flatMap((one) => one.outcome.issue.map(ruleOf))).toContain('hr-1');
  const rejected = await store.worklist({ kind: 'rejected', open: true, count: 9 });
  expect(rejected).toHaveLength(2);
  expect(await store.refusedRecord(rejected[0]!.id)).toMatchObject({ source: 'platform', kind: 'referral' });
});

test('a follow-up that is before its baseline in another record is a warning with a worklist item (hr-4)', async () => {
  const baseline = example('questionnaire/swemwbs-baseline') as Json & {
    form: { clientId: string; tool: string };
  };
  const followUp = example('questionnaire/swemwbs-follow-up-with-given-score');
  const { clientId } = baseline.form;
  await intake('questionnaire', baseline);
  const early = { ...followUp, form: { ...followUp.form, clientId, completedAt: '2020-01-01T10:00:00Z' } };
  expect((await intake('questionnaire', early)).receipt).toMatchObject({ committed: 1 });
  const warnings = await store.worklist({ kind: 'warning', open: true, count: 20 });
  expect(warnings.flatMap((item) => item.outcome.issue.map(ruleOf))).toContain('hr-4');
});

test('two sources that name one verified NHS number speak of one person', async () => {
  const first = example('referral/adult-referred-by-gp');
  await intake('referral', first);
  const second = {
    ...first,
    referral: { ...first.referral, id: 'R-2' },
    client: { ...first.client, id: 'C-2' },
  };
  await intake('referral', second);
  const people = [await stored('Patient', 'person', 'C-100'), await stored('Patient', 'person', 'C-2')];
  expect(people[0]?.personId).toBe(people[1]?.personId);
  expect(people[0]?.id).not.toBe(people[1]?.id);
});
