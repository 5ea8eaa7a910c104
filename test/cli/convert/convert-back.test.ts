/** `convert --back`: FHIR, under the ids of the store, back to the records of a source. */
import { existsSync, globSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { convertBack } from '../../../src/cli/convert/convert-back.ts';
import { loadParts, ROOT } from '../../../src/cli/load.ts';
import type { Streams } from '../../../src/cli/streams.ts';
import { loadConfig } from '../../../src/config.ts';
import { parseLocalId, resourceId } from '../../../src/fhir/ids.ts';
import { nameResources } from '../../../src/fhir/naming.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { readFileRecords } from '../../../src/source/read-file.ts';

const NOW_MS = Date.UTC(2026, 5, 30, 12);
const config = loadConfig({ cwd: ROOT, root: ROOT });
if (!config.ok) throw new Error(JSON.stringify(config.outcome));
const loaded = loadParts(config.value, ROOT);
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
const parts = loaded.value;
const folder = mkdtempSync(join(tmpdir(), 'back-'));
const REFERRAL = 'mappings/platform/examples/referral/adult-referred-by-gp/input.json';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command with streams that are read. */
async function said(command: (streams: Streams) => Promise<number>): Promise<Said> {
  const said = { out: '', err: '' };
  const code = await command({
    stdout: { write: (text) => (said.out += text) },
    stderr: { write: (text) => (said.err += text) },
  });
  return { code, ...said };
}

function back(
  bundle: unknown,
  name: string,
  options: Partial<Parameters<typeof convertBack>[1]>,
): Promise<Said> {
  const file = join(folder, 'bundle.json');
  writeFileSync(file, typeof bundle === 'string' ? bundle : JSON.stringify(bundle));
  const [source, maps] = [parts.sources.get(name)!, parts.maps.get(name)!];
  return said((streams) => convertBack(file, { source, maps, ...options }, streams, NOW_MS));
}

function records(name: string, file: string, kind?: string) {
  return readFileRecords(parts.sources.get(name)!, file, { nowMs: NOW_MS, ...(kind && { kind }) });
}

/** The Bundle that `convert` prints of an example. */
const bundleOf = (input: string): Bundle =>
  JSON.parse(readFileSync(join(ROOT, dirname(input), 'expected.fhir.json'), 'utf8'));

const rulesOf = (err: string): string[] =>
  (JSON.parse(err) as OperationOutcome).issue.flatMap((issue) => {
    return issue.severity === 'information' ? [] : [`${issue.severity} ${ruleOf(issue)}`];
  });

const examples = globSync('mappings/{platform,spreadsheet}/examples/*/*/input.{json,ndjson,csv}', {
  cwd: ROOT,
}).filter((file) => existsSync(join(ROOT, dirname(file), 'expected.fhir.json')));

/** What the maps themselves bring back of an example, by local ids. */
async function expectedOf(file: string): Promise<unknown[]> {
  const [, name = '', , kind = ''] = file.split('/');
  const map = parts.maps.get(name)!.kinds.get(kind)!;
  const expected = [];
  const ids = new Set(bundleOf(file).entry!.map(({ resource }) => resource!.id));
  for await (const record of records(name, file, kind)) {
    if (!record.ok) continue;
    const bundle = map.run(record.payload, []);
    // the score that is computed takes the place of the one that the source gave
    const entry = bundle.entry!.filter(({ resource: { id = '' } = {} }) => {
      return !id.startsWith('Observation:given-score:') || ids.has(resourceId(name, parseLocalId(id)!));
    });
    expected.push(map.back!({ ...bundle, entry }, []));
  }
  return JSON.parse(JSON.stringify(expected));
}

test.each(examples.sort())("%s comes back from the store's ids as from local ones", async (file) => {
  const [, name = '', , kind = ''] = file.split('/');
  const { code, out, err } = await back(bundleOf(file), name, { kind, records: file });
  expect({ code, problems: err === '' ? [] : rulesOf(err) }).toEqual({ code: 0, problems: [] });
  const expected = await expectedOf(file);
  const lines = expected.length === 1 ? [out] : out.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(expected);
});

/** The Bundle as a FHIR server returns it: versions, absolute and `urn:uuid` references, another order, more resources. */
function asServed(bundle: Bundle): Bundle {
  const served = structuredClone(bundle);
  const text = JSON.stringify(served)
    .replaceAll(/"reference":"(Patient\/[^"]+)"/g, '"reference":"https://ehr.example/fhir/R4/$1/_history/3"')
    .replaceAll(/"reference":"Organization\/([^"]+)"/g, '"reference":"urn:uuid:$1"');
  const { entry = [] } = JSON.parse(text) as Bundle;
  for (const { resource } of entry) resource!.meta = { versionId: '3', lastUpdated: '2026-01-01T00:00:00Z' };
  const more = {
    resource: { resourceType: 'Provenance', id: crypto.randomUUID() },
  } as (typeof entry)[number];
  return { resourceType: 'Bundle', type: 'searchset', entry: [...entry.reverse(), more] };
}

test('takes a Bundle as a server returns it, names what it left out and what the way back may lose', async () => {
  const { code, out, err } = await back(asServed(bundleOf(REFERRAL)), 'platform', {
    kind: 'referral',
    records: REFERRAL,
  });
  expect(code).toBe(0);
  const [expected] = (await expectedOf(REFERRAL)) as { referral: unknown }[];
  expect(JSON.parse(out).referral).toEqual(expected!.referral);
  const { issue } = JSON.parse(err) as OperationOutcome;
  expect(issue[0]).toMatchObject({
    severity: 'information',
    diagnostics: 'what no record of the file made was left out: 1 Provenance',
  });
  expect(issue.map(({ diagnostics }) => diagnostics)).toContain(
    "platform/loss.json: of a referral, eventId, updatedAt may come back dropped: They are the call's own: Provenance and the store keep its time.",
  );
});

test('explains each field of the record by the elements of the Bundle and the rules', async () => {
  const { code, out } = await back(bundleOf(REFERRAL), 'platform', {
    kind: 'referral',
    records: REFERRAL,
    explain: true,
  });
  expect(code).toBe(0);
  expect(out).toMatch(
    /^ {2}'client\.lastName' <- \d+ Patient\.name\[0\]\.family\n {6}by platform\/back-referral\.map:\d+:\d+.*\n {6}by prsb\/back-shared\.map:\d+:\d+/m,
  );
});

test('says that ids are hashes which only the records undo, and takes local ids as they are', async () => {
  const alone = await back(bundleOf(REFERRAL), 'platform', { kind: 'referral' });
  expect(alone).toMatchObject({ code: 1, out: '' });
  expect(rulesOf(alone.err)).toEqual(['error back-unknown-id']);
  expect(alone.err).toContain('--records');
  const map = parts.maps.get('platform')!.kinds.get('referral')!;
  for await (const record of records('platform', REFERRAL, 'referral')) {
    if (!record.ok) throw new Error('refused');
    const local = await back(map.run(record.payload, []), 'platform', { kind: 'referral' });
    expect(local.code).toBe(0);
    expect([JSON.parse(local.out)]).toEqual(await expectedOf(REFERRAL));
    expect(rulesOf((await back(map.run(record.payload, []), 'platform', {})).err)).toEqual([
      'error back-kind',
    ]);
  }
});

test('refuses a record that refers to what no record of the file names: its key would be a wrong one', async () => {
  const text = JSON.stringify(bundleOf(REFERRAL)).replaceAll(
    /"requester":\{"reference":"[^"]+"/g,
    '"requester":{"reference":"PractitionerRole/11111111-2222-5333-8444-555555555555"',
  );
  const { code, out, err } = await back(text, 'platform', { kind: 'referral', records: REFERRAL });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(rulesOf(err)).toEqual(['error back-unknown-id']);
  expect(err).toContain(
    "nothing tells the source's key of PractitionerRole/11111111-2222-5333-8444-555555555555",
  );
});

test('gives those records of a file back that the Bundle holds, one a line', async () => {
  const demo = join(folder, 'contact.ndjson');
  const all = readFileSync(join(ROOT, 'mappings/platform/demo/contact.ndjson'), 'utf8').split('\n');
  writeFileSync(demo, all.slice(0, 6).join('\n'));
  const map = parts.maps.get('platform')!.kinds.get('contact')!;
  const entry: NonNullable<Bundle['entry']> = [];
  const keys: string[] = [];
  for await (const record of records('platform', demo)) {
    if (!record.ok || keys.length === 3) continue;
    keys.push(record.key);
    for (const { resource } of nameResources('platform', map.run(record.payload, [])))
      entry.push({ resource });
  }
  const { code, out } = await back({ resourceType: 'Bundle', type: 'collection', entry }, 'platform', {
    records: demo,
  });
  expect(code).toBe(0);
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).contact.id),
  ).toEqual(keys);
});

test.each([
  ['{"resourceType": "Patient"}', 'error back-bundle'],
  ['{', 'error read-json-syntax'],
])('%s is no Bundle', async (text, rule) => {
  const { code, err } = await back(text, 'platform', { kind: 'referral', records: REFERRAL });
  expect({ code, rules: rulesOf(err) }).toEqual({ code: 1, rules: [rule] });
});
