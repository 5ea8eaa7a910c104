/** The mapping language beyond what the shipped maps use: each construct by what it makes of a record. */
import { expect, test } from 'vitest';
import { run, runRules } from './one-hop.ts';

const PATIENT = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias PatientOut as target
uses "http://hl7.org/fhir/StructureDefinition/Observation" alias Observation as source
uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as source`;

/** Runs rules from one FHIR type to another. */
function between(
  from: string,
  to: string,
  body: string,
  source: unknown,
  more = '',
): { out: unknown; issues: string[] } {
  const text = `${PATIENT}\ngroup main(source src : ${from}, target tgt : ${to}) {\n${body}\n}\n${more}`;
  return run(text, source);
}

const out = (made: { out: unknown; issues: string[] }): unknown => {
  expect(made.issues).toEqual([]);
  return made.out;
};

const ID = { system: 'urn:a', value: '1' };
const NOTE = { url: 'urn:note', valueString: 'by the family' };

test('reads a path of several elements, once for each item of each', () => {
  const source = { resourceType: 'Patient', name: [{ given: ['A', 'B'] }, { given: ['C'] }] };
  expect(
    out(between('Patient', 'Patient', 'src.name.given as g -> tgt.name as n, n.family = g "g";', source)),
  ).toEqual({
    resourceType: 'Patient',
    name: [{ family: 'A' }, { family: 'B' }, { family: 'C' }],
  });
});

test('writes a path of several elements, making what is not there yet', () => {
  const body = `src.name as n -> tgt.maritalStatus.text = n "a"; src.status as s -> tgt.name.family = s "b"; src.id as i -> tgt.name.text = i "c";`;
  expect(out(runRules(body, { name: 'N', status: 'S', id: 'I' }))).toEqual({
    resourceType: 'Patient',
    maritalStatus: { text: 'N' },
    name: [{ family: 'S', text: 'I' }],
  });
  expect(out(runRules(body, {}))).toEqual({ resourceType: 'Patient' });
});

test('gives log to who listens, after where and check, with every variable of the rule and its parents', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group main(source src, target tgt : Patient) {
  src.name as n then {
    src.status as s where s = 'open' check s.exists() log (n & '-' & s) -> tgt.id = s "inner";
  } "outer";
}`;
  const logged: unknown[] = [];
  const log = (place: string | undefined, values: readonly unknown[]): void =>
    void logged.push([place, values]);
  run(text, { name: 'N', status: 'open' }, undefined, { log });
  run(text, { name: 'N', status: 'shut' }, undefined, { log });
  expect(logged).toEqual([['t.map:4:5 (rule "inner")', ['N-open']]]);
  expect(run(text, { name: 'N', status: 'open' }).issues).toEqual([]);
});

test('copies a primitive with its id and extensions, alone and in lists', () => {
  const source = {
    resourceType: 'Patient',
    birthDate: '1970-01',
    _birthDate: { extension: [NOTE] },
    _gender: { extension: [NOTE] },
    name: [{ given: ['A', null, 'C'], _given: [null, { extension: [NOTE] }, { id: 'c' }] }],
  };
  const body = `src.birthDate -> tgt.birthDate; src.gender as g -> tgt.gender = g "g";
    src.name as n -> tgt.name as m then { n.given as g -> m.given = g "g"; } "n";`;
  expect(out(between('Patient', 'Patient', body, source))).toEqual(source);
});

test('runs a rule for a primitive that has extensions only, and reads them', () => {
  const source = { resourceType: 'Patient', _birthDate: { extension: [NOTE] } };
  const body = `src.birthDate as b then { b.extension as e -> tgt.extension = e "e"; b.value as v -> tgt.id = v "v"; } "b";`;
  expect(out(between('Patient', 'Patient', body, source))).toEqual({
    resourceType: 'Patient',
    extension: [NOTE],
  });
});

test('builds a primitive by its value, id and extensions', () => {
  const body = `src.born as b -> tgt.birthDate as d, d.value = b, d.id = 'x', d.extension as e, e.url = 'urn:u', e.value = create('string') as s, s.value = 'w' "b";`;
  expect(out(runRules(body, { born: '1970-01-01' }))).toEqual({
    resourceType: 'Patient',
    birthDate: '1970-01-01',
    _birthDate: { id: 'x', extension: [{ url: 'urn:u', valueString: 'w' }] },
  });
  expect(out(runRules(body, {}))).toEqual({ resourceType: 'Patient' });
});

test('gives a primitive its value as a whole, and by a group for its type', () => {
  const more = `group code(source s : string, target t : code) { s.value as v -> t.value = v "v"; }
    group whole(source s : string, target t : code) { s -> t = (s.upper()) "w"; }`;
  const body = `src.status as s -> tgt.gender as g then code(s, g) "a"; src.name as s -> tgt.language as l then whole(s, l) "b";`;
  expect(out(runRules(body, { status: 'other', name: 'en' }, 'Patient', more))).toEqual({
    resourceType: 'Patient',
    gender: 'other',
    language: 'EN',
  });
});

test('names a choice by the type of the value, and by the type that the record has', () => {
  expect(
    out(
      runRules(`src.active as a -> tgt.deceased = a "d"; src.size as n -> tgt.multipleBirth = n "m";`, {
        active: true,
        size: 2,
      }),
    ),
  ).toEqual({
    resourceType: 'Patient',
    deceasedBoolean: true,
    multipleBirthInteger: 2,
  });
  const copy = `src.extension as x -> tgt.extension as y then { x.url -> y.url; x.value as v -> y.value = v "v"; } "x";`;
  for (const extension of [
    [{ url: 'u', valueCode: 'c' }],
    [{ url: 'u', valuePeriod: { start: '2025' } }],
    [{ url: 'u', valueInteger: 0 }],
  ])
    expect(out(between('Patient', 'Patient', copy, { resourceType: 'Patient', extension }))).toEqual({
      resourceType: 'Patient',
      extension,
    });
});

test('copies a choice of any type in the simple form, with what a primitive carries', () => {
  const source = { resourceType: 'Patient', deceasedDateTime: '2025', _deceasedDateTime: { id: 'd' } };
  expect(out(between('Patient', 'Patient', 'src.deceased -> tgt.deceased;', source))).toEqual(source);
});

test('refuses a type that the choice of the target does not have', () => {
  const source = { resourceType: 'Patient', extension: [{ url: 'u', valueAddress: { city: 'x' } }] };
  const body = `src.extension as x then { x.value as v -> tgt.deceased = v "v"; } "x";`;
  const made = between('Patient', 'Patient', body, source);
  expect(made.out).toEqual({ resourceType: 'Patient' });
  expect(made.issues).toEqual([expect.stringContaining('deceased[x] has no type Address')]);
});

test('takes the default group of two types in the simple form, of primitives too', () => {
  const more = `group Names(source s : HumanName, target t : HumanName) <<types>> { s.family as f -> t.text = f "f"; }
    group Codes(source s : code, target t : code) <<type+>> { s.value as v -> t.value = (v.upper()) "v"; }`;
  const source = { resourceType: 'Patient', gender: 'male', name: [{ family: 'F' }], identifier: [ID] };
  expect(
    out(
      between(
        'Patient',
        'Patient',
        'src.name -> tgt.name; src.gender -> tgt.gender; src.identifier -> tgt.identifier;',
        source,
        more,
      ),
    ),
  ).toEqual({
    resourceType: 'Patient',
    name: [{ text: 'F' }],
    gender: 'MALE',
    identifier: [ID],
  });
});

test('takes the <<type+>> group of the type that a resource has, and copies the others', () => {
  const more = `group People(source s : Patient, target t : Patient) <<type+>> { s.id -> t.id; }`;
  const source = {
    resourceType: 'Bundle',
    entry: [
      { resource: { resourceType: 'Patient', id: 'p', gender: 'male' } },
      { resource: { resourceType: 'Observation', id: 'o', status: 'final' } },
    ],
  };
  const body = `src.entry as e -> tgt.entry as f then { e.resource -> f.resource; } "e";`;
  expect(out(between('Bundle', 'Bundle', body, source, more))).toEqual({
    resourceType: 'Bundle',
    entry: [
      { resource: { resourceType: 'Patient', id: 'p' } },
      { resource: { resourceType: 'Observation', id: 'o', status: 'final' } },
    ],
  });
});

test('passes literals, expressions and targets to groups', () => {
  const more = `group Add(source text : string, source word, target t : Patient) { text -> t.name as n, n.family = text, n.text = word "n"; }
    group Count(source made : Patient, target t : Patient) { made.name as n -> t.contact as c, c.name as m, m.family = (n.family) "c"; }`;
  const body = `src -> tgt as t then Add('lit', (src.name.upper()), t), Count(tgt, t) "a";`;
  expect(out(runRules(body, { name: 'x' }, 'Patient', more))).toEqual({
    resourceType: 'Patient',
    name: [{ family: 'lit', text: 'X' }],
    contact: [{ name: { family: 'lit' } }],
  });
});

test('contains resources, and makes them by their type', () => {
  const body = `src.name as n -> tgt.contained = create('Practitioner') as p, p.id = 'gp', p.name as m, m.family = n, tgt.generalPractitioner as r, r.reference = '#gp' "c";`;
  expect(out(runRules(body, { name: 'Dr' }))).toEqual({
    resourceType: 'Patient',
    contained: [{ resourceType: 'Practitioner', id: 'gp', name: [{ family: 'Dr' }] }],
    generalPractitioner: [{ reference: '#gp' }],
  });
});

test('knows the types of variables in expressions, so that choices are found in them', () => {
  const extension = [{ url: 'u', valueCodeableConcept: { coding: [{ code: 'en' }] } }];
  const body = `src.extension as e -> tgt.language = (e.value.coding.code.first()) "x";`;
  expect(out(between('Patient', 'Patient', body, { resourceType: 'Patient', extension }))).toEqual({
    resourceType: 'Patient',
    language: 'en',
  });
});

test('binds the parameters of an extended group by mode and name, then by their order', () => {
  const more = `group base(target t : Patient, source s) { s.born as b -> t.birthDate = b "b"; }
    group named(source src, target tgt : Patient) { src.status as x -> tgt.language = x "x"; }`;
  const body = `src as s then sub(s, 'w', tgt) "call"; src as s then other('w', s, tgt) "more";`;
  const sub = `group sub(source s, source w, target t : Patient) extends base { s -> t.id = w "id"; }
    group other(source w, source src, target tgt : Patient) extends named { src -> tgt.implicitRules = w "w"; }`;
  expect(out(runRules(body, { born: '1970-01-01', status: 'en' }, 'Patient', more + sub))).toEqual({
    resourceType: 'Patient',
    birthDate: '1970-01-01',
    id: 'w',
    language: 'en',
    implicitRules: 'w',
  });
});

test('lets a constant use those above it, and refuses one that uses another below', () => {
  const text = (
    constants: string,
  ): string => `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
${constants}
group main(source src, target tgt : Patient) { src -> tgt.id = whole "id"; }`;
  expect(out(run(text(`let part = 'a'; let whole = part & 'b';`), {}))).toEqual({
    resourceType: 'Patient',
    id: 'ab',
  });
  expect(() => run(text(`let whole = part & 'b'; let part = 'a';`), {})).toThrow(
    't.map:2:5: the constant whole uses part, which is not known before it',
  );
  expect(() => run(text(`let whole = whole & 'b';`), {})).toThrow('uses whole');
});
