/** A Bundle says how confidential the most confidential of what it holds is, and nothing where nothing says so. */
import type { Bundle, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { OPEN_ACCESS, setAccess } from '../../src/api/access.ts';
import { startAdapter } from './adapter.ts';
import { ADA, BASE, created } from './write-client.ts';

const system = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const labelled = (code: string): Patient => ({ ...ADA, meta: { security: [{ system, code }] } });

/** Who names it in a header sees what is restricted. */
async function place() {
  const adapter = await startAdapter({
    app: {
      guard: (request, response, next) => {
        const seesRestricted = request.get('x-restricted') !== undefined;
        setAccess(response, {
          ...OPEN_ACCESS,
          viewer: { ...OPEN_ACCESS.viewer, organisations: ['local'], seesRestricted, breaksGlass: false },
        });
        next();
      },
    },
  });
  const labelOf = async (path: string, headers = {}): Promise<unknown> =>
    ((await (await adapter.get(`${BASE}${path}`, headers)).json()) as Bundle).meta?.security;
  return { adapter, labelOf };
}

const SEES = { 'X-Restricted': 'yes' };

test('a search and a history carry the highest label of what they hold', async () => {
  const { adapter, labelOf } = await place();
  await created(adapter, labelled('L'));
  expect(await labelOf('/Patient')).toEqual([{ system, code: 'L' }]);
  await created(adapter, labelled('N'));
  expect(await labelOf('/Patient')).toEqual([{ system, code: 'N' }]);
  expect(await labelOf('/Patient/_history')).toEqual([{ system, code: 'N' }]);
  expect(await labelOf('/Patient?_elements=name')).toEqual([{ system, code: 'N' }]);
  expect(await labelOf('/Patient?_count=1&_sort=_lastUpdated')).toHaveLength(1);
});

test('says nothing where nothing has a label', async () => {
  const { adapter, labelOf } = await place();
  await created(adapter, ADA);
  expect(await labelOf('/Patient')).toBeUndefined();
  expect(await labelOf('/Patient/_history')).toBeUndefined();
});

test('goes by what its viewer sees alone', async () => {
  const { adapter, labelOf } = await place();
  await created(adapter, labelled('N'));
  const posted = await fetch(`${adapter.url}${BASE}/Patient`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/fhir+json', ...SEES },
    body: JSON.stringify(labelled('R')),
  });
  expect(posted.status).toBe(201);
  expect(await labelOf('/Patient')).toEqual([{ system, code: 'N' }]);
  expect(await labelOf('/Patient', SEES)).toEqual([{ system, code: 'R' }]);
});
