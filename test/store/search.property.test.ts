/** A search finds what looking at each resource finds, in the same order, page by page, for all and for an organisation. */
import type { Encounter, Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dateRange } from '../../src/store/date-range.ts';
import type { SearchClause, SearchQuery, SortKey, Viewer } from '../../src/store/store.ts';
import { SEES_ALL } from '../../src/store/viewer.ts';
import { ENGINES } from './engines.ts';
import { commit, idOf, recordOf } from './samples.ts';

interface Person {
  readonly family: string;
  readonly gender: 'female' | 'male' | undefined;
  readonly born: string | undefined;
  readonly owner: string;
}
interface Met {
  /** place of the person */
  readonly person: number;
  readonly status: 'planned' | 'finished';
  readonly day: string | undefined;
  readonly owner: string;
}
interface World {
  readonly people: readonly Person[];
  readonly met: readonly Met[];
}
/** Whether a person, or a meeting, fulfils a condition. */
interface Condition<T> {
  readonly clause: SearchClause;
  readonly holds: (one: T, at: number, world: World, sees: (owner: string) => boolean) => boolean;
}

const DAYS = ['2025-01-01', '2025-01-02', '2025-02', '2025'];
const owner = fc.constantFrom('AAA', 'BBB');
const maybe = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(of, { nil: undefined });
const person: fc.Arbitrary<Person> = fc.record({
  family: fc.constantFrom('Ash', 'ash', 'Ashe', 'Birch', 'Élan'),
  gender: maybe(fc.constantFrom('female' as const, 'male' as const)),
  born: maybe(fc.constantFrom('1950', '1950-06', '1950-06-01', '1951-01-01')),
  owner,
});
const world: fc.Arbitrary<World> = fc.record({
  people: fc.array(person, { minLength: 1, maxLength: 6 }),
  met: fc.array(
    fc.record({
      person: fc.nat(5),
      status: fc.constantFrom('planned' as const, 'finished' as const),
      day: maybe(fc.constantFrom(...DAYS)),
      owner,
    }),
    { maxLength: 8 },
  ),
});

const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
const named: fc.Arbitrary<Condition<Person>> = fc
  .tuple(fc.constantFrom('ash', 'Ash', 'b', 'el', 'sh'), fc.constantFrom('starts', 'contains', 'exact'))
  .map(([text, how]) => ({
    clause: { kind: 'string', param: 'family', values: [{ text, how: how as 'starts' }] },
    holds: ({ family }) => {
      if (how === 'exact') return family === text;
      return how === 'starts'
        ? folded(family).startsWith(folded(text))
        : folded(family).includes(folded(text));
    },
  }));
const gendered: fc.Arbitrary<Condition<Person>> = fc
  .tuple(fc.constantFrom('female', 'male'), fc.boolean())
  .map(([code, not]) => ({
    clause: { kind: 'token', param: 'gender', values: [{ code }], not },
    holds: ({ gender }) => (gender === code) !== not,
  }));
const unborn: fc.Arbitrary<Condition<Person>> = fc.boolean().map((isMissing) => ({
  clause: { kind: 'missing', param: 'birthdate', isMissing },
  holds: ({ born }) => (born === undefined) === isMissing,
}));
const visited: fc.Arbitrary<Condition<Person>> = fc.constantFrom('planned', 'finished').map((code) => ({
  clause: {
    kind: 'has',
    type: 'Encounter',
    param: 'patient',
    clauses: [{ kind: 'token', param: 'status', values: [{ code }] }],
  },
  holds: (_one, at, { people, met }, sees) =>
    met.some((one) => one.person % people.length === at && one.status === code && sees(one.owner)),
}));
const ofPeople = fc.array(fc.oneof(named, gendered, unborn, visited), { maxLength: 3 });

const HOLDS: Readonly<Record<string, (low: number, high: number, from: number, to: number) => boolean>> = {
  eq: (low, high, from, to) => low >= from && high <= to,
  ne: (low, high, from, to) => !(low >= from && high <= to),
  lt: (low, _high, from) => low < from,
  gt: (_low, high, _from, to) => high > to,
  sa: (low, _high, _from, to) => low >= to,
  eb: (_low, high, from) => high <= from,
};
const dated: fc.Arbitrary<Condition<Met>> = fc
  .tuple(fc.constantFrom(...(['eq', 'ne', 'lt', 'gt', 'sa', 'eb'] as const)), fc.constantFrom(...DAYS))
  .map(([prefix, text]) => {
    const { lowMs, highMs } = dateRange(text)!;
    return {
      clause: { kind: 'date', param: 'date', values: [{ prefix, lowMs, highMs }] },
      holds: ({ day }) => {
        const range = day === undefined ? undefined : dateRange(day)!;
        return range !== undefined && HOLDS[prefix]!(range.lowMs, range.highMs, lowMs, highMs);
      },
    };
  });
const standing: fc.Arbitrary<Condition<Met>> = fc
  .tuple(fc.uniqueArray(fc.constantFrom('planned', 'finished'), { minLength: 1 }), fc.boolean())
  .map(([codes, not]) => ({
    clause: { kind: 'token', param: 'status', values: codes.map((code) => ({ code })), not },
    holds: ({ status }) => codes.includes(status) !== not,
  }));
const ofPerson: fc.Arbitrary<Condition<Met>> = ofPeople.map((conditions) => ({
  clause: {
    kind: 'chain',
    param: 'subject',
    type: 'Patient',
    clauses: conditions.map(({ clause }) => clause),
  },
  holds: (one, _at, all, sees) => {
    const at = one.person % all.people.length;
    const whose = all.people[at]!;
    return sees(whose.owner) && conditions.every(({ holds }) => holds(whose, at, all, sees));
  },
}));
const single = fc.oneof(dated, standing, ofPerson);
const either: fc.Arbitrary<Condition<Met>> = fc.array(single, { maxLength: 2 }).map((conditions) => ({
  clause: { kind: 'any', clauses: conditions.map(({ clause }) => clause) },
  holds: (...given) => conditions.some(({ holds }) => holds(...given)),
}));
const ofMet = fc.array(fc.oneof(single, either), { maxLength: 3 });
const sorts = fc.constantFrom<SortKey[]>(
  [],
  [{ param: 'date', descending: false }],
  [{ param: 'date', descending: true }],
  [{ param: '_id', descending: true }],
);

const patientAt = ({ family, gender, born }: Person, at: number): Patient & { id: string } => ({
  ...{ resourceType: 'Patient', id: idOf(`p${at}`), name: [{ family }] },
  ...(gender ? { gender } : {}),
  ...(born ? { birthDate: born } : {}),
});
const encounterAt = (
  { person: of, status, day }: Met,
  at: number,
  people: number,
): Encounter & { id: string } => ({
  ...{ resourceType: 'Encounter', id: idOf(`e${at}`), status, class: { code: 'VR' } },
  subject: { reference: `Patient/${idOf(`p${of % people}`)}` },
  // within the day, month or year that it is written as
  ...(day ? { period: { start: day, end: day } } : {}),
});

for (const [name, open] of ENGINES)
  test(`${name}: finds what looking at each resource finds`, async () => {
    const queries = fc.array(
      fc.record({ people: ofPeople, met: ofMet, sort: sorts, isTenant: fc.boolean() }),
      { minLength: 12, maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(world, queries, async (all, asked) => {
        const store = await open();
        const records = [
          ...all.people.map((one, at) =>
            recordOf([patientAt(one, at)], { ownerOrg: one.owner, key: `p${at}` }),
          ),
          ...all.met.map((one, at) =>
            recordOf([encounterAt(one, at, all.people.length)], { ownerOrg: one.owner, key: `e${at}` }),
          ),
        ];
        await commit(store, ...records);
        for (const { people, met, sort, isTenant } of asked) {
          const viewer: Viewer = isTenant ? { ...SEES_ALL, organisations: ['AAA'] } : SEES_ALL;
          const sees = (whose: string): boolean => !isTenant || whose === 'AAA';
          const seen = store.seenBy(viewer);
          const pages = async (query: Omit<SearchQuery, 'count'>): Promise<string[]> => {
            const ids: string[] = [];
            for (let after: string | undefined; ; ) {
              const page = await seen.search({ ...query, count: 2, ...(after ? { after } : {}) });
              ids.push(...page.versions.map((one) => one.id));
              after = page.next;
              if (after === undefined) break;
            }
            expect(await seen.countMatches({ ...query, count: 0 })).toBe(ids.length);
            expect(await seen.countMatches({ ...query, count: 0 }, 3)).toBe(Math.min(ids.length, 3));
            return ids;
          };
          const found = <T extends { readonly owner: string }>(
            ones: readonly T[],
            conditions: readonly Condition<T>[],
          ) =>
            ones.flatMap((one, at) =>
              sees(one.owner) && conditions.every(({ holds }) => holds(one, at, all, sees)) ? [at] : [],
            );
          expect(await pages({ type: 'Patient', clauses: people.map(({ clause }) => clause) })).toEqual(
            found(all.people, people).map((at) => idOf(`p${at}`)),
          );
          const expected = found(all.met, met).sort((a, b) => orderOf(all.met, sort, a, b));
          expect(await pages({ type: 'Encounter', clauses: met.map(({ clause }) => clause), sort })).toEqual(
            expected.map((at) => idOf(`e${at}`)),
          );
        }
        await store.close();
      }),
      { numRuns: name === 'sqlite' ? 12 : 6 },
    );
  });

/** As the store sorts: what has no value last, and of equals by when they came, in the direction of the key. */
function orderOf(met: readonly Met[], [key]: readonly SortKey[], a: number, b: number): number {
  if (!key) return a - b;
  const sign = key.descending ? -1 : 1;
  if (key.param === '_id') return idOf(`e${a}`) < idOf(`e${b}`) ? -sign : sign;
  const [one, other] = [a, b].map((at) => met[at]!.day && dateRange(met[at]!.day)!.lowMs);
  if ((one === undefined) !== (other === undefined)) return one === undefined ? 1 : -1;
  return sign * (Number(one ?? 0) - Number(other ?? 0) || a - b);
}
