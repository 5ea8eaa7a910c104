/** Whatever order referrals, identity, consent, lists and receipts come in: each fact is added once, and taken out at most once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CodedEntry, Identified } from '../../../src/store/store.ts';
import { idOf, NOW_MS } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { agreed, DAY, declined, openDesk, PLACES, PRACTICE, referred, registered } from './harness.ts';

const CHANGES: Readonly<Record<string, Identified>> = {
  refer: referred('r', 'p'),
  revoke: referred('r', 'p', { status: 'revoked' }),
  'in error': referred('r', 'p', { status: 'entered-in-error' }),
  decline: declined('t', 'p'),
  'no decline': declined('t', 'p', { statusReason: { text: 'moved' } }),
  verify: registered('p', '9990000018'),
  unverify: registered('p', '9990000018', { status: '02' }),
  renumber: registered('p', '9990000026'),
  move: registered('p', '9990000018', { practice: 'other-practice' }),
  agree: agreed('p', { dateTime: '2025-02-02' }),
  refuse: agreed('p', { status: 'rejected', dateTime: '2025-02-02' }),
};
const STEPS = [...Object.keys(CHANGES), 'list', 'list twice', 'file', 'reject', 'replay'];

test('each fact is listed once as an addition and at most once as a removal, never before it, and what holds is not left out', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom(...STEPS), { minLength: 4, maxLength: 24 }), async (steps) => {
      const desk = openDesk(await temporaryStore());
      const other = openDesk(desk.store);
      const listed: CodedEntry[] = [];
      let at = NOW_MS;
      const list = async (by: typeof desk): Promise<void> => {
        for (const practice of [PRACTICE, 'Y99999'])
          listed.push(...((await by.lists.next(practice, DAY))?.entries ?? []));
      };
      const rejected = new Set<string>();
      /** facts whose last word is that they are in no record */
      const refused = new Set<string>();
      const receive = async (outcome: 'filed' | 'rejected'): Promise<void> => {
        for (const { fact, action } of listed)
          if (outcome === 'rejected' && action === 'add') rejected.add(fact);
        const receipts = listed.map(({ id, action }) => ({ id, action, outcome, atMs: at, by: 'clerk' }));
        const results = await desk.store.codedEntries.receive(receipts, at);
        for (const [place, { fact, action }] of listed.entries())
          if (action === 'add' && results[place] === 'taken')
            outcome === 'filed' ? refused.delete(fact) : refused.add(fact);
        await desk.coded.refresh(listed[0]?.personId ?? '');
      };
      await desk.commit([...PLACES, CHANGES.verify!, CHANGES.agree!], { key: 'P' });
      for (const step of steps) {
        at += 1;
        const change = CHANGES[step];
        if (change) await desk.commit([change], { key: `${change.resourceType}`, sourceTimeMs: at });
        else if (step === 'list') await list(desk);
        else if (step === 'list twice') await Promise.all([list(desk), list(other)]);
        else if (step === 'replay')
          await Promise.all([desk, other].map((one) => one.coded.refresh(listed[0]?.personId ?? '')));
        else await receive(step === 'file' ? 'filed' : 'rejected');
      }
      await list(desk);
      const told = listed.map(({ fact, action }) => `${fact} ${action}`);
      expect(new Set(told).size).toBe(told.length);
      for (const { fact, action } of listed)
        if (action === 'remove')
          expect(told.indexOf(`${fact} add`)).toBeLessThan(told.indexOf(`${fact} remove`));
      for (const { fact } of listed) expect(told).toContain(`${fact} add`);
      expectOnce(listed, rejected);
      // whatever came before: who is referred, known and agrees is in the list, or in a record, or on the worklist
      for (const good of ['verify', 'agree', 'refer'] as const) {
        at += 1;
        const change = CHANGES[good]!;
        await desk.commit([change], { key: change.resourceType, sourceTimeMs: at });
      }
      await list(desk);
      const open = await desk.store.worklist({ open: true, count: 50 });
      const isAsked = open.some(({ rule }) => rule === 'coded-again' || rule === 'coded-rejected');
      if (!isAsked) expect(standingOf(listed, refused)).toContain(`referral ${idOf('r')} 9990000018`);
    }),
    { numRuns: 30 },
  );
}, 60_000);

/** No record has one happening twice: of the lists so far, what was added and neither taken out nor ever rejected. */
function expectOnce(listed: readonly CodedEntry[], rejected: ReadonlySet<string>): void {
  const standing = standingOf(listed, rejected);
  expect(new Set(standing).size).toBe(standing.length);
}

function standingOf(listed: readonly CodedEntry[], rejected: ReadonlySet<string>): string[] {
  const out = new Set(listed.flatMap(({ fact, action }) => (action === 'remove' ? [fact] : [])));
  return listed
    .filter(({ fact, action }) => action === 'add' && !out.has(fact) && !rejected.has(fact))
    .map(({ content }) => `${content.rule} ${content.source.id} ${content.person?.nhsNumber}`);
}
