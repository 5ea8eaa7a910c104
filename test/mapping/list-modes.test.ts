/** List modes of targets: what is shared, and what goes first or last, in every place that a target may stand. */
import { expect, test } from 'vitest';
import { findingsOf, run, runRules } from './one-hop.ts';

const out = (made: { out: unknown; issues: string[] }): unknown => {
  expect(made.issues).toEqual([]);
  return made.out;
};

test('puts elements first and last whatever the order of the rules, and refuses two of either', () => {
  const body = `src.id as i -> tgt.name as n last, n.family = i "last";
    src.name as i -> tgt.name as n, n.family = i "middle";
    src.status as i -> tgt.name as n first, n.family = i "first";`;
  const families = (record: unknown): unknown =>
    (out(runRules(body, record)) as { name?: { family: string }[] }).name?.map(({ family }) => family);
  expect(families({ id: 'z', name: 'm', status: 'a' })).toEqual(['a', 'm', 'z']);
  expect(families({ id: 'z' })).toEqual(['z']);
  const twice = `src.name as i -> tgt.name as n last, n.family = i "one"; src.id as i -> tgt.name as n last, n.family = i "two";`;
  expect(runRules(twice, { name: 'm', id: 'z' }).issues).toEqual([
    expect.stringMatching(/^map-list-mode .*"two"\): several rules want their elements of name to go last/),
  ]);
});

test('keeps the items of one rule in their order at the end that they go to', () => {
  for (const [mode, wanted] of [
    ['first', ['a', 'b', 'm']],
    ['last', ['m', 'a', 'b']],
  ] as const) {
    const objects = `src.name as i -> tgt.name as n, n.text = i "m"; src.tags as t -> tgt.name as n ${mode}, n.text = t "t";`;
    const values = `src -> tgt.name as n, n.given = (src.name), n.given = (src.tags) ${mode} "v";`;
    const record = { name: 'm', tags: ['a', 'b'] };
    expect(out(runRules(objects, record))).toMatchObject({ name: wanted.map((text) => ({ text })) });
    expect(out(runRules(values, record))).toMatchObject({ name: [{ given: wanted }] });
  }
});

test('keeps what goes to an end of a list in an object that nothing else fills', () => {
  const body = `src -> tgt.contact as c, c.telecom as t last then { src.id as i -> t.value = i "v"; } "c";
    src.name as n -> tgt.name as m, m.given = n last "g";`;
  expect(out(runRules(body, { id: 'i', name: 'n' }))).toEqual({
    resourceType: 'Patient',
    contact: [{ telecom: [{ value: 'i' }] }],
    name: [{ given: ['n'] }],
  });
  expect(out(runRules(body, {}))).toEqual({ resourceType: 'Patient' });
});

test('moves a primitive to an end of its list with its id and extensions', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias Name as source
uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias Made as target
group main(source src : Name, target tgt : Made) {
  src.given as g -> tgt.given = g last "g";
  src.prefix as p -> tgt.given = p "p";
  src.suffix as s -> tgt.given = s first "s";
}`;
  const record = {
    given: ['x'],
    _given: [{ id: 'g' }],
    prefix: ['x'],
    suffix: ['x'],
    _suffix: [{ id: 's' }],
  };
  expect(run(text, record).out).toEqual({ given: ['x', 'x', 'x'], _given: [{ id: 's' }, null, { id: 'g' }] });
});

test('goes on with the first element of a list for single, and for its older name collate', () => {
  for (const mode of ['single', 'collate']) {
    const body = `src.name as i -> tgt.name as n, n.family = i "made";
      src.status as i -> tgt.name as n ${mode}, n.text = i "same";`;
    expect(out(runRules(body, { name: 'F', status: 'T' }))).toEqual({
      resourceType: 'Patient',
      name: [{ family: 'F', text: 'T' }],
    });
    expect(out(runRules(body, { status: 'T' }))).toEqual({ resourceType: 'Patient', name: [{ text: 'T' }] });
  }
});

test('leaves no empty element behind when nothing fills one that has a list mode', () => {
  const body = `src -> tgt.name as n share one then { src.status as s -> n.text = s "s"; } "a";`;
  expect(out(runRules(body, {}))).toEqual({ resourceType: 'Patient' });
  expect(out(runRules(body, { status: 'x' }))).toEqual({ resourceType: 'Patient', name: [{ text: 'x' }] });
  const below = `src.name -> tgt.contact as c, c.telecom as t MODE then { src.id as i -> t.value = i "v"; } "b";`;
  for (const mode of ['share x', 'single', 'first', 'last'])
    expect(runRules(below.replace('MODE', mode), { name: 'n' }).out).toEqual({ resourceType: 'Patient' });
});

test('shares within one parent, whichever rule, loop or group comes upon it', () => {
  const calls = `src as s then g(s, tgt) "one"; src as s then g(s, tgt) "two";`;
  const filler = Array.from(
    { length: 80 },
    (_, n) => `s.id as i -> t.implicitRules = append(i, '${n}') "r${n}";`,
  );
  for (const more of ['', filler.join('\n')]) {
    const group = `group g(source s, target t : Patient) { s.name as n -> t.name as m share x, m.given = n "n"; ${more} }`;
    expect(out(runRules(calls, { name: 'N' }, 'Patient', group))).toMatchObject({
      name: [{ given: ['N', 'N'] }],
    });
  }
  const nested = `src.tags as t -> tgt.contact as c share one then { src.name as n -> c.telecom as p share two, p.value = t "n"; } "t";`;
  expect(out(runRules(nested, { name: 'n', tags: ['a', 'b'] }))).toEqual({
    resourceType: 'Patient',
    contact: [{ telecom: [{ value: 'b' }] }],
  });
});

test('sends a shared element to an end, and finds it there again', () => {
  const body = `src.id as i -> tgt.name as n, n.text = i "i"; src.name as i -> tgt.name as n first share x, n.text = i "s";
    src.status as s -> tgt.name as n share x, n.family = s "t";`;
  expect(out(runRules(body, { id: 'i', name: 'n', status: 's' }))).toMatchObject({
    name: [{ text: 'n', family: 's' }, { text: 'i' }],
  });
});

test('finds the element that occurs once again for any share', () => {
  const body = `src.name as n -> tgt.maritalStatus as m share one, m.text = n "n"; src.id as i -> tgt.maritalStatus as m share two, m.id = i "i";`;
  expect(out(runRules(body, { name: 'N', id: 'I' }))).toMatchObject({
    maritalStatus: { text: 'N', id: 'I' },
  });
});

test('refuses a list mode of a primitive that is built', () => {
  for (const mode of ['share x', 'single', 'first', 'last'])
    expect(findingsOf(`src.name as n -> tgt.name as m, m.given as g ${mode}, g.value = n "g";`)).toEqual([
      expect.stringMatching(
        /^map-unsupported t\.map:5:\d+: a list mode of a primitive .*; write its value with =/,
      ),
    ]);
});
