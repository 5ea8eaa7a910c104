/** The workbook's ConceptMaps: each word once, written as cells are read, and every code one that its CodeSystem has. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { CodeSystem, ConceptMap } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const OURS = 'https://hedgerow.example/fhir/CodeSystem/';

function read<T>(path: string): T {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as T;
}

const maps = globSync('mappings/spreadsheet/[!b]*.conceptmap.json', { cwd: ROOT })
  .sort()
  .map((path) => ({ path, map: read<ConceptMap>(path) }));

test('every ConceptMap has the url of its file, and lists each word once, trimmed and in lower case', () => {
  expect(maps.length).toBeGreaterThan(25);
  for (const { path, map } of maps) {
    const name = basename(path, '.conceptmap.json');
    expect(map.url).toBe(`https://hedgerow.example/fhir/ConceptMap/spreadsheet-${name}`);
    const words = (map.group ?? []).flatMap((group) => group.element.map((element) => element.code!));
    const read = words.map((word) => word.trim().replaceAll(/\s+/g, ' ').toLowerCase());
    expect(words, name).toEqual([...new Set(read)]);
  }
});

test('every code of ours that a word means is in its CodeSystem', () => {
  const unknown = maps.flatMap(({ path, map }) =>
    (map.group ?? []).flatMap((group) => {
      if (!group.target?.startsWith(OURS)) return [];
      const known = codesOf(group.target);
      const meant = group.element.flatMap((element) => element.target?.map((target) => target.code!) ?? []);
      return meant.filter((code) => !known.has(code)).map((code) => `${basename(path)}: ${code}`);
    }),
  );
  expect(unknown).toEqual([]);
});

function codesOf(system: string): ReadonlySet<string> {
  const path = `profiles/CodeSystem-${system.slice(OURS.length)}.json`;
  if (!existsSync(join(ROOT, path))) return new Set();
  return new Set(conceptCodes(read<CodeSystem>(path).concept));
}

function conceptCodes(concepts: CodeSystem['concept']): string[] {
  return (concepts ?? []).flatMap((concept) => [concept.code!, ...conceptCodes(concept.concept)]);
}
