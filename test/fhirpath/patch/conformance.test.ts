/** The published cases of JSON Patch and FHIRPath Patch: equal to their results, or refused where they end in an error. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { resourceFromXml } from '../../../src/fhir/xml/read.ts';
import { fhirpathPatch } from '../../../src/fhirpath/patch/fhirpath-patch.ts';
import { jsonPatch } from '../../../src/fhirpath/patch/json-patch.ts';
import { isObject, type JsonObject } from '../../../src/fhirpath/patch/slot.ts';

const FOLDER = '../shared/conformance/patch';
const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8').replace(/^\ufeff/, '');

interface JsonCase {
  readonly comment?: string;
  readonly doc: unknown;
  readonly patch?: unknown;
  readonly expected?: unknown;
  readonly error?: string;
  readonly disabled?: boolean;
}

/** Narratives are compared as XML: whitespace and how a quotation mark is written differ in the published results. */
const asXml = (resource: JsonObject): JsonObject => {
  const { text } = resource;
  if (!isObject(text)) return resource;
  return {
    ...resource,
    text: { ...text, div: String(text.div).replaceAll(/\s+/g, '').replaceAll('&quot;', '"') },
  };
};

const partOf = (text: string, name: string): string | undefined =>
  new RegExp(`<${name}>\\s*([\\s\\S]*?)\\s*</${name}>`).exec(text)?.[1];

if (existsSync(FOLDER)) {
  const definitions = loadBaseDefinitions();
  const resourceIn = (text: string, name: string): JsonObject | undefined => {
    const xml = partOf(text, name);
    if (xml === undefined) return undefined;
    const resource = resourceFromXml(xml, definitions);
    if (!resource.ok) throw new Error(JSON.stringify(resource.outcome));
    return resource.value as unknown as JsonObject;
  };

  describe('JSON Patch', () => {
    const cases = (JSON.parse(read('json-patch-tests.json')) as JsonCase[]).filter(
      (one) => one.patch !== undefined && one.disabled !== true,
    );
    for (const [at, { comment, doc, patch, expected, error }] of cases.entries())
      test(`${at} ${comment ?? ''}: ${error === undefined ? 'gives the published result' : 'is refused'}`, () => {
        const before = structuredClone(doc);
        const patched = jsonPatch(doc, patch);
        expect(doc).toEqual(before);
        expect(patched.ok).toBe(error === undefined);
        if (patched.ok && expected !== undefined) expect(patched.value).toEqual(expected);
      });
  });

  describe('FHIRPath Patch', () => {
    const cases = [...read('fhir-patch-tests.xml').matchAll(/<case name="([^"]*)"[^>]*>([\s\S]*?)<\/case>/g)];
    test('the published cases are found', () => expect(cases.length).toBeGreaterThan(0));
    for (const [, name, text = ''] of cases) {
      const isRefused = /<error\b/.test(text);
      test(`${name}: ${isRefused ? 'is refused' : 'gives the published result'}`, () => {
        const input = resourceIn(text, 'input')!;
        const before = structuredClone(input);
        const patched = fhirpathPatch(input, resourceIn(text, 'diff'), definitions);
        expect(input).toEqual(before);
        expect(patched.ok ? undefined : patched.outcome).toEqual(
          isRefused ? expect.objectContaining({ resourceType: 'OperationOutcome' }) : undefined,
        );
        if (patched.ok) expect(asXml(patched.value)).toEqual(asXml(resourceIn(text, 'output')!));
      });
    }
  });
} else {
  test('the published cases are not at hand here', () => {
    console.log(`published patch cases not run: ${FOLDER} is missing`);
    expect(existsSync(FOLDER)).toBe(false);
  });
}
