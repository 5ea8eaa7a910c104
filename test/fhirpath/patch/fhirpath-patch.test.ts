/** FHIRPath Patch beyond the published cases: what it reaches, what it refuses and how it says so. */
import { expect, test } from 'vitest';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { fhirpathPatch } from '../../../src/fhirpath/patch/fhirpath-patch.ts';
import type { JsonObject } from '../../../src/fhirpath/patch/slot.ts';

const definitions = loadBaseDefinitions();

const patient = (): JsonObject => ({
  resourceType: 'Patient',
  id: 'p1',
  deceasedBoolean: false,
  birthDate: '1980-01-02',
  _birthDate: { extension: [{ url: 'urn:time', valueDateTime: '1980-01-02T03:04:05Z' }] },
  name: [
    { use: 'official', family: 'Ash', given: ['Ada', 'Bea'], _given: [null, { id: 'second' }] },
    { use: 'nickname', given: ['Addy'] },
  ],
  contact: [{ gender: 'female' }],
  contained: [{ resourceType: 'Organization', id: 'o1', name: 'Oak' }],
  managingOrganization: { reference: '#o1' },
});

/** `part('path', 'Patient.name')`, `part('value', 'code', 'male')` */
const operation = (type: string, path: string, ...parts: object[]): object => ({
  name: 'operation',
  part: [{ name: 'type', valueCode: type }, { name: 'path', valueString: path }, ...parts],
});
const named = (name: string): object => ({ name: 'name', valueString: name });
const at = (name: string, valueInteger: number): object => ({ name, valueInteger });

function run(...parameter: object[]) {
  return fhirpathPatch(patient(), { resourceType: 'Parameters', parameter }, definitions);
}
function patched(...parameter: object[]): JsonObject {
  const done = run(...parameter);
  if (!done.ok) throw new Error(done.outcome.issue[0]?.diagnostics);
  return done.value;
}
function refusal(...parameter: object[]) {
  const done = run(...parameter);
  if (done.ok) throw new Error('it was applied');
  const [issue] = done.outcome.issue;
  return {
    status: done.status,
    rule: issue?.details?.coding?.[0]?.code,
    text: issue?.diagnostics ?? '',
    expression: issue?.expression?.[0],
  };
}

test('reaches primitives in lists, by index, by where() and by last()', () => {
  const value = { name: 'value', valueString: 'Cleo' };
  const given = (path: string): unknown =>
    (patched(operation('replace', path, value)).name as JsonObject[])[0]!.given;
  expect(given('Patient.name[0].given[0]')).toEqual(['Cleo', 'Bea']);
  expect(given("Patient.name.where(use = 'official').given.where($this = 'Ada')")).toEqual(['Cleo', 'Bea']);
  expect(given("name.where(use = 'official').given.first()")).toEqual(['Cleo', 'Bea']);
  expect(given('Patient.name.first().given.last()')).toEqual(['Ada', 'Cleo']);
});

test('keeps values and their siblings side by side through insert, move and delete', () => {
  const value = { name: 'value', valueString: 'Cleo', _valueString: { id: 'third' } };
  const [name] = patched(
    operation('insert', 'Patient.name[0].given', at('index', 0), value),
    operation('move', 'Patient.name[0].given', at('source', 2), at('destination', 0)),
    operation('delete', "Patient.name[0].given.where($this = 'Ada')"),
  ).name as JsonObject[];
  expect(name).toMatchObject({ given: ['Bea', 'Cleo'], _given: [{ id: 'second' }, { id: 'third' }] });
});

test('a replaced primitive loses the extensions of the one before', () => {
  const value = { name: 'value', valueDate: '1981' };
  expect(patched(operation('replace', 'Patient.birthDate', value))).toMatchObject({ birthDate: '1981' });
  expect(patched(operation('replace', 'Patient.birthDate', value))).not.toHaveProperty('_birthDate');
});

test('reaches and adds extensions of primitives', () => {
  const url = { name: 'url', valueUri: 'urn:source' };
  const value = { name: 'value', part: [url, { name: 'value', valueCode: 'seen' }] };
  const added = patched(
    operation('delete', "Patient.birthDate.extension('urn:time')"),
    operation('add', 'Patient.name[1].given[0]', named('extension'), value),
  );
  expect(added).not.toHaveProperty('_birthDate');
  expect((added.name as JsonObject[])[1]).toEqual({
    use: 'nickname',
    given: ['Addy'],
    _given: [{ extension: [{ url: 'urn:source', valueCode: 'seen' }] }],
  });
});

test('a choice is named by its stem, and changes its JSON name with its type', () => {
  const value = { name: 'value', valueDateTime: '2020-05-06' };
  const replaced = patched(operation('replace', 'Patient.deceased', value));
  expect(replaced).toMatchObject({ deceasedDateTime: '2020-05-06' });
  expect(replaced).not.toHaveProperty('deceasedBoolean');
  expect(patched(operation('replace', 'Patient.deceased.ofType(boolean)', value))).toEqual(replaced);
  const gone = operation('delete', 'Patient.deceased');
  for (const name of ['deceased', 'deceased[x]', 'deceasedDateTime'])
    expect(patched(gone, operation('add', 'Patient', named(name), value))).toEqual(replaced);
  expect(refusal(operation('add', 'Patient', named('deceasedDateTime'), value)).rule).toBe('patch-exists');
  expect(refusal(gone, operation('add', 'Patient', named('deceasedBoolean'), value)).rule).toBe('patch-type');
});

test('writes elements without a type of their own from parts, at any depth', () => {
  const parts = [
    { name: 'relationship', valueCodeableConcept: { text: 'carer' } },
    { name: 'relationship', valueCodeableConcept: { text: 'daughter' } },
    {
      name: 'name',
      part: [
        { name: 'family', valueString: 'Ash' },
        { name: 'given', valueString: 'Bea' },
      ],
    },
  ];
  const added = patched(
    operation('insert', 'Patient.contact', at('index', 0), { name: 'value', part: parts }),
  );
  expect(added.contact).toEqual([
    { relationship: [{ text: 'carer' }, { text: 'daughter' }], name: { family: 'Ash', given: ['Bea'] } },
    { gender: 'female' },
  ]);
});

test('reaches into contained resources, and by functions that give elements of the resource', () => {
  const value = { name: 'value', valueString: 'Elm' };
  const elm = { resourceType: 'Organization', id: 'o1', name: 'Elm' };
  expect(patched(operation('replace', "Patient.contained.where(id = 'o1').name", value)).contained).toEqual([
    elm,
  ]);
  expect(
    patched(operation('replace', 'Patient.managingOrganization.resolve().name', value)).contained,
  ).toEqual([elm]);
  const deep = operation('delete', "Patient.descendants().where($this is HumanName and use = 'nickname')");
  expect(patched(deep).name).toHaveLength(1);
});

test('adds a resource to contained', () => {
  const resource = { resourceType: 'Location', id: 'l1' };
  const added = patched(operation('add', 'Patient', named('contained'), { name: 'value', resource }));
  expect(added.contained).toEqual([...(patient().contained as object[]), resource]);
});

test('deletes what is there and leaves nothing empty behind; what is not there is deleted already', () => {
  const left = patched(
    operation('delete', 'Patient.contact[0].gender'),
    operation('delete', 'Patient.photo'),
  );
  expect(left).not.toHaveProperty('contact');
});

test('a later operation sees what an earlier one did, an emptied element keeps its place until the end', () => {
  const value = { name: 'value', valueCode: 'other' };
  const again = patched(
    operation('delete', 'Patient.contact[0].gender'),
    operation('add', 'Patient.contact[0]', named('gender'), value),
  );
  expect(again.contact).toEqual([{ gender: 'other' }]);
});

test.each([
  ['two elements', operation('delete', 'Patient.name'), 'patch-many', 422],
  [
    'no element',
    operation('replace', 'Patient.photo', { name: 'value', valueString: 'x' }),
    'patch-missing',
    422,
  ],
  ['the whole resource', operation('delete', 'Patient'), 'patch-root', 422],
  ['an unknown element', operation('delete', 'Patient.nmae'), 'patch-element', 422],
  ['no FHIRPath', operation('delete', 'Patient..name'), 'patch-path', 400],
  ['a value, not an element', operation('delete', "'Ash'"), 'patch-path', 422],
  [
    'a wrong type',
    operation('replace', 'Patient.birthDate', { name: 'value', valueBoolean: true }),
    'patch-type',
    422,
  ],
  [
    'a string for a date',
    operation('replace', 'Patient.birthDate', { name: 'value', valueString: '1981' }),
    'patch-type',
    422,
  ],
  [
    'a type for a backbone',
    operation('add', 'Patient', named('contact'), { name: 'value', valueHumanName: {} }),
    'patch-type',
    422,
  ],
  [
    'an element twice',
    operation('add', 'Patient', named('birthDate'), { name: 'value', valueDate: '1981' }),
    'patch-exists',
    422,
  ],
  [
    'an index past the end',
    operation('insert', 'Patient.name', at('index', 3), { name: 'value', valueHumanName: { text: 'x' } }),
    'patch-index',
    422,
  ],
  [
    'a move past the end',
    operation('move', 'Patient.name', at('source', 0), at('destination', 2)),
    'patch-index',
    422,
  ],
  [
    'a move of what is no list',
    operation('move', 'Patient.birthDate', at('source', 0), at('destination', 0)),
    'patch-list',
    422,
  ],
  [
    'a path into another resource',
    operation('delete', 'Patient.generalPractitioner.resolve().name'),
    undefined,
    422,
  ],
  ['a missing part', operation('replace', 'Patient.birthDate'), 'patch-form', 400],
  [
    'an unknown part',
    operation('delete', 'Patient.birthDate', { name: 'where', valueString: 'x' }),
    'patch-form',
    400,
  ],
  ['an unknown type', operation('test', 'Patient.birthDate'), 'patch-operation', 400],
  [
    'a negative index',
    operation('move', 'Patient.name', at('source', -1), at('destination', 0)),
    'patch-form',
    400,
  ],
  [
    'two values',
    operation('replace', 'Patient.birthDate', { name: 'value', valueDate: '1981', valueString: 'x' }),
    'patch-value',
    400,
  ],
])('refuses %s, and names the operation', (_what, wrong, rule, status) => {
  const first = operation('delete', "Patient.name.where(use = 'nickname')");
  if (rule === undefined) {
    expect(patched(wrong)).toEqual(patient()); // resolves to nothing: nothing is deleted
    return;
  }
  const fine = rule === 'patch-many' || rule === 'patch-index' ? operation('delete', 'Patient.photo') : first;
  expect(refusal(fine, wrong)).toMatchObject({ rule, status, expression: 'Parameters.parameter[1]' });
});

test('names no value of the resource or the patch in a refusal', () => {
  const path = "Patient.name.where(family = 'Secret').unknown";
  const inWhere = "Patient.name.where(unknown = 'Secret')";
  const inFunction = "Patient.descendants().where(unknown() = 'Secret')";
  for (const wrong of [path, inWhere, inFunction, "Patient.name.where(family = 'Secret'"])
    expect(refusal(operation('delete', wrong)).text).not.toContain('Secret');
  const value = { name: 'value', valueString: 'Secret' };
  expect(refusal(operation('replace', 'Patient.deceased', value)).text).toBe(
    'Operation 0, counted from 0 (replace): valueString is of the wrong type for deceased; give valueBoolean or valueDateTime. Nothing was changed.',
  );
});

test('bounds the cost of its paths', () => {
  const wide = `${'Patient.descendants() | '.repeat(40)}Patient`;
  const contact = Array.from({ length: 1_000 }, () => ({ gender: 'female' }));
  const patch = { resourceType: 'Parameters', parameter: [operation('delete', wide)] };
  const done = fhirpathPatch({ ...patient(), contact }, patch, definitions);
  expect(done.ok || done.outcome.issue[0]?.diagnostics).toContain('visits too many elements');
  const costly =
    'Patient.descendants().where(%resource.descendants().where(%resource.descendants().count() > 0).exists())';
  expect(refusal(...Array.from({ length: 900 }, () => operation('delete', costly))).status).toBe(422);
  expect(refusal(...Array.from({ length: 1_001 }, () => operation('delete', 'Patient.photo'))).rule).toBe(
    'patch-cost',
  );
});
