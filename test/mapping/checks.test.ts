/** What is checked when maps are loaded, though they would run: each with its place and what to write. */
import type { ConceptMap } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileMap } from '../../src/mapping/compile-map.ts';
import { mapText, SCHEMA } from './one-hop.ts';

const definitions = loadBaseDefinitions();

/** @returns the warnings of rules from a record to a Patient, or to another type */
function warnings(
  body: string,
  more = '',
  target = 'Patient',
  around: Partial<Parameters<typeof compileMap>[0]> = {},
): string[] {
  const map = compileMap({
    maps: [{ name: 't.map', text: mapText(target, body, more) }],
    definitions,
    schemas: [SCHEMA],
    ...around,
  });
  if (!map.ok) throw new Error(JSON.stringify(map.outcome));
  return map.value.warnings.map((issue) => `${ruleOf(issue)} ${issue.diagnostics}`);
}

test('finds variables that nothing uses, in sources, targets and nested rules', () => {
  expect(
    warnings(
      `src.name as n -> tgt.name as m, m.family = 'x' "a"; src.status as s -> tgt.name as m, m.text = s then { src.id as i -> m.family = 'y' "c"; } "b";`,
    ),
  ).toEqual([
    'map-unused-variable t.map:5:13: nothing uses the variable n; use it, or leave out "as n"',
    'map-unused-variable t.map:5:115: nothing uses the variable i; use it, or leave out "as i"',
  ]);
  expect(
    warnings(
      `src.name as n where n = 'x' -> tgt.id = 'y' "a"; src.status as s -> tgt.id = (s & 'x') "b"; src.id as i then Sub(i, tgt) "c";`,
      `group Sub(source a, target t : Patient) { a -> t.language = a "a"; }`,
    ),
  ).toEqual([]);
});

test('takes a rule without a target as a field that is read on purpose', () => {
  expect(warnings(`src.name as n "read"; src.id -> tgt.id;`)).toEqual([]);
});

test('finds groups that nothing calls, but for the first and the defaults of types', () => {
  const more = `group Lost(source s, target t : Patient) { s -> t.id = 'x' "i"; }
group Default(source s : HumanName, target t : HumanName) <<types>> { s.family -> t.family; }`;
  expect(warnings(`src.id -> tgt.id;`, more)).toEqual([
    'map-unreachable-group t.map:7:7: no rule calls the group Lost; call it, or remove it',
  ]);
});

test('finds rules whose condition never holds', () => {
  expect(warnings(`src.id as i where false -> tgt.id = i "i";`)).toEqual([
    'map-unreachable-rule t.map:5:19: this condition never holds, so the rule never applies; remove it',
  ]);
});

test('finds required elements that no rule writes, of resources and of what they hold', () => {
  const body = `src.name as n -> tgt.status = 'final', tgt.component as c, c.value = n "c";`;
  expect(warnings(body, '', 'Observation')).toEqual([
    'map-required-unwritten t.map:4:7: creates a Observation, but no rule writes code, which it must have; add a rule for it',
    'map-required-unwritten t.map:5:1 (rule "c"): creates a Observation.component, but no rule writes code, which it must have; add a rule for it',
  ]);
});

test('sees what called groups and later rules write', () => {
  const more = `group Rest(source n, target o : Observation) { n -> o.code as c, c.text = n "c"; }
group Part(source n, target c) { n -> c.code = cc(n), c.value = n "p"; }`;
  const body = `src.name as n -> tgt.status = 'final', tgt.component as c then Rest(n, tgt), Part(n, c) "all";`;
  expect(warnings(body, more, 'Observation')).toEqual([]);
});

test('leaves a resource alone that says in its meta that it is a part', () => {
  expect(
    warnings(
      `src.name as n -> tgt.meta as m, m.tag = c('urn:x', 'partial'), tgt.id = n "p";`,
      '',
      'Observation',
    ),
  ).toEqual([]);
});

const conceptMap: ConceptMap = {
  resourceType: 'ConceptMap',
  status: 'active',
  url: 'urn:codes',
  group: [
    {
      source: 'urn:system',
      target: 'urn:t',
      element: [{ code: 'a', target: [{ code: 'A', equivalence: 'equal' }] }],
    },
  ],
};

test('finds codes of the schema and of the CodeSystem that have no translation', () => {
  const schema = {
    ...SCHEMA,
    properties: { ...SCHEMA.properties, status: { type: 'string', enum: ['a', 'b'] } },
  };
  const around = {
    schemas: [schema],
    conceptMaps: new Map([['codes.json', conceptMap]]),
    codeSystems: new Map([['urn:system', ['a', 'c', 'd']]]),
  };
  expect(
    warnings(
      `src.status as s -> tgt.language = translate(s, 'urn:codes', 'code') "s";`,
      '',
      'Patient',
      around,
    ),
  ).toEqual([
    'map-untranslated-code t.map:5:48: "b" of the schema has no translation in urn:codes (codes.json); add elements, "unmapped", or a source ValueSet without them',
    'map-untranslated-code t.map:5:48: "c", "d" of urn:system have no translation in urn:codes (codes.json); add elements, "unmapped", or a source ValueSet without them',
  ]);
});

test('names all findings at once, errors and warnings, each with its place', () => {
  const text = mapText(
    'Patient',
    `src.naem -> tgt.id; src.name as n -> tgt.gendr = n "g"; src.id as i -> tgt.active = i "t"; src.status as s -> tgt.id = 'x' "u";`,
  );
  const map = compileMap({ maps: [{ name: 't.map', text }], definitions, schemas: [SCHEMA] });
  const said = map.ok
    ? []
    : map.outcome.issue.map((issue) => `${ruleOf(issue)} ${issue.diagnostics?.split(';')[0]}`);
  expect(said).toEqual(
    [
      'map-unused-variable t.map:5:106: nothing uses the variable s',
      'map-unknown-element t.map:5:5: https://hedgerow.example/schema/test has no element naem',
      'map-unknown-element t.map:5:42: Patient has no element gendr',
      'map-type t.map:5:72: active is a boolean, but the value is a string',
    ].map((each) => expect.stringContaining(each.slice(0, 60))),
  );
});
