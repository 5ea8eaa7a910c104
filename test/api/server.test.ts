/** What holds for every address: health, headers, the request id, the log, and errors that give nothing away. */
import { expect, test } from 'vitest';
import { commit, idOf, patient, RULES, recordOf, refusedOf } from '../store/samples.ts';
import { expectOutcome, startAdapter } from './adapter.ts';

test('lives and is ready', async () => {
  const adapter = await startAdapter();
  for (const path of ['/health', '/ready']) {
    const answer = await adapter.get(path);
    expect([answer.status, await answer.json()]).toEqual([200, { status: 'pass' }]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
  }
});

test('says why it is not ready, and still lives', async () => {
  const adapter = await startAdapter({ app: { pipeline: { sources: new Map() } as never } });
  await adapter.store.close();
  const answer = await adapter.get('/ready');
  expect(answer.status).toBe(503);
  const { reasons } = (await answer.json()) as { reasons: string[] };
  expect(reasons.join('; ')).toMatch(
    /spreadsheet has no maps.*platform has no maps.*store cannot be written/,
  );
  expect((await adapter.get('/health')).status).toBe(200);
  const none = await startAdapter({ app: { sources: new Map() } });
  expect(await (await none.get('/ready')).json()).toEqual({
    status: 'fail',
    reasons: ['no source is loaded: name one in the configuration'],
  });
});

test('measures records, resources, deliveries and open work by configured names only', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p')]), refusedOf({ key: 'R9' }));
  const text = await (await adapter.get('/metrics')).text();
  expect(text).toContain('hedgerow_source_records{source="demo",kind="referral",state="stored"} 1');
  expect(text).toContain('hedgerow_resources{type="Patient"} 1');
  expect(text).toContain('hedgerow_deliveries{target="ehr",state="waiting"} 1');
  expect(text).toContain('hedgerow_work_open{kind="rejected"} 1');
  expect(text).not.toMatch(/Robin|R9/);
  const [item] = await adapter.store.worklist({ open: true, count: 1 });
  await adapter.store.resolveWork(item!.id, 1, 'operator');
  expect(await (await adapter.get('/metrics')).text()).not.toContain('hedgerow_work_open{kind="rejected"} 1');
});

test.each([
  '/nowhere',
  '/intake',
  '/intake/platform',
  '/fhir',
  '/fhir/R5/Patient',
  '/assets/none.css',
  '/..%2f',
])('answers %s with an outcome that says what there is', async (path) => {
  const adapter = await startAdapter();
  await expectOutcome(await adapter.get(path), 404, 'api-unknown-route');
});

test.each(['/health', '/ready', '/metrics', '/', '/work', '/work/x'])(
  'refuses to write to %s',
  async (path) => {
    const adapter = await startAdapter();
    await expectOutcome(await fetch(adapter.url + path, { method: 'DELETE' }), 405, 'api-method');
  },
);

test('gives each request an id, the client\u2019s own where it is a plain one', async () => {
  const adapter = await startAdapter();
  const id = async (headers?: Record<string, string>) =>
    (await adapter.get('/health', headers)).headers.get('x-request-id');
  expect(await id()).toMatch(/^[0-9a-f-]{36}$/);
  expect(await id({ 'X-Request-Id': 'abc-1' })).toBe('abc-1');
  expect(await id({ 'X-Request-Id': 'a b{"evil":1}' })).toMatch(/^[0-9a-f-]{36}$/);
});

test('logs the shape of a route, never the address that may name a person', async () => {
  const adapter = await startAdapter();
  await adapter.get('/fhir/R4/Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|9990000018');
  await adapter.get(`/fhir/R4/Patient/${idOf('p')}`);
  await adapter.get('/fhir/R4/%E0%A4?name=Robin');
  await adapter.post('/intake/platform/referral', '{"client":{"lastName":"Robin"}');
  const text = adapter.log.join('');
  expect(text).toContain('"route":"/:type"');
  expect(text).not.toMatch(/9990000018|Robin/);
  expect(text).not.toContain(idOf('p'));
});

test('says nothing of an unexpected error but the request id, and logs where it was', async () => {
  const adapter = await startAdapter({
    app: {
      pipeline: {
        sources: new Map(),
        ingest: () => Promise.reject(new TypeError('Robin Example, 9990000018')),
        convert: () => Promise.reject(new TypeError('not here')),
        take: () => Promise.reject(new TypeError('not here')),
        write: () => Promise.reject(new TypeError('not here')),
        prepare: () => {
          throw new TypeError('not here');
        },
        rules: RULES,
      },
    },
  });
  const answer = await adapter.post('/intake/platform/referral', '[]');
  const outcome = await expectOutcome(answer, 500, 'api-unexpected');
  expect(outcome.issue[0]?.diagnostics).toContain(answer.headers.get('x-request-id'));
  expect(JSON.stringify(outcome) + adapter.log.join('')).not.toMatch(/Robin|9990000018/);
  expect(adapter.log.join('')).toContain('"error":"TypeError"');
});

test('tells browsers to run nothing, frame nothing and guess nothing', async () => {
  const adapter = await startAdapter();
  for (const path of ['/', '/fhir/R4/metadata', '/nowhere']) {
    const { headers } = await adapter.get(path);
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(headers.get('content-security-policy')).not.toMatch(/unsafe|script-src/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-powered-by')).toBeNull();
  }
});
