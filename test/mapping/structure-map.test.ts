/** StructureMap JSON of R4 and R5 into the tree and back: what each version has a name for, and what neither has. */
import { expect, test } from 'vitest';
import { writeStructureMap } from '../../src/mapping/structure-map-write.ts';
import { writeText } from '../../src/mapping/write-text.ts';
import { mapOf, parsed, read } from './structure-map-json.ts';

/** @returns the lines between the brackets of the first group */
function rulesOf(json: unknown): string[] {
  const text = writeText(read(json));
  return text
    .slice(text.indexOf('{\n') + 2, text.lastIndexOf('\n}'))
    .split('\n')
    .map((line) => line.trim());
}

/** @returns JSON of the only rule of a group */
function ruleJson(text: string, version: 'R4' | 'R5'): unknown {
  return writeStructureMap(parsed(`group g(source src, target tgt) {${text}}`), { version }).group[0]!
    .rule[0];
}

const source = [{ context: 'src', element: 'a', variable: 'v' }];

test.each([
  ['R4', { dependent: undefined }],
  [
    'R5 with the group that engines choose',
    {
      dependent: [
        { name: 'DefaultMappingGroupAnonymousAlias', parameter: [{ valueId: 'vvv' }, { valueId: 'vvv' }] },
      ],
    },
  ],
  [
    'R4 with that group',
    { dependent: [{ name: 'DefaultMappingGroupAnonymousAlias', variable: ['vvv', 'vvv'] }] },
  ],
])('a simple copy in its long form, %s, becomes the short one', (_, more) => {
  const rule = {
    name: 'copy',
    source: [{ context: 'src', element: 'a', variable: 'vvv' }],
    target: [{ context: 'tgt', contextType: 'variable', element: 'b', variable: 'vvv', transform: 'create' }],
    ...more,
  };
  expect(rulesOf(mapOf(JSON.parse(JSON.stringify(rule))))).toEqual(['src.a -> tgt.b "copy";']);
});

test('a simple copy is written in its long form', () => {
  expect(ruleJson('src.a -> tgt.b;', 'R4')).toEqual({
    name: 'a',
    source: [{ context: 'src', element: 'a', variable: 'vvv' }],
    target: [{ context: 'tgt', contextType: 'variable', element: 'b', variable: 'vvv', transform: 'create' }],
  });
});

test('names are made for rules that have none, unique in the group, and not written as text', () => {
  const text = `group g(source src, target tgt) {
  src.a -> tgt.a;
  src.a : Quantity as v -> tgt.b = v;
  src.a -> tgt.c;
  src.\`Referral ID\` -> tgt.d;
  src -> tgt.e = 'x' "a-2";
  src then {
    src.a -> tgt.f;
  };
}
`;
  const json = writeStructureMap(parsed(text), { version: 'R4' });
  const [group] = json.group;
  expect(group?.rule.map(({ name }) => name)).toEqual(['a', 'aQuantity', 'a-3', 'ReferralID', 'a-2', 'src']);
  expect(group?.rule[5]?.rule?.[0]?.name).toBe('a-4');
  expect(writeText(read(json))).toContain('src.a -> tgt.a;\n');
  expect(writeText(read(json))).toContain('src.a -> tgt.c "a-3";\n');
});

test('defaults are of a type in R4, and texts in R5', () => {
  const texts: [string, object, object][] = [
    ["('x')", { defaultValueString: 'x' }, { defaultValue: 'x' }],
    ['(10)', { defaultValueInteger: 10 }, { defaultValue: '10' }],
    ['(@2025-05-01)', { defaultValueDate: '2025-05-01' }, { defaultValue: '@2025-05-01' }],
    [
      '(now())',
      { defaultValueExpression: { language: 'text/fhirpath', expression: 'now()' } },
      { defaultValue: 'now()' },
    ],
  ];
  for (const [text, r4, r5] of texts) {
    expect(ruleJson(`src.a default ${text} as v;`, 'R4')).toMatchObject({ source: [r4] });
    expect(ruleJson(`src.a default ${text} as v;`, 'R5')).toMatchObject({ source: [r5] });
  }
  expect(rulesOf(mapOf({ name: 'n', source: [{ context: 'src', defaultValueCode: "it's" }] }))).toEqual([
    String.raw`src default ('it\'s') "n";`,
  ]);
});

test('R4 names variables of dependents, and has the parameters of R5 where one is no variable', () => {
  expect(ruleJson('src.a as v then g(v, src);', 'R4')).toMatchObject({
    dependent: [{ name: 'g', variable: ['v', 'src'] }],
  });
  expect(ruleJson('src.a as v then g(v, src);', 'R5')).toMatchObject({
    dependent: [{ name: 'g', parameter: [{ valueId: 'v' }, { valueId: 'src' }] }],
  });
  expect(ruleJson("src.a as v then g(v, 'x', 1, @2025, v.x, v.first());", 'R4')).toMatchObject({
    dependent: [
      {
        parameter: [
          { valueId: 'v' },
          { valueString: 'x' },
          { valueInteger: 1 },
          { valueDate: '2025' },
          { valueId: 'v.x' },
          {
            valueString: 'v.first()',
            extension: [
              { url: 'https://hedgerow.example/fhir/StructureDefinition/map-expression', valueBoolean: true },
            ],
          },
        ],
      },
    ],
  });
});

test('FHIRPath of evaluate is a text, a text within it is quoted', () => {
  expect(
    ruleJson(
      "src.a as v -> tgt.b = (v + 'x'), tgt.c = evaluate(v, x.first()), tgt.d = evaluate(v, 'x');",
      'R4',
    ),
  ).toMatchObject({
    target: [
      { transform: 'evaluate', parameter: [{ valueString: "v + 'x'" }] },
      { transform: 'evaluate', parameter: [{ valueId: 'v' }, { valueString: 'x.first()' }] },
      { transform: 'evaluate', parameter: [{ valueId: 'v' }, { valueString: "'x'" }] },
    ],
  });
});

test('names that hold dots and blanks are told from paths', () => {
  const json = ruleJson('src.`Referral ID` as v -> tgt.`a.b`, tgt.c.d = v.`No. of x`, tgt.`No. of x`;', 'R4');
  expect(json).toMatchObject({
    source: [{ element: 'Referral ID' }],
    target: [
      { element: '`a.b`' },
      { element: 'c.d', parameter: [{ valueId: '`v`.`No. of x`' }] },
      { element: 'No. of x' },
    ],
  });
});

test('list modes have the names of their version', () => {
  expect(ruleJson('src.a as v -> tgt.b = v single share x;', 'R4')).toMatchObject({
    target: [{ listMode: ['collate', 'share'], listRuleId: 'x' }],
  });
  expect(ruleJson('src.a as v -> tgt.b = v collate;', 'R5')).toMatchObject({
    target: [{ listMode: ['single'] }],
  });
});

test('constants and type modes have the elements of R5', () => {
  const text = "let a = 'x' + 'y';\ngroup g(source src) <<type+>> {src;}\ngroup h(source src) {src;}";
  expect(writeStructureMap(parsed(text), { version: 'R4' })).toMatchObject({
    const: [{ name: 'a', value: "'x' + 'y'" }],
    group: [{ typeMode: 'type-and-types' }, { typeMode: 'none' }],
  });
  const [, second] = writeStructureMap(parsed(text), { version: 'R5' }).group;
  expect(second).not.toHaveProperty('typeMode');
});

test('what the language has no word for is kept as metadata, by its path', () => {
  const json = {
    ...mapOf({ id: 'r1', name: 'n', source }),
    id: 'm',
    experimental: false,
    contact: [{ name: 'A', telecom: [{ system: 'url', value: 'http://x.example' }, { value: '2' }] }],
    useContext: [{ code: { code: 'focus' }, valueCodeableConcept: { coding: [{ code: 'x' }] } }],
    description: '# A\n\nmap',
    _title: { extension: [{ url: 'http://x.example', valueDecimal: 0.0000001 }] },
    contained: [{ resourceType: 'Basic', id: 'b' }],
    structure: [{ id: 's1', url: 'x', mode: 'source', documentation: 'a structure' }],
  };
  const text = writeText(read(json));
  expect(text).toContain('map "u" = "n"\n');
  expect(text).toContain('/// contact[0].telecom[1].value = "2"\n');
  expect(text).toContain('/// _title.extension[0].valueDecimal = 0.0000001\n');
  expect(text).toContain('/// description = """\n# A\n\nmap\n"""\n');
  expect(text).toContain('/// group[0].rule[0].id = "r1"\n');
  expect(writeStructureMap(parsed(text), { version: 'R4' })).toEqual(json);
});

test('metadata adds to what a map says, and never changes it', () => {
  const text = `/// contact.name = "A"
/// contact[0].telecom.value = "1"
/// status = "draft"
/// status = "active"
/// group[0].name = "other"
/// group[0].rule[0].target[0].transform = "copy"
/// group[7].name = "more"
/// group = "none"
/// resourceType = "Patient"
/// __proto__.polluted = "x"
/// constructor.prototype.polluted = "x"
/// far[900000] = "x"
/// import = "x"
group g(source src) {src.a as v -> tgt;}`;
  const json = writeStructureMap(parsed(text), { version: 'R4' });
  expect(json).toMatchObject({ status: 'active', contact: [{ name: 'A', telecom: [{ value: '1' }] }] });
  expect(json.group).toMatchObject([{ name: 'g', rule: [{ target: [{ context: 'tgt' }] }] }]);
  expect(Object.keys(json).sort()).toEqual([
    'constructor',
    'contact',
    'group',
    'name',
    'resourceType',
    'status',
  ]);
  expect({}).not.toHaveProperty('polluted');
});

test('contained ConceptMaps are inline ones, in the codes of either version', () => {
  const text = `conceptmap "#c" {
  prefix s = "http://a.example"
  prefix t = "http://b.example"
  unmapped for s = provided
  s:a == t:b
  s:a <= t:c
  s:d --
}

group g(source src) {
}
`;
  const r4 = writeStructureMap(parsed(text), { version: 'R4' });
  expect(r4.contained).toEqual([
    {
      resourceType: 'ConceptMap',
      id: 'c',
      status: 'draft',
      group: [
        {
          source: 'http://a.example',
          target: 'http://b.example',
          element: [
            {
              code: 'a',
              target: [
                { code: 'b', equivalence: 'equivalent' },
                { code: 'c', equivalence: 'wider' },
              ],
            },
            { code: 'd', target: [{ equivalence: 'unmatched' }] },
          ],
          unmapped: { mode: 'provided' },
        },
      ],
    },
  ]);
  const r5 = writeStructureMap(parsed(text), { version: 'R5' });
  expect(r5.contained).toMatchObject([
    {
      group: [
        {
          element: [
            { target: [{ relationship: 'equivalent' }, { relationship: 'source-is-narrower-than-target' }] },
            { code: 'd', noMap: true },
          ],
          unmapped: { mode: 'use-source-code' },
        },
      ],
    },
  ]);
  for (const json of [r4, r5])
    expect(writeText(read(json)).slice(writeText(read(json)).indexOf('conceptmap'))).toBe(text);
});
