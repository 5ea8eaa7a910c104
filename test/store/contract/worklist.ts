/** What every engine must keep for people: refused records, warnings, and their ends. */
import { expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import type { Store } from '../../../src/store/store.ts';
import { commit, idOf, NOW_MS, patient, recordOf, refusedOf } from '../samples.ts';

const unmapped = (code: string) =>
  issueOf({ severity: 'warning', rule: 'map-unmapped-code', diagnostics: `code ${code} has no map` });

export function worklistContract(open: () => Promise<Store>): void {
  test('keeps a refused record once, with its payload, place and outcome', async () => {
    const store = await open();
    const refused = refusedOf();
    expect(await commit(store, refused, refused)).toEqual([
      { state: 'refused', outcome: refused.outcome },
      { state: 'refused', outcome: refused.outcome },
    ]);
    const items = await store.worklist({ kind: 'rejected', open: true, count: 9 });
    expect(items).toMatchObject([
      { file: 'referrals.csv', line: 7, recordKey: 'R1', outcome: refused.outcome },
    ]);
    expect(await store.refusedRecord(items[0]!.id)).toEqual(refused);
    expect(await store.refusedRecord('none')).toBeUndefined();
  });

  test('tells refused records without a key apart by file and line', async () => {
    const store = await open();
    const place = { key: undefined, file: 'a.csv' };
    await commit(
      store,
      refusedOf({ ...place, line: 1 }),
      refusedOf({ ...place, line: 2 }),
      refusedOf({ ...place, line: 1 }),
    );
    expect((await store.worklist({ open: true, count: 9 })).map((one) => one.line)).toEqual([1, 2]);
  });

  test('settles a refused record when a good version of it comes, and opens it again when the bad one does', async () => {
    const store = await open();
    await commit(store, refusedOf());
    const good = recordOf([patient('p')]);
    await commit(store, good);
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
    expect(await store.worklist({ open: false, count: 9 })).toMatchObject([
      { kind: 'rejected', resolvedMs: NOW_MS },
    ]);
    await commit(store, refusedOf());
    expect(await store.worklist({ open: true, count: 9 })).toHaveLength(1);
    await commit(store, good);
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
  });

  test('deletes the payload of a refused record when a good version settles it', async () => {
    const store = await open();
    await commit(store, refusedOf(), refusedOf({ key: 'R2' }));
    const [settled, other] = await store.worklist({ open: true, count: 9 });
    await commit(store, recordOf([patient('p')]));
    expect(await store.refusedRecord(settled!.id)).toBeUndefined();
    expect(await store.refusedRecord(other!.id)).toBeDefined();
    await commit(store, refusedOf());
    expect(await store.refusedRecord(settled!.id)).toEqual(refusedOf());
  });

  test('replaces a record’s warnings by those of its newer version', async () => {
    const store = await open();
    await commit(
      store,
      recordOf([patient('p')], { warnings: [unmapped('A'), unmapped('B'), unmapped('B')] }),
    );
    await commit(store, recordOf([patient('q')], { key: 'R2', warnings: [unmapped('A')] }));
    await commit(store, recordOf([patient('p')], { warnings: [unmapped('B'), unmapped('C')] }));
    const open1 = await store.worklist({ kind: 'warning', open: true, count: 9 });
    expect(open1.map((one) => `${one.recordKey} ${one.outcome.issue[0]?.diagnostics}`)).toEqual([
      'R1 code B has no map',
      'R2 code A has no map',
      'R1 code C has no map',
    ]);
  });

  test('puts what calls for a look at the person apart from warnings, with the answers that do', async () => {
    const store = await open();
    const issue = issueOf({ severity: 'warning', rule: 'score-phq-9-item-9', diagnostics: 'safety check' });
    const answers = {
      resourceType: 'QuestionnaireResponse',
      id: idOf('answers'),
      status: 'completed',
    } as const;
    await commit(store, recordOf([answers], { warnings: [unmapped('A'), issue] }));
    expect(await store.worklist({ kind: 'safety', open: true, count: 9 })).toMatchObject([
      { recordKey: 'R1', resource: `QuestionnaireResponse/${idOf('answers')}`, outcome: { issue: [issue] } },
    ]);
    expect(await store.worklist({ kind: 'warning', open: true, count: 9 })).toHaveLength(1);
    await commit(store, recordOf([answers, { ...answers, id: idOf('other') }], { warnings: [issue] }));
    expect(await store.worklist({ open: true, count: 9 })).toMatchObject([{ kind: 'safety' }]);
    await commit(store, recordOf([answers]));
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
    await commit(store, recordOf([answers], { warnings: [issue] }));
    expect(await store.worklist({ open: true, count: 9 })).toHaveLength(1);
  });

  test('tells of a person’s safety though the record is refused, until a good version says otherwise', async () => {
    const store = await open();
    const safety = issueOf({
      severity: 'warning',
      rule: 'score-phq-9-item-9',
      diagnostics: 'safety check',
    });
    const outcome = outcomeOf(issueOf({ rule: 'hr-1', diagnostics: 'Check the NHS number.' }), safety);
    const kinds = async (): Promise<string[]> =>
      (await store.worklist({ open: true, count: 9 })).map((one) => one.kind).sort();
    await commit(store, refusedOf({ outcome }));
    expect(await kinds()).toEqual(['rejected', 'safety']);
    const answers = { resourceType: 'QuestionnaireResponse', id: idOf('a'), status: 'completed' } as const;
    await commit(store, recordOf([patient('p'), answers], { warnings: [safety] }));
    expect(await store.worklist({ open: true, count: 9 })).toMatchObject([
      { kind: 'safety', resource: `QuestionnaireResponse/${idOf('a')}` },
    ]);
    const good = recordOf([patient('p')]);
    await commit(store, good);
    expect(await kinds()).toEqual([]);
    await commit(store, refusedOf({ outcome }), good);
    expect(await kinds()).toEqual([]);
    await commit(store, refusedOf({ outcome, key: undefined }));
    expect(await kinds()).toEqual(['rejected', 'safety']);
  });

  test('keeps a warning resolved that somebody has resolved, while it stays the same', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')], { warnings: [unmapped('A')] }));
    const [item] = await store.worklist({ open: true, count: 1 });
    expect(await store.resolveWork(item!.id, NOW_MS + 1, 'operator')).toBe(true);
    expect(await store.resolveWork(item!.id, NOW_MS + 2, 'operator')).toBe(false);
    expect(await store.workItem(item!.id)).toEqual({ ...item, resolvedMs: NOW_MS + 1 });
    expect(await store.workItem('none')).toBeUndefined();
    await commit(store, recordOf([patient('p')], { warnings: [unmapped('A')] }));
    expect(await store.worklist({ open: true, count: 9 })).toEqual([]);
  });

  test('pages the worklist in order', async () => {
    const store = await open();
    await commit(store, ...['a', 'b', 'c'].map((key) => refusedOf({ key })));
    const first = await store.worklist({ open: true, count: 2 });
    const second = await store.worklist({ open: true, count: 2, after: first[1]!.id });
    expect([...first, ...second].map((one) => one.recordKey)).toEqual(['a', 'b', 'c']);
  });

  test('counts records, refusals, resources, deliveries and open work', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')], { warnings: [unmapped('A')] }), refusedOf({ key: 'R9' }));
    expect(await store.counts()).toEqual({
      sources: [{ source: 'demo', kind: 'referral', records: 1, refused: 1 }],
      resources: [{ type: 'Patient', count: 1 }],
      targets: [{ target: 'ehr', waiting: 1, claimed: 0, parked: 0, held: 0, delivered: 0 }],
      work: [
        { kind: 'rejected', open: 1 },
        { kind: 'warning', open: 1 },
      ],
    });
  });
}
