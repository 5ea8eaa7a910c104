/** Ids and references become pseudonyms that fit together, under one key and no other. */
import { describe, expect, test } from 'vitest';
import type { People } from '../../../src/research/deidentify/people.ts';
import type { Held } from '../../../src/research/held.ts';
import { deidentifier, keyOf, rulesOf } from './samples.ts';

const rules = rulesOf({
  shiftDays: 30,
  rules: [
    { path: 'Reference.reference', method: 'pseudonym', reason: 'a test' },
    ...[
      'Patient.gender',
      'Patient.link',
      'Task.for',
      'Task.focus',
      'Task.owner',
      'Task.requester',
      'DomainResource.contained',
      'Organization.active',
      'Reference.type',
    ].map((path) => ({ path, method: 'keep', reason: 'a test' })),
  ],
});

/** As much of what leaves as is looked at; undefined where nothing does, which every access would show. */
type Left = { readonly id: string; readonly contained: { readonly id: string }[] } & Record<
  string,
  { readonly reference?: string } | undefined
>;

const ADA: People = {
  has: (person) => person === 'ada',
  personOf: (patient) => ({ ada: 'ada', 'ada-too': 'ada', bob: 'bob' })[patient],
  isMain: (patient) => patient === 'ada',
};

function run(
  resource: object,
  options: { personId?: string | undefined; ownBases?: string[]; fill?: number } = {},
): Left {
  const { personId = 'ada', ownBases = ['https://own.example/fhir/'], fill = 1 } = options;
  const held = { resource, personId } as Held;
  return deidentifier({ people: ADA, ownBases, keys: keyOf(fill) }, rules).apply(held)
    ?.resource as unknown as Left;
}

const task = (reference: object, name = 'focus') =>
  run({ resourceType: 'Task', id: 't1', [name]: reference })?.[name]?.reference;

describe('people', () => {
  const ada = run({ resourceType: 'Patient', id: 'ada', gender: 'female' });

  test('whichever way a person is referred to, it is by the id of their Patient', () => {
    const ways = [
      'Patient/ada',
      'Patient/ada-too',
      'Patient/ada/_history/3',
      'https://own.example/fhir/Patient/ada',
      'urn:uuid:ada',
    ];
    for (const reference of ways) expect(task({ reference }, 'for')).toBe(`Patient/${ada.id}`);
  });

  test('of joined patients one leaves', () => {
    expect(run({ resourceType: 'Patient', id: 'ada-too', gender: 'female' })).toBeUndefined();
  });

  test('nobody who is not in the export is in it, or referred to', () => {
    expect(run({ resourceType: 'Patient', id: 'bob' }, { personId: 'bob' })).toBeUndefined();
    expect(run({ resourceType: 'Task', id: 't2' }, { personId: 'bob' })).toBeUndefined();
    for (const reference of [
      'Patient/bob',
      'Patient/unheard',
      'https://own.example/fhir/Patient/bob',
      'https://other.example/Patient/ada',
      'urn:uuid:bob',
      'Bob',
      '#bob',
    ])
      expect(task({ reference })).toBeUndefined();
  });

  test('what belongs to a person is told by the same pseudonym', () => {
    const left = deidentifier({ people: ADA }, rules).apply({
      resource: { resourceType: 'Task', id: 't1', focus: { reference: 'Task/1' } },
      personId: 'ada',
    } as unknown as Held);
    expect(left?.personId).toBe(ada.id);
  });
});

describe('other resources', () => {
  test('are referred to by the ids that they leave under, of each type another', () => {
    const organization = run({ resourceType: 'Organization', id: 'o1', active: true });
    expect(task({ reference: 'Organization/o1' })).toBe(`Organization/${organization.id}`);
    expect(task({ reference: 'https://own.example/fhir/Organization/o1/_history/2' })).toBe(
      `Organization/${organization.id}`,
    );
    expect(task({ reference: 'urn:uuid:o1', type: 'Organization' })).toBe(`Organization/${organization.id}`);
    expect(task({ reference: 'Location/o1' })).not.toContain(organization.id);
    expect(task({ reference: 'https://other.example/Organization/o1' })).toMatch(/^Organization\/(?!.*o1)/);
    expect(task({ reference: 'urn:uuid:o1' })).toBeUndefined();
  });

  test('contained ones leave under pseudonyms, and those that do not leave are not referred to', () => {
    const contained = [
      { resourceType: 'Organization', id: 'in', active: true, name: 'Bramble Lane Surgery' },
      { resourceType: 'Basic', id: 'out' },
    ];
    const left = run({
      resourceType: 'Task',
      id: 't1',
      contained,
      owner: { reference: '#in' },
      requester: { reference: '#out' },
    });
    expect(left.contained).toEqual([
      { resourceType: 'Organization', id: expect.stringMatching(/^[0-9a-f]{32}$/), active: true },
    ]);
    expect(left.owner).toEqual({ reference: `#${left.contained[0]?.id}` });
    expect(left).not.toHaveProperty('requester');
  });

  test('another key gives other pseudonyms, one key the same ones', () => {
    const made = (fill: number) =>
      run({ resourceType: 'Task', id: 't1', for: { reference: 'Patient/ada' } }, { fill });
    expect(made(1)).toEqual(made(1));
    expect(made(1).id).not.toBe(made(2).id);
    expect(made(1).for).not.toEqual(made(2).for);
  });
});
