/** `map explain`: what a map does, for who reads or writes one. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { explainMap } from '../../../src/cli/convert/explain-map.ts';
import { run } from '../../faults/process.ts';

/** Runs the command in this process. */
function explained(
  file: string,
  options: { code?: boolean; group?: string } = {},
): { code: number; out: string; err: string } {
  const said = { out: '', err: '' };
  const code = explainMap(file, options, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
  });
  return { code, ...said };
}

test('lists the groups of a map with their types, and the fields that it does not read', () => {
  const { code, out, err } = explained('mappings/spreadsheet/contact.map');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^group ContactRow\(source row : Row, target contact : Contact\): \d+ rules$/m);
  expect(out).toContain('no rule reads Last updated'); // the pipeline reads it
});

test('shows the JavaScript that runs, by the command itself', async () => {
  const running = run(['src/main.ts', 'map', 'explain', 'mappings/prsb/contact.map', '--code']);
  expect(await running.ended()).toBe(0);
  expect(running.stdout()).toContain('function main');
  expect(() => new Function(running.stdout())).not.toThrow();
}, 30_000);

test('names every fault of a map with its place, and ends with 2', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'map-')), 'x.map');
  const map = readFileSync('mappings/spreadsheet/contact.map', 'utf8');
  writeFileSync(file, map.replace(/row\.`Contact ID`/, 'raw.Contact').replace('imports', '// imports'));
  const { code, err } = explained(file);
  expect(code).toBe(2);
  expect(err).toMatch(/^error: x\.map:\d+:\d+: /m);
});

test('says so when there is no such file', () => {
  expect(explained('none.map')).toEqual({ code: 1, out: '', err: 'There is no file none.map.\n' });
});
