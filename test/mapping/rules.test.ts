/** What each construct of a rule makes of a record. */
import { expect, test } from 'vitest';
import { run, runRules, SCHEMA } from './one-hop.ts';

/** @returns what rules make of a record, the resourceType left out; there must be no issues */
function made(body: string, record: unknown, target = 'Patient', more = ''): unknown {
  const { out, issues } = runRules(body, record, target, more);
  expect(issues).toEqual([]);
  const { resourceType, ...rest } = out as { resourceType: string };
  expect(resourceType).toBe(target);
  return rest;
}

test('copies an element where it is there, and nothing where it is not', () => {
  const body = 'src.born -> tgt.birthDate; src.active as a -> tgt.active = a "active";';
  expect(made(body, { born: '1984-03-12', active: false })).toEqual({
    birthDate: '1984-03-12',
    active: false,
  });
  expect(made(body, { born: null })).toEqual({});
  expect(Object.keys(made(body, {}) as object)).toEqual([]);
});

test('adds to lists and sets what occurs once', () => {
  const body = `src.name as n -> tgt.name as name, name.family = n, name.given = n, name.given = 'B' "name";
    src.tags -> tgt.name as name, name.text = 'tagged' "more";`;
  expect(made(body, { name: 'A', tags: ['x', 'y'] })).toEqual({
    name: [{ family: 'A', given: ['A', 'B'] }, { text: 'tagged' }, { text: 'tagged' }],
  });
});

test('copies each item of a list', () => {
  const body =
    'src -> tgt.name as name then { src.tags -> name.given; src.tags as t -> name.suffix = t "s"; } "n";';
  expect(made(body, { tags: ['a', null, 'b'] })).toEqual({
    name: [{ given: ['a', 'b'], suffix: ['a', 'b'] }],
  });
});

test('leaves out elements that stay empty', () => {
  const body = `src -> tgt.name as name, name.period as period then {
      src.born -> period.start; src.name -> name.family;
    } "name";
    src -> tgt.maritalStatus as status then { src.status -> status.text; } "status";`;
  expect(made(body, {})).toEqual({});
  expect(made(body, { born: '1984-03-12' })).toEqual({ name: [{ period: { start: '1984-03-12' } }] });
  expect(made(body, { name: 'A', status: 'S' })).toEqual({
    name: [{ family: 'A' }],
    maritalStatus: { text: 'S' },
  });
});

test('keeps the order of a list when its first item is filled late', () => {
  const body = `src -> tgt.name as one then { src.name -> one.family; } "one";
    src -> tgt.name as two, two.text = 'second' "two";`;
  expect(made(body, { name: 'A' })).toEqual({ name: [{ family: 'A' }, { text: 'second' }] });
  expect(made(body, {})).toEqual({ name: [{ text: 'second' }] });
});

test('finds again the one element that an earlier rule made', () => {
  const body = `src.name as n -> tgt.maritalStatus as status, status.text = n "one";
    src.status as s -> tgt.maritalStatus as status, status.coding as coding, coding.code = s "two";`;
  expect(made(body, { name: 'A', status: 'M' })).toEqual({
    maritalStatus: { text: 'A', coding: [{ code: 'M' }] },
  });
  expect(made(body, { status: 'M' })).toEqual({ maritalStatus: { coding: [{ code: 'M' }] } });
});

test('names a choice element by the type of the value written', () => {
  const choice = (body: string, record: unknown, target = 'Patient'): unknown => made(body, record, target);
  expect(choice('src.active as a -> tgt.deceased = a "d";', { active: true })).toEqual({
    deceasedBoolean: true,
  });
  expect(choice('src.seen as s -> tgt.deceased = s "d";', { seen: '2026-01-02' })).toEqual({
    deceasedDateTime: '2026-01-02',
  });
  expect(choice('src.born -> tgt.deceased;', { born: '2026-01-02' })).toEqual({
    deceasedDateTime: '2026-01-02',
  });
  const quantity = 'src.weight as w -> tgt.value = create(\'Quantity\') as q, q.value = w "v";';
  expect(choice(quantity, { weight: 7.5 }, 'Observation')).toEqual({ valueQuantity: { value: 7.5 } });
  const made2 = choice("src -> tgt.value = 'x', tgt.effectiveDateTime = '2026' \"v\";", {}, 'Observation');
  expect(made2).toEqual({ valueString: 'x', effectiveDateTime: '2026' });
  expect(choice('src -> tgt.value = 3 "v";', {}, 'Observation')).toEqual({ valueInteger: 3 });
});

test('writes texts: append, truncate, escape, cast', () => {
  const body = `src.id as id, src.size as n -> tgt.id = append('Patient:person:', id, '/', n),
      tgt.language = truncate(id, 2), tgt.implicitRules = escape(id, 'xml') "texts";
    src.status as s -> tgt.multipleBirth = cast(s, 'integer') "cast";
    src.size as n -> tgt.name as name, name.text = cast(n, 'string') "text";`;
  expect(made(body, { id: 'a<b', size: 4, status: '12' })).toEqual({
    id: 'Patient:person:a<b/4',
    language: 'a<',
    implicitRules: 'a&lt;b',
    multipleBirthInteger: 12,
    name: [{ text: '4' }],
  });
});

test('writes data types in one call: cc, c, qty, id, cp', () => {
  const body = `src.weight as w -> tgt.value = qty(w, 'kg', 'http://unitsofmeasure.org', 'kg') "q";
    src.id as i -> tgt.identifier = id('https://s', i, 'MR') "i";
    src.name as n -> tgt.code = cc('https://s', n, 'shown') as code, code.text = n "c";
    src.status as s -> tgt.category = cc(s), tgt.category as more, more.coding = c('https://s', s) "t";`;
  const observation = { weight: 3, id: 'I', name: 'N', status: 'S' };
  expect(made(body, observation, 'Observation')).toEqual({
    valueQuantity: { value: 3, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
    identifier: [
      {
        system: 'https://s',
        value: 'I',
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
      },
    ],
    code: { coding: [{ system: 'https://s', code: 'N', display: 'shown' }], text: 'N' },
    category: [{ text: 'S' }, { coding: [{ system: 'https://s', code: 'S' }] }],
  });
  const telecom = 'src.name as n -> tgt.telecom = cp(\'phone\', n), tgt.telecom = cp(n) "t";';
  expect(made(telecom, { name: 'a@b' })).toEqual({
    telecom: [
      { system: 'phone', value: 'a@b' },
      { system: 'email', value: 'a@b' },
    ],
  });
});

test('applies conditions, in the plain forms and in FHIRPath', () => {
  const when = (condition: string, record: object): boolean => {
    const out = made(`src where ${condition} -> tgt.active = true "r";`, record) as { active?: true };
    return out.active === true;
  };
  expect(when("status = 'a' or name.exists()", { status: 'a' })).toBe(true);
  expect(when("(status = 'a' or status = 'b') and name.empty()", { status: 'b' })).toBe(true);
  expect(when("status != 'a'", {})).toBe(false);
  expect(when("status != 'a'", { status: 'b' })).toBe(true);
  expect(when("(status = 'a').not()", {})).toBe(false);
  expect(when("status.startsWith('ab').not()", { status: 'ac' })).toBe(true);
  expect(when('tags.exists() and notes.empty()', { tags: ['a'], notes: [] })).toBe(true);
  expect(when('size > 3 and src.size <= 7', { size: 7 })).toBe(true);
  expect(when('seen.toString().length() > 10', { seen: '2026-03-01T10:00:00Z' })).toBe(true);
  expect(when('seen.toString().length() > 10', { seen: '2026-03-01' })).toBe(false);
  expect(when('name = status', {})).toBe(false);
  expect(when('name = status', { name: 'x', status: 'x' })).toBe(true);
  expect(when("place.town = 'Leeds'", {})).toBe(false);
  expect(when("place.town.upper() = 'LEEDS'", { place: { town: 'Leeds' } })).toBe(true);
  expect(when("notes.where(kind = 'a').exists()", { notes: [{ kind: 'b' }, { kind: 'a' }] })).toBe(true);
  expect(when("tags.first() = 'a'", { tags: ['a', 'b'] })).toBe(true);
  expect(when("'a' in %src.tags", { tags: ['b'] })).toBe(false);
});

test('filters the items of a list by their own elements', () => {
  const body =
    "src.notes as n where kind = 'x' -> tgt.name as name, name.text = 'found' then { n.words -> name.family; } \"n\";";
  expect(made(body, { notes: [{ kind: 'y' }, { kind: 'x', words: 'w' }] })).toEqual({
    name: [{ text: 'found', family: 'w' }],
  });
});

test('keeps to the list modes of sources', () => {
  const picked = (mode: string): unknown =>
    made(`src.tags ${mode} as t -> tgt.language = t, tgt.name as n, n.text = t "t";`, {
      tags: ['a', 'b', 'c'],
    });
  const names = (...list: string[]) => ({ language: list.at(-1), name: list.map((text) => ({ text })) });
  expect(picked('first')).toEqual(names('a'));
  expect(picked('last')).toEqual(names('c'));
  expect(picked('not_first')).toEqual(names('b', 'c'));
  expect(picked('not_last')).toEqual(names('a', 'b'));
});

test('puts a first item in front, and shares elements by id', () => {
  const body = `src.name as n -> tgt.name as a, a.text = n "a";
    src.status as s -> tgt.name as b first, b.text = s "b";
    src.tags as t -> tgt.contact as c share one then { t -> c.relationship = cc(t) "r"; } "tags";
    src.id as i -> tgt.contact as c share one, c.gender = i "gender";`;
  expect(made(body, { name: 'N', status: 'S', tags: ['x', 'y'], id: 'other' })).toEqual({
    name: [{ text: 'S' }, { text: 'N' }],
    contact: [{ relationship: [{ text: 'x' }, { text: 'y' }], gender: 'other' }],
  });
});

test('evaluates FHIRPath with variables as %name and bare', () => {
  const body = `src.notes as note, src.name as n -> tgt.name as name,
      name.text = (note.words & ' ' & %n), name.given = evaluate(src, tags), name.family = (n.upper()) "n";`;
  expect(made(body, { name: 'an', tags: ['a', 'b'], notes: [{ words: 'w' }] })).toEqual({
    name: [{ text: 'w an', given: ['a', 'b'], family: 'AN' }],
  });
});

test('multiplies several sources, takes defaults, and checks cardinalities', () => {
  const twice = 'src.tags as a, src.tags as b -> tgt.name as n, n.text = append(a, b) "n";';
  expect(made(twice, { tags: ['1', '2'] })).toEqual({
    name: ['11', '12', '21', '22'].map((text) => ({ text })),
  });
  expect(made('src.status default (\'none\') as s -> tgt.language = s "s";', {})).toEqual({
    language: 'none',
  });
  const { out, issues } = runRules('src.tags 1..1 as t -> tgt.language = t "t";', { tags: ['a', 'b'] });
  expect(out).toMatchObject({ language: 'b' });
  expect(issues).toEqual(['map-cardinality t.map:5:1 (rule "t"): tags must occur 1 to 1 times, found 2']);
});

test('reports a failed check with file, line and rule, and goes on', () => {
  const { out, issues } = runRules('src.name as n check $this = \'A\' -> tgt.language = n "named";', {
    name: 'B',
  });
  expect(out).toEqual({ resourceType: 'Patient', language: 'B' });
  expect(issues).toEqual([
    'map-check-failed t.map:5:1 (rule "named"): the source does not hold to the check of this rule; correct the record',
  ]);
});

test('runs groups, inherited rules, literal parameters and constants', () => {
  const more = `let suffix = 'let';
group base(source s, target t : HumanName) { s -> t.use = 'usual' "use"; }
group person(source s, source word : string, target t : HumanName) { s.name -> t.family; word -> t.text = append(word, suffix) "w"; }
group extended(source s, target t : HumanName) extends base { s.name -> t.family; }`;
  const body = `src -> tgt.name as a then person(src, 'x-', a) "a";
    src -> tgt.name as b then extended(src, b) "b";`;
  expect(made(body, { name: 'A' }, 'Patient', more)).toEqual({
    name: [
      { family: 'A', text: 'x-let' },
      { use: 'usual', family: 'A' },
    ],
  });
});

test('follows groups that call themselves, and stops where data has no end', () => {
  const schema = { ...SCHEMA, properties: { name: { type: 'string' }, next: { $ref: '#' } } };
  const text = `uses "https://hedgerow.example/schema/test" alias Record as source
uses "http://hl7.org/fhir/StructureDefinition/Questionnaire" alias Questionnaire as target
group main(source src : Record, target tgt : Questionnaire) { src.next as n -> tgt.item as item then step(n, item) "m"; }
group step(source src : Record, target item) { src.name -> item.linkId; src.next as n -> item.item as i then step(n, i) "s"; }`;
  const { out } = run(text, { next: { name: 'a', next: { name: 'b' } } }, { schemas: [schema] });
  expect(out).toEqual({ resourceType: 'Questionnaire', item: [{ linkId: 'a', item: [{ linkId: 'b' }] }] });
  let deep: object = { name: 'end' };
  for (let i = 0; i < 10_000; i++) deep = { next: deep };
  const { issues } = run(text, deep, { schemas: [schema] });
  expect(issues).toEqual(['map-too-deep t.map:4:7: groups call each other deeper than 100 levels']);
});

test('copies objects of the same type so that the record is not shared', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Person" alias Person as target
group main(source src : Patient, target tgt : Person) { src.name -> tgt.name; src.deceased : boolean as d -> tgt.active = d "d"; }`;
  const record = { name: [{ family: 'A', given: ['B'] }], deceasedBoolean: true };
  const { out } = run(text, record);
  expect(out).toEqual({ resourceType: 'Person', name: [{ family: 'A', given: ['B'] }], active: true });
  expect((out as typeof record).name[0]!.given).not.toBe(record.name[0]!.given);
});

test('applies the group marked for two types in place of a copy', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Person" alias Person as target
imports "https://hedgerow.example/types/*"
group main(source src : Patient, target tgt : Person) { src.name -> tgt.name; }`;
  const imports = {
    'types.map': `map "https://hedgerow.example/types/all" = "all"
group names(source a : HumanName, target b : HumanName) <<type+>> { a.family as f -> b.text = append('name ', f) "f"; }`,
  };
  expect(run(text, { name: [{ family: 'A' }] }, { imports }).out).toEqual({
    resourceType: 'Person',
    name: [{ text: 'name A' }],
  });
});
