/** A resource that goes to XML and comes back is the same one: examples of ours, published ones, made-up ones. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadBaseDefinitions, STORED_TYPES } from '../../src/fhir/definitions.ts';
import { jsonOfXml, resourceFromXml } from '../../src/fhir/xml/read.ts';
import { resourceToXml, xmlOfJson } from '../../src/fhir/xml/write.ts';
import { resources } from './resource-arbitrary.ts';

const definitions = loadBaseDefinitions();

function thereAndBack(resource: Resource, isPretty = false): unknown {
  const xml = resourceToXml(resource, definitions, { isPretty });
  const back = resourceFromXml(xml, definitions);
  return back.ok ? back.value : back.outcome.issue[0]?.diagnostics;
}

function filesOf(...patterns: readonly string[]): [string, Resource][] {
  return globSync(patterns).flatMap((path) => {
    const value = JSON.parse(readFileSync(path, 'utf8')) as Resource;
    return typeof value.resourceType === 'string' ? [[path, value] as [string, Resource]] : [];
  });
}

test('the examples and profiles of this repository come back as they went', () => {
  const files = filesOf('mappings/*/examples/**/*.json', 'mappings/**/*.conceptmap.json', 'profiles/*.json');
  expect(files.length).toBeGreaterThan(150);
  for (const [path, resource] of files) expect([path, thereAndBack(resource)]).toEqual([path, resource]);
});

/** Published for FHIRPath, and no FHIR: an object where a text is to be, or a list; a part without its type. */
const NOT_FHIR =
  /(?:parameters-example-types|patient-example-2|quantity-example|questionnaire-part-example)\.json$/;
const PUBLISHED = ['../shared/conformance/fhirpath/resources-r4', '../shared/conformance/uk-core'];

for (const folder of PUBLISHED) {
  if (existsSync(folder))
    test(`the published resources in ${folder} come back as they went, digit by digit`, () => {
      const files = filesOf(`${folder}/**/*.json`).filter(([path]) => !NOT_FHIR.test(path));
      expect(files.length).toBeGreaterThan(20);
      for (const [path, resource] of files) {
        expect([path, padded(thereAndBack(resource))]).toEqual([path, padded(resource)]);
        const text = readFileSync(path, 'utf8');
        const back = jsonOfXml(xmlOfJson(text, definitions), definitions);
        expect([path, back.ok && numbersOf(back.value)]).toEqual([path, numbersOf(text)]);
      }
    });
  else console.log(`published resources not read: ${folder} is missing`);
}

/** Arrays with what goes with values may end early in JSON: without the `null` that stands for none. */
function padded(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(padded);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, one]): [string, unknown] => {
    const list = padded(one);
    if (!name.startsWith('_') || !Array.isArray(list)) return [name, list];
    const { length } = ((value as Record<string, unknown>)[name.slice(1)] ?? []) as unknown[];
    return [name, [...list, ...Array.from({ length: Math.max(0, length - list.length) }, () => null)]];
  });
  return Object.fromEntries(entries);
}

/** Numbers of JSON text as they are written, in order of their text: XML has the elements in another order. */
function numbersOf(text: string): string[] {
  return [...text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g)]
    .flatMap(([one]) => (one.startsWith('"') ? [] : [one]))
    .sort();
}

test('made-up resources of every stored type come back as they went', () => {
  const types = [...STORED_TYPES, 'Bundle', 'Parameters', 'OperationOutcome', 'ExampleScenario', 'Basic'];
  fc.assert(
    fc.property(resources(definitions, types), fc.boolean(), (resource, isPretty) => {
      expect(thereAndBack(resource, isPretty)).toEqual(resource);
    }),
    { numRuns: 400 },
  );
});
