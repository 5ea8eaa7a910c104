/** What every engine must find: by id, token, reference, date and time of the version, page by page. */
import { expect, test } from 'vitest';
import { dateRange } from '../../../src/store/date-range.ts';
import type { DatePrefix, SearchClause, Store } from '../../../src/store/store.ts';
import { commit, contact, idOf, NOW_MS, patient, RULES, recordOf, referral } from '../samples.ts';

const NAMES = ['p', 'q', 'e1', 'e2', 'e3', 's1', 's2'];
const nameOf = (id: string): string => NAMES.find((name) => idOf(name) === id) ?? id;

async function found(store: Store, type: string, ...clauses: SearchClause[]): Promise<string[]> {
  const page = await store.search({ type, clauses, count: 50 });
  const matches = page.versions.length;
  expect(await store.countMatches({ type, clauses, count: 50 })).toBe(matches);
  // no further than one wants to know
  for (const most of [1, 2, 60])
    expect(await store.countMatches({ type, clauses, count: 50 }, most)).toBe(Math.min(matches, most));
  return page.versions.map((one) => nameOf(one.id));
}
const token = (param: string, ...values: { system?: string; code?: string }[]): SearchClause => ({
  kind: 'token',
  param,
  values,
});
const date = (prefix: DatePrefix, text: string, param = 'date'): SearchClause => ({
  kind: 'date',
  param,
  values: [{ prefix, ...dateRange(text)! }],
});

export function searchContract(open: () => Promise<Store>): void {
  const filled = async (): Promise<Store> => {
    const store = await open();
    await commit(
      store,
      recordOf([
        patient('p', { birthDate: '1950-06-01' }),
        patient('q', { birthDate: '1950' }),
        contact('e1', 'p', { identifier: [{ system: 'https://demo.example/contact', value: '7' }] }),
        contact('e2', 'p', {
          status: 'planned',
          period: { start: '2025-03-05T09:00:00Z' },
          identifier: [{ value: '7' }],
        }),
        contact('e3', 'q', { period: { end: '2024-12-31' } }),
        referral('s1', 'p'),
        referral('s2', 'q', { status: 'draft', basedOn: [{ reference: `ServiceRequest/${idOf('s1')}` }] }),
      ]),
    );
    return store;
  };

  test('finds by token with, without and whatever system', async () => {
    const store = await filled();
    expect(await found(store, 'Encounter', token('identifier', { code: '7' }))).toEqual(['e1', 'e2']);
    expect(
      await found(
        store,
        'Encounter',
        token('identifier', { system: 'https://demo.example/contact', code: '7' }),
      ),
    ).toEqual(['e1']);
    expect(await found(store, 'Encounter', token('identifier', { system: '', code: '7' }))).toEqual(['e2']);
    expect(
      await found(store, 'Encounter', token('identifier', { system: 'https://demo.example/contact' })),
    ).toEqual(['e1']);
    expect(
      await found(store, 'Encounter', token('identifier', { system: 'https://none.example', code: '7' })),
    ).toEqual([]);
    expect(
      await found(store, 'Encounter', token('status', { code: 'planned' }, { code: 'finished' })),
    ).toEqual(['e1', 'e2', 'e3']);
    expect(
      await found(
        store,
        'ServiceRequest',
        token('code', { system: 'http://snomed.info/sct', code: '871731000000106' }),
      ),
    ).toEqual(['s1', 's2']);
    expect(await found(store, 'Encounter', token('status'))).toEqual([]);
    expect(await found(store, 'Encounter', token('special-arrangement', { code: 'x' }))).toEqual([]);
  });

  test('finds by reference, id and several conditions at once', async () => {
    const store = await filled();
    const of = (name: string): SearchClause => ({
      kind: 'reference',
      param: 'patient',
      targets: [`Patient/${idOf(name)}`],
    });
    expect(await found(store, 'Encounter', of('p'))).toEqual(['e1', 'e2']);
    expect(await found(store, 'Encounter', of('p'), token('status', { code: 'planned' }))).toEqual(['e2']);
    expect(await found(store, 'Encounter', of('p'), token('identifier', { system: '' }))).toEqual(['e2']);
    expect(await found(store, 'Encounter', of('p'), date('ge', '2025-03-05'))).toEqual(['e2']);
    expect(await found(store, 'Encounter', of('p'), date('lt', '2025-03-05'))).toEqual(['e1']);
    expect(
      await found(store, 'Encounter', { kind: 'id', ids: [idOf('e1'), idOf('e3'), idOf('s1')] }, of('q')),
    ).toEqual(['e3']);
    expect(
      await found(store, 'ServiceRequest', {
        kind: 'reference',
        param: 'based-on',
        targets: [`ServiceRequest/${idOf('s1')}`],
      }),
    ).toEqual(['s2']);
    expect(await found(store, 'Encounter')).toEqual(['e1', 'e2', 'e3']);
  });

  test.each<[DatePrefix, string, string[]]>([
    ['eq', '2025-03-02', ['e1']],
    ['eq', '2025', ['e1']],
    ['ne', '2025-03-02', ['e2', 'e3']],
    ['lt', '2025-03-02', ['e3']],
    ['le', '2025-03-02', ['e1', 'e3']],
    ['gt', '2025-03-02', ['e2']],
    ['ge', '2025-03-02', ['e1', 'e2']],
    ['sa', '2025-03-02', ['e2']],
    ['eb', '2025-03-02', ['e3']],
    ['ap', '2025-03-05T12:00:00Z', ['e2']],
  ])('finds periods by date %s%s', async (prefix, text, names) => {
    expect(await found(await filled(), 'Encounter', date(prefix, text))).toEqual(names);
  });

  test('takes a date for the whole of its written precision', async () => {
    const store = await filled();
    expect(await found(store, 'Patient', date('eq', '1950', 'birthdate'))).toEqual(['p', 'q']);
    expect(await found(store, 'Patient', date('eq', '1950-06-01', 'birthdate'))).toEqual(['p']);
  });

  test('finds by the time of the version, and follows a resource to its new values', async () => {
    const store = await filled();
    const since = (prefix: DatePrefix, lowMs: number): SearchClause => ({
      kind: 'lastUpdated',
      values: [{ prefix, lowMs, highMs: lowMs + 1 }],
    });
    const later = recordOf([contact('e1', 'q', { status: 'cancelled' })], { key: 'R2' });
    await store.commit([later], RULES, NOW_MS + 5);
    expect(await found(store, 'Encounter', since('gt', NOW_MS))).toEqual(['e1']);
    expect(await found(store, 'Encounter', since('eq', NOW_MS))).toEqual(['e2', 'e3']);
    expect(await found(store, 'Encounter', token('status', { code: 'finished' }))).toEqual(['e3']);
    expect(await found(store, 'Encounter', token('status', { code: 'cancelled' }))).toEqual(['e1']);
    expect(await found(store, 'Encounter', token('identifier', { code: '7' }))).toEqual(['e2']);
  });

  test('pages through every resource once while others write', async () => {
    const store = await open();
    const ids = Array.from({ length: 7 }, (_, i) => `c${i}`);
    await commit(store, recordOf(ids.map((name) => contact(name, 'p'))));
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await store.search({
        type: 'Encounter',
        clauses: [token('status', { code: 'finished' })],
        count: 3,
        ...(after === undefined ? {} : { after }),
      });
      seen.push(...page.versions.map((one) => one.id));
      after = page.next;
      await commit(store, recordOf([contact('c0', 'q', { period: { start: `2025-04-0${seen.length}` } })]));
    } while (after !== undefined);
    expect(seen).toEqual(ids.map(idOf));
    expect((await store.search({ type: 'Encounter', clauses: [], count: 0 })).versions).toEqual([]);
  });
}
