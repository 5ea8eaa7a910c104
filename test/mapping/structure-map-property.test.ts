/** Round trips of random maps: text, tree and StructureMap JSON say the same. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMap } from '../../src/mapping/parser.ts';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import type { MapFile } from '../../src/mapping/tree.ts';
import { writeText } from '../../src/mapping/write-text.ts';
import { anyMap } from './tree-arbitrary.ts';
import { withoutPlaces } from './without-places.ts';

/** @returns the tree of a text that must parse */
function parsed(text: string): MapFile {
  const map = parseMap('t.map', text);
  if (!map.ok) throw new Error(`${JSON.stringify(map.outcome.issue)}\n${text}`);
  return map.value;
}

/** @returns the tree of JSON that must be read; it goes through JSON text, as files do */
function read(json: unknown): MapFile {
  const map = readStructureMap('t.json', JSON.parse(JSON.stringify(json)));
  if (!map.ok) throw new Error(`${JSON.stringify(map.outcome.issue)}\n${JSON.stringify(json, undefined, 1)}`);
  return map.value;
}

test('the text of any tree parses to the same tree, and is written the same again', () => {
  fc.assert(
    fc.property(anyMap, (map) => {
      const text = writeText(map);
      const again = parsed(text);
      expect(withoutPlaces(again)).toEqual(withoutPlaces(map));
      expect(writeText(again)).toBe(text);
    }),
    { numRuns: 300 },
  );
});

for (const version of ['R4', 'R5'] as const) {
  test(`any tree becomes ${version} JSON that is read as a tree of the same JSON`, () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const json = writeStructureMap(parsed(writeText(map)), { version });
        expect(writeStructureMap(read(json), { version })).toEqual(json);
      }),
      { numRuns: 200 },
    );
  });

  test(`${version} JSON of any tree becomes text of the same JSON`, () => {
    fc.assert(
      fc.property(anyMap, (map) => {
        const json = writeStructureMap(parsed(writeText(map)), { version });
        expect(writeStructureMap(parsed(writeText(read(json))), { version })).toEqual(json);
      }),
      { numRuns: 200 },
    );
  });
}
