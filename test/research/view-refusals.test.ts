/** A bad view is refused before anything runs, and the refusal says where it is bad. */
import { expect, test } from 'vitest';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { compileView } from '../../src/research/view/compile.ts';
import { compiled, definitions } from './samples.ts';

const id = { name: 'id', path: 'id' };
const patient = (...select: unknown[]) => ({ resource: 'Patient', select });

const REFUSED: [string, unknown, string, string][] = [
  [
    'an element that views have not',
    { ...patient({ column: [id] }), colour: 'red' },
    'view-element',
    'ViewDefinition.colour',
  ],
  [
    'a misspelt element of a column',
    patient({ column: [{ ...id, colection: true }] }),
    'view-element',
    'ViewDefinition.select[0].column[0].colection',
  ],
  [
    'a resource that is none',
    { resource: 'HumanName', select: [{ column: [id] }] },
    'view-resource',
    'ViewDefinition.resource',
  ],
  [
    'a name that databases refuse',
    patient({ column: [{ name: '1st', path: 'id' }] }),
    'view-name',
    'ViewDefinition.select[0].column[0].name',
  ],
  [
    'two columns of one name',
    patient({ column: [id] }, { column: [id] }),
    'view-duplicate',
    'ViewDefinition.select[1].column[0].name',
  ],
  [
    'branches with other columns',
    patient({ unionAll: [{ column: [id] }, { column: [{ name: 'key', path: 'id' }] }] }),
    'view-union',
    'ViewDefinition.select[0].unionAll[1]',
  ],
  [
    'branches of other types',
    patient({ unionAll: [{ column: [id] }, { column: [{ name: 'id', path: 'active' }] }] }),
    'view-union',
    'ViewDefinition.select[0].unionAll[1].column[0]',
  ],
  [
    'a path that is no FHIRPath',
    patient({ column: [{ name: 'id', path: '@@' }] }),
    'fhirpath-syntax',
    'ViewDefinition.select[0].column[0].path',
  ],
  [
    'an element that the type has not',
    patient({ column: [{ name: 'id', path: 'nmae.family' }] }),
    'fhirpath-element',
    'ViewDefinition.select[0].column[0].path',
  ],
  [
    'an element that the type of forEach has not',
    patient({ forEach: 'name', column: [{ name: 'x', path: 'gender' }] }),
    'fhirpath-element',
    'ViewDefinition.select[0].column[0].path',
  ],
  [
    'a constant that is not there',
    patient({ forEach: 'name.where(use = %use)', column: [{ name: 'x', path: 'text' }] }),
    'fhirpath-variable',
    'ViewDefinition.select[0].forEach',
  ],
  [
    'a constant without a value',
    { ...patient({ column: [id] }), constant: [{ name: 'a' }] },
    'view-constant',
    'ViewDefinition.constant[0]',
  ],
  [
    'a constant of another type than its name says',
    { ...patient({ column: [id] }), constant: [{ name: 'a', valuePositiveInt: 0 }] },
    'view-constant',
    'ViewDefinition.constant[0].valuePositiveInt',
  ],
  [
    'a type that does not fit',
    patient({ column: [{ name: 'a', path: 'active', type: 'string' }] }),
    'view-column-type',
    'ViewDefinition.select[0].column[0].type',
  ],
  [
    'an element where a column wants a primitive',
    patient({ column: [{ name: 'a', path: 'maritalStatus' }] }),
    'view-column-type',
    'ViewDefinition.select[0].column[0].path',
  ],
  [
    'a condition that is no boolean',
    { ...patient({ column: [id] }), where: [{ path: 'name.family' }] },
    'view-condition',
    'ViewDefinition.where[0].path',
  ],
  [
    'forEach beside forEachOrNull',
    patient({ forEach: 'name', forEachOrNull: 'name', column: [{ name: 'a', path: 'text' }] }),
    'view-iteration',
    'ViewDefinition.select[0]',
  ],
  [
    'a view without a column',
    patient({ forEach: 'name', select: [{ forEach: 'given', unionAll: [] }] }),
    'view-element',
    'ViewDefinition.select[0].select[0].unionAll',
  ],
  [
    'a view for another FHIR',
    { ...patient({ column: [id] }), fhirVersion: ['5.0.0'] },
    'view-fhir-version',
    'ViewDefinition.fhirVersion',
  ],
];

test.each(REFUSED)('refuses %s, and says where', (_, view, rule, at) => {
  const result = compileView(view, definitions);
  const issues = result.ok ? [] : result.outcome.issue.map((issue) => [ruleOf(issue), issue.expression?.[0]]);
  expect(issues).toContainEqual([rule, at]);
});

test('refuses a view that nests too deeply', () => {
  let select: unknown = { column: [id] };
  for (let level = 0; level < 50; level++) select = { select: [select] };
  const result = compileView(patient(select), definitions);
  expect(result.ok ? [] : result.outcome.issue.map(ruleOf)).toContain('view-limit');
});

test('names the column that has several values and is no collection, and none of the values', () => {
  const view = compiled(patient({ column: [{ name: 'family', path: 'name.family' }] }));
  const resource = { resourceType: 'Patient', name: [{ family: 'Secret' }, { family: 'Hidden' }] };
  expect(() => view.rows(resource, () => {})).toThrow(
    /ViewDefinition\.select\[0\]\.column\[0\]\.path: one value is expected/,
  );
  expect(() => view.rows(resource, () => {})).not.toThrow(/Secret|Hidden/);
});

test('joins references to resources by key, and leaves out those of another type', () => {
  const path = (type: string) => `generalPractitioner.getReferenceKey(${type})`;
  const columns = ['', 'Practitioner', 'Organization'].map((type) => ({
    name: `k${type}`,
    path: path(type),
    collection: true,
  }));
  const rows: unknown[] = [];
  const generalPractitioner = [
    { reference: 'Practitioner/p/_history/2' },
    { reference: 'http://elsewhere/Organization/x' },
    { reference: '#c' },
  ];
  compiled(patient({ column: columns })).rows({ resourceType: 'Patient', generalPractitioner }, (row) =>
    rows.push([...row]),
  );
  expect(rows).toEqual([[['p'], ['p'], []]]);
});

test('puts constants of every kind into paths', () => {
  const constant = [
    { name: 'd', valueDate: '1980-01-01' },
    { name: 'neg', valueInteger: -2 },
    { name: 'big', valueInteger64: '9007199254740991' },
    { name: 'dt', valueDateTime: '2020' },
    { name: 't', valueTime: '10:00:00' },
    { name: 'dec', valueDecimal: 1.5 },
    { name: 'b', valueBoolean: true },
  ];
  const column = [
    { name: 'd', path: 'birthDate = %d' },
    { name: 'n', path: '%neg + 1' },
    { name: 'g', path: '%big' },
    { name: 't', path: '%t' },
    { name: 'dt', path: '%dt' },
    { name: 'c', path: '%dec * 2' },
    { name: 'b', path: '%b' },
  ];
  const rows: unknown[] = [];
  compiled({ resource: 'Patient', constant, select: [{ column }] }).rows(
    { resourceType: 'Patient', birthDate: '1980-01-01' },
    (row) => rows.push([...row]),
  );
  expect(rows).toEqual([[true, -1, 9007199254740991, '10:00:00', '2020', 3, true]]);
});

test('takes the sides of a period', () => {
  const column = [
    { name: 'low', path: 'period.lowBoundary()' },
    { name: 'high', path: 'period.highBoundary()' },
  ];
  const rows: unknown[] = [];
  const view = compiled({ resource: 'Encounter', select: [{ column }] });
  view.rows({ resourceType: 'Encounter', period: { start: '2020', end: '2021-02' } }, (row) =>
    rows.push([...row]),
  );
  expect(rows).toEqual([['2020-01-01T00:00:00.000+14:00', '2021-02-28T23:59:59.999-12:00']]);
});
