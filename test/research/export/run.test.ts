/** Exports that are cut off anywhere and gone on with: the files are the same as if nothing had been. */
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { type ExportAsked, type ExportProgress, NOT_BEGUN } from '../../../src/research/export/asked.ts';
import { runExport } from '../../../src/research/export/run.ts';
import type { ExtractedVersion, ExtractPage, ExtractQuery } from '../../../src/store/store.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-export-'));
  folders.push(folder);
  return folder;
}

interface Row {
  readonly type: string;
  readonly isGone: boolean;
  readonly length: number;
}
/** A store that gives its rows in pages, of which the last may be short, or empty. */
function storeOf(rows: readonly Row[], largest: number) {
  const versionOf = ({ type, isGone, length }: Row, rid: number) =>
    ({
      ...{ type, id: `r${rid}`, state: isGone ? 'deleted' : 'current' },
      text: isGone ? undefined : JSON.stringify({ resourceType: type, id: `r${rid}`, x: 'é'.repeat(length) }),
    }) as ExtractedVersion;
  return {
    async extract({ type, after, count }: ExtractQuery): Promise<ExtractPage> {
      const own = rows.flatMap((row, at) =>
        row.type === type && at + 1 > after ? [[row, at + 1] as const] : [],
      );
      const page = own.slice(0, Math.min(count, largest));
      const next = own.length > page.length ? page.at(-1)![1] : undefined;
      return { versions: page.map(([row, rid]) => versionOf(row, rid)), next };
    },
  };
}

const ASKED: ExportAsked = {
  ...{
    request: 'https://adapter.example/$export',
    level: 'system',
    types: ['Encounter', 'Patient'],
    sinceMs: 0,
  },
  notes: [{ severity: 'warning', code: 'not-supported', diagnostics: 'one' }],
};

interface Cut {
  /** what is kept is kept so often before the process ends */
  readonly afterKeeps: number;
  /** bytes that had come to disk behind what was kept */
  readonly tail: string;
}

function filesIn(folder: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

async function exported(rows: readonly Row[], linesPerFile: number, largest: number, cuts: readonly Cut[]) {
  const folder = temporaryFolder();
  let kept: ExportProgress = NOT_BEGUN;
  const run = (keep: (progress: ExportProgress) => Promise<boolean>) =>
    runExport({
      ...{ store: storeOf(rows, largest), asked: ASKED, asOfMs: 0, folder, linesPerFile, from: kept, keep },
      shape: (version) => version.text,
      goneAs: ({ id }) => id,
      finished: async () => undefined,
      ...{ now: () => 0, keepEveryMs: 0 },
    });
  for (const { afterKeeps, tail } of cuts) {
    let keeps = 0;
    const ended = await run(async (progress) => {
      if (keeps++ >= afterKeeps) return false;
      kept = progress;
      return true;
    });
    if (ended) break;
    for (const name of readdirSync(folder)) appendFileSync(join(folder, name), tail);
    writeFileSync(join(folder, 'Patient.99.ndjson'), tail); // begun, and not yet told of
  }
  const progress = await run(async (reached) => {
    kept = reached;
    return true;
  });
  return { progress: progress!, files: filesIn(folder) };
}

const ROWS = fc.array(
  fc.record({
    type: fc.constantFrom('Encounter', 'Patient'),
    isGone: fc.boolean(),
    length: fc.nat({ max: 40 }),
  }),
  { maxLength: 40 },
);
const CUTS = fc.array(
  fc.record({ afterKeeps: fc.nat({ max: 9 }), tail: fc.constantFrom('', '{"resour', 'x\n{"a"') }),
  {
    maxLength: 4,
  },
);

test('wherever it is cut off, and however often, the files are the same', async () => {
  await fc.assert(
    fc.asyncProperty(
      ROWS,
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 5 }),
      CUTS,
      async (rows, lines, largest, cuts) => {
        const whole = await exported(rows, lines, largest, []);
        const cut = await exported(rows, lines, largest, cuts);
        expect(cut.files).toEqual(whole.files);
        expect(cut.progress.files).toEqual(whole.progress.files);
        const text = Object.entries(whole.files).map(
          ([name, all]) => [name, all.split('\n').slice(0, -1)] as const,
        );
        const ids = (pattern: RegExp) =>
          text.flatMap(([name, all]) => (pattern.test(name) ? all.map((line) => JSON.parse(line).id) : []));
        const of = (type: string) =>
          rows.flatMap((row, at) => (row.type === type && !row.isGone ? [`r${at + 1}`] : []));
        expect(ids(/^Encounter\.\d/)).toEqual(of('Encounter'));
        expect(ids(/^Patient\.\d/)).toEqual(of('Patient'));
        const urls = [
          ...Object.values(whole.files)
            .join('')
            .matchAll(/"url":"(\w+)\/(r\d+)"/g),
        ].map(([, , id]) => id);
        expect(urls.toSorted()).toEqual(
          rows.flatMap(({ isGone }, at) => (isGone ? [`r${at + 1}`] : [])).toSorted(),
        );
        for (const { name, count, bytes } of whole.progress.files) {
          const found = whole.files[name]!;
          expect([found.split('\n').length - 1, Buffer.byteLength(found)]).toEqual([count, bytes]);
          expect(count).toBeLessThanOrEqual(lines);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('begins anew where a file that it goes by is not there whole', async () => {
  const rows: Row[] = Array.from({ length: 9 }, () => ({ type: 'Patient', isGone: false, length: 3 }));
  const folder = temporaryFolder();
  const run = (from: ExportProgress) =>
    runExport({
      ...{ store: storeOf(rows, 2), asked: ASKED, asOfMs: 0, folder, linesPerFile: 4, from },
      shape: (version) => version.text,
      goneAs: () => undefined,
      keep: async () => true,
      finished: async () => undefined,
      now: () => 0,
    });
  const first = (await run(NOT_BEGUN))!;
  const whole = filesIn(folder);
  truncateSync(join(folder, 'Patient.2.ndjson'), 5);
  const again = (await run({ ...first, part: 1 }))!;
  expect(filesIn(folder)).toEqual(whole);
  expect(again.files).toEqual(first.files);
  rmSync(join(folder, 'Patient.1.ndjson'));
  await run({ ...first, part: 2 });
  expect(filesIn(folder)).toEqual(whole);
});

test('tells of each type that was gone through how many of it went out', async () => {
  const rows: Row[] = [
    { type: 'Encounter', isGone: true, length: 1 },
    ...Array.from({ length: 5 }, () => ({ type: 'Patient', isGone: false, length: 1 })),
  ];
  const told: unknown[] = [];
  await runExport({
    ...{ store: storeOf(rows, 2), asked: ASKED, asOfMs: 0, folder: temporaryFolder(), linesPerFile: 2 },
    from: NOT_BEGUN,
    shape: ({ id, text }) => (id === 'r3' ? undefined : text),
    goneAs: ({ id }) => id,
    keep: async () => true,
    finished: async (type, count) => void told.push([type, count]),
    now: () => 0,
  });
  expect(told).toEqual([
    ['Encounter', 0],
    ['Patient', 4],
  ]);
});
