/** A client that serves several organisations says for which one it asks: that one owns what it creates, and bounds what it sees. */
import type { Bundle, Patient } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { openWhole } from '../../cli/whole.ts';
import { expectOutcome } from '../adapter.ts';
import { ADA } from '../write-client.ts';
import { bearer, FHIR } from './place.ts';
import { tokenFor, vendorKey } from './vendor.ts';

const HEADER = 'NHSD-End-User-Organisation-ODS';

async function openHub() {
  const key = await vendorKey();
  const client = (id: string, organisations: readonly string[] | 'all') => ({
    ...{ id, organisations, scopes: ['system/*.cruds'], jwks: { keys: [key.jwk] } },
  });
  const clients = [client('hub', ['Z99901', 'Z99902']), client('one', ['Z99902']), client('all', 'all')];
  const { adapter } = await openWhole({ access: { clients } });
  const tokens = Object.fromEntries(
    await Promise.all(clients.map(async ({ id }) => [id, await tokenFor(adapter.url, id, key)])),
  ) as Record<string, string>;
  const ask = (client: string, organisation: string | undefined, path: string, body?: object) =>
    fetch(`${adapter.url}${FHIR}/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: {
        ...bearer(tokens[client]!),
        'Content-Type': 'application/fhir+json',
        ...(organisation === undefined ? {} : { [HEADER]: organisation }),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const create = async (client: string, organisation?: string): Promise<string> => {
    const answer = await ask(client, organisation, 'Patient', ADA);
    expect(answer.status).toBe(201);
    return ((await answer.json()) as Patient).id!;
  };
  return { adapter, ask, create };
}

test('what a hub creates is owned by the organisation that it names, and by its first without', async () => {
  const { adapter, ask, create } = await openHub();
  const [first, second] = [await create('hub'), await create('hub', 'Z99902')];
  const owners = await adapter.store.readMany([`Patient/${first}`, `Patient/${second}`]);
  expect(owners.map(({ ownerOrg }) => ownerOrg)).toEqual(['Z99901', 'Z99902']);
  expect((await ask('one', undefined, `Patient/${first}`)).status).toBe(404);
  expect((await ask('one', undefined, `Patient/${second}`)).status).toBe(200);
});

test('a request for one organisation sees what is of that one alone', async () => {
  const { ask, create } = await openHub();
  const [first, second] = [await create('hub', 'Z99901'), await create('hub', 'Z99902')];
  const seen = async (organisation?: string): Promise<(string | undefined)[]> => {
    const bundle = (await (await ask('hub', organisation, 'Patient')).json()) as Bundle;
    return (bundle.entry ?? []).map(({ resource }) => resource?.id).sort();
  };
  expect(await seen('Z99901')).toEqual([first]);
  expect(await seen('Z99902')).toEqual([second]);
  expect(await seen()).toEqual([first, second].sort());
  expect((await ask('hub', 'Z99902', `Patient/${first}`)).status).toBe(404);
});

test('an organisation that is not the client’s is refused, and nothing is written', async () => {
  const { adapter, ask } = await openHub();
  await expectOutcome(await ask('one', 'Z99901', 'Patient', ADA), 403, 'access-organisation');
  await expectOutcome(await ask('one', 'Z99901', 'Patient/x'), 403, 'access-organisation');
  await expectOutcome(await ask('all', 'no code', 'Patient', ADA), 403, 'access-organisation');
  expect((await adapter.store.counts()).resources).toEqual([]);
});

test('the audit names the organisation that was asked for', async () => {
  const { adapter, create } = await openHub();
  await create('all', 'Z99907');
  const [row] = await adapter.store.accesses.search({ organisations: ['Z99907'], count: 5 });
  expect(row).toMatchObject({ client: 'all', ownerOrg: 'Z99907', interactions: ['create'] });
});
