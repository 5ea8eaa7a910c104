/** From records to the store, with the real maps, validator and SQLite file: what is written, what is not, what needs a person. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';
import { statusOf } from '../../src/cli/control.ts';
import { ROOT } from '../../src/cli/load.ts';
import { resourceId } from '../../src/fhir/ids.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Pipeline } from '../../src/pipeline.ts';
import { readJson } from '../../src/source/read-json.ts';
import type { ReadRecord } from '../../src/source/record.ts';
import type { IntakeSummary } from '../../src/source/tally.ts';
import type { Store, StoredVersion } from '../../src/store/store.ts';
import { example, type Json, NOW_MS, parts, shippedPipeline, shippedStore } from './shipped.ts';

let store: Store;
let pipeline: Pipeline;

beforeEach(async () => {
  store = await shippedStore();
  pipeline = shippedPipeline(store);
});

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

/** @returns as many referrals, each of a person of its own */
function referrals(count: number): Json[] {
  const { referral, client, ...rest } = example('referral/adult-referred-by-gp');
  const person = { ...client, nhsNumber: undefined, nhsNumberTrace: undefined, otherIds: [] };
  return Array.from({ length: count }, (_, i) => ({
    ...rest,
    referral: { ...referral, id: `R-${i}`, ubrn: undefined },
    client: { ...person, id: `C-${i}` },
  })) as unknown as Json[];
}

const read = (records: readonly unknown[]): AsyncIterable<ReadRecord> =>
  readJson(parts.sources.get('platform')!.kinds.get('referral')!, JSON.stringify(records), {
    nowMs: NOW_MS,
  });

/** Breaks off after the first batch, as a connection does. */
async function* cutOff(records: AsyncIterable<ReadRecord>): AsyncGenerator<ReadRecord> {
  let count = 0;
  for await (const record of records) {
    if (count++ > 100) throw new Error('the sender went away');
    yield record;
  }
}

test('a receipt says that it was interrupted when its records break off; sent again, what is stored is known', async () => {
  const all = referrals(102);
  const opened = vi.spyOn(store, 'openReceipt');
  await expect(pipeline.ingest('platform', 'referral', cutOff(read(all)))).rejects.toThrow('went away');
  const { id } = opened.mock.calls[0]![0];
  expect(await store.receipt(id)).toMatchObject({
    committed: 100,
    finishedMs: undefined,
    interruptedMs: NOW_MS,
  });
  const again = await pipeline.ingest('platform', 'referral', read(all));
  expect(again).toMatchObject({
    read: 102,
    receipt: { committed: 2, unchanged: 100, finishedMs: NOW_MS, interruptedMs: undefined },
  });
});

test('a receipt says that it was interrupted when a signal ends its records early', async () => {
  const stop = new AbortController();
  async function* until(records: AsyncIterable<ReadRecord>): AsyncGenerator<ReadRecord> {
    for await (const record of records) {
      yield record;
      stop.abort();
      return;
    }
  }
  const options = { signal: stop.signal };
  const { receipt } = await pipeline.ingest('platform', 'referral', until(read(referrals(2))), options);
  expect(receipt).toMatchObject({ committed: 1, finishedMs: undefined, interruptedMs: NOW_MS });
});

test('a record without a time of its own is never older than what was read before', async () => {
  const record = example('referral/adult-referred-by-gp');
  await intake('referral', record);
  const timeless = { ...record, updatedAt: undefined, referral: { ...record.referral, urgency: 'URGENT' } };
  const reader = parts.sources.get('platform')!.kinds.get('referral')!;
  const early = readJson(reader, JSON.stringify(timeless), { nowMs: Date.UTC(2020, 0, 1) });
  expect(await pipeline.ingest('platform', 'referral', early)).toMatchObject({ receipt: { committed: 1 } });
  expect(await stored('ServiceRequest', 'referral', 'R-100')).toMatchObject({
    version: 2,
    resource: { priority: 'urgent' },
  });
});

test('a PHQ-9 that tells of self-harm stands first on the worklist, with its answers', async () => {
  const names = readdirSync(join(ROOT, 'mappings/platform/examples/questionnaire'));
  for (const name of names) await intake('questionnaire', example(`questionnaire/${name}`));
  const safety = await store.worklist({ kind: 'safety', open: true, count: 9 });
  expect(safety.length).toBeGreaterThan(0);
  for (const item of safety) {
    expect(item.outcome.issue.map(ruleOf)).toEqual(['score-phq-9-item-9']);
    const [, id] = item.resource!.split('/');
    expect((await store.read('QuestionnaireResponse', id!))?.resource).toMatchObject({
      questionnaire: expect.stringContaining('/phq-9'),
    });
  }
  const { work } = await statusOf(store);
  expect(work.slice(0, safety.length).map((item) => item.kind)).toEqual(safety.map(() => 'safety'));
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
