/** Who asks decides what is searched: scopes are named where they are missing, and cursors are nobody else's. */
import type { Bundle } from '@medplum/fhirtypes';
import type { RequestHandler } from 'express';
import { expect, test } from 'vitest';
import { OPEN_ACCESS, type Right, setAccess } from '../../src/api/access.ts';
import { SEES_ALL, type Viewer } from '../../src/store/viewer.ts';
import { commit, idOf } from '../store/samples.ts';
import { bundleOf, expectOutcome, linkOf, matches, startAdapter, type TestAdapter } from './adapter.ts';
import { clinic } from './clinic.ts';

const BASE = '/fhir/R4';

/** The client and its types (all rights on each) are in a header: `first Patient,Observation`. */
const guard: RequestHandler = (request, response, next) => {
  const [client = 'open', listed = '*'] = (request.get('x-test') ?? '').split(' ');
  const types = new Set(listed.split(','));
  const may = (type: string, _right: Right): boolean => types.has('*') || types.has(type);
  const viewer: Viewer = types.has('*')
    ? SEES_ALL
    : { ...SEES_ALL, types: new Map([...types].map((type) => [type, [[]]])) };
  setAccess(response, { ...OPEN_ACCESS, client, may, viewer });
  next();
};

async function guarded(): Promise<TestAdapter> {
  const adapter = await startAdapter({ app: { guard } });
  await commit(adapter.store, ...clinic());
  return adapter;
}

const NARROW = { 'x-test': 'narrow ServiceRequest,Observation' };

test.each([
  ['Patient', 'system/Patient.s'],
  [`Patient/${idOf('ann')}`, 'system/Patient.r'],
  [`Patient/${idOf('ann')}/_history`, 'system/Patient.r'],
  ['Patient/_history', 'system/Patient.s'],
  ['_history', 'system/*.s'],
  [`Patient/${idOf('ann')}/$everything`, 'system/Patient.r'],
  ['Patient/$everything', 'system/Patient.s'],
  ['?_type=Observation,Patient', 'system/Patient.s'],
  ['ServiceRequest?patient.family=Example', 'system/Patient.s'],
  ['ServiceRequest?patient.organization.name=Surgery', 'system/Patient.s'],
  ['Observation?patient._has:Task:patient:status=requested', 'system/Task.s'],
])('refuses %s to a client without the scope, and names it', async (path, scope) => {
  const adapter = await guarded();
  const outcome = await expectOutcome(await adapter.get(`${BASE}/${path}`, NARROW), 403, 'api-scope');
  expect(outcome.issue[0]?.diagnostics).toContain(scope);
  expect(outcome.issue[0]?.code).toBe('forbidden');
});

test('leaves out what comes along and may not be seen, and searches all types that may', async () => {
  const adapter = await guarded();
  const bundle = await bundleOf(await adapter.get(`${BASE}/ServiceRequest?_include=*&_revinclude=*`, NARROW));
  expect(bundle.entry?.every(({ resource }) => resource?.resourceType === 'ServiceRequest')).toBe(true);
  const all = await bundleOf(await adapter.get(BASE, NARROW));
  expect(new Set(all.entry?.map(({ resource }) => resource?.resourceType))).toEqual(
    new Set(['ServiceRequest', 'Observation']),
  );
});

test('refuses the cursor of one client to another, and to itself where it sees something else', async () => {
  const adapter = await guarded();
  const first = { 'x-test': 'first *' };
  for (const path of [
    'Observation?_count=1',
    'Observation/_history?_count=1',
    '?_type=Observation&_count=1',
  ]) {
    const page: Bundle = await bundleOf(await adapter.get(`${BASE}/${path}`, first));
    const next = linkOf(page, 'next')!;
    expect((await fetch(next, { headers: first })).status).toBe(200);
    for (const other of ['second *', 'first Observation']) {
      const answer = await fetch(next, { headers: { 'x-test': other } });
      await expectOutcome(answer, 400, 'api-cursor');
    }
  }
  const posted = await fetch(`${adapter.url}${BASE}/Observation/_search`, {
    method: 'POST',
    body: '_count=1',
    headers: { ...first, 'Content-Type': 'application/x-www-form-urlencoded' },
  });
  const next = linkOf(await bundleOf(posted), 'next')!;
  expect(matches(await bundleOf(await fetch(next, { headers: first })))).toHaveLength(1);
  await expectOutcome(await fetch(next, { headers: { 'x-test': 'second *' } }), 400, 'api-cursor');
});

test('goes on from the cursor of another process on the same store', async () => {
  const adapter = await guarded();
  const page = await bundleOf(await adapter.get(`${BASE}/Observation?_count=1&_sort=date`));
  const { createApp } = await import('../../src/api/server.ts');
  const { parts } = await import('./adapter.ts');
  const { definitions, validator, sources } = parts();
  const rest = { store: adapter.store, definitions, validator, sources, clock: () => 0, version: '1' };
  const server = createApp({ ...rest, pipeline: {} as never, guard }).listen(0, '127.0.0.1');
  try {
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const next = linkOf(page, 'next')!.replace(/:\d+\//, `:${port}/`);
    expect(matches(await bundleOf(await fetch(next)))).toHaveLength(1);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
