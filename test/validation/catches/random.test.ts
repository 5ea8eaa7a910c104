/** Random mutations of valid resources: nothing crashes, both speeds agree, no value is repeated, known faults are never accepted. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ROOT } from '../../../src/cli/load.ts';
import type { Json } from '../../../src/validation/run.ts';
import { OWN, R4 } from '../snapshot/profiles.ts';
import { put, type Spot, spotsOf, take } from './places.ts';
import { PROFILED, profiledValidator } from './profiled.ts';
import { VALID } from './valid.ts';
import { VALID_BUNDLES } from './valid-bundles.ts';

const SEED = 20261122;
const MARK = 'Quillfeather';
const validator = profiledValidator();
/** What the shipped maps make, one of each type: those that need no other record's part to be whole. */
function converted(): readonly Json[] {
  const found = new Map<string, Json>();
  for (const path of globSync('mappings/*/examples/*/*/expected.fhir.json', { cwd: ROOT }).sort()) {
    const { entry = [] } = JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Bundle;
    for (const { resource } of entry)
      if (resource && !found.has(resource.resourceType) && validator.accepts(resource))
        found.set(resource.resourceType, resource as unknown as Json);
  }
  return [...found.values()];
}

const fromMaps = converted();
const resources = [...Object.values({ ...VALID, ...VALID_BUNDLES, ...PROFILED }), ...fromMaps];
const aResource = fc.constantFrom(...resources);
const aPlace = fc.nat();

const DEEP = 200;

function around(depth: number, level: (inner: unknown) => unknown, innermost: unknown = MARK): unknown {
  let value = innermost;
  for (let at = 0; at < depth; at++) value = level(value);
  return value;
}

/** Values that stand in no resource for long. */
const HOSTILE: readonly unknown[] = [
  null,
  undefined,
  '',
  ' ',
  {},
  [],
  [[]],
  [null],
  0,
  -1,
  1.5,
  Number.POSITIVE_INFINITY,
  true,
  MARK,
  { hedgerow: MARK },
  [MARK],
  { value: MARK },
  { reference: `#${MARK}` },
  { reference: `${MARK} ${MARK}` },
  { coding: [{ system: `urn:${MARK}`, code: MARK }] },
  { resourceType: MARK },
  { resourceType: 'Patient', id: MARK },
  MARK.repeat(100_000),
  around(DEEP, (inner) => [inner]),
  around(DEEP, (inner) => ({ extension: [inner] })),
  around(DEEP, (inner) => ({ url: 'https://example.org/e', extension: [inner] })),
  around(DEEP, (inner) => ({ resourceType: 'Patient', contained: [inner] })),
  around(DEEP, (inner) => ({ linkId: 'a', type: 'group', item: [inner] })),
];
const NAMES = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '_name',
  'length',
  '0',
  '',
  'extension',
];

type Change = (spot: Spot, all: readonly Spot[], other: number) => void;

const aValue = (other: number): unknown => structuredClone(HOSTILE[other % HOSTILE.length]);

const CHANGES: Readonly<Record<string, Change>> = {
  delete: ({ owner, key }) => take(owner, key),
  retype: ({ owner, key }, _all, other) => put(owner, key, aValue(other)),
  duplicate: ({ owner, key, value }) => {
    if (Array.isArray(owner)) owner.push(structuredClone(value));
    else put(owner, key, [value, structuredClone(value)]);
  },
  rename: ({ owner, key, value }, _all, other) => {
    take(owner, key);
    put(owner, Array.isArray(owner) ? String(owner.length) : NAMES[other % NAMES.length]!, value);
  },
  insert: ({ owner, value }, _all, other) => {
    const into = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : owner;
    if (Array.isArray(into)) into.push(aValue(other));
    else put(into, NAMES[other % NAMES.length]!, aValue(other >> 4));
  },
  mark: ({ owner, key, value }) => {
    if (typeof value === 'string') put(owner, key, `${MARK} ${value}`);
  },
  swap: ({ owner, key, value }, all, other) => {
    const partner = all[other % all.length]!;
    const copy = structuredClone(partner.value);
    put(partner.owner, partner.key, structuredClone(value));
    put(owner, key, copy);
  },
};
const aChange = fc.constantFrom(...Object.keys(CHANGES));

/** What messages may name: a claim that is not known, and what a contained questionnaire asks. */
const isDefinition = ({ path }: Spot): boolean =>
  /\.meta\.profile|\.meta$/.test(path) || /^QuestionnaireResponse\.contained/.test(path);

test('the shipped maps make resources of many types', () => {
  expect(fromMaps.length).toBeGreaterThanOrEqual(12);
});

test('nothing crashes, both speeds agree, and no value is repeated', () => {
  const steps = fc.array(fc.tuple(aChange, aPlace, aPlace), { minLength: 1, maxLength: 3 });
  const property = fc.property(aResource, steps, (valid, chosen) => {
    const resource = structuredClone(valid) as Json;
    for (const [name, place, other] of chosen) {
      const spots = spotsOf(resource).filter((spot) => !isDefinition(spot));
      if (spots.length > 0 && spots.length < 10_000)
        CHANGES[name]!(spots[place % spots.length]!, spots, other);
    }
    const issues = validator.validate(resource as unknown as Resource, { isThorough: true });
    const wrong = issues.filter(({ severity }) => severity !== 'information');
    const accepted = validator.accepts(resource as unknown as Resource);
    expect(accepted, wrong.map(({ diagnostics }) => diagnostics).join('\n')).toBe(wrong.length === 0);
    for (const { diagnostics } of issues) expect(diagnostics).not.toContain(MARK);
  });
  fc.assert(property, { numRuns: 1_500, seed: SEED });
});

/** Kinds of fault that are faults wherever they stand. */
const FAULTS: Readonly<Record<string, (spot: Spot) => boolean>> = {
  'an unknown element': ({ value }) => isObject(value) && change(value, 'hedgerow', 1),
  'a null': ({ owner, key }) => change(owner, key, null),
  'an empty object': ({ owner, key }) => change(owner, key, {}),
  'an empty list': ({ owner, key }) => change(owner, key, []),
  'an empty text': ({ owner, key }) => change(owner, key, ''),
  'a blank text': ({ owner, key }) => change(owner, key, ' \t'),
  'a control character': ({ owner, key, value }) =>
    typeof value === 'string' && change(owner, key, `${value}\u0002`),
  'a value written as a list': ({ owner, key, value }) =>
    !Array.isArray(owner) && !Array.isArray(value) && change(owner, key, [value]),
  'a list written as a value': ({ owner, key, value }) =>
    Array.isArray(value) && change(owner, key, value[0]),
  'a list in a list': ({ owner, key, value }) => Array.isArray(owner) && change(owner, key, [value]),
  'a text for an object': ({ owner, key, value }) => isObject(value) && change(owner, key, 'text'),
  'an object for a text': ({ owner, key, value }) =>
    !isObject(value) && change(owner, key, { value: 'text' }),
  'a number for a text': ({ owner, key, value }) => typeof value === 'string' && change(owner, key, 7),
  'a text for a number': ({ owner, key, value }) => typeof value === 'number' && change(owner, key, '7'),
  'true for a number': ({ owner, key, value }) => typeof value === 'number' && change(owner, key, true),
};

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function change(owner: object, key: string, value: unknown): true {
  put(owner, key, value);
  return true;
}

test('what is a fault wherever it stands is never accepted, and is said where it stands', () => {
  const property = fc.property(
    aResource,
    fc.constantFrom(...Object.keys(FAULTS)),
    aPlace,
    (valid, kind, place) => {
      const resource = structuredClone(valid) as Json;
      const spots = spotsOf(resource).filter(({ key }) => key !== 'resourceType');
      const spot = spots[place % spots.length]!;
      fc.pre(FAULTS[kind]!(spot));
      expect(validator.accepts(resource as unknown as Resource), `${kind}: ${spot.path}`).toBe(false);
      const errors = validator
        .validate(resource as unknown as Resource)
        .filter(({ severity }) => severity === 'error')
        .map(({ expression }) => expression?.[0] ?? '');
      const list = spot.path.replace(/\[\d+\]$/, '');
      expect(
        errors.some((at) => at.startsWith(spot.path) || at === list),
        `${kind}: ${spot.path}: ${errors}`,
      ).toBe(true);
    },
  );
  fc.assert(property, { numRuns: 3_000, seed: SEED });
});

test('what is nested without end is refused, and soon', () => {
  const inPatient = (members: object): Json => ({ resourceType: 'Patient', active: true, ...members });
  const url = 'http://hl7.org/fhir/StructureDefinition/geolocation';
  const claims = { profile: ['social-prescribing-patient', 'catch-patient'].map((name) => OWN + name) };
  const endless: readonly Json[] = [
    inPatient({ name: around(9_000, (inner) => [inner]) }),
    inPatient({ extension: [around(9_000, (inner) => ({ url: 'urn:a', extension: [inner] }))] }),
    inPatient({ address: [{ extension: [around(9_000, (inner) => ({ url, extension: [inner] }))] }] }),
    inPatient({
      contained: [around(9_000, (inner) => ({ ...inPatient({ meta: claims }), contained: [inner] }))],
    }),
    around(9_000, (inner) => ({
      resourceType: 'Bundle',
      type: 'collection',
      entry: [{ resource: inner }],
    })) as Json,
    { resourceType: 'Parameters', parameter: [around(9_000, (inner) => ({ name: 'a', part: [inner] }))] },
    {
      resourceType: 'Questionnaire',
      status: 'draft',
      item: [around(9_000, (inner) => ({ linkId: 'a', type: 'group', item: [inner] }))],
    },
  ];
  for (const resource of endless) {
    expect(validator.accepts(resource as unknown as Resource)).toBe(false);
    expect(validator.validate(resource as unknown as Resource).length).toBeGreaterThan(0);
  }
});

test('profiles claimed at each of many levels do not multiply', () => {
  const claims = { profile: ['Parameters', 'Patient'].map((name) => R4 + name) };
  const level = (inner: unknown) => ({
    resourceType: 'Parameters',
    meta: claims,
    parameter: [{ name: 'a', resource: inner }],
  });
  const resource = around(25, level, { resourceType: 'Patient', active: 'yes' }) as Resource;
  expect(validator.validate(resource).length).toBeGreaterThan(0);
});
