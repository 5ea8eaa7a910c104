/** Who made a change at an EHR, as our Provenance tells it. */
import type { Provenance, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import type { Identified } from '../../../src/store/store.ts';
import { only, startAdapter, until } from './adapters.ts';
import { startHookServer } from './hook-server.ts';

test('the author is whom the Provenance that comes along names, and the transmitter stands apart', async () => {
  const nurse: Resource = { resourceType: 'Practitioner', id: 'nurse', name: [{ family: 'Nurse' }] };
  const flag: Resource = {
    resourceType: 'Flag',
    id: 'f1',
    meta: { versionId: '1', lastUpdated: '2026-03-01T09:00:00Z' },
    status: 'active',
    code: { text: 'Needs an interpreter' },
    subject: { reference: 'Patient/p1' },
    author: { reference: 'Practitioner/somebody-else' },
  };
  const provenance: Resource = {
    resourceType: 'Provenance',
    id: 'pr1',
    recorded: '2026-03-01T09:00:00Z',
    target: [{ reference: 'Flag/f1/_history/1' }],
    agent: [
      { type: { coding: [{ code: 'enterer' }] }, who: { reference: 'Device/screen' } },
      { type: { coding: [{ code: 'author' }] }, who: { reference: 'Practitioner/nurse' } },
    ],
  };
  const ehr = await startHookServer(({ path }) =>
    path.startsWith('/Flag?') && path.includes('_revinclude=Provenance:target')
      ? {
          status: 200,
          body: {
            resourceType: 'Bundle',
            type: 'searchset',
            entry: [{ resource: flag }, { resource: provenance }],
          },
        }
      : undefined,
  );
  ehr.put(nurse, '2026-03-01T08:00:00Z');
  ehr.put({ resourceType: 'Patient', id: 'p1', name: [{ family: 'Example' }] }, '2026-03-01T08:00:00Z');
  const adapter = await startAdapter(ehr, {
    types: ['Flag', 'Practitioner'],
    withProvenance: true,
    everySeconds: 0.2,
    since: '2026-01-01T00:00:00Z',
  });
  await until(() => only(adapter, 'Flag'));
  const kept = (await only(adapter, 'Flag')) as Identified;
  const author = await until(async () => (await only(adapter, 'Practitioner')) !== undefined).then(() =>
    only(adapter, 'Practitioner'),
  );
  const { versions } = await adapter.store.search({ type: 'Provenance', clauses: [], count: 50 });
  const told = versions
    .map(({ resource }) => resource as Provenance)
    .find(({ target }) => target[0]?.reference === `Flag/${kept.id}/_history/1`)!;
  expect(
    told.agent.map(({ type, who }) => [type?.coding?.[0]?.code, who?.reference ?? who?.identifier?.value]),
  ).toEqual([
    ['author', `Practitioner/${author!.id}`],
    ['transmitter', 'hedgerow'],
  ]);
  expect(told.occurredDateTime).toBe('2026-03-01T09:00:00.000Z');
}, 60_000);
