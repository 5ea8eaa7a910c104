/** Elements that paths and expressions name, and parameters that transforms take: what is not there is said at load. */
import { expect, test } from 'vitest';
import { compileOne, findingsOf, runRules } from './one-hop.ts';

test('finds elements of a schema that no path or expression can lead to', () => {
  for (const [rule, column, message] of [
    ['src -> tgt.id = src.nmae "r";', 21, 'has no element nmae; write name'],
    ['src.place as p -> tgt.id = p.twon "r";', 30, 'has no element twon; write town'],
    ['src.place as p -> tgt.id = (p.twon) "r";', 29, 'has no element twon; write town'],
    [`src.place as p where twon = 'T' -> tgt.id = (p.code) "r";`, 22, 'has no element twon; write town'],
    [`src.notes as n check $this.kin = 'T' -> tgt.id = (n.words) "r";`, 22, 'has no element kin; write kind'],
    [`src where name = 'N' and notes.word = 'T' -> tgt.active = true "r";`, 11, 'has no element word'],
    ['src -> tgt.id = evaluate(src, nmae) "r";', 31, 'has no element nmae; write name'],
    ['src.name as n -> tgt.id = n.first "r";', 29, 'has no element first'],
  ] as const)
    expect(findingsOf(rule).filter((finding) => finding.includes('map-unknown-element'))).toEqual([
      expect.stringContaining(`t.map:5:${column}: `) && expect.stringContaining(message),
    ]);
});

test('takes names of JSON, units, operators, functions and what stands in their arguments for what they are', () => {
  const body = `src.place as p where (p.town in ('T' | 'U')) and %src.name.contains('N') implies true -> tgt.id = (p.town & 'x') "a";
    src where notes.where(kind = 'k').words = 'w' and born + 5 days > @2020-01-01 -> tgt.active = true "b";
    src where $this.notes[0].kind = 'k' and name is string -> tgt.language = 'en' "c";`;
  const record = { name: 'N', born: '2024-01-01', place: { town: 'T' }, notes: [{ kind: 'k', words: 'w' }] };
  expect(runRules(body, record).out).toMatchObject({ id: 'Tx', active: true, language: 'en' });
});

test('finds elements that a FHIR type has not, and takes choices named as JSON names them', () => {
  const text = (
    path: string,
  ): string => `uses "http://hl7.org/fhir/StructureDefinition/Observation" alias Observation as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group main(source src : Observation, target tgt : Patient) { src as o -> tgt.id = ${path} "r"; }`;
  for (const path of ['o.valueSting', '(o.valueSting)', 'o.code.txt', '(o.code.txt & o.status)'])
    expect(compileOne(text(path)).issues).toMatchObject([
      { diagnostics: expect.stringContaining('has no element') },
    ]);
  for (const path of ['o.valueString', '(o.valueString)', 'o.code.text', '(o.code.coding.code)'])
    expect(compileOne(text(path)).issues).toEqual([]);
});

test('knows the type that a path leads to', () => {
  expect(findingsOf('src.place as p -> tgt.active = p.town "r";')).toEqual([
    expect.stringContaining("active is a boolean, but the value is a string; write cast(value, 'boolean')"),
  ]);
  expect(findingsOf('src -> tgt.id = src.place "r";')).toEqual([
    expect.stringContaining('the value is an object'),
  ]);
  const body = `src.place as p -> tgt.extension as e, e.url = 'u', e.value = p.town "t";
    src -> tgt.extension as e, e.url = 'w', e.value = qty(src.weight, 'kg') "w";`;
  expect(runRules(body, { place: { town: 'T' }, weight: 60.5 }).out).toMatchObject({
    extension: [{ valueString: 'T' }, { valueQuantity: { value: 60.5, unit: 'kg' } }],
  });
});

test('refuses parameters that a transform has no use for', () => {
  for (const [call, message] of [
    ["cc('a', 'b', 'c', 'd')", 'cc takes at most 3, but has 4 parameters; leave out this one'],
    ["id('a', 'b', 'c', 'd')", 'id takes at most 3'],
    ["create('HumanName', 'x')", 'create takes at most 1'],
    ['uuid(src)', 'uuid takes none'],
    ["toDate('x', 'yyyy', 'z')", 'toDate takes at most 2'],
    ["toDate('x')", 'toDate needs a pattern such as dd/MM/yyyy as parameter 2'],
    ["truncate('x', -1)", 'truncate needs a whole number of characters as parameter 2'],
    ["truncate('x', 1.5)", 'truncate needs a whole number of characters as parameter 2'],
  ])
    expect(findingsOf(`src -> tgt.name = ${call} "r";`)).toEqual([
      expect.stringMatching(/^map-parameters t\.map:5:\d+: /) && expect.stringContaining(message!),
    ]);
});

test('makes what the element is for create without a type, where that is one', () => {
  expect(runRules(`src -> tgt.name = create() as n, n.text = 'x' "r";`, {}).out).toMatchObject({
    name: [{ text: 'x' }],
  });
  expect(findingsOf(`src -> tgt.contained = create() as c, c.id = 'x' "r";`)).toEqual([
    expect.stringContaining('create needs the name of a type as parameter 1'),
  ]);
});

test('keeps dates within the years that have four digits', () => {
  for (const [operation, years] of [
    ['add', 99_999_999],
    ['subtract', 3000],
  ] as const) {
    const { out, issues } = runRules(
      `src.born as b -> tgt.birthDate = dateOp(b, '${operation}', ${years}, 'years') "r";`,
      { born: '2024-02-29' },
    );
    expect([out, issues]).toEqual([{ resourceType: 'Patient' }, [expect.stringMatching(/^map-date /)]]);
  }
});
