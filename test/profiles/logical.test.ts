/** Holds the logical models to what is promised of them: every item is documented, typed by something known, and in the table. */
import { globSync, readFileSync } from 'node:fs';
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';

const BASE = 'https://hedgerow.example/fhir/StructureDefinition/';
const models = globSync('profiles/logical/*.json')
  .sort()
  .map((file) => JSON.parse(readFileSync(file, 'utf8')) as StructureDefinition);
const items = models.flatMap(({ differential }) => (differential?.element ?? []).slice(1));
const table = readFileSync('profiles/logical/README.md', 'utf8');

test('the six models and their shared parts are there', () => {
  const names = models.map(({ name }) => name);
  for (const name of ['Referral', 'Contact', 'Questionnaire', 'Support', 'Outcome', 'Status'])
    expect(names).toContain(`SocialPrescribing${name}`);
  for (const { name, url, kind, fhirVersion } of models)
    expect([url, kind, fhirVersion]).toEqual([BASE + name, 'logical', '4.0.1']);
});

test('every item has a short text, a definition, a cardinality and one type', () => {
  for (const item of items) {
    expect(item.id).toBe(item.path);
    expect(
      [item.short, item.definition].every((text) => text && text.length > 1),
      item.path,
    ).toBe(true);
    expect(
      [item.min, item.max].every((value) => value !== undefined),
      item.path,
    ).toBe(true);
    expect(item.type, item.path).toHaveLength(1);
  }
});

test('every type is one of FHIR R4 or a shared part', () => {
  const definitions = loadBaseDefinitions();
  const parts = new Set(models.map(({ url }) => url));
  for (const item of items) {
    const code = typeOf(item);
    const known = code.startsWith(BASE) ? parts.has(code) : definitions.type(code) !== undefined;
    expect(known, `${item.path}: ${code}`).toBe(true);
  }
});

test('a backbone item has items of its own, and every item stands in one that is there', () => {
  const paths = new Set(
    models.flatMap(({ differential }) => (differential?.element ?? []).map(({ path }) => path)),
  );
  for (const item of items) {
    expect(paths.has(item.path!.slice(0, item.path!.lastIndexOf('.'))), item.path).toBe(true);
    if (typeOf(item) === 'BackboneElement')
      expect(
        items.some(({ path }) => path!.startsWith(`${item.path}.`)),
        item.path,
      ).toBe(true);
  }
});

test('the table of the README names every item with its cardinality and its short text', () => {
  for (const model of models) {
    const section = table.split(`## ${model.name}\n`)[1]?.split('\n## ')[0] ?? '';
    for (const { path, min, max, short } of (model.differential?.element ?? []).slice(1)) {
      const name = path!.slice(model.name!.length + 1);
      const row = section.split('\n').find((line) => line.startsWith(`| \`${name}\` |`)) ?? '';
      expect(row, path).toContain(`| ${min}..${max} |`);
      expect(row, path).toContain(short!.replaceAll('|', '\\|'));
    }
  }
});

function typeOf(item: ElementDefinition): string {
  return item.type?.[0]?.code ?? '';
}
