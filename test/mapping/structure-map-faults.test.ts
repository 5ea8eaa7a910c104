/** StructureMap JSON that is unfit: every fault with its element, nothing unbounded, nothing that escapes its place. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { parseMap } from '../../src/mapping/parser.ts';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import { writeText } from '../../src/mapping/write-text.ts';
import { mapOf, parsed, read } from './structure-map-json.ts';

/** @returns what is wrong, each with its place */
function faults(json: unknown): (string | undefined)[] {
  const map = readStructureMap('m.json', json);
  if (map.ok) return [];
  expect(new Set(map.outcome.issue.map(ruleOf))).toEqual(new Set(['map-json-structure']));
  return map.outcome.issue.map(({ diagnostics }) => diagnostics);
}

const source = [{ context: 'src', element: 'a', variable: 'v' }];

test('every fault of the JSON is named with its element', () => {
  const json = {
    ...mapOf(
      { name: 'n', source: [] },
      { name: 1, source: [{ context: 'src', min: 0.5, max: 'x', listMode: 'second', condition: "a = 'b" }] },
      {
        name: 'n',
        source,
        target: [
          { element: 'x' },
          { context: 'tgt', contextType: 'type', transform: 'copy', parameter: [{}, { valueInteger: 'x' }] },
        ],
      },
      {
        name: 'n',
        source,
        dependent: [{ name: 'g', variable: ['a'], parameter: [{ valueId: 'a' }] }],
        colour: 'red',
      },
      'no rule' as unknown as object,
      {
        name: 'n',
        source: [{ context: 'src', defaultValueQuantity: { value: 1 } }],
        modifierExtension: [{ url: 'x' }],
      },
    ),
    structure: [{ url: 'x', mode: 'sideways' }],
    title: {},
  };
  expect(faults(json)).toEqual([
    'm.json#StructureMap.structure[0].mode: must be source, queried, target or produced',
    'm.json#StructureMap.group[0].rule[4]: must be an object',
    'm.json#StructureMap.group[0].rule[0].source: must be a list that is not empty',
    'm.json#StructureMap.group[0].rule[0]: needs a source',
    'm.json#StructureMap.group[0].rule[1].source[0].min: must be a whole number',
    'm.json#StructureMap.group[0].rule[1].source[0].max: must be a number or *',
    'm.json#StructureMap.group[0].rule[1].source[0].listMode: must be first, not_first, last, not_last or only_one',
    "m.json#StructureMap.group[0].rule[1].source[0].condition: is no FHIRPath: column 5: the text that starts here with ' has no end; close it with '",
    'm.json#StructureMap.group[0].rule[1].name: must be a text that is not empty',
    'm.json#StructureMap.group[0].rule[2].target[0]: has an element but no context; add the context',
    'm.json#StructureMap.group[0].rule[2].target[0]: needs a context or a transform',
    'm.json#StructureMap.group[0].rule[2].target[1].contextType: is type, which the language has no text for; name a variable',
    'm.json#StructureMap.group[0].rule[2].target[1].parameter[0]: needs exactly one value: valueId, valueString, valueBoolean, valueInteger or valueDecimal',
    'm.json#StructureMap.group[0].rule[2].target[1].parameter[1].valueInteger: must be a value of type integer',
    'm.json#StructureMap.group[0].rule[3].dependent[0]: has variable and parameter; leave variable out',
    'm.json#StructureMap.group[0].rule[3].colour: is no element of a StructureMap at this place; remove it',
    'm.json#StructureMap.group[0].rule[5].source[0].defaultValueQuantity: must be a value of a primitive type; only those have a default',
    'm.json#StructureMap.group[0].rule[5].modifierExtension: may change what the map means and is not known; remove it',
    'm.json#StructureMap.title: must not be empty',
  ]);
});

test.each([
  [undefined],
  [null],
  ['x'],
  [[]],
  [{}],
  [{ resourceType: 'Patient' }],
  [{ resourceType: 'StructureMap' }],
])('what is no StructureMap is refused: %j', (json) => {
  expect(faults(json)).toHaveLength(1);
});

test('rules nested without end, and objects, are refused', () => {
  let rule: object = { name: 'n', source };
  for (let depth = 0; depth < 5_000; depth++) rule = { name: 'n', source, rule: [rule] };
  expect(faults(mapOf(rule)).at(-1)).toContain('holds rules deeper than 99 levels');
  let value: unknown = 'x';
  for (let depth = 0; depth < 5_000; depth++) value = { a: value };
  expect(faults({ ...mapOf({ name: 'n', source }), extension: [value] })[0]).toContain(
    'deeper than 250 levels',
  );
});

test('a text in JSON cannot leave its place in the text of the map', () => {
  const evil = 'x; src.secret -> tgt.open; src.a';
  const condition = 'x, src.secret where true then'; // FHIRPath cannot hold the signs of the other
  const json = mapOf({
    name: 'n";',
    source: [{ context: evil, element: evil, condition, type: evil }],
    documentation: 'a\n} group h(source src) {',
  });
  const text = writeText(read(json));
  const { groups } = parsed(text);
  expect(groups).toHaveLength(1);
  expect(groups[0]?.rules).toHaveLength(1);
  expect(writeStructureMap(parsed(text), { version: 'R4' }).group[0]?.rule[0]?.source).toEqual([
    { context: evil, element: evil, condition: `(${condition})`, type: evil },
  ]);
});

test.each(['x; src.a', 'a -> b', 'a) or (b', 'x }', 'a { b'])('no condition holds %j', (condition) => {
  const [fault] = faults(mapOf({ name: 'n', source: [{ context: 'src', condition }] }));
  expect(fault).toContain('m.json#StructureMap.group[0].rule[0].source[0].condition: is no FHIRPath');
});

test('any JSON is read, or refused with a place', () => {
  const names = [
    'group',
    'rule',
    'source',
    'target',
    'input',
    'name',
    'context',
    'parameter',
    'valueString',
    'contained',
    'resourceType',
    'mode',
  ];
  const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 6 },
      fc.constantFrom<unknown>('source', 'ConceptMap', '', 1, true, null),
      fc.dictionary(fc.constantFrom(...names), tie('tree')),
      fc.array(tie('tree'), { maxLength: 3 }),
    ),
  }));
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), tree), (members) => {
      const map = readStructureMap('m.json', {
        ...members,
        resourceType: 'StructureMap',
      });
      if (map.ok) expect(parseMap('t.map', writeText(map.value)).ok).toBe(true);
      else
        for (const { diagnostics } of map.outcome.issue) expect(diagnostics).toMatch(/^m\.json#StructureMap/);
    }),
  );
});
