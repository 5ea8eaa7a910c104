/** Holds the ConceptMaps of the way back against those of the way out: each code that a word means comes back as such a word. */
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ConceptMap, ConceptMapGroupElement } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';

const URL = 'https://hedgerow.example/fhir/ConceptMap/';

function read(file: string): ConceptMap {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as ConceptMap;
}

function elementsOf(map: ConceptMap): ConceptMapGroupElement[] {
  return (map.group ?? []).flatMap(({ element }) => element);
}

const meaning = (map: ConceptMap): Map<string, string | undefined> =>
  new Map(elementsOf(map).map(({ code, target }) => [code!, target?.[0]?.code]));

const backs = globSync('mappings/{spreadsheet,platform}/back-*.conceptmap.json', { cwd: ROOT }).sort();

test('the sources have a list back for their codes', () => {
  expect(backs.length).toBeGreaterThan(50);
});

test.each(backs)('%s gives every code that its list out reaches back as one of its words', (file) => {
  const out = read(file.replace('back-', ''));
  const back = read(file);
  const name = basename(file, '.conceptmap.json');
  expect(back.url).toBe(`${URL}${basename(dirname(file))}-${name}`);
  const words = meaning(out);
  expect(new Set(elementsOf(back).map(({ code }) => code))).toEqual(new Set(words.values()));
  for (const [code, word] of meaning(back)) expect(words.get(word!), `${code} as ${word}`).toBe(code);
  expect([back.group?.[0]?.source, back.group?.[0]?.target]).toEqual([
    out.group?.[0]?.target,
    out.group?.[0]?.source,
  ]);
});

test.each([
  ['back-consent-status', 'consent-decision-to-status'],
  ['back-procedure-status', 'support-status-to-procedure'],
  ['back-encounter-status', 'attendance-to-encounter'],
  ['back-task-status', 'referral-status-to-task'],
])('%s leads from the states of FHIR to codes that %s takes to them', (back, out) => {
  const states = meaning(read(`mappings/prsb/${out}.conceptmap.json`));
  const codes = meaning(read(`mappings/prsb/${back}.conceptmap.json`));
  expect(new Set(codes.keys())).toEqual(new Set(states.values()));
  for (const [state, code] of codes) expect(states.get(code!), `${state} as ${code}`).toBe(state);
});
