/** Every extension of ours that the code, the maps or the questionnaires write is defined in profiles/. */
import { globSync, readFileSync } from 'node:fs';
import type { StructureDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { parseMap } from '../../src/mapping/parser.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import { knownValidator } from '../validation/known.ts';

const BASE = 'https://hedgerow.example/fhir/StructureDefinition/';
const definitions = new Map(
  globSync(['profiles/StructureDefinition-*.json', 'profiles/logical/*.json'])
    .sort()
    .map((file) => [file, JSON.parse(readFileSync(file, 'utf8')) as StructureDefinition]),
);
const extensions = [...definitions].filter(([, { type }]) => type === 'Extension');
const base = loadBaseDefinitions();

test('each URL of ours for a StructureDefinition is one that profiles/ defines', () => {
  const defined = new Set([...definitions.values()].map(({ url }) => url));
  const files = globSync(['src/**/*.ts', 'mappings/**/*.{map,json}', 'profiles/questionnaires/*.json']);
  const used = new Set(
    files.flatMap((file) => [
      ...(readFileSync(file, 'utf8').match(
        /https:\/\/hedgerow\.example\/fhir\/StructureDefinition\/[\w-]+/g,
      ) ?? []),
    ]),
  );
  expect(used.size).toBeGreaterThan(globSync('profiles/logical/*.json').length);
  expect([...used].filter((url) => !defined.has(url))).toEqual([]);
});

test.each(extensions)(
  '%s is a valid definition of one simple extension under its own URL',
  (file, definition) => {
    const { id, url, differential } = definition;
    expect({ file, url, base: definition.baseDefinition, fhirVersion: definition.fhirVersion }).toEqual({
      file: `profiles/StructureDefinition-${id}.json`,
      url: `${BASE}${id}`,
      base: 'http://hl7.org/fhir/StructureDefinition/Extension',
      fhirVersion: '4.0.1',
    });
    const element = (path: string) => differential?.element?.find((one) => one.path === path);
    expect(element('Extension.url')?.fixedUri).toBe(url);
    expect(element('Extension.extension')?.max).toBe('0');
    const types = element('Extension.value[x]')?.type ?? [];
    expect(types).toHaveLength(1);
    expect(types.map(({ code = '' }) => base.type(code)?.name)).toEqual(types.map(({ code }) => code));
    expect(knownValidator().validate(definition)).toEqual([]);
  },
);

test('map-expression stands where its definition says, in R4 and in R5', () => {
  const parsed = parseMap(
    'm.map',
    `map "https://a.example/m" = "M"
group g(source src, target tgt) {
  src.a default (1 + 1) as a -> tgt.b = append(a, (a.first())) then h((a.first()), tgt);
}
group h(source src, target tgt) {}`,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.outcome));
  const found = new Set<string>();
  for (const version of ['R4', 'R5'] as const)
    placesOf(writeStructureMap(parsed.value, { version }), 'StructureMap', found);
  const { context } = definitions.get('profiles/StructureDefinition-map-expression.json')!;
  expect([...found].sort()).toEqual(context!.map(({ expression }) => expression).sort());
});

/** Adds the paths of the elements that have the extension. */
function placesOf(value: unknown, path: string, found: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) placesOf(item, path, found);
  else if (typeof value === 'object' && value !== null) {
    if ('url' in value && value.url === `${BASE}map-expression`) found.add(path.replace(/\.extension$/, ''));
    for (const [key, member] of Object.entries(value))
      placesOf(member, `${path}.${key.replace(/^_/, '')}`, found);
  }
}
