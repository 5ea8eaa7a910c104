/** X-Provenance over HTTP: what a client says of how its versions came to be is kept with them, or nothing is. */
import type { Bundle, Patient, Provenance } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { OPEN_ACCESS, setAccess } from '../../src/api/access.ts';
import { verifiedNhsNumber } from '../../src/fhir/verified-number.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { NHS_NUMBER, NOW_MS, withNhsNumber } from '../store/samples.ts';
import { temporaryStore } from '../store/temporary.ts';
import { expectOutcome, parts, startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, created, flagOn, send } from './write-client.ts';

const SAID = {
  resourceType: 'Provenance',
  recorded: '2026-01-05T10:00:00Z',
  reason: [{ text: 'Told by telephone' }],
  agent: [{ who: { display: 'A. Clerk' } }],
} as const;

function header(said: object): Record<string, string> {
  return { 'X-Provenance': JSON.stringify(said) };
}

async function provenances(adapter: TestAdapter): Promise<Provenance[]> {
  const { versions } = await adapter.store.search({ type: 'Provenance', clauses: [], count: 50 });
  return versions.map(({ resource }) => resource as Provenance);
}

test('keeps what a client says of a create, an update and a patch, each of the version that it made', async () => {
  const adapter = await startAdapter();
  const answer = await send(adapter, 'POST', '/Patient', ADA, header(SAID));
  const { id } = (await answer.json()) as Patient;
  expect(answer.status).toBe(201);
  const put = await send(adapter, 'PUT', `/Patient/${id}`, { ...ADA, id, gender: 'female' }, header(SAID));
  expect(put.status).toBe(200);
  const patch = [{ op: 'add', path: '/birthDate', value: '1950-01-01' }];
  const patched = await send(adapter, 'PATCH', `/Patient/${id}`, patch, {
    ...header(SAID),
    'Content-Type': 'application/json-patch+json',
  });
  expect(patched.status).toBe(200);
  const kept = await provenances(adapter);
  expect(kept.map(({ target }) => target?.map(({ reference }) => reference))).toEqual([
    [`Patient/${id}/_history/1`],
    [`Patient/${id}/_history/2`],
    [`Patient/${id}/_history/3`],
  ]);
  for (const one of kept) expect(one).toMatchObject(SAID); // and none of ours beside
});

test('tells of all that a transaction wrote, and reads links between its entries', async () => {
  const adapter = await startAdapter();
  const fullUrl = 'urn:uuid:6f0c8a3c-51c9-4e6a-9d59-2a9a7a5f2a01';
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { fullUrl, resource: ADA, request: { method: 'POST', url: 'Patient' } },
      { resource: flagOn(fullUrl), request: { method: 'POST', url: 'Flag' } },
    ],
  };
  const said = { ...SAID, agent: [{ who: { reference: fullUrl } }] };
  const answer = await send(adapter, 'POST', '', bundle, header(said));
  const written = ((await answer.json()) as Bundle).entry?.map(({ response }) => response?.location ?? '');
  const [one, ...others] = await provenances(adapter);
  expect([answer.status, others]).toEqual([200, []]);
  const targets = one?.target?.map(({ reference }) => `${adapter.url}${BASE}/${reference}`);
  expect(targets?.sort()).toEqual(written?.sort());
  expect(one?.agent[0]?.who?.reference).toMatch(/^Patient\//);
});

test.each([
  ['that is no JSON', '{', 400, 'read-json-syntax'],
  ['that is another resource', JSON.stringify(ADA), 400, 'api-provenance'],
  [
    'that names its targets',
    JSON.stringify({ ...SAID, target: [{ reference: 'Patient/1' }] }),
    400,
    'api-provenance-target',
  ],
  ['that has no agent', JSON.stringify({ ...SAID, agent: undefined }), 422, undefined],
  [
    'that refers to what is not here',
    JSON.stringify({ ...SAID, agent: [{ who: { reference: 'Practitioner/nobody' } }] }),
    422,
    'api-reference',
  ],
  [
    'that is too long',
    JSON.stringify({ ...SAID, reason: [{ text: 'x'.repeat(8_200) }] }),
    413,
    'api-provenance-size',
  ],
] as const)('refuses a header %s, and writes nothing', async (_what, text, status, rule) => {
  const adapter = await startAdapter();
  const answer = await send(adapter, 'POST', '/Patient', ADA, { 'X-Provenance': text });
  const outcome = await answer.clone().text();
  if (rule === undefined) expect(answer.status).toBe(status);
  else await expectOutcome(answer, status, rule);
  expect(outcome).toContain('http.X-Provenance');
  expect((await adapter.store.counts()).resources).toEqual([]);
});

test('refuses the header where it does not go: on a deletion and on a batch', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  await expectOutcome(
    await send(adapter, 'DELETE', `/Patient/${id}`, undefined, header(SAID)),
    400,
    'api-provenance',
  );
  const batch = { resourceType: 'Bundle', type: 'batch', entry: [] };
  await expectOutcome(await send(adapter, 'POST', '', batch, header(SAID)), 400, 'api-provenance');
  expect((await adapter.get(`${BASE}/Patient/${id}`)).status).toBe(200);
});

test('asks for the right to create a Provenance', async () => {
  const guard = (_request: unknown, response: Parameters<typeof setAccess>[0], next: () => void): void => {
    setAccess(response, { ...OPEN_ACCESS, may: (type) => type !== 'Provenance' });
    next();
  };
  const adapter = await startAdapter({ app: { guard } });
  await expectOutcome(await send(adapter, 'POST', '/Patient', ADA, header(SAID)), 403, 'api-right');
  expect((await send(adapter, 'POST', '/Patient', ADA)).status).toBe(201);
});

test('says in the history of a Provenance that was sent along that it was created', async () => {
  const adapter = await startAdapter();
  await send(adapter, 'POST', '/Patient', ADA, header(SAID));
  const history = (await (await adapter.get(`${BASE}/Provenance/_history`)).json()) as Bundle;
  expect(history.entry?.map(({ request }) => request)).toEqual([{ method: 'POST', url: 'Provenance' }]);
});

test('what a client says of an NHS number is not verified where a register is asked, whether a Provenance comes along or not', async () => {
  const store = await temporaryStore();
  const asking = { asksRegister: true, ownerOrg: () => 'X26', route: () => [], clock: () => NOW_MS };
  const pipeline = createPipeline({ ...parts(), store, ...asking });
  const adapter = await startAdapter({ app: { store, pipeline } });
  for (const headers of [{}, header(SAID)]) {
    const answer = await send(adapter, 'POST', '/Patient', withNhsNumber('p', NHS_NUMBER), headers);
    expect(answer.status).toBe(201);
    expect(verifiedNhsNumber((await answer.json()) as Patient)).toBeUndefined();
  }
});
