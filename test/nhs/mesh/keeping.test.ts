/** Files of content: read whole or not at all, and gone when no message needs them. */
import { readdirSync, truncateSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { contentOf } from '../../../src/nhs/mesh/chunks.ts';
import { contentKeeper } from '../../../src/nhs/mesh/keeping.ts';
import { numbersIn } from '../../../src/nhs/mesh/numbers.ts';
import { fileOf } from '../../../src/nhs/mesh/outbox.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { Clock, letter, MINUTE_MS, mailbox, meshServer, SIGNAL, temporaryFolder } from './harness.ts';

test('a file that is shorter than it was is not there, and never read as if it were whole', async () => {
  const folder = temporaryFolder();
  const keeper = contentKeeper(folder, 1);
  const place = await keeper.keep('out-x', Buffer.alloc(100, 'x'));
  expect(await keeper.isThere(place)).toBe(true);
  expect(await keeper.open(place).slice(20, 100)).toEqual(Buffer.alloc(80, 'x'));
  truncateSync(join(folder, 'out-x'), 50);
  expect(await keeper.isThere(place)).toBe(false);
  await expect(keeper.open(place).slice(0, 100)).rejects.toThrow('shorter than it was');
});

test('files whose message was emptied, or that a dead process left, are taken away; others stay', async () => {
  const [clock, folder, store] = [new Clock(), temporaryFolder(), await temporaryStore()];
  const server = await meshServer(clock, { fault: () => ({ status: 429 }) });
  const ours = mailbox({ server, store, clock, folder, inStoreBytes: 1 });
  for (const id of ['erased', 'waits', 'young'])
    await ours.send(letter(id, id === 'young' ? {} : { personId: id }), SIGNAL);
  const keeper = contentKeeper(folder, 1);
  await keeper.keep('in-orphan', Buffer.from('nobody’s'));
  const names = readdirSync(folder).filter((name) => /^(in|out)-/.test(name));
  expect(names).toHaveLength(4);
  const key = (id: string) => ({ channel: 'ours', direction: 'out' as const, id });
  for (const id of ['erased', 'young']) await store.messages.change(key(id), { body: null }, clock.nowMs);
  for (const name of names) {
    const ageMs = name === fileOf('young') ? MINUTE_MS : 3 * 60 * MINUTE_MS;
    const at = new Date(clock.nowMs - ageMs);
    utimesSync(join(folder, name), at, at);
  }
  await ours.tend();
  expect(
    readdirSync(folder)
      .filter((name) => /^(in|out)-/.test(name))
      .sort(),
  ).toEqual([fileOf('waits'), fileOf('young')].sort());
});

test('NHS numbers in large content are found once each, wherever a part of it ends, and nothing else is taken for one', async () => {
  const bytes = Buffer.alloc(1_100_000, '.');
  for (let at = 1_048_576 - 16; at <= 1_048_576; at++) {
    const content = Buffer.from(bytes);
    content.write('999-000-0018', at);
    expect(await numbersIn(contentOf(content))).toEqual(['9990000018']);
  }
  const said = '9990000026, 999 000 0026; 19990000034, 99900000421, 9990000019';
  expect(await numbersIn(contentOf(Buffer.from(said)))).toEqual(['9990000026']);
});
