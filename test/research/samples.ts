/** A view and resources that several tests use. */
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import { type CompiledView, compileView } from '../../src/research/view/compile.ts';

export const definitions = loadBaseDefinitions();

export const PATIENTS = {
  resource: 'Patient',
  select: [
    {
      column: [
        { name: 'id', path: 'getResourceKey()', type: 'id' },
        { name: 'born', path: 'birthDate', tag: [{ name: 'ansi/type', value: 'DATE' }] },
        { name: 'active', path: 'active' },
        { name: 'births', path: 'multipleBirth.ofType(integer)' },
        { name: 'given', path: 'name.given', collection: true },
      ],
    },
    {
      forEachOrNull: 'telecom',
      column: [
        { name: 'phone', path: 'value' },
        { name: 'rank', path: '%rowIndex' },
      ],
    },
  ],
};

export const RESOURCES = [
  {
    resourceType: 'Patient',
    id: 'a',
    birthDate: '1980-02-03',
    active: false,
    multipleBirthInteger: 2,
    name: [{ given: ['Ann, "A"'] }],
    telecom: [{ value: '1\n2' }, { value: '' }],
  },
  { resourceType: 'Observation', id: 'o' },
  { resourceType: 'Patient', id: 'b' },
];

/** Rows of `RESOURCES`, as JSON. */
export const ROWS = [
  { id: 'a', born: '1980-02-03', active: false, births: 2, given: ['Ann, "A"'], phone: '1\n2', rank: 0 },
  { id: 'a', born: '1980-02-03', active: false, births: 2, given: ['Ann, "A"'], phone: '', rank: 1 },
  { id: 'b', born: null, active: null, births: null, given: [], phone: null, rank: 0 },
];

export function compiled(view: unknown = PATIENTS): CompiledView {
  const result = compileView(view, definitions);
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  return result.value;
}
