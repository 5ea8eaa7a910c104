/** `validate`: what is read, what is said of it and how the command ends, as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OperationOutcome } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { ROOT } from '../../../src/cli/load.ts';
import { type ValidateOptions, validate } from '../../../src/cli/validate/validate.ts';
import { loadConfig } from '../../../src/config.ts';

const MAIN = join(ROOT, 'src/main.ts');
const GOOD = JSON.stringify({ resourceType: 'Patient', gender: 'female' });
const BAD = JSON.stringify({ resourceType: 'Patient', gender: 'Robin' });
const WARNED = JSON.stringify({
  resourceType: 'Patient',
  meta: { profile: ['https://hedgerow.example/fhir/StructureDefinition/social-prescribing-patient'] },
});

/** @returns a new folder with these files */
function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'validate-'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command as a process. @param input what it finds on standard input */
async function run(args: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, 'validate', ...args], { cwd: ROOT });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.err += text));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, ...said };
}

/** Runs the command in this process. */
async function inProcess(
  paths: readonly string[],
  options: ValidateOptions = {},
  isTTY = false,
): Promise<Ended> {
  const said = { out: '', err: '' };
  const streams = {
    stdin: (async function* () {})(),
    stdout: { write: (text: string) => (said.out += text), columns: 100, once: () => undefined },
    stderr: { write: (text: string) => (said.err += text), isTTY },
  };
  const config = loadConfig({ cwd: tmpdir(), root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  let nowMs = 0;
  const clock = (): number => (nowMs += 1_000);
  return { code: await validate(paths, options, config.value, streams, clock), ...said };
}

test('checks folders with all that is below, NDJSON by its lines, and ends with 2 for errors', async () => {
  const folder = folderOf({
    'a.json': GOOD,
    'below/b.ndjson': `${GOOD}\n\n${BAD}\n`,
    'below/notes.txt': 'no FHIR',
  });
  const { code, out, err } = await run([folder, '--format', 'lines']);
  expect({ code, err }).toEqual({ code: 2, err: '' });
  const lines = out.trimEnd().split('\n');
  expect(lines).toEqual([
    expect.stringMatching(
      /below\/b\.ndjson:3 {2}error {2}fhir-code {2}Patient\.gender {2}Patient\.gender is/,
    ),
    '3 resources checked: 1 error, 0 warnings, nothing left unchecked',
  ]);
  expect(out).not.toContain('Robin');
}, 60_000);

test('reads standard input: NDJSON, or one document over many lines', async () => {
  const lines = await run(['-', '--format', 'json'], `${GOOD}\n${BAD}\n`);
  expect(lines.code).toBe(2);
  const outcomes = lines.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as OperationOutcome);
  expect(
    outcomes.map(({ extension }) => extension?.map((one) => one.valueString ?? one.valuePositiveInt)),
  ).toEqual([
    ['-', 1],
    ['-', 2],
  ]);
  expect(outcomes.map(({ issue }) => issue[0]?.severity)).toEqual(['information', 'error']);
  expect(lines.err).toBe('2 resources checked: 1 error, 0 warnings, nothing left unchecked\n');
  const document = await run(['-', '-q'], JSON.stringify(JSON.parse(GOOD), undefined, 2));
  expect(document).toEqual({ code: 0, out: '', err: '' });
}, 60_000);

test('asks for profiles that are named, and ends with 1 for one that is not known', async () => {
  const folder = folderOf({ 'p.json': GOOD });
  const profile = ['https://hedgerow.example/fhir/StructureDefinition/social-prescribing-patient'];
  const { code, out } = await inProcess([folder], { profile, format: 'lines' });
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(
      /warning {2}invariant-sp-2 {2}Patient .*\n1 resource checked: 0 errors, 1 warning,/,
    ),
  ]);
  expect(await inProcess([folder], { profile: [...profile, 'http://x.example/p'] })).toEqual({
    code: 1,
    out: '',
    err: 'The profile http://x.example/p is not known here: correct its URL, or add its package with "profiles add".\n',
  });
});

test('lays a table out in the width of the terminal, and cuts nothing off', async () => {
  const { out } = await inProcess([folderOf({ 'p.json': BAD })]);
  expect(
    Math.max(...out.split('\n').map((line) => (line.startsWith('│') ? line.length : 0))),
  ).toBeLessThanOrEqual(100);
  const cells = out.split('\n').flatMap((line) => (line.startsWith('│') ? [line.split('│')[3]!.trim()] : []));
  expect(cells.join('')).toContain('http://hl7.org/fhir/ValueSet/administrative-gender');
  expect(out).not.toContain('…');
});

test('leaves out what is no error where only errors are asked for, and counts it all the same', async () => {
  const folder = folderOf({ 'bad.json': BAD, 'warned.json': WARNED });
  const { code, out } = await inProcess([folder], { errorsOnly: true, format: 'lines' });
  expect([code, out]).toEqual([
    2,
    expect.stringMatching(
      /^\S+bad\.json {2}error .*\n2 resources checked: 1 error, 1 warning, nothing left unchecked\n$/,
    ),
  ]);
});

test('counts what could not be checked', async () => {
  const unknown = JSON.stringify({ resourceType: 'Patient', meta: { profile: ['http://x.example/p'] } });
  const { code, out } = await inProcess([folderOf({ 'p.json': unknown })], { format: 'lines' });
  expect([code, out]).toEqual([
    0,
    expect.stringMatching(/profile-unknown.*\n1 resource checked: 0 errors, 0 warnings, 1 not checked\n/),
  ]);
});

test('says of a text that is no resource what is wrong with it', async () => {
  const folder = folderOf({ 'a.json': '{"name": "x"}', 'b.json': '{', 'c.ndjson': '7\n' });
  const { code, out } = await inProcess([folder], { format: 'lines' });
  expect(code).toBe(2);
  expect(out).toMatch(/a\.json {2}error {2}validate-resource/);
  expect(out).toMatch(/b\.json {2}error {2}read-json-syntax/);
  expect(out).toMatch(/c\.ndjson:1 {2}error {2}validate-resource/);
});

test('ends with 1 and a hint for a path that is not there, and for a folder with nothing to check', async () => {
  expect(await inProcess(['/nowhere/*.json'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('let the shell write the names out'),
  });
  expect(await inProcess(['/nowhere'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('There is no file or folder /nowhere'),
  });
  expect(await inProcess([folderOf({ 'a.txt': '' })])).toMatchObject({
    code: 1,
    err: expect.stringContaining('holds no file'),
  });
});

test('shows how far it is on a terminal only, and on standard error', async () => {
  const folder = folderOf({ 'many.ndjson': `${GOOD}\n`.repeat(5) });
  const onTerminal = await inProcess([folder], {}, true);
  expect(onTerminal.err).toContain('resources checked, at ');
  expect(onTerminal.out).toBe('5 resources checked: 0 errors, 0 warnings, nothing left unchecked\n');
  expect((await inProcess([folder])).err).toBe('');
});
