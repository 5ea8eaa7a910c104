/** An export of many needs no more memory than one of few: what it holds at the end is what it held at the first pages. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { CommitRecord, Store } from '../../../src/store/store.ts';
import { commit, idOf, patient, recordOf } from '../../store/samples.ts';
import { temporaryFile, temporaryStore } from '../../store/temporary.ts';
import { temporaryDatabase, temporaryPostgresStore } from '../../store/temporary-postgres.ts';
import { MEASURED } from '../held-memory.ts';

const PEOPLE = 8_000;
const AT_ONCE = 400;
/** Of a person, none of it searched: those of the second half would take twice what may be held. */
const PHOTO_BYTES = 12_000;
const MOST_GROWTH_MB = 25;

function recordAt(at: number): CommitRecord {
  const name = `large ${at}`;
  const photo = [{ contentType: 'image/png', data: randomBytes((PHOTO_BYTES * 3) / 4).toString('base64') }];
  return recordOf([patient(name, { photo })], { key: idOf(name) });
}

async function fill(store: Store): Promise<void> {
  for (let from = 0; from < PEOPLE; from += AT_ONCE)
    await commit(store, ...Array.from({ length: AT_ONCE }, (_, at) => recordAt(from + at)));
}

test.each(['sqlite', 'postgres'])(
  '%s: the memory of the first half is enough for all',
  async (engine) => {
    const at = engine === 'sqlite' ? temporaryFile() : await temporaryDatabase();
    const store =
      engine === 'sqlite' ? await temporaryStore({ file: at }) : await temporaryPostgresStore({ url: at });
    await fill(store);
    const printed = execFileSync(
      process.execPath,
      [...MEASURED, 'test/research/export/run-export.ts', join(temporaryFile(), '..', 'export'), at],
      { encoding: 'utf8' },
    );
    const lines = printed.trim().split('\n').map(Number);
    expect(lines.pop()).toBe(PEOPLE);
    const middle = Math.floor(lines.length / 2);
    expect(middle).toBeGreaterThan(8); // pages of four megabytes, the first ones smaller
    const [first, second] = [lines.slice(0, middle), lines.slice(middle)];
    expect(Math.max(...second) - Math.max(...first)).toBeLessThanOrEqual(MOST_GROWTH_MB);
  },
  300_000,
);
