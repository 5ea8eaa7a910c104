/** What conditions on values, their parts and what they belong to find, and the order that each sorting gives. */
import type { SearchClause, SortKey } from '../../../src/store/store.ts';
import { idOf } from '../samples.ts';
import { amount, day, missing, SNOMED, text, token, UCUM } from './search-kind-cases.ts';

export const VALUES: readonly [what: string, clauses: SearchClause[], names: string[]][] = [
  ['a quantity within its precision', [amount('eq', 5.35, 5.45)], ['o1']],
  ['a quantity of a unit', [amount('eq', 5.35, 5.45, { system: UCUM, code: '[mi_i]' })], ['o1']],
  ['a quantity of a unit as written', [amount('eq', 5.35, 5.45, { code: 'miles' })], ['o1']],
  ['a quantity of another unit', [amount('eq', 5.35, 5.45, { code: 'km' })], []],
  ['more than', [amount('gt', 5.4)], ['o3']],
  ['at least', [amount('ge', 5.4)], ['o1', 'o3']],
  ['less than', [amount('lt', 5.4)], []],
  ['at most', [amount('le', 5.4)], ['o1']],
  ['wholly above', [amount('sa', 5)], ['o1', 'o3']],
  ['wholly below', [amount('eb', 6)], ['o1']],
  ['about', [amount('ap', 4.9, 6)], ['o1']],
  ['not that quantity', [amount('ne', 5.35, 5.45)], ['o3']],
  ['a code of it or of a part', [token('combo-code', 'dia')], ['o1']],
  ['its own code, as one of both', [token('combo-code', '2')], ['o2']],
  ['no value', [missing('combo-value-quantity', true)], ['o2']],
  [
    'a code with a value',
    [
      {
        kind: 'composite',
        param: 'code-value-quantity',
        values: [
          [
            { kind: 'token', code: '1' },
            { kind: 'quantity', prefix: 'gt', low: 5, high: 5 },
          ],
        ],
      },
    ],
    ['o1', 'o3'],
  ],
  [
    'a code with a value that another has',
    [
      {
        kind: 'composite',
        param: 'code-value-concept',
        values: [
          [
            { kind: 'token', code: '1' },
            { kind: 'token', code: 'yes' },
          ],
        ],
      },
    ],
    [],
  ],
  [
    'one of two codes, each with its value',
    [
      {
        ...{ kind: 'composite', param: 'code-value-concept' },
        values: [
          [
            { kind: 'token', code: '1' },
            { kind: 'token', code: 'yes' },
          ],
          [
            { kind: 'token', system: SNOMED, code: '2' },
            { kind: 'token', code: 'yes' },
          ],
        ],
      },
    ],
    ['o2'],
  ],
  [
    'a part with its value',
    [
      {
        kind: 'composite',
        param: 'component-code-value-quantity',
        values: [
          [
            { kind: 'token', system: SNOMED, code: 'sys' },
            { kind: 'quantity', prefix: 'gt', low: 100, high: 100, code: 'mm[Hg]' },
          ],
        ],
      },
    ],
    ['o1'],
  ],
  [
    'a part with the value of another part',
    [
      {
        kind: 'composite',
        param: 'component-code-value-quantity',
        values: [
          [
            { kind: 'token', code: 'dia' },
            { kind: 'quantity', prefix: 'gt', low: 100, high: 100 },
          ],
        ],
      },
    ],
    [],
  ],
  [
    'a part with its code',
    [
      {
        kind: 'composite',
        param: 'combo-code-value-concept',
        values: [
          [
            { kind: 'token', code: 'mood' },
            { kind: 'token', code: 'well' },
          ],
        ],
      },
    ],
    ['o2'],
  ],
  [
    'a person by name',
    [{ kind: 'chain', param: 'patient', type: 'Patient', clauses: [text('name', 'zoe')] }],
    ['o1', 'o3'],
  ],
  [
    'a person who is not of a gender',
    [
      {
        kind: 'chain',
        param: 'subject',
        type: 'Patient',
        clauses: [token('gender', 'female', { not: true })],
      },
    ],
    ['o2'],
  ],
  ['a person who is not a patient', [{ kind: 'chain', param: 'patient', type: 'Group', clauses: [] }], []],
  [
    'a person by id',
    [{ kind: 'chain', param: 'subject', type: 'Patient', clauses: [{ kind: 'id', ids: [idOf('q')] }] }],
    ['o2'],
  ],
  ['no date', [missing('date', true)], ['o3']],
  ['a date, but not that one', [day('date', 'ne', '2025-03-01')], ['o2']],
];

export const ORDERS: readonly [type: string, sort: SortKey[], names: string[]][] = [
  ['Patient', [{ param: 'birthdate', descending: false }], ['q', 'p', 'w']],
  ['Patient', [{ param: 'birthdate', descending: true }], ['p', 'q', 'w']],
  ['Patient', [{ param: 'gender', descending: true }], ['q', 'p', 'w']],
  [
    'Patient',
    [
      { param: 'family', descending: false },
      { param: 'given', descending: true },
    ],
    ['p', 'q', 'w'],
  ],
  ['Observation', [{ param: 'date', descending: true }], ['o2', 'o1', 'o3']],
  ['Observation', [{ param: 'value-quantity', descending: false }], ['o1', 'o3', 'o2']],
  [
    'Observation',
    [
      { param: 'code', descending: true },
      { param: 'date', descending: true },
    ],
    ['o2', 'o1', 'o3'],
  ],
];
