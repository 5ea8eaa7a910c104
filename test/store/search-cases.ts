/** Searches of every kind, as the tests of query plans ask them, and a way to see the statements that they come to. */

import { changesPage } from '../../src/store/sql/changes.ts';
import { extractPage } from '../../src/store/sql/extract.ts';
import type { Asking } from '../../src/store/sql/search/asking.ts';
import { selectSeen, selectSeenMany, selectSeenVersions } from '../../src/store/sql/seen-rows.ts';
import type { Answer, Dialect, Step } from '../../src/store/sql/statement.ts';
import type { Prefix, SearchClause, SearchQuery, SortKey, Viewer } from '../../src/store/store.ts';
import { SEES_ALL } from '../../src/store/viewer.ts';

const PREFIXES: readonly Prefix[] = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'sa', 'eb', 'ap'];

export const PATIENT: SearchClause = { kind: 'reference', param: 'patient', targets: ['Patient/1'] };
export const STATUS: SearchClause = { kind: 'token', param: 'status', values: [{ code: 'finished' }] };
export const DATE: SearchClause = {
  kind: 'date',
  param: 'date',
  values: [{ prefix: 'ge', lowMs: 1, highMs: 2 }],
};
export const UPDATED: SearchClause = {
  kind: 'lastUpdated',
  values: [{ prefix: 'ge', lowMs: 1_490, highMs: 1_491 }],
};

const named = (how: 'starts' | 'contains' | 'exact'): SearchClause => ({
  kind: 'string',
  param: 'family',
  values: [{ text: 'ash', how }],
});
const value = (param: string, prefix: Prefix, more: object = {}): SearchClause => ({
  kind: 'quantity',
  param,
  values: [{ prefix, low: 1, high: 2, ...more }],
});

type Case = readonly [
  name: string,
  type: string,
  clauses: readonly SearchClause[],
  sort?: readonly SortKey[],
];

const PAIR: SearchClause = {
  kind: 'composite',
  param: 'component-code-value-quantity',
  values: [
    [
      { kind: 'token', code: '1' },
      { kind: 'quantity', prefix: 'gt', low: 1, high: 1 },
    ],
  ],
};
const CHAIN: SearchClause = { kind: 'chain', param: 'subject', type: 'Patient', clauses: [named('starts')] };
const HAS: SearchClause = { kind: 'has', type: 'Encounter', param: 'subject', clauses: [STATUS] };

/** One of each kind of condition. */
export const KINDS: readonly Case[] = [
  ['a type', 'Encounter', []],
  ['an id', 'Encounter', [{ kind: 'id', ids: ['1', '2'] }]],
  ['a code', 'Encounter', [STATUS]],
  [
    'codes',
    'Encounter',
    [{ kind: 'token', param: 'status', values: [{ code: 'a' }, { system: 's', code: 'b' }] }],
  ],
  ['a system', 'Encounter', [{ kind: 'token', param: 'type', values: [{ system: 's' }] }]],
  ['what has no such code', 'Encounter', [{ ...STATUS, not: true } as SearchClause]],
  ['a phone number', 'Patient', [{ kind: 'token', param: 'telecom', values: [{ code: '1' }] }]],
  ['a patient', 'Encounter', [PATIENT]],
  [
    'an identifier of a reference',
    'Encounter',
    [{ kind: 'referenceIdentifier', param: 'subject', values: [{ code: '1' }] }],
  ],
  [
    'a profile',
    'Encounter',
    [{ kind: 'uri', param: '_profile', values: [{ uri: 'https://a.example', how: 'exact' }] }],
  ],
  [
    'profiles below',
    'Encounter',
    [{ kind: 'uri', param: '_profile', values: [{ uri: 'https://a.example', how: 'below' }] }],
  ],
  [
    'a source above',
    'Encounter',
    [{ kind: 'uri', param: '_source', values: [{ uri: 'https://a.example/b', how: 'above' }] }],
  ],
  ['words beside a code', 'Encounter', [{ kind: 'saidText', param: 'type', values: ['talk'] }]],
  ['words beside a reference', 'Encounter', [{ kind: 'saidText', param: 'patient', values: ['ash', 'oak'] }]],
  [
    'an identifier of a type',
    'Encounter',
    [{ kind: 'typedIdentifier', param: 'identifier', values: [{ system: 's', code: 'c', value: 'v' }] }],
  ],
  ['the start of a name', 'Patient', [named('starts')]],
  ['a part of a name', 'Patient', [named('contains')]],
  ['a name as written', 'Patient', [named('exact')]],
  ['any name', 'Patient', [{ kind: 'string', param: 'name', values: [{ text: 'ash', how: 'starts' }] }]],
  ['what is missing', 'Patient', [{ kind: 'missing', param: 'birthdate', isMissing: true }]],
  ['what is not missing', 'Encounter', [{ kind: 'missing', param: 'patient', isMissing: false }]],
  ['a pair', 'Observation', [PAIR]],
  ['a code with a value', 'Observation', [{ ...PAIR, param: 'code-value-quantity' } as SearchClause]],
  ['a chain', 'Encounter', [CHAIN]],
  [
    'a chain that leaves many',
    'Encounter',
    [{ ...CHAIN, clauses: [{ kind: 'missing', param: 'name', isMissing: true }] } as SearchClause],
  ],
  [
    'a chain of two',
    'Observation',
    [{ kind: 'chain', param: 'encounter', type: 'Encounter', clauses: [CHAIN] }],
  ],
  ['what refers to it', 'Patient', [HAS]],
  [
    'what refers to it by many',
    'Patient',
    [{ ...HAS, clauses: [{ kind: 'missing', param: 'type', isMissing: true }] } as SearchClause],
  ],
  ['any of several', 'Encounter', [{ kind: 'any', clauses: [PATIENT, STATUS] }]],
  ...PREFIXES.flatMap((prefix): Case[] => [
    [
      `a date ${prefix}`,
      'Encounter',
      [{ kind: 'date', param: 'date', values: [{ prefix, lowMs: 1, highMs: 2 }] }],
    ],
    [`a change ${prefix}`, 'Encounter', [{ kind: 'lastUpdated', values: [{ prefix, lowMs: 1, highMs: 2 }] }]],
    [`a quantity ${prefix}`, 'Observation', [value('value-quantity', prefix, { system: 's', code: 'c' })]],
  ]),
];

const SORTS: readonly Case[] = ['_id', '_lastUpdated', 'date', 'status', 'subject'].flatMap((param) =>
  [false, true].map((descending): Case => [`all by ${param}`, 'Encounter', [], [{ param, descending }]]),
);

/** Every kind alone, beside a patient, and beside conditions that leave many; and in every order. */
export const CASES: readonly Case[] = [
  ...KINDS,
  ...KINDS.filter(([, type]) => type === 'Encounter').flatMap(([name, type, clauses]): Case[] => [
    [`${name} of a patient`, type, [PATIENT, ...clauses]],
    [`${name} with a code and a date`, type, [STATUS, DATE, ...clauses]],
    [`${name} by date`, type, clauses, [{ param: 'date', descending: true }]],
  ]),
  ...SORTS,
  ['names in order', 'Patient', [], [{ param: 'family', descending: false }]],
  [
    'two keys',
    'Patient',
    [],
    [
      { param: 'family', descending: false },
      { param: 'birthdate', descending: true },
    ],
  ],
];

/** One who sees all, and one who sees an organisation's contacts that are finished, or of one patient. */
export const VIEWERS: readonly (readonly [name: string, viewer: Viewer])[] = [
  ['all', SEES_ALL],
  [
    'some',
    {
      organisations: ['X26'],
      types: new Map([
        ['Encounter', [[STATUS], [PATIENT]]],
        ['Patient', [[]]],
        ['Observation', [[]]],
      ]),
      purpose: 'x',
      breaksGlass: false,
    },
  ],
];

/** A client of one organisation. */
export const TENANT: Viewer = { ...SEES_ALL, organisations: ['X26'] };
/** What a small organisation asks of a store that is full of others' rows. */
export const TENANT_SEARCHES: readonly (Pick<SearchQuery, 'clauses' | 'sort'> & { readonly name: string })[] =
  [
    { name: 'a type', clauses: [] },
    { name: 'a recent change', clauses: [UPDATED] },
    { name: 'a date', clauses: [DATE] },
    { name: 'a status', clauses: [STATUS] },
    { name: 'what has no such status', clauses: [{ ...STATUS, not: true } as SearchClause] },
    { name: 'all by date', clauses: [], sort: [{ param: 'date', descending: true }] },
    {
      name: 'a status by last change',
      clauses: [STATUS],
      sort: [{ param: '_lastUpdated', descending: true }],
    },
  ];
/** As a search asks that tells no total beyond it. */
export const MOST_COUNTED = 5_001;

export const queryOf = ([, type, clauses, sort]: Case, after?: string): SearchQuery => ({
  ...{ type, clauses, count: 10 },
  ...(sort ? { sort } : {}),
  ...(after === undefined ? {} : { after }),
});

export interface Asked {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/** Runs steps, and tells what they asked. @param answer runs one statement */
export async function askedBy(
  steps: Step<unknown>,
  dialect: Dialect,
  answer: (asked: Asked) => Promise<readonly unknown[]> | readonly unknown[],
): Promise<Asked[]> {
  const asked: Asked[] = [];
  let step = steps.next();
  while (!step.done) {
    if (step.value.kind !== 'statement') throw new Error('A search writes nothing');
    const one = {
      text: step.value.statement.texts[dialect],
      values: step.value.values as (string | number)[],
    };
    asked.push(one);
    const found: Answer = { rows: await answer(one), changes: 0 };
    step = steps.next(found);
  }
  return asked;
}

/** Every read and history of one who asks. */
export function readsOf(asking: Asking): readonly Step<unknown>[] {
  const at = { lowMs: 1, highMs: 2 };
  return [
    selectSeen(asking, 'Patient', '1'),
    selectSeenMany(asking, ['Patient/1', 'Encounter/2']),
    selectSeenVersions(asking, 'Patient', '1', 5, 3),
    ...[{}, { people: 'all' as const }, { people: ['1'] }].flatMap((of) =>
      [{}, { sinceMs: 1 }, { withDeleted: true }, { only: [[STATUS, DATE], [CHAIN]] }].map((more) =>
        extractPage(asking, { type: 'Encounter', asOfMs: 1, ...of, ...more, count: 10, after: 0 }),
      ),
    ),
    ...[{}, { type: 'Patient' }, { type: 'Patient', id: '1' }].flatMap((of) =>
      [{}, { sinceMs: 1 }, { at }, { after: '1.2.3' }].map((more) =>
        changesPage(asking, { ...of, ...more, count: 10 }),
      ),
    ),
  ];
}
