/** Every construct that is not supported is refused by name, with line and column. */
import { expect, test } from 'vitest';
import { compileOne, findingsOf } from './one-hop.ts';

/** Rules stand on line 5 of the map; columns count from 1. */
const refusals: Readonly<Record<string, readonly [body: string, finding: string, target?: string]>> = {
  'an unknown transform': [
    "src -> tgt.id = appendd('x');",
    'map-unknown-transform t.map:5:17: there is no transform appendd; write append',
  ],
  'a variable assigned as a whole': [
    "src -> tgt = 'x';",
    'map-unsupported t.map:5:8: a transform assigned to a variable that is no primitive is not supported',
  ],
  'an unknown operation of dateOp': [
    "src.born as b -> tgt.birthDate = dateOp(b, 'ad', 1, 'days');",
    'map-parameters t.map:5:44: dateOp has no operation ad; write add',
  ],
  'an unknown notation of escape': [
    "src.name as n -> tgt.id = escape(n, 'xnl');",
    'map-parameters t.map:5:37: escape has no notation xnl; write xml',
  ],
  'a cast to no type': [
    'src.name as n -> tgt.deceased = cast(n);',
    'map-parameters t.map:5:33: cast needs the name of a type',
  ],
  'qty of a text': [
    "src.name as n -> tgt.value = qty(n, 'kg');",
    'map-unsupported t.map:5:30: qty of a text is not supported',
    'Observation',
  ],
  'a cast to a complex type': [
    "src.name as n -> tgt.language = cast(n, 'HumanName');",
    'map-unsupported t.map:5:41: a cast to HumanName is not supported',
  ],
  'writing into a copy': [
    'src.name as n -> tgt.language = n as l, l.extension as e;',
    'map-unsupported t.map:5:41: writing into a value that was copied or computed is not supported',
  ],
  'an unknown source element': [
    'src.nmae -> tgt.language;',
    'map-unknown-element t.map:5:5: https://hedgerow.example/schema/test has no element nmae; write name',
  ],
  'an unknown target element': [
    "src -> tgt.birthdate = '1984';",
    'map-unknown-element t.map:5:12: Patient has no element birthdate; write birthDate',
  ],
  'an unknown variable': [
    'src as s -> tgt.id = sss;',
    'map-unknown-variable t.map:5:22: there is no variable sss here; write src',
  ],
  'an unknown group': [
    'src as s then subb(s);',
    'map-unknown-group t.map:5:15: there is no group subb in this map or its imports; write sub',
  ],
  'an unknown type': [
    "src -> tgt.name = create('HumanNam') as n;",
    'map-unknown-type t.map:5:26: the type HumanNam is not known',
  ],
  'an unknown ConceptMap': [
    "src.status as s -> tgt.gender = translate(s, 'https://none', 'code');",
    'map-unknown-concept-map t.map:5:46: there is no ConceptMap https://none',
  ],
  'an unknown output': [
    "src.status as s -> tgt.gender = translate(s, '#codes', 'codes');",
    'map-parameters t.map:5:56: translate has no output codes; write code',
  ],
  'too few parameters': [
    'src as s then sub();',
    'map-parameters t.map:5:15: group sub takes 1 parameters, not 0',
  ],
  'a source as target': [
    "src -> src.name = 'x';",
    'map-source-as-target t.map:5:8: src is a source and cannot be written',
  ],
  'a target as source': [
    "tgt.name as n -> tgt.language = 'x';",
    'map-target-as-source t.map:5:1: tgt is a target and cannot be read',
  ],
  'a number for a text': [
    'src.size -> tgt.language;',
    "map-type t.map:5:13: language is a code, but the value is a integer; write cast(value, 'code')",
  ],
  'an object for a text': [
    'src.place -> tgt.language;',
    'map-type t.map:5:14: language is a code, but the value is an object; write one of its elements',
  ],
  'a text for an object': [
    'src.name -> tgt.maritalStatus;',
    'map-type t.map:5:13: maritalStatus is a CodeableConcept, but the value is a string; create the CodeableConcept first',
  ],
  'the wrong object': [
    "src -> tgt.name = create('Address') as a;",
    'map-type t.map:5:8: name is a HumanName, but the value is a Address',
  ],
  'an unclear choice': [
    "src -> tgt.effective = '2026';",
    'map-type t.map:5:8: effective[x] cannot be named for a value of type string; write the name in full: effectiveDateTime',
    'Observation',
  ],
  'an unclear creation': [
    'src -> tgt.contained as c;',
    "map-no-value t.map:5:8: contained has no single type to create; write = create('Patient')",
  ],
  'a bad expression': ['src where ((name) -> tgt.language = name;', 'map-syntax'],
  'the name __proto__': [
    'src.__proto__ -> tgt.language;',
    'map-name-refused t.map:5:5: __proto__ is refused as the name of an element',
  ],
  'the name constructor': [
    'src.constructor as c -> tgt.id = c;',
    'map-name-refused t.map:5:5: constructor is refused',
  ],
  'the name prototype': [
    "src -> tgt.`prototype` = 'x';",
    'map-name-refused t.map:5:12: prototype is refused',
  ],
};

for (const [what, [body, finding, target]] of Object.entries(refusals)) {
  test(`refuses ${what} with its place`, () => {
    const more =
      'group sub(source s) { s.id as i check i.exists(); }\nconceptmap "#codes" { prefix s = "a" s:x - s:y }';
    const found = findingsOf(body, target, more);
    expect(found.filter((line) => line.startsWith(finding))).toHaveLength(1);
  });
}

test('gives all findings at once, each once, though a group is compiled twice', () => {
  const body = `src.nmae -> tgt.language;
    src -> tgt.birthdate = '1984' "b";
    src as s -> tgt.name as n then sub(s, n) "one";
    src as s -> tgt.name as n then sub(s, n) "two";`;
  const more = 'group sub(source s, target t) { s -> t.familie = \'x\' "f"; }';
  expect(findingsOf(body, 'Patient', more).map((line) => line.split(': ')[0])).toEqual([
    'map-unknown-element t.map:5:5',
    'map-unknown-element t.map:6:16',
    'map-unknown-element t.map:10:40',
  ]);
});

test('checks groups that nothing calls', () => {
  const more = 'group lost(source s, target t : Patient) { s -> t.birthdate = \'x\' "f"; }';
  expect(findingsOf('src -> tgt.id = \'x\' "i";', 'Patient', more)).toEqual([
    'map-unreachable-group t.map:7:7: no rule calls the group lost; call it, or remove it',
    'map-unknown-element t.map:7:51: Patient has no element birthdate; write birthDate',
  ]);
});

test('refuses imports that are unknown or go in a circle', () => {
  const text = `map "https://a" = "a"
imports "https://b"
imports "https://hedgerow.example/none"
group main(source src, target tgt) { src -> tgt.x = 'y' "x"; }`;
  const imports = { 'b.map': 'map "https://b" = "b"\nimports "https://a"\ngroup b(source s) {}' };
  const { issues } = compileOne(text, { imports });
  expect(issues.map(({ diagnostics }) => diagnostics)).toEqual([
    't.map:3:9: no map has the URL https://hedgerow.example/none; known are https://a, https://b',
    't.map:2:9: t.map imports itself by way of b.map, t.map; break the circle',
    'b.map:2:9: b.map imports itself by way of t.map, b.map; break the circle',
  ]);
});

test('compiles groups that call each other ninefold over forty levels without multiplying code', () => {
  const groups = Array.from({ length: 40 }, (_, i) => {
    return `group g${i}(source s, target t) { ${`s -> t.a${i} as x then g${i + 1}(s, x) "r"; `.repeat(9)} }`;
  });
  const text = `group main(source src, target tgt) { src -> tgt.x as x then g0(src, x) "m"; }\n${groups.join('\n')}
group g40(source s, target t) { s -> t.end = 'x' "e"; }`;
  expect(compileOne(text)).toMatchObject({ hop: expect.any(Function), issues: [] });
});

test('refuses a map of unreasonable size', () => {
  const { issues } = compileOne(`group main(source src) {}${' '.repeat(2_000_000)}`);
  expect(issues.map(({ diagnostics }) => diagnostics)).toEqual([
    't.map:1:1: a map holds at most 2000000 characters',
  ]);
});
