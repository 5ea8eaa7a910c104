/** Records over HTTP: a receipt after they are on disk, and what is refused is kept and named. */
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { example, expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';

const REFERRAL = example('platform', 'referral', 'adult-referred-by-gp');
const BAD = example('platform', 'referral', 'bad-nhs-number');
const PATH = '/intake/platform/referral';

interface ReceiptBody {
  readonly receipt: string;
  readonly status: string;
  readonly committed: number;
  readonly unchanged: number;
  readonly refused: number;
  readonly read?: number;
  readonly deliveries?: number;
  readonly outcome?: { issue: { diagnostics: string }[] };
}

async function accepted(answer: Response): Promise<ReceiptBody> {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([202, expect.stringContaining('"receipt"')]);
  return JSON.parse(text) as ReceiptBody;
}

/** The same record under other keys. */
function referrals(count: number): object[] {
  return Array.from({ length: count }, (_, i) => {
    const record = JSON.parse(REFERRAL) as { referral: object; client: object };
    const client = {
      ...record.client,
      id: `C-${i}`,
      nhsNumber: undefined,
      nhsNumberTrace: undefined,
      otherIds: [],
    };
    return { ...record, referral: { ...record.referral, id: `R-${i}`, ubrn: undefined }, client };
  });
}

async function totalOf(adapter: TestAdapter, type: string): Promise<number | undefined> {
  const answer = await adapter.get(`/fhir/R4/${type}?_count=0`);
  return ((await answer.json()) as { total?: number }).total;
}

test('acknowledges a record once it can be read back as FHIR, with its deliveries', async () => {
  const adapter = await startAdapter();
  const answer = await adapter.post(PATH, REFERRAL);
  const body = await accepted(answer);
  expect(body).toMatchObject({ status: 'finished', committed: 1, unchanged: 0, refused: 0, read: 1 });
  expect(body.deliveries).toBeGreaterThan(1);
  expect(await totalOf(adapter, 'ServiceRequest')).toBe(1);
  const location = answer.headers.get('location');
  expect(location).toBe(`/intake/receipts/${body.receipt}`);
  const receipt = await adapter.get(location!);
  expect(await receipt.json()).toMatchObject({ receipt: body.receipt, source: 'platform', committed: 1 });
});

test('says of an interrupted receipt what to do, and of one that is still read that it is', async () => {
  const adapter = await startAdapter();
  const statusOf = async (id: string): Promise<ReceiptBody> =>
    (await (await adapter.get(`/intake/receipts/${id}`)).json()) as ReceiptBody;
  const [posted, dropped] = [randomUUID(), randomUUID()];
  const common = { source: 'platform', kind: 'referral', receivedMs: 0 };
  await adapter.store.openReceipt({ ...common, id: posted, file: undefined });
  await adapter.store.openReceipt({ ...common, id: dropped, file: 'referrals.ndjson' });
  expect(await statusOf(posted)).toMatchObject({ status: 'reading', committed: 0 });
  await adapter.store.interruptReceipts(1_000);
  const cut = await statusOf(posted);
  expect(cut).toMatchObject({ status: 'interrupted', interrupted: '1970-01-01T00:00:01.000Z' });
  expect(cut.outcome?.issue[0]?.diagnostics).toMatch(/Send all of it again: .* is not stored twice\.$/);
  const file = await statusOf(dropped);
  expect(file.outcome?.issue[0]?.diagnostics).toMatch(/It is read again .* is not stored twice\.$/);
});

test('finds the same record again unchanged, and a changed one as one new version', async () => {
  const adapter = await startAdapter();
  await accepted(await adapter.post(PATH, REFERRAL));
  expect(await accepted(await adapter.post(PATH, REFERRAL))).toMatchObject({ unchanged: 1, deliveries: 0 });
  const changed = JSON.parse(REFERRAL) as { updatedAt: string; referral: { urgency: string } };
  changed.referral.urgency = 'URGENT';
  changed.updatedAt = '2026-03-04T09:15:00Z';
  expect(await accepted(await adapter.post(PATH, JSON.stringify(changed)))).toMatchObject({ committed: 1 });
  expect(await totalOf(adapter, 'ServiceRequest')).toBe(1);
  const found = await adapter.get('/fhir/R4/ServiceRequest');
  expect(await found.text()).toMatch(
    /"versionId":"2".*"priority":"urgent"|"priority":"urgent".*"versionId":"2"/,
  );
});

test('takes an array of records, the good beside the bad', async () => {
  const adapter = await startAdapter();
  const batch = [...referrals(3), JSON.parse(BAD), 'no record'];
  const body = await accepted(await adapter.post(PATH, JSON.stringify(batch)));
  expect(body).toMatchObject({ read: 5, committed: 3, refused: 2 });
  expect(JSON.stringify(body.outcome)).toContain('hr-1');
  expect(await totalOf(adapter, 'ServiceRequest')).toBe(3);
  expect(await accepted(await adapter.post(PATH, '[]'))).toMatchObject({ read: 0, committed: 0 });
});

test('takes NDJSON line by line: a bad line does not stop the next, and is named', async () => {
  const adapter = await startAdapter();
  const [one, two] = referrals(2).map((record) => JSON.stringify(record));
  const lines = [one, '{"referral":', '', '[1]', `{"\\u0000":1}`, two].join('\n');
  const body = await accepted(await adapter.post(PATH, lines, 'application/x-ndjson'));
  expect(body).toMatchObject({ read: 5, committed: 2, refused: 3 });
  const texts = body.outcome?.issue.map((issue) => issue.diagnostics) ?? [];
  expect(texts.map((text) => text.slice(0, 6))).toEqual(['line 2', 'line 4', 'line 5']);
});

test('takes a long NDJSON stream', async () => {
  const adapter = await startAdapter();
  const lines = referrals(400).map((record) => JSON.stringify(record));
  const body = await accepted(
    await adapter.post(PATH, lines.join('\n'), 'application/x-ndjson; charset=utf-8'),
  );
  expect(body).toMatchObject({ read: 400, committed: 400, refused: 0 });
});

test('takes CSV with its header row', async () => {
  const adapter = await startAdapter();
  const csv = example('spreadsheet', 'referral', 'full', 'input.csv');
  expect(await accepted(await adapter.post('/intake/spreadsheet/referral', csv, 'text/csv'))).toMatchObject({
    committed: 1,
    refused: 0,
  });
});

test('refuses a single record with what to change, and names the item that it is kept as', async () => {
  const adapter = await startAdapter();
  const answer = await adapter.post(PATH, BAD);
  const location = answer.headers.get('location')!;
  const outcome = await expectOutcome(answer, 422, 'hr-1');
  expect(JSON.stringify(outcome)).not.toContain(
    (JSON.parse(BAD) as { client: { nhsNumber: string } }).client.nhsNumber,
  );
  const kept = outcome.issue.at(-1)!;
  expect(kept.severity).toBe('information');
  const id = /worklist item ([0-9a-f-]{36})/.exec(kept.diagnostics!)?.[1];
  expect(await adapter.store.workItem(id!)).toMatchObject({ kind: 'rejected', source: 'platform' });
  expect(await (await adapter.get(location)).json()).toMatchObject({ refused: 1, status: 'finished' });
  expect((await adapter.get(`/work/${id}`)).status).toBe(200);
});

test('settles a refused record when it comes again amended', async () => {
  const adapter = await startAdapter();
  const bad = JSON.parse(BAD) as { client: { nhsNumber: string }; updatedAt: string };
  await expectOutcome(await adapter.post(PATH, BAD), 422, 'intake-kept');
  expect(await adapter.store.worklist({ kind: 'rejected', open: true, count: 9 })).toHaveLength(1);
  bad.client.nhsNumber = '9990000018';
  await accepted(await adapter.post(PATH, JSON.stringify(bad)));
  expect(await adapter.store.worklist({ kind: 'rejected', open: true, count: 9 })).toEqual([]);
});

test('answers many requests at once, each with its own receipt', async () => {
  const adapter = await startAdapter();
  const answers = await Promise.all(
    referrals(12).map(async (record) => await accepted(await adapter.post(PATH, JSON.stringify(record)))),
  );
  expect(new Set(answers.map((answer) => answer.receipt)).size).toBe(12);
  expect(await totalOf(adapter, 'ServiceRequest')).toBe(12);
});

test('does not know a receipt that was never given', async () => {
  const adapter = await startAdapter();
  for (const id of ['x', '00000000-0000-4000-8000-000000000000', '%00'])
    await expectOutcome(await adapter.get(`/intake/receipts/${id}`), 404, 'intake-unknown-receipt');
});
