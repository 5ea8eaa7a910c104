/** Whatever stands anywhere in a resource, no word of it comes out. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ElementType, STORED_TYPES } from '../../../src/fhir/definitions.ts';
import { choiceName, isPrimitive } from '../../../src/fhirpath/types.ts';
import type { Held } from '../../../src/research/held.ts';
import { definitions, deidentifier, heldExamples, rulesOf, shippedRules } from './samples.ts';

const CANARY = 'Zyxwvu Tsrqpo 9990000018';
const one = deidentifier();

/** Values of the types that hold words; a code is one of a list, and no word. */
function primitive(type: string): unknown {
  if (type === 'boolean') return true;
  if (['integer', 'positiveInt', 'unsignedInt', 'decimal'].includes(type)) return 4;
  if (type === 'code') return 'code';
  if (type === 'date') return '1948-05-17';
  if (type === 'dateTime') return '1948-05-17T10:11:12Z';
  if (type === 'instant') return '1948-05-17T10:11:12.345Z';
  if (type === 'time') return '10:11:12';
  if (type === 'base64Binary') return Buffer.from(CANARY).toString('base64');
  return CANARY;
}

/** @returns an object with every element of its type, down to some depth, each with extensions and a sibling */
function full(type: string, depth: number, system: string): Record<string, unknown> {
  const made: Record<string, unknown> = {};
  for (const element of definitions.type(type)?.elements.values() ?? [])
    for (const own of element.types) {
      const name = element.isChoice ? choiceName(element.name, own) : element.name;
      const value = itemOf(element, own, depth, system);
      if (value === undefined) continue;
      made[name] = element.isArray ? [value] : value;
      if (isPrimitive(own))
        made[`_${name}`] = element.isArray
          ? [{ extension: [canaryExtension()] }]
          : { extension: [canaryExtension()] };
    }
  return made;
}

function itemOf(element: ElementType, type: string, depth: number, system: string): unknown {
  if (element.name === 'modifierExtension') return undefined;
  if (element.name === 'extension') return canaryExtension();
  if (type === 'Resource')
    return { resourceType: 'Patient', id: CANARY, name: [{ text: CANARY }], gender: 'male' };
  if (element.name === 'system' && (type === 'uri' || type === 'string')) return system;
  if (isPrimitive(type)) return primitive(type);
  return depth === 0 ? undefined : full(type, depth - 1, system);
}

function canaryExtension(): object {
  return { url: `http://a.example/${CANARY}`, valueString: CANARY };
}

/** Words, days and numbers of the canary, and the same in base64. */
const SEEN = /zyxwvu|tsrqpo|9990000018|1948-05-17|10:11|345Z|Wnl4d3Z1/i;

test.each(STORED_TYPES.map((type) => [type]))('%s with a word in every element', (type) => {
  for (const system of [
    'http://snomed.info/sct',
    'http://unitsofmeasure.org',
    'https://fhir.nhs.uk/Id/nhs-number',
    'http://a.example',
  ]) {
    const whole = { ...full(type, 3, system), resourceType: type, id: CANARY, implicitRules: undefined };
    for (const personId of [CANARY, undefined]) {
      const left = one.apply({ resource: whole, personId } as unknown as Held);
      const birth = (left?.resource as { birthDate?: string } | undefined)?.birthDate;
      expect(birth ?? '1948').toBe('1948');
      expect(JSON.stringify({ ...left, resource: { ...left?.resource, birthDate: undefined } })).not.toMatch(
        SEEN,
      );
    }
  }
});

test('shipped rules are there for what tables are made of, so that the test above tests something', () => {
  const left = STORED_TYPES.filter((type) => {
    const whole = {
      ...full(type, 2, 'http://snomed.info/sct'),
      resourceType: type,
      id: 'x',
      implicitRules: undefined,
    };
    return one.apply({ resource: whole, personId: 'p' } as unknown as Held) !== undefined;
  });
  expect(left.length).toBeGreaterThan(13);
});

/** Objects of a resource, itself included. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  const below = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? below : [value as Record<string, unknown>, ...below];
}

const kept = [
  ...shippedRules()
    .rules.map(({ path }) => /extension\('([^']+)'\)/.exec(path)?.[1])
    .filter((url) => url !== undefined),
  'http://a.example',
];
const members = fc.oneof(
  fc
    .constantFrom(
      'text',
      'note',
      'comment',
      'display',
      'description',
      'valueString',
      'valueMarkdown',
      'fhir_comments',
      'language',
      'title',
      'unit',
      'name',
      'contained',
      'zzz',
      '__proto__x',
      'toString',
    )
    .map((name): [string, unknown] => [name, CANARY]),
  fc
    .constantFrom(
      'text',
      'note',
      'name',
      'identifier',
      'valueAttachment',
      'valueIdentifier',
      'valueHumanName',
      'contact',
      'photo',
      'address',
    )
    .map((name): [string, unknown] => [
      name,
      [{ text: CANARY, value: CANARY, data: CANARY, div: CANARY, line: [CANARY], reference: CANARY }],
    ]),
  fc
    .constantFrom('id', 'url', 'version', 'value', 'start', 'unit', 'birthDate', 'status')
    .map((name): [string, unknown] => [`_${name}`, { id: CANARY, extension: [canaryExtension()] }]),
  fc
    .tuple(
      fc.constantFrom('extension', 'modifierExtension'),
      fc.constantFrom(...kept),
      fc.constantFrom(
        'valueString',
        'valueUri',
        'valueMarkdown',
        'valueAddress',
        'valueReference',
        'valueCodeableConcept',
        'valueCoding',
        'extension',
      ),
    )
    .map(([name, url, value]): [string, unknown] => [
      name,
      [
        {
          url,
          [value]:
            value === 'extension'
              ? [canaryExtension()]
              : /[AR]/.test(value[5]!) || /Co/.test(value)
                ? {
                    text: CANARY,
                    display: CANARY,
                    reference: CANARY,
                    system: 'http://a.example',
                    code: CANARY,
                    coding: [{ system: CANARY, code: CANARY, display: CANARY }],
                  }
                : CANARY,
        },
      ],
    ]),
);

test('members, siblings and extensions put anywhere in real resources do not come out', () => {
  const examples = heldExamples();
  fc.assert(
    fc.property(fc.nat(examples.length - 1), fc.nat(), members, (at, where, [name, value]) => {
      const held = structuredClone(examples[at]!);
      const objects = objectsIn(held.resource);
      const object = objects[where % objects.length]!;
      object[name] = value;
      expect(JSON.stringify(one.apply(held) ?? {})).not.toMatch(/zyxwvu|tsrqpo|9990000018/i);
    }),
    { numRuns: 3_000 },
  );
});

test('named organisations are named, by their public names and codes alone', () => {
  const organization = {
    ...full('Organization', 3, 'https://fhir.nhs.uk/Id/ods-organization-code'),
    resourceType: 'Organization',
    id: 'o',
    implicitRules: undefined,
  };
  const left = (organisations: string): string =>
    JSON.stringify(
      deidentifier({ values: { organisations } }, rulesOf(JSON.parse(JSON.stringify(shippedRules())))).apply({
        resource: organization,
        personId: undefined,
      } as unknown as Held),
    );
  expect(left('hidden')).not.toMatch(SEEN);
  expect(JSON.parse(left('named')).resource).toMatchObject({
    name: CANARY,
    identifier: [{ system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: CANARY }],
  });
  expect(left('named').split(CANARY)).toHaveLength(3);
});
