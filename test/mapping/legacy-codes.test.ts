/** Read v2 and CTV3 on input: what the shipped lists translate, and that nothing they lack is lost. */
import { readFileSync } from 'node:fs';
import type { ConceptMap } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { mapText, run, SCHEMA } from './one-hop.ts';

const shipped = (name: string): ConceptMap =>
  JSON.parse(readFileSync(`mappings/prsb/${name}.conceptmap.json`, 'utf8')) as ConceptMap;

/** As docs/coded-activity.md writes it: the translation, then the code as it came. */
function mapped(code: string, list: string, system: string) {
  const map = shipped(list);
  const text = mapText(
    'Observation',
    `src.status as s -> tgt.code as concept, concept.coding = translate(s, '${map.url}', 'Coding') "t";
     src.status as s -> tgt.code as concept, concept.coding = c('${system}', s) "g";`,
  );
  const conceptMaps = { [`x/${list}.conceptmap.json`]: map };
  const { out, issues } = run(text, { status: code }, { schemas: [SCHEMA], conceptMaps });
  const { coding = [] } = (out as { code?: { coding?: object[] } }).code ?? {};
  return { coding, rules: issues.map((issue) => issue.split(' ')[0]), text: JSON.stringify(issues) };
}

test.each(['8T09.', '8T09', '8T09.00'])('translates %s of Read v2, and keeps it', (code) => {
  const { coding, rules } = mapped(code, 'read-v2-to-snomed', 'http://read.info/readv2');
  expect(rules).toEqual([]);
  expect(coding).toEqual([
    {
      system: 'http://snomed.info/sct',
      code: '871731000000106',
      display: 'Referral to social prescribing service',
    },
    { system: 'http://read.info/readv2', code },
  ]);
});

test.each([
  ['8t09.', 'read-v2-to-snomed', 'http://read.info/readv2'],
  ['13JZ.', 'read-v2-to-snomed', 'http://read.info/readv2'],
  ['XaYx1', 'ctv3-to-snomed', 'http://read.info/ctv3'],
])('warns of %s, which %s does not have, says where to add it, and keeps it', (code, list, system) => {
  const { coding, rules, text } = mapped(code, list, system);
  expect(coding).toEqual([{ system, code }]);
  expect(rules).toEqual(['map-unmapped-code']);
  expect(text).toContain('add an element for it to that file');
});
