/** `map convert` and `convert map`: a map's text and its StructureMap, each printed from the other. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type ConvertMapOptions, convertMap } from '../../../src/cli/convert/convert-map.ts';

const TEXT = `map "https://a.example/StructureMap/m" = "M"
/// status = "draft"

uses "https://a.example/A" alias A as source

// what it does
group g(source src : A, target tgt) {
  src.a -> tgt.a;
  src.b as v -> tgt.c = v collate "c";
}
`;
const MAIN = join(import.meta.dirname, '../../../src/main.ts');

/** @returns the path of a new file */
function written(text: string, name = 'm.map'): string {
  const path = join(mkdtempSync(join(tmpdir(), 'convert-map-')), name);
  writeFileSync(path, text);
  return path;
}

function run(path: string, options: ConvertMapOptions = {}): { code: number; out: string; err: string } {
  const said = { out: '', err: '' };
  const stdout = { write: (text: string) => (said.out += text) };
  const stderr = { write: (text: string) => (said.err += text) };
  const code = convertMap(path, options, { stdout, stderr });
  return { code, ...said };
}

test('a text is printed as a StructureMap, and that as the same text', () => {
  const json = run(written(`\ufeff${TEXT}`));
  expect(json).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(json.out)).toMatchObject({
    resourceType: 'StructureMap',
    url: 'https://a.example/StructureMap/m',
    group: [{ documentation: 'what it does', typeMode: 'none', rule: [{ name: 'a' }, { name: 'c' }] }],
  });
  expect(run(written(json.out, 'm.json'))).toEqual({ code: 0, out: TEXT, err: '' });
});

test('the form and the version may be named: JSON of R4 becomes JSON of R5, text is tidied', () => {
  const r4 = run(written(TEXT)).out;
  const r5 = JSON.parse(run(written(r4, 'm.json'), { to: 'json', fhir: 'R5' }).out);
  expect(r5.group[0]).not.toHaveProperty('typeMode');
  expect(r5.group[0].rule[1].target[0].listMode).toEqual(['single']);
  expect(run(written(TEXT.replaceAll('\n  ', '\n\t\t')), { to: 'text' }).out).toBe(TEXT);
});

test.each([
  ['m.map', 'group g(', 'map-syntax', ':1:9: expected source or target, found the end of the file'],
  [
    'm.json',
    '{"resourceType":"StructureMap","group":[{"name":"g"}, 1]}',
    'map-json-structure',
    '#StructureMap.group[1]: must be an object',
  ],
  ['m.json', '{"resourceType":', 'read-json-syntax', ''],
])(
  'faults of %s are an OperationOutcome with their place, and nothing is printed: %s',
  (name, text, rule, place) => {
    const path = written(text, name);
    const { code, out, err } = run(path);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    const [issue] = JSON.parse(err).issue;
    expect(issue.details.coding[0].code).toBe(rule);
    if (place !== '') expect(issue.diagnostics).toBe(path + place);
  },
);

test('a file that is not there is said so', () => {
  expect(run(join(tmpdir(), 'no-such.map'))).toMatchObject({
    code: 1,
    err: expect.stringContaining('ENOENT'),
  });
});

test('the command line knows it by two names, and convert FILE still asks for its source', () => {
  const path = written(TEXT);
  const print = (...words: string[]): string =>
    execFileSync(process.execPath, [MAIN, ...words], { encoding: 'utf8' });
  expect(print('map', 'convert', path)).toBe(run(path).out);
  expect(print('convert', 'map', path, '--fhir', 'R5')).toBe(run(path, { fhir: 'R5' }).out);
  const { status, stderr } = spawnSync(process.execPath, [MAIN, 'convert', path], { encoding: 'utf8' });
  expect(status).toBe(1);
  expect(stderr).toContain("required option '-s, --source <name>' not specified");
});
