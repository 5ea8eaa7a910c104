/** What every engine keeps of bulk exports: whose they are, who works at them, how far they are, and until when. */
import { expect, test } from 'vitest';
import type { NewExport, Store } from '../../../src/store/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { idOf, NOW_MS, patient, RULES, recordOf } from '../samples.ts';
import { restricted } from './whereabouts.ts';

const LIMITS = { ofClient: 2, ofAll: 3 };
const exportOf = (id: string, client = 'vendor'): NewExport => ({
  ...{ id, client, ownerOrg: 'X26', asOfMs: NOW_MS, asked: '{"types":["Patient"]}' },
  viewer: { ...SEES_ALL, organisations: ['X26'], types: new Map([['Patient', [[]]]]), breaksGlass: false },
});
const LEASE_MS = 1_000;

export function exportContract(open: () => Promise<Store>): void {
  test('keeps what was asked for, with what the client could see', async () => {
    const { exports } = await open();
    expect(await exports.make(exportOf('a'), LIMITS, NOW_MS)).toBe('made');
    expect(await exports.get('a')).toEqual({
      ...exportOf('a'),
      ...{ state: 'running', askedMs: NOW_MS, progress: undefined, fault: undefined },
      ...{ endedMs: undefined, untilMs: undefined },
    });
    expect(await exports.get('b')).toBeUndefined();
    expect(await exports.ids()).toEqual(['a']);
  });

  test('counts those under way, of a client and of all, also where several ask at once', async () => {
    const { exports } = await open();
    const asked = ['a', 'b', 'c', 'd'].map((id) => exports.make(exportOf(id), LIMITS, NOW_MS));
    expect((await Promise.all(asked)).toSorted()).toEqual(['client', 'client', 'made', 'made']);
    expect(await exports.make(exportOf('e', 'other'), LIMITS, NOW_MS)).toBe('made');
    expect(await exports.make(exportOf('f', 'third'), LIMITS, NOW_MS)).toBe('all');
    const claimed = await exports.claim(NOW_MS, LEASE_MS);
    expect(await exports.end(claimed!, { state: 'finished', keepMs: 1 }, NOW_MS)).toBe(true);
    expect(await exports.make(exportOf('f', 'third'), LIMITS, NOW_MS)).toBe('made');
  });

  test('is worked at by one at a time, in the order of asking, until its lease ends', async () => {
    const { exports } = await open();
    await exports.make(exportOf('b'), LIMITS, NOW_MS);
    await exports.make(exportOf('a'), LIMITS, NOW_MS + 1);
    const both = await Promise.all([
      exports.claim(NOW_MS + 2, LEASE_MS),
      exports.claim(NOW_MS + 2, LEASE_MS),
    ]);
    expect(both.map((one) => one?.id).toSorted()).toEqual(['a', 'b']);
    const first = both.find((one) => one?.id === 'b')!;
    expect(await exports.claim(NOW_MS + 3, LEASE_MS)).toBeUndefined();
    expect(await exports.keep(first, '{"part":1}', NOW_MS + 500, LEASE_MS)).toBe(true);
    expect((await exports.claim(NOW_MS + 1_100, LEASE_MS))?.id).toBe('a'); // the other was renewed
    const taken = await exports.claim(NOW_MS + 1_600, LEASE_MS);
    expect(taken).toMatchObject({ id: 'b', progress: '{"part":1}' });
    // who has lost it moves nothing
    expect(await exports.keep(first, '{"part":9}', NOW_MS + 1_700, LEASE_MS)).toBe(false);
    expect(await exports.end(first, { state: 'failed', keepMs: 1 }, NOW_MS + 1_700)).toBe(false);
    expect(await exports.keep(taken!, undefined, NOW_MS + 1_700, LEASE_MS)).toBe(true);
    expect(await exports.get('b')).toMatchObject({ state: 'running', progress: '{"part":1}' });
  });

  test('ends once, is kept for its time, and then is gone', async () => {
    const { exports } = await open();
    await exports.make(exportOf('a'), LIMITS, NOW_MS);
    const claimed = (await exports.claim(NOW_MS, LEASE_MS))!;
    await exports.end(claimed, { state: 'failed', fault: 'why', keepMs: 100 }, NOW_MS + 10);
    expect(await exports.get('a')).toMatchObject({
      ...{ state: 'failed', fault: 'why', endedMs: NOW_MS + 10, untilMs: NOW_MS + 110 },
    });
    expect(await exports.claim(NOW_MS + 9_000, LEASE_MS)).toBeUndefined();
    expect(await exports.removeOver(NOW_MS + 109)).toEqual([]);
    expect(await exports.removeOver(NOW_MS + 110)).toEqual(['a']);
    expect(await exports.get('a')).toBeUndefined();
  });

  test('is taken away whoever works at it, and given back by those that have ended', async () => {
    const { exports } = await open();
    await exports.make(exportOf('a'), LIMITS, NOW_MS);
    const claimed = (await exports.claim(NOW_MS, LEASE_MS))!;
    expect(await exports.recover(NOW_MS + 1, false)).toBe(0);
    expect(await exports.recover(NOW_MS + 1, true)).toBe(1);
    expect(await exports.keep(claimed, undefined, NOW_MS + 2, LEASE_MS)).toBe(false);
    const again = (await exports.claim(NOW_MS + 2, LEASE_MS))!;
    await exports.release(again);
    const last = (await exports.claim(NOW_MS + 3, LEASE_MS))!;
    expect(await exports.remove('a')).toBe(true);
    expect(await exports.remove('a')).toBe(false);
    expect(await exports.keep(last, undefined, NOW_MS + 4, LEASE_MS)).toBe(false);
    await exports.settled();
  });

  test.each([
    ['erased', (store: Store) => store.erasePerson(idOf('a'), 'operator', NOW_MS + 10)],
    ['restricted', (store: Store) => store.commit([recordOf([restricted('a')])], RULES, NOW_MS + 10)],
  ] as const)(
    'tells of nobody who was %s since: what is finished is withdrawn, what is not begins anew',
    async (_how, change) => {
      const store = await open();
      const { exports } = store;
      await store.commit([recordOf([patient('a')])], RULES, NOW_MS);
      await exports.make({ ...exportOf('before'), asOfMs: NOW_MS - 1 }, LIMITS, NOW_MS);
      await exports.make(exportOf('done'), LIMITS, NOW_MS);
      const wide = { ofClient: 9, ofAll: 9 };
      await exports.make({ ...exportOf('running'), asOfMs: NOW_MS + 5 }, wide, NOW_MS + 1);
      for (const id of ['before', 'done']) {
        const claimed = (await exports.claim(NOW_MS, LEASE_MS))!;
        expect(claimed.id).toBe(id);
        await exports.end(claimed, { state: 'finished', progress: '{"part":1}', keepMs: 100 }, NOW_MS);
      }
      const running = (await exports.claim(NOW_MS, LEASE_MS))!;
      await exports.keep(running, '{"part":1}', NOW_MS, LEASE_MS);
      await change(store);
      expect(await exports.get('before')).toMatchObject({ state: 'finished', progress: '{"part":1}' });
      expect(await exports.get('done')).toMatchObject({ state: 'withdrawn', progress: undefined });
      expect(await exports.get('running')).toMatchObject({ state: 'running', progress: undefined });
      expect(await exports.ids()).toEqual(['before', 'running']);
      expect(await exports.keep(running, '{"part":2}', NOW_MS + 20, LEASE_MS)).toBe(false);
      expect(await exports.end(running, { state: 'finished', keepMs: 1 }, NOW_MS + 20)).toBe(false);
      expect(await exports.claim(NOW_MS + 20, LEASE_MS)).toBeUndefined(); // it may be writing still
      await exports.recover(NOW_MS + 30, true);
      expect(await exports.claim(NOW_MS + 30, LEASE_MS)).toMatchObject({
        id: 'running',
        progress: undefined,
      });
    },
  );
}
