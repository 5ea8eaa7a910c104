/** What every engine must do with accesses to the API: a chain of ids, found again by who, what and when. */
import { expect, test } from 'vitest';
import type { AccessQuery, KeptAccess, NewAccess, Store } from '../../../src/store/store.ts';
import { commit, idOf, NOW_MS, patient, recordOf, referral } from '../samples.ts';

const PERSON = idOf('p');
const REFERRAL = `ServiceRequest/${idOf('r')}` as const;

function access(more: Partial<NewAccess> = {}): NewAccess {
  return {
    ...{ ownerOrg: 'X26', client: 'vendor', action: 'access', status: 200, request: crypto.randomUUID() },
    ...{ interactions: ['read'], keys: [REFERRAL], params: [], purpose: undefined, reason: undefined },
    ...more,
  } as NewAccess;
}

async function filled(open: () => Promise<Store>): Promise<Store> {
  const store = await open();
  await commit(store, recordOf([patient('p'), referral('r', 'p')]));
  return store;
}

async function seqsOf(store: Store, query: Partial<AccessQuery>): Promise<number[]> {
  const found = await store.accesses.search({ organisations: undefined, count: 50, ...query });
  return found.map(({ seq }) => seq);
}

export function accessContract(open: () => Promise<Store>): void {
  test('keeps accesses in a chain of their own, with whose it was that was touched', async () => {
    const store = await filled(open);
    await store.accesses.record([access({ params: ['patient'] }), access({ keys: [] })], NOW_MS, false);
    await store.accesses.record([access({ purpose: 'refer' })], NOW_MS + 1, true);
    const rows = await store.audit(9, 0, 'access');
    expect(rows.map(({ seq, actor, ownerOrg, action }) => [seq, actor, ownerOrg, action])).toEqual([
      [1, 'vendor', 'X26', 'access'],
      [2, 'vendor', 'X26', 'access'],
      [3, 'vendor', 'X26', 'access'],
    ]);
    expect(JSON.parse(rows[0]!.detail)).toMatchObject({
      keys: [REFERRAL],
      persons: [PERSON],
      params: ['patient'],
    });
    expect(JSON.parse(rows[2]!.detail)).toMatchObject({ purpose: 'refer' });
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('finds accesses by client, resource, person, outcome and time, newest first, page by page', async () => {
    const store = await filled(open);
    const other = access({ ownerOrg: 'B1', client: 'other', keys: [], action: 'refused', status: 403 });
    await store.accesses.record([access(), other], NOW_MS, false);
    await store.accesses.record([access(), access()], NOW_MS + 1_000, false);
    expect(await seqsOf(store, {})).toEqual([4, 3, 2, 1]);
    expect(await seqsOf(store, { count: 2 })).toEqual([4, 3]);
    expect(await seqsOf(store, { count: 2, before: 3 })).toEqual([2, 1]);
    expect(await seqsOf(store, { client: 'other' })).toEqual([2]);
    expect(await seqsOf(store, { organisations: ['X26'] })).toEqual([4, 3, 1]);
    expect(await seqsOf(store, { organisations: [] })).toEqual([]);
    expect(await seqsOf(store, { entities: [[REFERRAL]], before: 4 })).toEqual([3, 1]);
    expect(await seqsOf(store, { entities: [[`Patient/${PERSON}`]], organisations: ['B1'] })).toEqual([]);
    expect(await seqsOf(store, { entities: [[REFERRAL], [`Patient/${PERSON}`]] })).toEqual([4, 3, 1]);
    expect(await seqsOf(store, { entities: [[REFERRAL], ['Patient/other']] })).toEqual([]);
    expect(await seqsOf(store, { actions: ['refused', 'failed'] })).toEqual([2]);
    expect(await seqsOf(store, { lowMs: NOW_MS + 1 })).toEqual([4, 3]);
    expect(await seqsOf(store, { highMs: NOW_MS + 1_000 })).toEqual([2, 1]);
    expect(await seqsOf(store, { lowMs: NOW_MS + 2_000 })).toEqual([]);
    expect(await store.accesses.read(2, ['X26'])).toBeUndefined();
    expect(await store.accesses.read(2, ['B1'])).toMatchObject({ status: 403, client: 'other' });
  });

  test('finds accesses by what was done, one of each list', async () => {
    const store = await filled(open);
    const done = [['read'], ['vread'], ['search-type', 'read'], ['$status']];
    for (const interactions of done) await store.accesses.record([access({ interactions })], NOW_MS, false);
    expect(await seqsOf(store, { interactions: [['read']] })).toEqual([3, 1]);
    expect(await seqsOf(store, { interactions: [['read', '$status']] })).toEqual([4, 3, 1]);
    expect(await seqsOf(store, { interactions: [['read'], ['search-type']], client: 'vendor' })).toEqual([3]);
    expect(await seqsOf(store, { interactions: [['create']] })).toEqual([]);
  });

  test('never goes back in time along the chain, whatever the clock says', async () => {
    const store = await filled(open);
    for (const atMs of [NOW_MS + 5, NOW_MS, NOW_MS + 9]) await store.accesses.record([access()], atMs, false);
    const times = (await store.audit(9, 0, 'access')).map(({ atMs }) => atMs - NOW_MS);
    expect(times).toEqual([5, 5, 9]);
  });

  test('names no resource that is not there: what was typed into an address may be a value', async () => {
    const store = await filled(open);
    await store.accesses.record([access({ keys: ['Patient/9990000018', REFERRAL] })], NOW_MS, false);
    const [row] = await store.audit(9, 0, 'access');
    expect(row!.detail).not.toContain('9990000018');
    expect(JSON.parse(row!.detail)).toMatchObject({ keys: [REFERRAL], unknown: 1 });
  });

  test('has a digest of more resources than it names, and the people all the same', async () => {
    const store = await open();
    const names = Array.from({ length: 101 }, (_, at) => `r${at}`);
    await commit(store, recordOf([patient('p'), ...names.map((name) => referral(name, 'p'))]));
    const keys = names.map((name) => `ServiceRequest/${idOf(name)}` as const);
    await store.accesses.record([access({ keys })], NOW_MS, false);
    const [found] = await store.accesses.search({
      organisations: undefined,
      count: 9,
      entities: [[`Patient/${PERSON}`]],
    });
    expect(found).toMatchObject({ count: 101, persons: [PERSON] });
    expect(found?.keys).toBeUndefined();
    expect(found?.digest).toHaveLength(43);
  });

  test('keeps the reason for a broken glass apart, asks the organisation about it, and erases it with the person', async () => {
    const store = await filled(open);
    const reason = 'Collapsed in the waiting room';
    await store.accesses.record([access({ reason }), access({ reason, keys: [] })], NOW_MS, true);
    const found = await store.accesses.search({ organisations: undefined, count: 9 });
    const words = (rows: readonly KeptAccess[]): unknown =>
      rows.map(({ glass, words: said }) => [glass, said]);
    expect(words(found)).toEqual([
      [true, undefined], // it leads to nobody: an erasure could not find it
      [true, reason],
    ]);
    const [item] = await store.worklist({ open: true, count: 9, rule: 'api-break-glass' });
    expect(item).toMatchObject({ ownerOrg: 'X26', resource: `Patient/${PERSON}` });
    expect(JSON.stringify([item, await store.audit(9, 0, 'access')])).not.toContain('Collapsed');
    expect(await store.accesses.brokenReason()).toBeUndefined();
    await store.erasePerson(PERSON, 'dpo', NOW_MS);
    expect(words(await store.accesses.search({ organisations: undefined, count: 1, before: 2 }))).toEqual([
      [true, undefined],
    ]);
    expect(await store.verifyAudit()).toBeUndefined();
  });

  test('gives rows to an archive, goes on from there, and finds what is left', async () => {
    const store = await filled(open);
    await store.accesses.record([access(), access({ client: 'late' })], NOW_MS, false);
    const [first] = await store.audit(1, 0, 'access');
    const archive = {
      chain: 'access',
      firstSeq: 1,
      lastSeq: 1,
      lastHash: first!.hash,
      file: 'a.ndjson',
    } as const;
    await store.archiveAudit(archive, 'sam', NOW_MS);
    expect(await seqsOf(store, { entities: [[REFERRAL]] })).toEqual([2]);
    await store.archiveAudit(
      { ...archive, firstSeq: 2, lastSeq: 2, lastHash: (await store.audit(1, 1, 'access'))[0]!.hash },
      'sam',
      NOW_MS,
    );
    await store.accesses.record([access()], NOW_MS, false);
    expect(await seqsOf(store, {})).toEqual([3]);
    expect(await store.verifyAudit()).toBeUndefined();
    expect((await store.auditArchives('access')).map(({ lastSeq }) => lastSeq)).toEqual([1, 2]);
    expect((await store.audit(9)).at(-1)).toMatchObject({ action: 'prune', actor: 'sam' });
  });

  test('adds rows of many at once without a gap', async () => {
    const store = await filled(open);
    await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        store.accesses.record([access(), access()], NOW_MS + at, at % 2 === 0),
      ),
    );
    expect((await store.audit(99, 0, 'access')).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    expect(await store.verifyAudit()).toBeUndefined();
  });
}
