/** What a history says of how each version came to be, on both engines, and deletions of several. */
import type { Bundle } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { commit, patient, recordOf } from '../store/samples.ts';
import { expectOutcome, startAdapter, type TestAdapter } from './adapter.ts';
import { ADA, BASE, created, flagOn, send } from './write-client.ts';

async function requestsOf(adapter: TestAdapter, path: string): Promise<unknown[]> {
  const bundle = (await (await adapter.get(`${BASE}${path}/_history`)).json()) as Bundle;
  return (bundle.entry ?? [])
    .map(({ request, response }) => `${request?.method} ${request?.url} ${response?.status}`)
    .reverse();
}

test('says of each version by which request it was made', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const path = `/Patient/${id}`;
  await send(adapter, 'PUT', path, { ...ADA, id, gender: 'female' });
  const patch = [{ op: 'add', path: '/birthDate', value: '1950-01-01' }];
  await send(adapter, 'PATCH', path, patch, { 'Content-Type': 'application/json-patch+json' });
  await send(adapter, 'DELETE', path);
  await send(adapter, 'PUT', path, { ...ADA, id });
  expect(await requestsOf(adapter, path)).toEqual([
    'POST Patient 201',
    `PUT Patient/${id} 200`,
    `PATCH Patient/${id} 200`,
    `DELETE Patient/${id} 204`,
    `PUT Patient/${id} 201`,
  ]);
});

test('says of an update that created that it was a PUT', async () => {
  const adapter = await startAdapter();
  await send(adapter, 'PUT', '/Patient/ada-1', { ...ADA, id: 'ada-1' });
  expect(await requestsOf(adapter, '/Patient/ada-1')).toEqual(['PUT Patient/ada-1 201']);
  expect(await requestsOf(adapter, '/Patient')).toEqual(['PUT Patient/ada-1 201']);
});

test('says of the entries of a transaction how each was asked for', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  const bundle: Bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { resource: flagOn(`Patient/${id}`), request: { method: 'POST', url: 'Flag' } },
      {
        resource: { ...ADA, id, gender: 'female' },
        request: { method: 'PUT', url: `Patient/${id}` },
      },
    ],
  };
  expect((await send(adapter, 'POST', '', bundle)).status).toBe(200);
  expect(await requestsOf(adapter, `/Patient/${id}`)).toEqual(['POST Patient 201', `PUT Patient/${id} 200`]);
  expect(await requestsOf(adapter, '/Flag')).toEqual(['POST Flag 201']);
});

test('says of what a source sent that its first version was created', async () => {
  const adapter = await startAdapter();
  await commit(adapter.store, recordOf([patient('p1')]));
  expect(await requestsOf(adapter, `/Patient/${patient('p1').id}`)).toEqual(['POST Patient 201']);
});

async function withFlags(count: number, most?: number): Promise<{ adapter: TestAdapter; id: string }> {
  const adapter = await startAdapter({ app: { conditionalDeletes: most } });
  const { id } = await created(adapter, ADA);
  for (let at = 0; at < count; at++) await created(adapter, flagOn(`Patient/${id}`));
  return { adapter, id };
}

test('deletes all that conditions find where that is allowed, each with its history and its row in the audit', async () => {
  const { adapter, id } = await withFlags(3, 3);
  const before = (await adapter.store.audit(1_000)).length;
  const answer = await send(adapter, 'DELETE', `/Flag?patient=${id}`);
  expect([answer.status, answer.headers.get('etag')]).toEqual([204, null]);
  const found = (await (await adapter.get(`${BASE}/Flag?patient=${id}`)).json()) as Bundle;
  expect(found.total).toBe(0);
  const requests = await requestsOf(adapter, '/Flag');
  expect(requests.filter((one) => String(one).startsWith('DELETE'))).toHaveLength(3);
  const rows = (await adapter.store.audit(1_000)).slice(before);
  expect(rows.flatMap(({ detail }) => detail.match(/"Flag\/[^"]+\/2"/g) ?? [])).toHaveLength(3);
});

test('deletes none of more than are allowed at once', async () => {
  const { adapter, id } = await withFlags(3, 2);
  await expectOutcome(await send(adapter, 'DELETE', `/Flag?patient=${id}`), 412, 'api-several');
  const found = (await (await adapter.get(`${BASE}/Flag?patient=${id}`)).json()) as Bundle;
  expect(found.total).toBe(3);
});

test('refuses conditions that find several where nothing else is configured, and says so in /metadata', async () => {
  const { adapter, id } = await withFlags(2);
  await expectOutcome(await send(adapter, 'DELETE', `/Flag?patient=${id}`), 412, 'api-several');
  expect(await deletesOf(adapter)).toEqual(new Set(['single']));
  expect(await deletesOf((await withFlags(0, 2)).adapter)).toEqual(new Set(['multiple']));
});

async function deletesOf(adapter: TestAdapter): Promise<Set<string | undefined>> {
  const said = (await (await adapter.get(`${BASE}/metadata`)).json()) as {
    rest: { resource: { type: string; conditionalDelete?: string }[] }[];
  };
  return new Set(
    said.rest[0]!.resource.map((one) => one.conditionalDelete).filter((one) => one !== undefined),
  );
}

test('deletes all of several or none: one that others refer to keeps all', async () => {
  const { adapter, id } = await withFlags(1, 5);
  await created(adapter, ADA);
  await expectOutcome(await send(adapter, 'DELETE', '/Patient?family=Abara'), 409, 'store-referred-to');
  const found = (await (await adapter.get(`${BASE}/Patient?family=Abara`)).json()) as Bundle;
  expect(found.total).toBe(2);
  expect((await adapter.get(`${BASE}/Patient/${id}`)).status).toBe(200);
});

test('names no version of several, and takes none', async () => {
  const { adapter, id } = await withFlags(2, 5);
  const headers = { 'If-Match': 'W/"1"' };
  await expectOutcome(
    await send(adapter, 'DELETE', `/Flag?patient=${id}`, undefined, headers),
    412,
    'api-several',
  );
  const told = await send(adapter, 'DELETE', `/Flag?patient=${id}`, undefined, {
    Prefer: 'return=OperationOutcome',
  });
  expect([told.status, await told.text()]).toEqual([
    200,
    expect.stringContaining('2 resources of type Flag'),
  ]);
});

test('shows of each version the part that is asked for, page after page, and counts', async () => {
  const adapter = await startAdapter();
  const { id } = await created(adapter, ADA);
  await send(adapter, 'PUT', `/Patient/${id}`, { ...ADA, id, gender: 'female' });
  const read = async (query: string): Promise<Bundle> =>
    (await (await adapter.get(`${BASE}/Patient/${id}/_history?${query}`)).json()) as Bundle;
  const page = await read('_elements=gender&_count=1');
  const next = page.link?.find(({ relation }) => relation === 'next')?.url ?? '';
  const rest = (await (await adapter.get(new URL(next).pathname + new URL(next).search)).json()) as Bundle;
  const shown = [...(page.entry ?? []), ...(rest.entry ?? [])].map(({ resource }) =>
    Object.keys(resource ?? {}).sort(),
  );
  expect(shown).toEqual([
    ['gender', 'id', 'meta', 'resourceType'],
    ['id', 'meta', 'resourceType'],
  ]);
  const counted = await read('_summary=count');
  expect([counted.total, counted.entry, counted.link?.length]).toEqual([2, undefined, 1]);
});

test.each(['_elements=gendre', '_summary=some', '_summary=true&_elements=gender', '_list=42'])(
  'refuses the history with %s',
  async (query) => {
    const adapter = await startAdapter();
    await expectOutcome(await adapter.get(`${BASE}/Patient/_history?${query}`), 400, 'api-history-parameter');
  },
);

test('says which of the names of elements is wrong, and what it may be meant to be', async () => {
  const adapter = await startAdapter();
  const answer = await adapter.get(`${BASE}/Patient?_elements=gender,birthdat`);
  expect(await answer.text()).toContain('name 2 of 2 is no element at the root of Patient; birthDate is one');
});
