/** Elements of a list stand in the order of the rules, whatever is written in place and whatever is called. */
import { expect, test } from 'vitest';
import { run, runRules } from './one-hop.ts';

/** Families of the names that rules make, in their order; there must be no issues. */
function families(body: string, record: unknown, more = ''): unknown {
  const { out, issues } = runRules(body, record, 'Patient', more);
  expect(issues).toEqual([]);
  return (out as { name?: { family: string }[] }).name?.map(({ family }) => family);
}

/** Too long to be written in place, so it is called: it adds `last`, after many rules that do nothing here. */
const LONG = `group Long(source src, target tgt) {
${Array.from({ length: 60 }, (_, at) => `src.id as i where i = 'never-${at}' -> tgt.language = i "r${at}";`).join('\n')}
src -> tgt.name as n, n.family = 'last' "last";
}`;

const RECURSIVE = `group Deep(source note, target tgt) {
note.words as w -> tgt.name as n, n.family = w "words";
note.notes as inner then Deep(inner, tgt) "inner";
}`;

const SHORT = `group Short(source src, target tgt) { src -> tgt.name as n, n.family = 'short' "short"; }`;

test('puts what an earlier rule made before what a called group adds, in a condition too', () => {
  const body = `src -> tgt.name as n, n.family = 'first' "first";
    src where name.exists() then Long(src, tgt) "long";`;
  expect(families(body, { name: 'A' }, LONG)).toEqual(['first', 'last']);
  expect(families(body, {}, LONG)).toEqual(['first']);
});

test('puts what a later rule makes behind what a called group added', () => {
  const body = `src where name.exists() then Long(src, tgt) "long";
    src -> tgt.name as n, n.family = 'after' "after";`;
  expect(families(body, { name: 'A' }, LONG)).toEqual(['last', 'after']);
  expect(families(body, {}, LONG)).toEqual(['after']);
});

test('keeps the order of the rules around a group that calls itself', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
  group main(source src, target tgt : Patient) {
    src -> tgt.name as n, n.family = 'first' "first";
    src.notes as note then Deep(note, tgt) "notes";
    src -> tgt.name as n, n.family = 'after' "after";
  } ${RECURSIVE}`;
  const notes = [{ words: 'a', notes: [{ words: 'b' }] }, { words: 'c' }];
  const { out, issues } = run(text, { notes });
  expect(issues).toEqual([]);
  const names = ['first', 'a', 'b', 'c', 'after'].map((family) => ({ family }));
  expect(out).toMatchObject({ name: names });
});

test('keeps the order of a group written in place before one that is called', () => {
  const body = `src then Short(src, tgt), Long(src, tgt) "both";
    src -> tgt.name as n, n.family = 'after' "after";`;
  expect(families(body, {}, LONG + SHORT)).toEqual(['short', 'last', 'after']);
});

test('leaves out an element that nothing fills, and keeps the order of the rest around a called group', () => {
  const body = `src -> tgt.name as n then { src.name -> n.family; } "maybe";
    src then Long(src, tgt) "long";
    src.status as s -> tgt.name as n, n.family = s "status";`;
  expect(families(body, { status: 'S' }, LONG)).toEqual(['last', 'S']);
});

test('reads an element of the source once for all rules, and gives each rule its own condition', () => {
  const body = `src.name as n where n = 'A' -> tgt.name as name, name.family = n "one";
    src.name as n where n = 'B' -> tgt.name as name, name.family = n "two";
    src.name as n -> tgt.name as name, name.family = append('x', n) "three";
    src.place as p then { p.town as n -> tgt.name as name, name.family = append('x', n) "four"; } "place";`;
  expect(families(body, { name: 'B', place: { town: 'T' } })).toEqual(['B', 'xB', 'xT']);
  expect(families(body, { place: { town: 'A' } })).toEqual(['xA']);
});

test('makes the same text once, and right in every branch and turn of a loop', () => {
  const body = `src.name as n where n = 'A' then { src.notes as note then {
      note.words as w -> tgt.name as name, name.family = append(n, '-', w) "inLoop";
      note.kind as k -> tgt.name as name, name.family = append('k', n) "keyOutside"; } "notes"; } "first";
    src.name as n -> tgt.name as name, name.family = append('k', n) "again";`;
  const notes = [{ words: 'a' }, { words: 'b', kind: 'x' }, { kind: 'y' }];
  expect(families(body, { name: 'A', notes })).toEqual(['A-a', 'A-b', 'kA', 'kA', 'kA']);
  expect(families(body, { name: 'B', notes })).toEqual(['kB']);
});

test('keeps the place of an element that a condition fills, before what a called group adds', () => {
  const body = `src -> tgt.name as n then { src.name -> n.family; } "maybe";
    src then Long(src, tgt) "long";
    src.status as s -> tgt.name as n, n.family = s "status";`;
  expect(families(body, { name: 'N', status: 'S' }, LONG)).toEqual(['N', 'last', 'S']);
  expect(families(body, {}, LONG)).toEqual(['last']);
});

test('keeps the place of an element whose own rules add to the list that it stands in', () => {
  const body = `src -> tgt.name as n then {
      src.status as s -> tgt.name as inner, inner.family = s "inner";
      src.name -> n.family;
    } "outer";
    src -> tgt.name as n, n.family = 'after' "after";`;
  expect(families(body, { name: 'N', status: 'S' })).toEqual(['N', 'S', 'after']);
  expect(families(body, { status: 'S' })).toEqual(['S', 'after']);
  expect(families(body, { name: 'N' })).toEqual(['N', 'after']);
});

test('gives a called group the element that a condition may have filled, and leaves none when neither did', () => {
  const late = LONG.replace(
    `src -> tgt.name as n, n.family = 'last' "last";`,
    `src.status as s -> tgt.maritalStatus as m, m.text = s "late";`,
  );
  const body = `src -> tgt.maritalStatus as m then { src.name as n -> m.id = n "id"; } "maybe"; src then Long(src, tgt) "long";`;
  const married = (record: unknown): unknown => runRules(body, record, 'Patient', late).out;
  expect(married({ name: 'N', status: 'S' })).toEqual({
    resourceType: 'Patient',
    maritalStatus: { id: 'N', text: 'S' },
  });
  expect(married({ status: 'S' })).toEqual({ resourceType: 'Patient', maritalStatus: { text: 'S' } });
  expect(Object.keys(married({}) as object)).toEqual(['resourceType']);
});
