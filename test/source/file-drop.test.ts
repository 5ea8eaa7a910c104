/** Drop folders: real files that come, grow, vanish and are read again. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type DropOptions, type FileDrop, watchFolder } from '../../src/source/file-drop.ts';
import { type DropSummary, putAway } from '../../src/source/put-away.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import { charity } from './charity.ts';

let root = '';
let inbox = '';
let drop: FileDrop | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'drop-'));
  inbox = join(root, 'charity');
  mkdirSync(inbox);
});
afterEach(async () => {
  await drop?.stop();
  drop = undefined;
  rmSync(root, { recursive: true, force: true });
});

const GOOD = 'Person ID,Surname\nP1,Ash\nP2,Elm\n';

/** Stands for the pipeline: reads the file, and counts. */
async function ingest(path: string, signal: AbortSignal): Promise<DropSummary> {
  const receipt = { committed: 0, unchanged: 0, refused: 0 };
  const refusals = [];
  for await (const record of readFileRecords(charity, path, { nowMs: Date.now(), signal })) {
    if (record.ok) receipt.committed++;
    else {
      receipt.refused++;
      refusals.push(record);
    }
  }
  return { receipt, refusals };
}

/** Starts the drop and keeps the names it was handed. */
function start(options: Partial<DropOptions> = {}): string[] {
  const taken: string[] = [];
  const inner = options.ingest ?? ingest;
  drop = watchFolder({
    folder: inbox,
    source: charity,
    clock: Date.now,
    ...options,
    ingest: (path, signal) => {
      taken.push(basename(path));
      return inner(path, signal);
    },
  });
  return taken;
}

const files = (name: string): string[] =>
  existsSync(join(inbox, name)) ? readdirSync(join(inbox, name)).sort() : [];
const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 10_000, interval: 20 });

test('files that are there, and those that come, are read once and put away under the time', async () => {
  writeFileSync(join(inbox, 'people 1.csv'), GOOD);
  const taken = start();
  await until(() => expect(files('done')).toHaveLength(1));
  writeFileSync(join(inbox, 'people 2.csv'), GOOD);
  await until(() => expect(files('done')).toHaveLength(2));
  expect(taken).toEqual(['people 1.csv', 'people 2.csv']);
  expect(files('done')[0]).toMatch(/^\d{8}-\d{6}-people 1\.csv$/);
  expect(readFileSync(join(inbox, 'done', files('done')[0]!), 'utf8')).toBe(GOOD);
  expect(readdirSync(inbox)).toEqual(['done']);
});

test('a file that was refused in part is done, with an outcome beside it that names lines and no values', async () => {
  writeFileSync(
    join(inbox, 'people.csv'),
    'Person ID,Surname,Date of Birth\nP1,Ash,07/03/1950\nP2,Elm,31/02/1950\n',
  );
  start();
  await until(() => expect(files('done')).toHaveLength(2));
  const outcome = JSON.parse(readFileSync(join(inbox, 'done', files('done')[1]!), 'utf8'));
  expect(files('done')[1]).toBe(`${files('done')[0]}.outcome.json`);
  expect(outcome.issue).toHaveLength(1);
  expect(outcome.issue[0]).toMatchObject({
    severity: 'error',
    diagnostics:
      "people.csv:3: column 'Date of Birth': no calendar has this day; write the date as dd/MM/yyyy",
    expression: ['`Date of Birth`'],
  });
  expect(JSON.stringify(outcome)).not.toMatch(/Elm|1950/);
});

test('a file of which nothing could be read goes to refused', async () => {
  writeFileSync(join(inbox, 'people.csv'), 'colour,shape\nred,round\n');
  start();
  await until(() => expect(files('refused')).toHaveLength(2));
  expect(files('done')).toEqual([]);
});

test('a file is not read while it grows', async () => {
  const sizes: number[] = [];
  start({
    ingest: async (path, signal) => {
      sizes.push(readFileSync(path).length);
      return ingest(path, signal);
    },
  });
  const path = join(inbox, 'people.csv');
  writeFileSync(path, 'Person ID,Surname\n');
  for (let i = 0; i < 20; i++) {
    await new Promise((resolve) => setTimeout(resolve, 40));
    appendFileSync(path, `P${i},Ash\n`);
  }
  const size = readFileSync(path).length;
  await until(() => expect(files('done')).toHaveLength(1));
  expect(sizes).toEqual([size]);
});

test.each(['.~lock.people.csv#', '~$people.xlsx', '.people.csv', 'people.csv.tmp', 'people.csv.part'])(
  '%s is left alone until it has its name',
  async (name) => {
    writeFileSync(join(inbox, name), GOOD);
    mkdirSync(join(inbox, 'a folder.csv'));
    const taken = start();
    writeFileSync(join(inbox, 'people-a.csv'), GOOD);
    await until(() => expect(taken).toEqual(['people-a.csv']));
    renameSync(join(inbox, name), join(inbox, 'people-b.csv'));
    await until(() => expect(taken).toEqual(['people-a.csv', 'people-b.csv']));
  },
);

test('a folder that vanishes is waited for', async () => {
  const log = { info: vi.fn(), error: vi.fn() };
  const taken = start({ pollMs: 30, log });
  renameSync(inbox, `${inbox}-away`);
  await until(() => expect(log.error).toHaveBeenCalledTimes(1));
  mkdirSync(inbox);
  writeFileSync(join(inbox, 'people.csv'), GOOD);
  await until(() => expect(taken).toEqual(['people.csv']));
  expect(log.info).toHaveBeenCalledWith({ source: 'charity' }, 'drop folder is there again');
});

test('a file that cannot be stored for now stays, and stops no other one', async () => {
  const log = { info: vi.fn(), error: vi.fn() };
  writeFileSync(join(inbox, 'people-a.csv'), GOOD);
  writeFileSync(join(inbox, 'people-b.csv'), GOOD);
  let nowMs = Date.now();
  let isFull = true;
  const taken = start({
    log,
    pollMs: 20,
    clock: () => nowMs++,
    ingest: (path, signal) => {
      if (isFull && path.endsWith('-a.csv')) throw new Error(`disk full: ${path}`);
      return ingest(path, signal);
    },
  });
  nowMs += 300;
  await until(() => expect(files('done')).toHaveLength(1));
  expect(readdirSync(inbox).sort()).toEqual(['done', 'people-a.csv']);
  isFull = false;
  nowMs += 10_000;
  await until(() => expect(files('done')).toHaveLength(2));
  expect(taken).toEqual(['people-a.csv', 'people-b.csv', 'people-a.csv']);
  expect(JSON.stringify(log.error.mock.calls)).not.toContain('people');
});

test('files of one name put away within a second all stay', async () => {
  const summary = { receipt: { committed: 1, unchanged: 0, refused: 0 }, refusals: [] };
  for (let i = 0; i < 3; i++) {
    writeFileSync(join(inbox, 'people.csv'), GOOD);
    await putAway(inbox, 'people.csv', summary, Date.UTC(2026, 0, 1));
  }
  expect(files('done')).toEqual([
    '20260101-000000-people-2.csv',
    '20260101-000000-people-3.csv',
    '20260101-000000-people.csv',
  ]);
});

test('stopping ends the file in hand at its batch; the next start reads it from the beginning', async () => {
  const rows = Array.from({ length: 2000 }, (_, i) => `P${i},Ash`).join('\n');
  writeFileSync(join(inbox, 'people.csv'), `Person ID,Surname\n${rows}\n`);
  let seen = 0;
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  start({
    ingest: async (path, signal) => {
      for await (const _ of readFileRecords(charity, path, { nowMs: 0, signal })) {
        if (++seen === 100) begin();
        if (seen >= 100) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return { receipt: { committed: seen, unchanged: 0, refused: 0 }, refusals: [] };
    },
  });
  await begun;
  await drop!.stop();
  const atStop = seen;
  expect(atStop).toBeLessThan(2000);
  expect(readdirSync(inbox)).toEqual(['people.csv']);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(seen).toBe(atStop);
  const summaries: DropSummary[] = [];
  start({
    ingest: async (path, signal) => {
      summaries.push(await ingest(path, signal));
      return summaries[0]!;
    },
  });
  await until(() => expect(files('done')).toHaveLength(1));
  expect(summaries[0]!.receipt.committed).toBe(2000);
});
