/** Maps of the project and published ones keep their meaning as text and as StructureMap JSON. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { parseMap } from '../../src/mapping/parser.ts';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import type { MapFile } from '../../src/mapping/tree.ts';
import { writeText } from '../../src/mapping/write-text.ts';
import { withoutPlaces } from './without-places.ts';

const PUBLISHED = '../shared/conformance/fml';

function parsed(file: string, text: string): MapFile {
  const map = parseMap(file, text);
  if (!map.ok) throw new Error(map.outcome.issue[0]?.diagnostics);
  return map.value;
}

function read(file: string, json: unknown): MapFile {
  const map = readStructureMap(file, json);
  if (!map.ok) throw new Error(map.outcome.issue[0]?.diagnostics);
  return map.value;
}

const readFile = (path: string): string => readFileSync(path, 'utf8').replace(/^\ufeff/, '');

if (!existsSync(PUBLISHED)) console.warn(`published maps are not converted: there is no folder ${PUBLISHED}`);

for (const path of globSync(['mappings/**/*.map', `${PUBLISHED}/*.map`]).sort()) {
  const file = basename(path);

  test(`${path} is written as text that parses to the same tree`, () => {
    const map = parsed(file, readFile(path));
    const text = writeText(map);
    expect(withoutPlaces(parsed(file, text))).toEqual(withoutPlaces(map));
    expect(writeText(parsed(file, text))).toBe(text);
  });

  test.each(['R4', 'R5'] as const)(`${path} is the same in %s JSON, and in the text of that`, (version) => {
    const json = writeStructureMap(parsed(file, readFile(path)), { version });
    const back = read(file, JSON.parse(JSON.stringify(json)));
    expect(writeStructureMap(back, { version })).toEqual(json);
    expect(writeStructureMap(parsed(file, writeText(back)), { version })).toEqual(json);
  });
}

if (existsSync(PUBLISHED)) {
  test('the published JSON of a map is that of its text, blanks in FHIRPath apart', () => {
    const json = JSON.parse(readFile(`${PUBLISHED}/qr2cda-eval.json`));
    const text = parsed('qr2cda-eval', readFile(`${PUBLISHED}/qr2cda-eval.map`));
    const compact = (tree: unknown): string => JSON.stringify(withoutPlaces(tree)).replaceAll(', ', ',');
    expect(compact(read('qr2cda-eval', json))).toBe(compact(text));
    const written = writeStructureMap(text, { version: 'R5' });
    expect(JSON.parse(JSON.stringify(written).replaceAll(', ', ','))).toEqual({
      ...JSON.parse(JSON.stringify(json).replaceAll(', ', ',')),
      status: 'draft', // required, and left out there
    });
  });
}
