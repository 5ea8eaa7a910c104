/** What looks after coded activity goes on whatever goes wrong: files that are still written, folders that cannot be read, one person. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { takeReceiptFiles } from '../../../src/cli/coded/files.ts';
import { derive, lookAfter } from '../../../src/cli/coded/look.ts';
import { codedActivitySchema } from '../../../src/config/coded-activity.ts';
import { idOf } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { agreed, openDesk, PLACES, referred, registered } from '../../target/coded/harness.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hedgerow-receipts-'));
  undo.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function logOf() {
  const lines: string[] = [];
  const keep = (...said: unknown[]): void => void lines.push(JSON.stringify(said));
  return { lines, log: { info: keep, warn: keep } as never };
}

const RECEIPT = 'entry_id,outcome,by\n';
const MINUTE_MS = 60_000;

test('reads a file of receipts when nobody has written to it for a minute', async () => {
  const path = folder();
  const file = join(path, 'receipts.csv');
  writeFileSync(file, RECEIPT);
  const { mtimeMs } = statSync(file);
  const { store } = openDesk(await temporaryStore());
  const taking = { store, log: logOf().log, onReceipts: async () => {} };
  expect(await takeReceiptFiles(path, { ...taking, clock: () => mtimeMs + MINUTE_MS / 2 })).toBe(0);
  expect(existsSync(file)).toBe(true);
  expect(await takeReceiptFiles(path, { ...taking, clock: () => mtimeMs + 2 * MINUTE_MS })).toBe(1);
  expect(readdirSync(join(path, 'done'))).toHaveLength(1);
});

test('a file that cannot be taken keeps no other waiting', async () => {
  const path = folder();
  for (const name of ['a.csv', 'b.csv']) writeFileSync(join(path, name), RECEIPT);
  const { store } = openDesk(await temporaryStore());
  let asked = 0;
  const onReceipts = async (): Promise<void> => {
    asked += 1;
    if (asked === 1) throw new Error('9990000018 is nobody here');
  };
  const { lines, log } = logOf();
  const clock = (): number => Date.now() + 2 * MINUTE_MS;
  expect(await takeReceiptFiles(path, { store, log, onReceipts, clock })).toBe(1);
  expect(readdirSync(path).sort()).toEqual(['a.csv', 'done']);
  expect(lines.join()).not.toContain('9990000018');
});

test('a folder that cannot be read ends neither the look nor the next one', async () => {
  const path = folder();
  const receiptsFolder = join(path, 'receipts');
  writeFileSync(receiptsFolder, 'no folder');
  const desk = openDesk(await temporaryStore());
  const { lines, log } = logOf();
  const config = { ...codedActivitySchema.parse({}), receiptsFolder };
  const signal = new AbortController().signal;
  const look = lookAfter(
    { config, lists: desk.lists, afterReceipts: async () => {} },
    { store: desk.store, clock: () => Date.now() + 2 * MINUTE_MS, log, signal },
  );
  await look();
  expect(lines.join()).toContain('the look for files of receipts failed');
  rmSync(receiptsFolder);
  mkdirSync(receiptsFolder);
  writeFileSync(join(receiptsFolder, 'r.csv'), RECEIPT);
  await look();
  expect(readdirSync(join(receiptsFolder, 'done'))).toHaveLength(1);
});

test('one person who cannot be looked at stops no other, and is looked at again at the next start', async () => {
  const desk = openDesk(await temporaryStore());
  await desk.commit([...PLACES], { key: 'places' });
  for (const [name, number] of [
    ['p', '9990000018'],
    ['q', '9990000026'],
  ] as const)
    await desk.commit([registered(name, number), agreed(name), referred(`r ${name}`, name)], {
      key: name,
    });
  const looked: string[] = [];
  const config = codedActivitySchema.parse({ since: '2020-01-01' });
  const start = (isBroken: boolean): Promise<void> => {
    const refresh = async (personId: string): Promise<void> => {
      if (isBroken && personId === idOf('p')) throw new TypeError('something of this person');
      looked.push(personId);
    };
    const signal = new AbortController().signal;
    return derive(
      { config, coded: { ...desk.coded, refresh } },
      { store: desk.store, clock: Date.now, signal },
    );
  };
  await start(true);
  expect(looked).toEqual([idOf('q')]);
  await start(false);
  expect(looked).toEqual([idOf('q'), idOf('p')]);
  await start(false);
  expect(looked).toHaveLength(2);
});
