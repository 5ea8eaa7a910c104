/** A run of a view shows each client what it may see, keeps within bounds, and is never cut short in silence. */
import type { Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Held } from '../../../src/research/held.ts';
import { commit, idOf, NOW_MS, patient, recordOf } from '../../store/samples.ts';
import { expectOutcome, type TestAdapter } from '../adapter.ts';
import { BASE, idsOf, linesOf, PEOPLE, postRun, startRuns, withPeople } from './place.ts';

const RUN = `${BASE}/ViewDefinition/people/$viewdefinition-run`;

test('shows an organisation its own people alone', async () => {
  const adapter = await withPeople(await startRuns());
  const rows = await linesOf(await adapter.get(RUN, { 'x-test': 'tenant' }));
  expect(rows.map(({ id }) => id)).toEqual(idsOf('dee'));
  const other = { name: 'patient', valueReference: { reference: `Patient/${idOf('ann')}` } };
  await expectOutcome(
    await postRun(adapter, PEOPLE.json, [other], { 'x-test': 'tenant' }),
    400,
    'view-run-people',
  );
});

test('asks for both read and search of the type, and names the scope that is wanting', async () => {
  const adapter = await withPeople(await startRuns());
  const narrow = await expectOutcome(await adapter.get(RUN, { 'x-test': 'narrow' }), 403, 'api-scope');
  expect(narrow.issue[0]?.diagnostics).toContain('system/Patient.r');
  await expectOutcome(await adapter.get(RUN, { 'x-test': 'searcher' }), 403, 'api-scope');
});

test('gives a client that sees people only de-identified what the adapter makes of them, and nothing without that', async () => {
  const headers = { 'x-test': 'research' };
  const bare = await withPeople(await startRuns());
  await expectOutcome(await bare.get(RUN, headers), 403, 'api-deidentified');
  const apply = ({ resource, personId }: Held) =>
    personId === idOf('bob') ? undefined : { ...(resource as Patient), id: 'p', birthDate: '1980' };
  const transformOf = (client: string) => (client === 'research' ? { apply } : undefined);
  const adapter = await withPeople(await startRuns({ transformOf: transformOf as never }));
  const rows = await linesOf(await adapter.get(RUN, headers));
  expect(rows.length).toBeGreaterThan(2);
  expect(new Set(rows.map((row) => JSON.stringify(row)))).toEqual(
    new Set(['{"id":"p","born":"1980","note":"=1+1"}']),
  );
  await expectOutcome(
    await adapter.get(`${RUN}?patient=Patient/${idOf('ann')}`, headers),
    403,
    'api-deidentified',
  );
  expect(await linesOf(await adapter.get(RUN))).toHaveLength(4);
});

test('tells the audit who ran a view over whom, by which parameters', async () => {
  const adapter = await withPeople(await startRuns());
  await linesOf(await adapter.get(`${RUN}?_limit=3`, { 'x-test': 'tenant' }));
  const rows = await adapter.store.accesses.search({ organisations: undefined, count: 10, client: 'tenant' });
  const all = rows.filter(({ interactions }) => interactions.includes('$viewdefinition-run'));
  expect(all.flatMap(({ params = [] }) => params)).toEqual(['_limit']);
  expect(all.flatMap(({ keys = [] }) => keys)).toEqual([`Patient/${idOf('dee')}`]);
});

const crowd = async (adapter: TestAdapter, count: number): Promise<void> => {
  const people = Array.from({ length: count }, (_, i) => patient(`crowd-${i}`));
  await commit(adapter.store, recordOf(people, { key: 'crowd' }));
};

test('refuses more rows than one answer has, before the first byte', async () => {
  const adapter = await startRuns({ bounds: { rows: 50 } });
  await crowd(adapter, 60);
  await expectOutcome(await adapter.get(RUN), 400, 'view-run-rows');
  await expectOutcome(await adapter.get(`${RUN}?_format=parquet`), 400, 'view-run-rows');
  expect(await linesOf(await adapter.get(`${RUN}?_limit=50`))).toHaveLength(50);
});

test('cuts the connection where more rows come after the first bytes', async () => {
  const adapter = await startRuns({ bounds: { rows: 5_000 } });
  await crowd(adapter, 10);
  const long = `'${'x'.repeat(500)}'`;
  const view = {
    resource: 'Patient',
    select: [
      { column: [{ name: 'x', path: long }] },
      {
        forEach: Array.from({ length: 10 }, (_, i) => i).join(' | '),
        select: [
          {
            forEach: Array.from({ length: 100 }, (_, i) => i).join(' | '),
            column: [{ name: 'n', path: '$this' }],
          },
        ],
      },
    ],
  };
  const answer = await postRun(adapter, view);
  expect(answer.status).toBe(200);
  await expect(answer.text()).rejects.toThrow();
});

test('refuses what takes too long, and what one resource makes too much of', async () => {
  const slow = await withPeople(await startRuns({ bounds: { ms: -1 } }));
  await expectOutcome(await slow.get(RUN), 400, 'view-run-time');
  const adapter = await withPeople(await startRuns({ bounds: { rowsOfOne: 10 } }));
  const view = {
    resource: 'Patient',
    select: [
      {
        forEach: Array.from({ length: 11 }, (_, i) => i).join(' | '),
        column: [{ name: 'n', path: '$this' }],
      },
    ],
  };
  await expectOutcome(await postRun(adapter, view), 400, 'view-run-rows');
});

test('answers others while a long run goes on, and ends the run of a client that went away', async () => {
  const adapter = await startRuns();
  await crowd(adapter, 400);
  const path = Array.from({ length: 200 }, (_, i) => i).join(' | ');
  const view = { resource: 'Patient', select: [{ forEach: path, column: [{ name: 'n', path: '$this' }] }] };
  const left = new AbortController();
  const long = fetch(`${adapter.url}${BASE}/$viewdefinition-run`, {
    method: 'POST',
    body: JSON.stringify({
      resourceType: 'Parameters',
      parameter: [{ name: 'viewResource', resource: view }],
    }),
    headers: { 'Content-Type': 'application/fhir+json' },
    signal: left.signal,
  });
  const answer = await long; // it has begun, and waits for who does not read on
  expect((await adapter.get(`${BASE}/Patient/${idOf('crowd-1')}`)).status).toBe(200);
  left.abort();
  await expect(answer.text()).rejects.toThrow();
  // as many again as may run at once: none of them is taken any more
  for (let i = 0; i < 5; i++) expect((await adapter.get(`${RUN}?_limit=1`)).status).toBe(200);
});

test('has no time of its own: today() in a view is that of the adapter', async () => {
  const adapter = await withPeople(await startRuns());
  const view = { resource: 'Patient', select: [{ column: [{ name: 'day', path: 'today()' }] }] };
  const [row] = await linesOf(await postRun(adapter, view));
  expect(row).toEqual({ day: new Date(NOW_MS).toISOString().slice(0, 10) });
});
