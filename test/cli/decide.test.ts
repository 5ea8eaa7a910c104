/** The words that show and decide a conflict, beside the store of an adapter that does not run. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { type DecideOptions, decide } from '../../src/cli/again/words.ts';
import { ROOT } from '../../src/cli/load.ts';
import { storeFile } from '../../src/cli/open-store.ts';
import { type Config, loadConfig } from '../../src/config.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Identified, Store } from '../../src/store/store.ts';
import { commit, idOf, NOW_MS, patient, recordOf } from '../store/samples.ts';
import { definitions } from '../store/temporary.ts';

const undo: (() => unknown)[] = [];
afterEach(() => {
  for (const step of undo.splice(0)) step();
});

/** Ours says male, theirs female and another language. */
async function conflicting(): Promise<{ config: Config; work: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-decide-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const loaded = loadConfig({ cwd: folder, root: ROOT, overrides: { dataDir: folder } });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
  const config = loaded.value;
  const work = await within(config, async (store) => {
    await commit(store, recordOf([patient('p', { gender: 'unknown' })]));
    const base = (await store.read('Patient', idOf('p')))!.resource as Identified;
    await commit(store, recordOf([patient('p', { gender: 'male' })]));
    const theirs = recordOf([patient('p', { gender: 'female', language: 'cy' })], {
      ...{ source: 'ehr', kind: 'Patient', key: 'r1', timeOf: 'reading' as const },
      received: {
        ...{ target: 'ehr', remoteId: 'r1', remoteVersion: '2', base, heldDigest: undefined },
      },
    });
    await commit(store, theirs);
    return (await store.worklist({ kind: 'conflict', open: true, count: 2 }))[0]!.id;
  });
  return { config, work };
}

async function within<T>(config: Config, look: (store: Store) => Promise<T>): Promise<T> {
  const store = await openSqliteStore({ file: storeFile(config), definitions: definitions() });
  try {
    return await look(store);
  } finally {
    await store.close();
  }
}

async function run(
  config: Config,
  work: string,
  options: DecideOptions,
): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const streams = {
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
  };
  const code = await decide(work, options, config, streams, () => NOW_MS);
  return { code, out: out.join(''), err: err.join('') };
}

test('a conflict is shown element by element, then decided, once', async () => {
  const { config, work } = await conflicting();
  const shown = await run(config, work, {});
  expect(shown.code).toBe(0);
  expect(shown.out).toMatch(/Patient\.gender.*unknown.*male.*female/);
  expect(shown.out).not.toContain('cy'); // only one side said it
  const decided = await run(config, work, { choose: 'merge', element: [['Patient.gender', 'theirs']] });
  expect(decided).toMatchObject({ code: 0, err: '' });
  expect(decided.out).toContain('Decided');
  const after = await within(config, (store) => store.read('Patient', idOf('p')));
  expect(after?.resource).toMatchObject({ gender: 'female', language: 'cy' });
  const again = await run(config, work, { choose: 'ours' });
  expect(again.out).toContain('There is no open conflict');
});

test('a person says what the resource becomes; what is not valid is refused with the reason', async () => {
  const { config, work } = await conflicting();
  const wrong = await run(config, work, { choose: 'merge', content: { resourceType: 'Patient', id: 'x' } });
  expect([wrong.code, wrong.err]).toEqual([1, expect.stringContaining('under its id')]);
  const words = await run(config, work, { choose: 'mine' });
  expect([words.code, words.err]).toEqual([1, expect.stringContaining('choice')]);
  const content: unknown = JSON.parse(JSON.stringify(patient('p', { gender: 'other' })));
  expect((await run(config, work, { choose: 'merge', content })).code).toBe(0);
  const after = await within(config, (store) => store.read('Patient', idOf('p')));
  expect(after?.resource).toMatchObject({ gender: 'other' });
});
