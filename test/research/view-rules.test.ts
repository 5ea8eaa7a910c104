/** What the text of SQL on FHIR v2 says beyond its published cases. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileView } from '../../src/research/view/compile.ts';
import { sqlType } from '../../src/research/view/sql-type.ts';
import { compiled, definitions } from './samples.ts';

function rowsOf(view: unknown, ...resources: unknown[]): unknown[][] {
  const rows: unknown[][] = [];
  const { rows: run } = compiled(view);
  for (const resource of resources) run(resource, (row) => rows.push([...row]));
  return rows;
}
const column = (name: string, path: string, more: object = {}) => ({ name, path, ...more });
const nobody = { resourceType: 'Patient', id: 'p' };

test('an empty forEachOrNull gives null in every column but that of %rowIndex itself', () => {
  const columns = [
    column('i', '%rowIndex'),
    column('next', '%rowIndex + 1'),
    column('all', 'given', { collection: true }),
  ];
  const view = { resource: 'Patient', select: [{ forEachOrNull: 'name', column: columns }] };
  expect(rowsOf(view, nobody)).toEqual([[0, null, null]]);
});

test('an empty forEachOrNull gives one row where a union stands in it', () => {
  const unionAll = [
    { column: [column('v', 'family')] },
    { forEach: 'given', column: [column('v', '$this')] },
  ];
  expect(rowsOf({ resource: 'Patient', select: [{ forEachOrNull: 'name', unionAll }] }, nobody)).toEqual([
    [null],
  ]);
});

test('columns stand in the order: own, of selects within, of the union; whatever the order of members', () => {
  const view = {
    resource: 'Patient',
    select: [
      {
        unionAll: [{ column: [column('e', "'E'"), column('f', "'F'")] }],
        select: [{ column: [column('c', "'C'")] }, { column: [column('d', "'D'")] }],
        column: [column('a', "'A'"), column('b', "'B'")],
      },
      { column: [column('g', "'G'")] },
    ],
  };
  expect(
    compiled(view)
      .columns.map(({ name }) => name)
      .join(''),
  ).toBe('abcdefg');
});

test('%rowIndex goes on through all levels of repeat, and begins anew in each loop', () => {
  const item = (linkId: string, ...inner: object[]) => ({ linkId, ...(inner.length > 0 && { item: inner }) });
  const answers = {
    resourceType: 'QuestionnaireResponse',
    item: [item('1', item('1.1', item('1.1.1'))), item('2')],
  };
  const view = {
    resource: 'QuestionnaireResponse',
    select: [{ repeat: ['item'], column: [column('i', '%rowIndex'), column('l', 'linkId')] }],
  };
  expect(rowsOf(view, answers)).toEqual([
    [0, '1'],
    [1, '1.1'],
    [2, '1.1.1'],
    [3, '2'],
  ]);
});

test('repeat follows several paths, and answers with items in them', () => {
  const deep = {
    linkId: 'a',
    answer: [{ valueString: 'x', item: [{ linkId: 'b', item: [{ linkId: 'c' }] }] }],
  };
  const view = {
    resource: 'QuestionnaireResponse',
    select: [{ repeat: ['item', 'answer.item'], column: [column('l', 'linkId')] }],
  };
  expect(rowsOf(view, { resourceType: 'QuestionnaireResponse', item: [deep] })).toEqual([
    ['a'],
    ['b'],
    ['c'],
  ]);
});

test('takes primitive types of FHIR by the names that published cases give them', () => {
  const constant = [{ name: 't', valueTime: '18:12:00' }];
  const view = {
    resource: 'Observation',
    constant,
    select: [{ column: [column('b', 'value.ofType(Time) = %t')] }],
  };
  expect(rowsOf(view, { resourceType: 'Observation', valueTime: '18:12:00' })).toEqual([[true]]);
});

test('takes an element of a resource as type, in the notation of element ids', () => {
  const view = {
    resource: 'Observation',
    select: [
      { column: [column('r', 'referenceRange', { type: 'Observation.referenceRange', collection: true })] },
    ],
  };
  expect(rowsOf(view, { resourceType: 'Observation', referenceRange: [{ text: 'x' }] })).toEqual([
    [[{ text: 'x' }]],
  ]);
  const full = {
    ...view,
    select: [{ column: [column('s', 'status', { type: 'http://hl7.org/fhir/StructureDefinition/code' })] }],
  };
  expect(compiled(full).columns[0]?.type).toBe('code');
});

test('a condition that is empty leaves the resource out', () => {
  const view = {
    resource: 'Patient',
    where: [{ path: 'active' }],
    select: [{ column: [column('id', 'id')] }],
  };
  expect(rowsOf(view, nobody, { ...nobody, active: false }, { ...nobody, active: true })).toEqual([['p']]);
});

test('leaves contained resources out', () => {
  const practitioner = { resourceType: 'Practitioner', id: 'inner' };
  const view = { resource: 'Practitioner', select: [{ column: [column('id', 'id')] }] };
  expect(rowsOf(view, { ...nobody, contained: [practitioner] }, { ...practitioner, id: 'outer' })).toEqual([
    ['outer'],
  ]);
});

const issuesOf = (view: unknown): (string | undefined)[][] => {
  const result = compileView(view, definitions);
  return result.ok ? [] : result.outcome.issue.map((issue) => [ruleOf(issue), issue.expression?.[0]]);
};
const claiming = (profile: string) => ({
  meta: { profile: [`http://hl7.org/fhir/uv/sql-on-fhir/StructureDefinition/${profile}`] },
});

test('holds a view that says it is shareable to that', () => {
  const view = {
    ...claiming('ShareableViewDefinition'),
    resource: 'Patient',
    select: [{ column: [column('id', 'id')] }],
  };
  expect(issuesOf(view)).toEqual([
    ['view-shareable', 'ViewDefinition.url'],
    ['view-shareable', 'ViewDefinition.name'],
    ['view-shareable', 'ViewDefinition.fhirVersion'],
    ['view-shareable', 'ViewDefinition.select[0].column[0].type'],
  ]);
  const mended = {
    ...{ ...view, url: 'https://views.example/v', name: 'v', fhirVersion: ['4.0.1'] },
    select: [{ column: [column('id', 'id', { type: 'id' })] }],
  };
  expect(issuesOf(mended)).toEqual([]);
});

test('holds a view that says it is tabular to that, in unions too', () => {
  const unionAll = [
    { column: [column('g', 'name.given', { collection: true })] },
    { column: [column('g', 'name.given', { collection: true })] },
  ];
  const view = {
    ...claiming('TabularViewDefinition|3.0.0'),
    resource: 'Patient',
    select: [{ column: [column('n', 'maritalStatus', { type: 'CodeableConcept' })], unionAll }],
  };
  expect(issuesOf(view)).toEqual([
    ['view-tabular', 'ViewDefinition.select[0].column[0].type'],
    ['view-tabular', 'ViewDefinition.select[0].unionAll[0].column[0].collection'],
    ['view-tabular', 'ViewDefinition.select[0].unionAll[1].column[0].collection'],
  ]);
});

test('gives columns the types of databases that the specification names, and those that tags name', () => {
  const columns = [
    column('born', 'birthDate'),
    column('day', 'birthDate', { tag: [{ name: 'ansi/type', value: 'date' }] }),
    column('changed', 'meta.lastUpdated'),
    column('active', 'active'),
    column('births', 'multipleBirth.ofType(integer)'),
    column('given', 'name.given', { collection: true }),
    column('wide', 'id', { tag: [{ name: 'ansi/type', value: 'CHARACTER VARYING(10)' }] }),
  ];
  const view = compiled({ resource: 'Patient', select: [{ column: columns }] });
  expect(view.columns.map(sqlType)).toEqual([
    'VARCHAR',
    'DATE',
    'TIMESTAMPTZ',
    'BOOLEAN',
    'INTEGER',
    'JSON',
    'VARCHAR',
  ]);
});
