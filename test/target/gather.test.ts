/** What is gathered with a resource: all that it refers to, as far as the gate lets it, and no further than the bound. */
import { expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../src/fhir/outcome.ts';
import type { Identified, ResourceKey, StoredVersion } from '../../src/store/store.ts';
import type { Gate } from '../../src/target/gate.ts';
import { gather } from '../../src/target/gather.ts';

const NO = outcomeOf(issueOf({ rule: 'hr-8', diagnostics: 'Not sent.' }));

function storeOf(...resources: readonly Identified[]) {
  const reads: (readonly ResourceKey[])[] = [];
  const versions = resources.map(
    (resource): StoredVersion => ({
      ...{ type: resource.resourceType, id: resource.id, version: 1, lastUpdatedMs: 0, personId: 'person' },
      ...{ ownerOrg: 'local', digest: '', state: 'current', resource },
    }),
  );
  return {
    reads,
    readMany: async (keys: readonly ResourceKey[]) => {
      reads.push(keys);
      return versions.filter(({ type, id }) => keys.includes(`${type}/${id}`));
    },
  };
}

const passing: Gate = async ({ resource }) => ({ send: true, resource });
const referral: Identified = {
  resourceType: 'ServiceRequest',
  id: 'r1',
  status: 'active',
  intent: 'order',
  subject: { reference: 'Patient/p1' },
  requester: { reference: 'PractitionerRole/w1' },
  supportingInfo: [{ reference: 'Condition/c1' }, { reference: 'Condition/gone' }],
};
const patient: Identified = { resourceType: 'Patient', id: 'p1', gender: 'female' };
const condition: Identified = {
  resourceType: 'Condition',
  id: 'c1',
  subject: { reference: 'Patient/p1' },
  asserter: { reference: 'PractitionerRole/w1' },
};
const role: Identified = {
  resourceType: 'PractitionerRole',
  id: 'w1',
  organization: { reference: 'Organization/o1' },
};
const organization: Identified = {
  resourceType: 'Organization',
  id: 'o1',
  partOf: { reference: 'Organization/o1' },
};
const ALL = [referral, patient, condition, role, organization];

test('everything that a resource refers to comes along, each once, and a level is one read', async () => {
  const store = storeOf(...ALL);
  const gathered = await gather(['ServiceRequest/r1'], { store, gate: passing, target: 'bars' });
  expect([...gathered.resources.keys()]).toEqual([
    ...['ServiceRequest/r1', 'Patient/p1', 'PractitionerRole/w1', 'Condition/c1', 'Organization/o1'],
  ]);
  expect([...gathered.missing]).toEqual(['Condition/gone']);
  expect(gathered.versions.get('Condition/c1')?.version).toBe(1);
  expect(store.reads).toHaveLength(3);
  expect(gathered.isCut).toBe(false);
});

test('what the gate withholds is named by nothing that goes, and what it shapes goes as shaped', async () => {
  const gate: Gate = async ({ resource }) => {
    if (resource.resourceType === 'Condition') return { send: false, outcome: NO };
    if (resource.resourceType !== 'Patient') return { send: true, resource };
    const { gender: _, ...rest } = resource;
    return { send: true, resource: rest };
  };
  const { resources, withheld } = await gather(['ServiceRequest/r1'], {
    ...{ store: storeOf(...ALL), gate, target: 'bars' },
  });
  expect([...withheld]).toEqual([['Condition/c1', NO]]);
  expect(resources.get('Patient/p1')).toEqual({ resourceType: 'Patient', id: 'p1' });
  expect(JSON.stringify([...resources.values()])).not.toContain('Condition/c1');
});

test('what is not wanted is neither read nor asked for, and stays named', async () => {
  const asked: string[] = [];
  const gate: Gate = async ({ resource }) => {
    asked.push(resource.resourceType);
    return { send: true, resource };
  };
  const store = storeOf(...ALL);
  const { resources } = await gather(['ServiceRequest/r1'], {
    ...{ store, gate, target: 'bars' },
    follows: (key) => key.startsWith('Patient/'),
  });
  expect(asked).toEqual(['ServiceRequest', 'Patient']);
  expect(JSON.stringify(resources.get('ServiceRequest/r1'))).toContain('Condition/c1');
});

test('no more are read than the bound, and that there were more is said', async () => {
  const store = storeOf(...ALL);
  const gathered = await gather(['ServiceRequest/r1'], { store, gate: passing, target: 'bars', most: 3 });
  expect(gathered.resources.size).toBe(3);
  expect(gathered.isCut).toBe(true);
  expect(store.reads.flat()).toHaveLength(3);
});
