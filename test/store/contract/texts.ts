/** What every engine must do with texts that a database cannot keep, or cannot index. */
import { describe, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { CommitRecord, CommitResult, Store } from '../../../src/store/store.ts';
import { commit, contact, idOf, patient, recordOf, refusedOf } from '../samples.ts';

const NUL = '\u0000';
const HALF = '\ud83d';
const issueIn = (result: CommitResult | undefined) =>
  result?.state === 'refused' ? result.outcome.issue[0] : undefined;

export function textContract(open: () => Promise<Store>): void {
  const good = (): CommitRecord => recordOf([patient('good')], { key: 'good' });

  describe.each([
    ['U+0000', NUL],
    ['half of a surrogate pair', HALF],
  ])('%s', (_name, bad) => {
    test('in a key refuses that record alone, with what to change, and keeps its payload', async () => {
      const store = await open();
      const payload = { id: `R${bad}1` };
      const [first, second] = await commit(
        store,
        recordOf([patient('p')], { key: `R${bad}1`, payload }),
        good(),
      );
      expect(ruleOf(issueIn(first)!)).toBe('store-key-text');
      expect(issueIn(first)?.diagnostics).toMatch(/take the character out of the key columns/);
      expect(second?.state).toBe('committed');
      const [item] = await store.worklist({ kind: 'rejected', open: true, count: 9 });
      expect(item?.recordKey).toBeUndefined();
      expect((await store.refusedRecord(item!.id))?.payload).toEqual(payload);
    });

    test('in a value refuses that record alone, and says which element', async () => {
      const store = await open();
      const broken = patient('p', { name: [{ family: 'Example' }, { given: ['Robin', `A${bad}`] }] });
      const [first, second] = await commit(store, recordOf([broken], { key: 'bad' }), good());
      expect(issueIn(first)?.expression).toEqual(['Patient.name[1].given[1]']);
      expect(JSON.stringify(issueIn(first))).not.toContain('Robin');
      expect(second?.state).toBe('committed');
      expect((await store.worklist({ open: true, count: 9 })).map((item) => item.recordKey)).toEqual(['bad']);
    });

    test('in a payload is kept as it came', async () => {
      const store = await open();
      const payload = { note: `a${bad}b` };
      await commit(store, recordOf([patient('p')], { payload }));
      expect((await store.sourceRecord('demo', 'referral', 'R1'))?.payload).toEqual(payload);
    });

    test('in the key of a refused record is kept without the key', async () => {
      const store = await open();
      const [first] = await commit(store, refusedOf({ key: bad }));
      expect(first?.state === 'refused' && first.outcome.issue.map(ruleOf)).toEqual([
        'hr-7',
        'store-key-text',
      ]);
      expect(await store.worklist({ open: true, count: 9 })).toHaveLength(1);
    });

    test('in a search finds nothing, and is no fault', async () => {
      const store = await open();
      await commit(store, good());
      const clause = { kind: 'token', param: 'identifier', values: [{ system: bad, code: bad }] } as const;
      expect((await store.search({ type: 'Patient', clauses: [clause], count: 9 })).versions).toEqual([]);
    });
  });

  test('refuses a key too long for an index, and takes the longest that fits', async () => {
    const store = await open();
    const [long, fits] = await commit(
      store,
      recordOf([patient('p')], { key: '\u{1F33F}'.repeat(251) }),
      recordOf([patient('q')], { key: '\u{1F33F}'.repeat(250) }),
    );
    expect(issueIn(long)?.code).toBe('too-long');
    expect(fits?.state).toBe('committed');
    expect(await store.sourceRecord('demo', 'referral', '\u{1F33F}'.repeat(250))).toBeDefined();
  });

  test('finds codes, systems and references of any length, each by itself', async () => {
    const store = await open();
    const long = (end: string): string => `https://long.example/${'x'.repeat(20_000)}${end}`;
    const identified = (name: string, end: string) =>
      patient(name, { identifier: [{ system: long(`s${end}`), value: long(`v${end}`) }] });
    const request = `ServiceRequest/${'x'.repeat(20_000)}` as const;
    const visit = contact('e', 'p', { basedOn: [{ reference: request }] });
    await commit(store, recordOf([identified('p', '1'), identified('q', '2'), visit]));
    const by = async (system: string | undefined, code: string): Promise<string[]> => {
      const values = [{ ...(system === undefined ? {} : { system }), code }];
      const clause = { kind: 'token', param: 'identifier', values } as const;
      const { versions } = await store.search({ type: 'Patient', clauses: [clause], count: 9 });
      return versions.map((version) => version.id);
    };
    expect(await by(undefined, long('v1'))).toEqual([idOf('p')]);
    expect(await by(long('s2'), long('v2'))).toEqual([idOf('q')]);
    expect(await by(long('s1'), long('v2'))).toEqual([]);
    const visits = { kind: 'reference', param: 'based-on', targets: [request] } as const;
    expect(await store.countMatches({ type: 'Encounter', clauses: [visits], count: 9 })).toBe(1);
    await commit(store, recordOf([identified('p', '3')], { key: 'R2' }));
    expect(await by(undefined, long('v3'))).toEqual([idOf('p')]);
  });
}
