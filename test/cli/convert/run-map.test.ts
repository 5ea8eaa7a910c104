/** `map run`: what comes of a record by one map file and what lies beside it. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type RunMapOptions, runMapFile } from '../../../src/cli/convert/run-map.ts';
import { run } from '../../faults/process.ts';

const BASE = 'https://a.example';
const FILES: Readonly<Record<string, string>> = {
  'visit.schema.json': JSON.stringify({
    $id: `${BASE}/visit`,
    type: 'object',
    properties: { surname: { type: 'string' }, sex: { type: 'string' }, born: { type: 'string' } },
  }),
  'sex.conceptmap.json': JSON.stringify({
    resourceType: 'ConceptMap',
    url: `${BASE}/sex`,
    status: 'active',
    group: [{ element: [{ code: 'f', target: [{ code: 'female', equivalence: 'equivalent' }] }] }],
  }),
  'shared.map': `map "${BASE}/shared" = "Shared"
uses "${BASE}/visit" alias Visit as source
uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias HumanName as target
group NameOf(source visit : Visit, target name : HumanName) { visit.surname -> name.family "family"; }`,
  'visit.map': `map "${BASE}/person" = "Person"
uses "${BASE}/visit" alias Visit as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
imports "${BASE}/shared"
group Person(source visit : Visit, target tgt : Patient) {
  visit -> tgt.name as name then NameOf(visit, name) "name";
  visit.sex as sex -> tgt.gender = translate(sex, '${BASE}/sex', 'code') "gender";
  visit.born as born -> tgt.birthDate = cast(born, 'date') "born";
}`,
};

/** @returns a new folder with the files above, some of them changed */
function folderOf(changed: Readonly<Record<string, string>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'run-map-'));
  for (const [name, text] of Object.entries({ ...FILES, ...changed })) {
    mkdirSync(join(folder, name, '..'), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function ran(
  folder: string,
  record: string,
  options: RunMapOptions = {},
): { code: number; out: string; err: string } {
  const said = { out: '', err: '' };
  const code = runMapFile(join(folder, 'visit.map'), join(folder, record), options, {
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
  });
  return { code, out: said.out, err: said.err.replaceAll(`${folder}/`, '') };
}

const HAZEL = { surname: 'Hazel', sex: 'f', born: '1950-02-03' };

test('maps a JSON record with the maps, ConceptMaps and schemas beside the map', () => {
  const { code, out, err } = ran(folderOf({ 'r.json': JSON.stringify(HAZEL) }), 'r.json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(JSON.parse(out)).toEqual({
    resourceType: 'Patient',
    name: [{ family: 'Hazel' }],
    gender: 'female',
    birthDate: '1950-02-03',
  });
});

test('starts with the group that is named, and says which there are', () => {
  const more = 'group Other(source visit : Visit, target tgt : Patient) { visit.surname -> tgt.id "id"; }';
  const folder = folderOf({ 'r.json': JSON.stringify(HAZEL), 'visit.map': `${FILES['visit.map']}\n${more}` });
  expect(JSON.parse(ran(folder, 'r.json', { group: 'Other' }).out)).toEqual({
    resourceType: 'Patient',
    id: 'Hazel',
  });
  expect(ran(folder, 'r.json', { group: 'Others' })).toEqual({
    code: 2,
    out: '',
    err: 'error: visit.map: there is no group Others; write Other\n',
  });
});

test('maps NDJSON line by line: a bad line is told with its number and does not stop the next', () => {
  const lines = [
    JSON.stringify(HAZEL),
    '',
    '{"surname": "Rowan"',
    '7',
    JSON.stringify({ surname: 'Rowan', born: 'May 1950' }),
  ];
  const { code, out, err } = ran(folderOf({ 'r.ndjson': lines.join('\n') }), 'r.ndjson');
  expect(code).toBe(2);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)?.name?.[0].family ?? null),
  ).toEqual(['Hazel', null, null, 'Rowan']);
  expect(err.trim().split('\n')).toEqual([
    expect.stringMatching(/^r\.ndjson:3: error: line 1, column 20: /),
    expect.stringMatching(/^r\.ndjson:4: error: visit\.map:5:7: a record must be a JSON object$/),
    expect.stringMatching(/^r\.ndjson:5: error: visit\.map:8:3 \(rule "born"\): .*cannot be cast to date$/),
  ]);
  expect(err).not.toMatch(/Rowan|May/);
});

test('warns of a code without a translation, and ends well', () => {
  const { code, err } = ran(folderOf({ 'r.json': JSON.stringify({ ...HAZEL, sex: 'x' }) }), 'r.json');
  expect(code).toBe(0);
  expect(err).toMatch(/^r\.json: warning: visit\.map:7:3 /);
});

test('a list is no record of a group with one source', () => {
  const { code, out, err } = ran(folderOf({ 'r.json': JSON.stringify([HAZEL]) }), 'r.json');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(err).toContain('a record must be a JSON object');
});

test('explains each element by its fields and rules', () => {
  const folder = folderOf({ 'r.json': JSON.stringify(HAZEL), 'r.ndjson': JSON.stringify(HAZEL) });
  const { code, out, err } = ran(folder, 'r.json', { explain: true });
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^ {2}name\[0\]\.family <- 'surname'\n {6}by .*shared\.map:4:63 \(rule "family"\)$/m);
  expect(out).toMatch(/^ {2}gender <- 'sex'\n {6}by visit\.map:7:3 \(rule "gender"\)$/m);
  expect(out).not.toContain('Hazel');
  expect(ran(folder, 'r.ndjson', { explain: true }).out).toMatch(/^.*r\.ndjson:1\n {2}gender/);
});

test('faults of the map and of the files beside it are told with their places, in their order, and nothing runs', () => {
  const wrong = FILES['visit.map']!.replace('visit.born', 'visit.borne').replace('tgt.gender', 'tgt.gendre');
  const { code, out, err } = ran(folderOf({ 'visit.map': wrong, 'r.json': '{}' }), 'r.json');
  expect({ code, out }).toEqual({ code: 2, out: '' });
  expect(
    err
      .trim()
      .split('\n')
      .map((line) => line.split(': ').slice(0, 2).join(': ')),
  ).toEqual(['error: visit.map:7:27', 'error: visit.map:8:9']);
  const broken = ran(folderOf({ 'sex.conceptmap.json': '{', 'r.json': '{}' }), 'r.json');
  expect(broken.code).toBe(2);
  expect(broken.err).toMatch(/^error: .*sex\.conceptmap\.json: .*correct the JSON$/m);
});

test('a file that is not there is said so', () => {
  expect(ran(folderOf(), 'none.json')).toEqual({ code: 1, out: '', err: 'Cannot read none.json: ENOENT.\n' });
});

test('the command line knows it', async () => {
  const folder = folderOf({ 'r.json': JSON.stringify(HAZEL) });
  const running = run(['src/main.ts', 'map', 'run', join(folder, 'visit.map'), join(folder, 'r.json')]);
  expect(await running.ended()).toBe(0);
  expect(JSON.parse(running.stdout())).toMatchObject({ resourceType: 'Patient', gender: 'female' });
}, 30_000);
