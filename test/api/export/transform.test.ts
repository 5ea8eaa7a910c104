/** What a client gets may be changed on its way, in the thread that makes the export; where that fails, nothing is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { OPEN_ACCESS } from '../../../src/api/access.ts';
import { digestOfTransform } from '../../../src/cli/exports/digest.ts';
import { ExportWork, type ExportWorkOptions } from '../../../src/cli/exports/worker.ts';
import type { ExportAsked, ExportFile } from '../../../src/research/export/asked.ts';
import type { TransformPlace } from '../../../src/research/export/transform.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { closing, temporaryFolder } from '../../cli/whole.ts';
import { contact, idOf, patient, RULES, recordOf } from '../../store/samples.ts';
import { temporaryFile, temporaryStore } from '../../store/temporary.ts';

const MODULE = new URL('./masking.ts', import.meta.url).href;
const placeWith = (more: object): TransformPlace => ({
  module: MODULE,
  settings: { mask: 'p', without: idOf('b'), ...more },
});
const ID = '0e0b0bb2-6a1c-4ad8-8c3d-0d1a4a3f0f00';

/** @returns how an export ended, and its files */
async function made(begun: TransformPlace | undefined, now: TransformPlace | undefined) {
  const file = temporaryFile();
  const store = await temporaryStore({ file });
  const atMs = Date.now() - 60_000;
  await store.commit(
    [recordOf([patient('a'), patient('b'), contact('ea', 'a')], { sourceTimeMs: atMs })],
    RULES,
    atMs,
  );
  const asked: ExportAsked = {
    ...{ request: 'https://adapter.example', level: 'system', types: ['Encounter', 'Patient'], notes: [] },
    ...(begun ? { transform: digestOfTransform(begun)! } : {}),
  };
  const one = { id: ID, client: 'open', ownerOrg: 'local', viewer: SEES_ALL, asOfMs: Date.now() };
  await store.exports.make({ ...one, asked: JSON.stringify(asked) }, { ofClient: 1, ofAll: 1 }, Date.now());
  const folder = temporaryFolder();
  const lines: string[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  const options: ExportWorkOptions = {
    ...{ store, place: { file }, folder, keepMs: 60_000, linesPerFile: 10, clock: Date.now, lookMs: 20 },
    ...{ settleMs: 0, leaseMs: 60_000, viewerOf: () => OPEN_ACCESS.viewer, transformOf: () => now },
    onError: (rule, id) => log.warn({ rule, id }),
  };
  const work = closing(new ExportWork(options), (opened) => opened.stop());
  work.start();
  let kept = (await store.exports.get(ID))!;
  for (; kept.state === 'running'; kept = (await store.exports.get(ID))!) await wait(20);
  const { files } = JSON.parse(kept.progress!) as { files: ExportFile[] };
  const at = join(folder, ID);
  const text = files.map(({ name }) => readFileSync(join(at, name), 'utf8')).join('');
  return { kept, text, isThere: existsSync(at), said: lines.join('') };
}

test('each resource goes out as it was made, or not at all', async () => {
  const place = placeWith({});
  const { kept, text } = await made(place, place);
  expect(kept.state).toBe('finished');
  const out = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; name?: unknown });
  expect(out.map(({ id }) => id).sort()).toEqual(
    [`p-${idOf('a').slice(0, 4)}`, `p-${idOf('ea').slice(0, 4)}`].sort(),
  );
  expect(text).not.toContain('Robin');
  expect(text).not.toContain(idOf('a'));
});

test('where it fails for one the export fails as a whole, and leaves nothing', async () => {
  const place = placeWith({ failAt: idOf('a') });
  const { kept, isThere, said } = await made(place, place);
  expect([kept.state, kept.fault, isThere]).toEqual(['failed', expect.stringContaining('fault'), false]);
  expect(said + kept.fault).not.toContain(idOf('a'));
});

test.each([
  ['has been taken away', placeWith({}), undefined],
  ['has come', undefined, placeWith({})],
  ['is another', placeWith({}), placeWith({ mask: 'q' })],
])('an export is not gone on with where what it was begun with %s', async (_name, begun, now) => {
  const { kept, isThere } = await made(begun, now);
  expect([kept.state, isThere, kept.fault]).toEqual(['failed', false, expect.stringContaining('anew')]);
});
