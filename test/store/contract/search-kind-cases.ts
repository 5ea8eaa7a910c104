/** Resources that searches are tried on, and what each kind of condition finds of the people among them. */
import { dateRange } from '../../../src/store/date-range.ts';
import type { Identified, Prefix, SearchClause } from '../../../src/store/store.ts';
import { idOf, patient } from '../samples.ts';

export const SNOMED = 'http://snomed.info/sct';
export const UCUM = 'http://unitsofmeasure.org';
export const NAMES = ['p', 'q', 'w', 'e1', 'e2', 's1', 'o1', 'o2', 'o3', 'g'];
export const nameOf = (id: string): string => NAMES.find((name) => idOf(name) === id) ?? id;
export const of = (name: string): { reference: string } => ({ reference: `Patient/${idOf(name)}` });
export const coded = (code: string): object => ({ coding: [{ system: SNOMED, code }] });

export function observation(name: string, person: string, more: object): Identified {
  const base = { resourceType: 'Observation', id: idOf(name), status: 'final', subject: of(person) };
  return { ...base, code: coded('1'), ...more } as Identified;
}

export const PEOPLE = [
  patient('p', {
    name: [{ family: "O'Brien", given: ['Zoë', 'Ann'] }],
    gender: 'female',
    birthDate: '1950-06-01',
    address: [{ line: ['1 High Street'], city: 'York', postalCode: 'YO1 7HU' }],
    telecom: [{ system: 'phone', value: '01632 960001' }],
    managingOrganization: {
      identifier: { system: 'https://fhir.nhs.uk/Id/ods-organization-code', value: 'X26' },
    },
    meta: {
      tag: [{ system: 'https://t.example', code: 'a' }],
      profile: ['https://p.example/one', 'https://p.example/two'],
    },
  }),
  patient('q', {
    name: [{ family: 'obrien', given: ['Anna'] }],
    gender: 'male',
    birthDate: '1950',
    deceasedBoolean: true,
    meta: { source: 'https://s.example/a/b', profile: ['https://p.example/one'] },
  }),
  patient('w', { name: [{ text: 'High Smith-Jones' }], deceasedBoolean: false }),
];
export const OBSERVATIONS = [
  observation('o1', 'p', {
    effectiveDateTime: '2025-03-01',
    valueQuantity: { value: 5.4, unit: 'miles', system: UCUM, code: '[mi_i]' },
    component: [
      { code: coded('sys'), valueQuantity: { value: 120, code: 'mm[Hg]', system: UCUM } },
      { code: coded('dia'), valueQuantity: { value: 80, code: 'mm[Hg]', system: UCUM } },
    ],
  }),
  observation('o2', 'q', {
    code: coded('2'),
    effectiveDateTime: '2025-03-02',
    valueCodeableConcept: coded('yes'),
    derivedFrom: [{ reference: `Observation/${idOf('o1')}` }],
    component: [{ code: coded('mood'), valueCodeableConcept: coded('well') }],
  }),
  observation('o3', 'p', { valueQuantity: { value: 10, comparator: '>' } }),
];

export const token = (
  param: string,
  code: string,
  more: { system?: string; not?: boolean } = {},
): SearchClause => {
  const { system, not = false } = more;
  return { kind: 'token', param, values: [{ code, ...(system === undefined ? {} : { system }) }], not };
};
export const text = (
  param: string,
  words: string,
  how: 'starts' | 'contains' | 'exact' = 'starts',
): SearchClause => ({
  kind: 'string',
  param,
  values: [{ text: words, how }],
});
export const missing = (param: string, isMissing: boolean): SearchClause => ({
  kind: 'missing',
  param,
  isMissing,
});
export const refers = (param: string, type: string, name: string): SearchClause => ({
  kind: 'reference',
  param,
  targets: [`${type}/${idOf(name)}`],
});
export const uri = (
  param: string,
  value: string,
  how: 'exact' | 'below' | 'above' = 'exact',
): SearchClause => ({
  kind: 'uri',
  param,
  values: [{ uri: value, how }],
});
export const amount = (
  prefix: Prefix,
  low: number,
  high = low,
  more: { system?: string; code?: string } = {},
): SearchClause => ({
  kind: 'quantity',
  param: 'value-quantity',
  values: [{ prefix, low, high, ...more }],
});
export const day = (param: string, prefix: Prefix, date: string): SearchClause => ({
  kind: 'date',
  param,
  values: [{ prefix, ...dateRange(date)! }],
});

export const PATIENTS: readonly [what: string, clauses: SearchClause[], names: string[]][] = [
  ['a name, whatever its case, accents and signs', [text('name', 'OBRIEN')], ['p', 'q']],
  ['a given name', [text('name', 'zoe')], ['p']],
  ['the whole name as text', [text('name', 'high smith')], ['w']],
  ['a family name as it is written', [text('family', "O'Brien", 'exact')], ['p']],
  ['a family name as another writes it', [text('family', 'obrien', 'exact')], ['q']],
  ['what is within a name', [text('family', 'rie', 'contains')], ['p', 'q']],
  ['a line of an address', [text('address', '1 high')], ['p']],
  ['a city, as an address', [text('address', 'york')], ['p']],
  ['a city', [text('address-city', 'Yo')], ['p']],
  ['a postcode as written', [text('address-postalcode', 'YO1 7HU', 'exact')], ['p']],
  [
    'a postcode in small letters, which is not as written',
    [text('address-postalcode', 'yo1 7hu', 'exact')],
    [],
  ],
  ['a phone number', [token('telecom', '01632 960001')], ['p']],
  ['a phone number, as phone', [token('phone', '01632 960001', { system: 'phone' })], ['p']],
  ['not a gender: who has none is not of it', [token('gender', 'male', { not: true })], ['p', 'w']],
  ['who has died', [token('deceased', 'true')], ['q']],
  ['who has not died', [token('deceased', 'false')], ['p', 'w']],
  ['no birth date', [missing('birthdate', true)], ['w']],
  ['a birth date', [missing('birthdate', false)], ['p', 'q']],
  ['an address', [missing('address', false)], ['p']],
  ['a tag', [token('_tag', 'a', { system: 'https://t.example' })], ['p']],
  ['a profile', [uri('_profile', 'https://p.example/two')], ['p']],
  ['a profile below another', [uri('_profile', 'https://p.example/', 'below')], ['p', 'q']],
  ['a profile that nobody has', [uri('_profile', 'https://p.example/three')], []],
  ['a source', [uri('_source', 'https://s.example/a/b')], ['q']],
  ['a source above', [uri('_source', 'https://s.example/a/b/c', 'above')], ['q']],
  ['not some ids', [{ kind: 'id', ids: [idOf('p'), idOf('w')], not: true }], ['q']],
  [
    'an identifier of what it refers to',
    [{ kind: 'referenceIdentifier', param: 'organization', values: [{ code: 'X26' }] }],
    ['p'],
  ],
  [
    'something said of them',
    [{ kind: 'has', type: 'Observation', param: 'patient', clauses: [token('code', '2')] }],
    ['q'],
  ],
  [
    'nothing that is said of anybody',
    [{ kind: 'has', type: 'Observation', param: 'subject', clauses: [token('code', '9')] }],
    [],
  ],
  [
    'whose contact has a condition of its own',
    [
      {
        ...{ kind: 'has', type: 'Observation', param: 'patient' },
        clauses: [
          { kind: 'chain', param: 'derived-from', type: 'Observation', clauses: [token('code', '1')] },
        ],
      },
    ],
    ['q'],
  ],
  ['any of two', [{ kind: 'any', clauses: [token('gender', 'male'), text('address', 'york')] }], ['p', 'q']],
  ['any of none', [{ kind: 'any', clauses: [] }], []],
];
