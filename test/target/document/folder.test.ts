/** Letters in a folder: whole, for the adapter's user alone, written once, and tried again where the folder is not to be had. */
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { folderWay } from '../../../src/target/document/folder.ts';
import type { Errand } from '../../../src/target/document/way.ts';

const SIGNAL = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'hedgerow-letters-'));
afterEach(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
});

function letter(id: string, pdf = '%PDF- a letter'): Errand {
  const data = Buffer.from(pdf).toString('base64');
  const bundle = { resourceType: 'Bundle', entry: [{ resource: { resourceType: 'Binary', data } }] };
  const addressee = { personName: 'A person', location: '' };
  const about = { title: 'A letter', addressee, version: 1, isCodedOnly: false };
  const document = { ...about, reference: id, bundle: JSON.stringify(bundle) };
  return { id, document, about: 'Task/t', ownerOrg: 'X26', way: 0 };
}

test('a letter is for the adapter’s user alone, and the same once more is not written again', async () => {
  const way = folderWay(join(folder, 'out'));
  expect(await way.send(letter('l1'), SIGNAL)).toEqual({ state: 'answered' });
  const path = join(folder, 'out', 'l1.pdf');
  expect([statSync(path).mode & 0o777, statSync(join(folder, 'out')).mode & 0o777]).toEqual([0o600, 0o700]);
  utimesSync(path, 1, 1);
  await way.send(letter('l1'), SIGNAL);
  expect([statSync(path).mtimeMs, readdirSync(join(folder, 'out'))]).toEqual([1_000, ['l1.pdf']]);
  await way.send(letter('l1', '%PDF- corrected'), SIGNAL);
  expect(statSync(path).size).toBe('%PDF- corrected'.length);
});

test('a folder that cannot be written is tried again, and a letter that is not there can be called back', async () => {
  const path = join(folder, 'a file');
  writeFileSync(path, '');
  const way = folderWay(path);
  const gone = await way.send(letter('l1'), SIGNAL);
  expect(gone.state === 'again' && ruleOf(gone.outcome.issue[0]!)).toBe('document-folder');
  expect(await way.stop('l1')).toBe(true);
  rmSync(path);
  expect(await way.send(letter('l1'), SIGNAL)).toEqual({ state: 'answered' });
  expect(await way.stop('l1')).toBe(false);
});

test('letters can be listed and taken away, a half-written one too', async () => {
  const way = folderWay(folder);
  for (const id of ['a', 'b']) await way.send(letter(id), SIGNAL);
  writeFileSync(join(folder, 'a.pdf.part'), 'half');
  writeFileSync(join(folder, 'notes.txt'), 'of whoever prints');
  expect([...new Set(await way.copies!.list())].sort()).toEqual(['a', 'b']);
  await way.copies!.remove('a');
  expect(readdirSync(folder).sort()).toEqual(['b.pdf', 'notes.txt']);
});
