/** Messages, kept answers and shared rates, on any engine. */
import { expect, test } from 'vitest';
import { issueOf, outcomeOf } from '../../../src/fhir/outcome.ts';
import type { MessageKey, NewMessage, Store } from '../../../src/store/store.ts';
import { commit, idOf, NHS_NUMBER, NOW_MS, patient, recordOf, withNhsNumber } from '../samples.ts';
import { pds, restricted } from './whereabouts.ts';

const KEY: MessageKey = { channel: 'bars', direction: 'out', id: 'request-1' };
const MESSAGE: NewMessage = {
  ...KEY,
  conversation: 'talk-1',
  about: 'ServiceRequest/r',
  version: 1,
  personId: 'p',
  ownerOrg: 'A1',
  remoteId: 'bundle-1',
  replyTo: 'system|our-service',
  organisation: 'X26',
  service: 'system|1',
  what: 'new',
  digest: 'digest-1',
  state: 'prepared',
  body: '{"resourceType":"Bundle"}',
  dueMs: NOW_MS + 1_000,
};

export function messageContract(open: () => Promise<Store>): void {
  test('of two who keep a message under one id the first is heard', async () => {
    const { messages } = await open();
    const kept = await Promise.all([
      messages.keep(MESSAGE, NOW_MS),
      messages.keep({ ...MESSAGE, body: 'another' }, NOW_MS + 1),
    ]);
    expect(kept.map(({ isNew }) => isNew).toSorted()).toEqual([false, true]);
    const first = kept.find(({ isNew }) => isNew)!.message;
    expect(kept.map(({ message }) => message)).toEqual([first, first]);
    expect(await messages.get(KEY)).toEqual(first);
    expect(await messages.get({ ...KEY, direction: 'in' })).toBe(undefined);
  });

  test('a message changes from the state that is expected, once, and what is left out stays', async () => {
    const { messages } = await open();
    await messages.keep(MESSAGE, NOW_MS);
    const taken = await Promise.all(
      [1, 2, 3].map(() => messages.change(KEY, { state: 'sent', remoteId: 'm-1' }, NOW_MS + 5, ['prepared'])),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    const outcome = outcomeOf(issueOf({ code: 'timeout', rule: 'rule', diagnostics: 'No answer.' }));
    expect(await messages.change(KEY, { outcome, body: null, dueMs: null }, NOW_MS + 6)).toBe(true);
    const { body: _body, dueMs: _due, ...rest } = MESSAGE;
    const times = { createdMs: NOW_MS, changedMs: NOW_MS + 6 };
    expect(await messages.get(KEY)).toEqual({ ...rest, state: 'sent', remoteId: 'm-1', outcome, ...times });
    expect(await messages.change(KEY, { digest: 'digest-2', replyTo: null, personId: 'q' }, NOW_MS + 7)).toBe(
      true,
    );
    expect(await messages.get(KEY)).toMatchObject({
      ...{ digest: 'digest-2', replyTo: undefined, what: 'new', personId: 'q' },
    });
    expect(await messages.change({ ...KEY, id: 'other' }, { state: 'sent' }, NOW_MS)).toBe(false);
  });

  test('messages are found by conversation, by what they speak of, and by their id at the other end', async () => {
    const { messages } = await open();
    const second = { ...MESSAGE, id: 'request-2', remoteId: 'bundle-1' };
    const answer = { ...MESSAGE, direction: 'in' as const, id: 'answer', remoteId: 'bundle-2' };
    for (const one of [MESSAGE, second, answer, { ...MESSAGE, channel: 'mesh' }])
      await messages.keep(one, NOW_MS);
    const ids = (found: readonly MessageKey[]): string[] =>
      found.map(({ channel, id }) => `${channel} ${id}`);
    expect(ids(await messages.ofConversation('bars', 'talk-1'))).toEqual([
      'bars request-1',
      'bars request-2',
      'bars answer',
    ]);
    expect(ids(await messages.about('ServiceRequest/r'))).toEqual([
      'mesh request-1',
      'bars answer',
      'bars request-2',
      'bars request-1',
    ]);
    expect(ids(await messages.about('ServiceRequest/r', 'mesh'))).toEqual(['mesh request-1']);
    expect((await messages.byRemoteId('bars', 'out', 'bundle-1'))?.id).toBe('request-2');
    expect(await messages.byRemoteId('bars', 'in', 'bundle-1')).toBe(undefined);
  });

  test('messages of two organisations that are called the same are told apart', async () => {
    const { messages } = await open();
    await messages.keep(MESSAGE, NOW_MS);
    await messages.keep({ ...MESSAGE, id: 'request-2', organisation: 'Y2' }, NOW_MS);
    await messages.keep({ ...MESSAGE, id: 'request-3', organisation: undefined }, NOW_MS);
    const found = async (organisation?: string): Promise<string | undefined> =>
      (await messages.byRemoteId('bars', 'out', 'bundle-1', organisation))?.id;
    expect([await found('X26'), await found('Y2'), await found('Z3'), await found()]).toEqual([
      ...['request-1', 'request-2', undefined, 'request-3'],
    ]);
  });

  test('what is overdue is told, the longest overdue first', async () => {
    const { messages } = await open();
    for (const [id, dueMs] of Object.entries({ late: 20, later: 30, latest: 10 }))
      await messages.keep({ ...MESSAGE, id, dueMs: NOW_MS + dueMs }, NOW_MS);
    expect((await messages.overdue('bars', NOW_MS + 20, 9)).map(({ id }) => id)).toEqual(['latest', 'late']);
    expect((await messages.overdue('bars', NOW_MS + 99, 1)).map(({ id }) => id)).toEqual(['latest']);
  });

  test('an erasure takes out what messages say, and leaves that they went', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    await store.messages.keep(MESSAGE, NOW_MS);
    await store.messages.keep({ ...MESSAGE, id: 'of another', personId: 'q' }, NOW_MS);
    await store.erasePerson('p', 'operator', NOW_MS);
    const gone = { body: undefined, digest: undefined, replyTo: undefined };
    const { conversation, organisation, service, what } = MESSAGE;
    const stays = { ...KEY, conversation, organisation, service, what };
    expect(await store.messages.get(KEY)).toMatchObject({ ...stays, ...gone, state: 'prepared' });
    expect(await store.messages.get({ ...KEY, id: 'of another' })).toMatchObject({ body: MESSAGE.body });
    expect(await store.messages.withBody('bars')).toEqual([
      { channel: 'bars', direction: 'out', id: 'of another' },
    ]);
  });

  test('a message without its content is waited for by nobody, once its person is erased or restricted', async () => {
    const store = await open();
    const { messages } = store;
    const states = async (): Promise<unknown[]> =>
      (await messages.ofConversation('bars', 'talk-1')).map(({ id, state, body, replyTo }) => [
        ...[id, state, body !== undefined, replyTo !== undefined],
      ]);
    await commit(store, recordOf([withNhsNumber('a', NHS_NUMBER)], { key: '1' }));
    const kept = { ...MESSAGE, personId: idOf('a'), dueMs: undefined };
    await messages.keep({ ...kept, id: 'prepared' }, NOW_MS);
    await messages.keep({ ...kept, id: 'with a time', dueMs: NOW_MS }, NOW_MS);
    await messages.keep({ ...kept, id: 'sent', state: 'sent' }, NOW_MS);
    await messages.keep({ ...kept, id: 'came', direction: 'in', state: 'received' }, NOW_MS);
    await commit(store, pds('a', restricted('a')));
    expect(await states()).toEqual([
      ['prepared', 'replaced', false, true],
      ['with a time', 'prepared', false, true],
      ['sent', 'sent', false, true],
      ['came', 'received', true, true],
    ]);
    await store.erasePerson(idOf('a'), 'operator', NOW_MS);
    expect((await states()).map((one) => (one as unknown[]).slice(2))).toEqual([
      ...Array.from({ length: 4 }, () => [false, false]),
    ]);
  });

  test('nothing is written back of somebody who was erased meanwhile', async () => {
    const store = await open();
    const { messages } = store;
    await commit(store, recordOf([patient('p')]));
    const ofThem = { ...MESSAGE, personId: idOf('p') };
    await messages.keep({ ...ofThem, id: 'failed', state: 'rejected' }, NOW_MS);
    await store.erasePerson(idOf('p'), 'operator', NOW_MS);
    // who has read what it said before, and has it sent again
    const again = { state: 'prepared', body: MESSAGE.body! } as const;
    expect(await messages.change({ ...KEY, id: 'failed' }, again, NOW_MS, ['silent', 'rejected'])).toBe(
      false,
    );
    await messages.keep({ ...ofThem, id: 'later' }, NOW_MS);
    await messages.keep({ ...ofThem, id: 'waited for', dueMs: undefined }, NOW_MS);
    const kept = await messages.ofConversation('bars', 'talk-1');
    expect(kept.map(({ id, state }) => [id, state])).toEqual([
      ['failed', 'replaced'],
      ['later', 'prepared'],
      ['waited for', 'replaced'],
    ]);
    for (const { body, digest, replyTo } of kept)
      expect([body, digest, replyTo]).toEqual([undefined, undefined, undefined]);
  });

  test('an erasure empties what came and nobody took, where it names the person', async () => {
    const store = await open();
    await commit(store, recordOf([withNhsNumber('a', NHS_NUMBER)], { key: '1' }));
    const said = 'Seen: 999 000 0018';
    const content = Buffer.from(said).toString('base64');
    const bodies = { plain: said, encoded: JSON.stringify({ content }), other: 'Seen: 9990000026' };
    const of = { ...MESSAGE, personId: undefined, direction: 'in', state: 'received' } as const;
    for (const [id, body] of Object.entries(bodies))
      await store.messages.keep({ ...of, id, body: JSON.stringify({ body }) }, NOW_MS);
    await store.erasePerson(idOf('a'), 'operator', NOW_MS);
    expect((await store.messages.withBody('bars')).map(({ id }) => id)).toEqual(['other']);
  });

  test('retention takes the bodies of settled messages, and no other', async () => {
    const store = await open();
    const states = ['prepared', 'sent', 'silent', 'acknowledged', 'answered', 'taken', 'received'] as const;
    for (const state of states) await store.messages.keep({ ...MESSAGE, id: state, state }, NOW_MS);
    // whoever was to see to it was told, and nothing is waited for
    await store.messages.keep({ ...MESSAGE, id: 'told', state: 'acknowledged', dueMs: undefined }, NOW_MS);
    const limits = { versions: 0, mapDigests: [], after: 0, count: 9 };
    expect((await store.prune('messages', { ...limits, beforeMs: NOW_MS })).removed).toBe(0);
    expect(await store.prune('messages', { ...limits, beforeMs: NOW_MS + 1 })).toEqual({
      removed: 3,
      after: undefined,
    });
    const all = await store.messages.ofConversation('bars', 'talk-1');
    expect(all.filter(({ body }) => body !== undefined).map(({ id }) => id)).toEqual([
      ...['prepared', 'sent', 'silent', 'acknowledged', 'received'],
    ]);
  });

  test('retention takes answers that are long out of date, but for what is known of a person', async () => {
    const store = await open();
    await commit(store, recordOf([patient('p')]));
    for (const [question, untilMs] of Object.entries({ old: 10, young: 20, [idOf('p')]: 10 }))
      await store.answers.keep('any', question, { answer: 'x', untilMs: NOW_MS + untilMs }, NOW_MS);
    const limits = { beforeMs: NOW_MS + 20, versions: 0, mapDigests: [], after: 0, count: 9 };
    expect(await store.prune('answers', limits)).toEqual({ removed: 1, after: undefined });
    const left = await Promise.all(['old', 'young', idOf('p')].map((one) => store.answers.get('any', one)));
    expect(left.map((one) => one !== undefined)).toEqual([false, true, true]);
    await store.erasePerson(idOf('p'), 'operator', NOW_MS);
    expect(await store.answers.get('any', idOf('p'))).toBe(undefined);
  });

  test('an answer is kept with when it was had, replaced by the next, and forgotten when it is old', async () => {
    const { answers } = await open();
    expect(await answers.get('ods', 'A1')).toBe(undefined);
    await answers.keep('ods', 'A1', { answer: 'one', untilMs: NOW_MS + 10 }, NOW_MS);
    await answers.keep('ods', 'A1', { answer: 'two', untilMs: NOW_MS + 20 }, NOW_MS + 5);
    const two = { answer: 'two', askedMs: NOW_MS + 5, untilMs: NOW_MS + 20 };
    expect(await answers.get('ods', 'A1')).toEqual(two);
    expect(await answers.forget('pds', NOW_MS + 99)).toBe(0);
    expect(await answers.forget('ods', NOW_MS + 20)).toBe(0);
    expect(await answers.forget('ods', NOW_MS + 21)).toBe(1);
  });

  test('of many who keep an answer once at the same time one does, until it is no longer good', async () => {
    const { answers } = await open();
    const keep = (nowMs: number): Promise<boolean> =>
      answers.keepOnce('once', 'q', { answer: '', untilMs: nowMs + 10 }, nowMs);
    const kept = await Promise.all(Array.from({ length: 12 }, () => keep(NOW_MS)));
    expect(kept.filter((one) => one)).toHaveLength(1);
    expect(await keep(NOW_MS + 10)).toBe(false);
    expect(await keep(NOW_MS + 11)).toBe(true);
    expect(await keep(NOW_MS + 12)).toBe(false);
  });

  test('slots of a rate are given one after the other, to whoever asks, and none is saved up', async () => {
    const store = await open();
    const waits = await Promise.all([1, 2, 3].map(() => store.pace('pds', 200, NOW_MS)));
    expect(waits.toSorted((a, b) => a - b)).toEqual([0, 200, 400]);
    expect(await store.pace('pds', 200, NOW_MS + 300)).toBe(300);
    expect(await store.pace('pds', 200, NOW_MS + 5_000)).toBe(0);
    expect(await store.pace('ods', 200, NOW_MS)).toBe(0);
  });

  test('a slot that a wrong clock gave far ahead holds nobody up', async () => {
    const store = await open();
    await store.pace('pds', 200, NOW_MS + 86_400_000);
    expect(await store.pace('pds', 200, NOW_MS)).toBe(0);
  });
}
