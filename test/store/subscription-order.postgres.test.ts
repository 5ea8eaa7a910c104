/** On PostgreSQL many write at once: who follows the commits by their numbers misses none, whoever ends first. */
import { expect, test } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import type { CommittedVersion } from '../../src/store/subscriptions.ts';
import { subscription } from './contract/subscriptions.ts';
import { commit, contact, idOf, NOW_MS, patient, recordOf } from './samples.ts';
import { definitions } from './temporary.ts';
import { temporaryClient, temporaryDatabase } from './temporary-postgres.ts';

const WRITERS = 4;
const EACH = 8;

test('a reader that goes by the numbers while many write finds every version once', async () => {
  const url = await temporaryDatabase();
  const stores = await Promise.all(
    Array.from({ length: WRITERS }, () => openPostgresStore({ url, definitions: definitions() })),
  );
  const [reader] = stores as [(typeof stores)[number]];
  try {
    await reader.subscriptions.make(subscription('s'), NOW_MS);
    const found: CommittedVersion[] = [];
    let isWriting = true;
    const follow = async (): Promise<void> => {
      for (let after = 0; ; ) {
        const wasWriting = isWriting;
        const next = await reader.subscriptions.changes(after, 3);
        found.push(...next);
        after = next.at(-1)?.no ?? after;
        if (next.length === 0 && !wasWriting) return;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    };
    const following = follow();
    await Promise.all(
      stores.map(async (store, writer) => {
        for (let at = 0; at < EACH; at++) {
          const name = `${writer}-${at}`;
          const resources = [patient(name), contact(`a${name}`, name), contact(`b${name}`, name)];
          await commit(store, recordOf(resources, { key: name, source: `w${writer}` }));
        }
      }),
    );
    isWriting = false;
    await following;
    const expected = stores.flatMap((_, writer) =>
      Array.from({ length: EACH }, (_, at) => ['a', 'b'].map((one) => idOf(`${one}${writer}-${at}`))).flat(),
    );
    expect(found.map(({ id }) => id).sort()).toEqual(expected.sort());
    expect(found.map(({ no }) => no)).toEqual(Array.from({ length: expected.length }, (_, at) => at + 1));
  } finally {
    await Promise.all(stores.map((store) => store.close()));
  }
});

test('a version is numbered after those of a transaction that began to write before and ends after', async () => {
  const url = await temporaryDatabase();
  const store = await openPostgresStore({ url, definitions: definitions() });
  const slow = await temporaryClient(url);
  try {
    await store.subscriptions.make(subscription('s'), NOW_MS);
    await commit(store, recordOf([patient('p'), contact('first', 'p')]));
    await slow.query('BEGIN');
    await slow.query(
      `INSERT INTO resource SELECT (jsonb_populate_record(r, '{"rid": 1000000, "id": "slow"}')).* FROM resource r
       WHERE r.type = 'Encounter'`,
    );
    let isDone = false;
    const committing = commit(store, recordOf([contact('quick', 'p')], { key: 'R2' })).then(() => {
      isDone = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect([isDone, (await store.subscriptions.changes(1, 10)).length]).toEqual([false, 0]);
    await slow.query('COMMIT');
    await committing;
    expect((await store.subscriptions.changes(1, 10)).map(({ no, id }) => [no, id])).toEqual([
      [2, 'slow'],
      [3, idOf('quick')],
    ]);
  } finally {
    await store.close();
  }
});
