/** The words of the command line as a person types them: what they print, and how they end. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Status } from '../../src/cli/control.ts';
import { ROOT } from '../../src/cli/load.ts';
import { journeys } from '../faults/journeys.ts';
import { hedgerow, listening, type Running, run, runSandbox, until } from '../faults/process.ts';
import { cellsOf } from './table.ts';

const folder = mkdtempSync(join(tmpdir(), 'commands-'));
const config = join(folder, 'config.json');
const examples = 'mappings/spreadsheet/examples';

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function issuesOf(text: string): OperationOutcome['issue'] {
  return (JSON.parse(text) as OperationOutcome).issue;
}

test('help names every command, and each has a help text with its options', async () => {
  const { code, stdout } = await hedgerow('--help');
  expect(code).toBe(0);
  for (const [name, option] of [
    ['start', '--inbox-dir'],
    ['convert', '--source'],
    ['validate', '--config'],
    ['status', '--json'],
    ['replay', '--state'],
    ['remap', '--preview'],
    ['reconcile', '--heal'],
    ['vacuum', '--json'],
    ['ods', '--json'],
    ['health', '--ready'],
  ] as const) {
    expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    const help = await hedgerow(name, '--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain(`Usage: hedgerow ${name}`);
    expect(help.stdout).toContain(option);
  }
}, 60_000);

test('an unknown command or a port that is none ends with 1 and the help', async () => {
  for (const args of [
    ['convrt', 'x'],
    ['start', '--port', 'eighty'],
    ['convert', 'x.csv'],
  ]) {
    const { code, stderr } = await hedgerow(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain('Usage: hedgerow');
  }
});

test('convert prints a Bundle and ends with 0 when every record is good', async () => {
  const { code, stdout, stderr } = await hedgerow(
    ...['convert', `${examples}/referral/full/input.csv`, '--source', 'spreadsheet', '--kind', 'referral'],
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const bundle = JSON.parse(stdout) as Bundle;
  expect(bundle).toMatchObject({ resourceType: 'Bundle', type: 'collection' });
  expect(bundle.entry?.map((entry) => entry.resource?.resourceType)).toContain('ServiceRequest');
});

/** A source like the spreadsheet, but for a column that no rule of its map reads. @returns its configuration file */
function configWithUnreadColumn(): string {
  const source = join(folder, 'unread');
  cpSync(join(ROOT, 'mappings/spreadsheet'), source, { recursive: true });
  const schemaFile = join(source, 'referral.schema.json');
  const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as { properties: Record<string, object> };
  schema.properties['Shoe size'] = { type: 'string' };
  writeFileSync(schemaFile, JSON.stringify(schema));
  const [dataDir, inboxDir] = [join(folder, 'unread-data'), join(folder, 'unread-inbox')];
  const file = join(folder, 'unread.json');
  writeFileSync(file, JSON.stringify({ port: 0, dataDir, inboxDir, sources: [{ folder: source }] }));
  return file;
}

test('convert and start say of a column that no rule reads that it is not mapped, and go on', async () => {
  const file = configWithUnreadColumn();
  const input = `${examples}/referral/full/input.csv`;
  const converted = await hedgerow(
    ...['convert', input, '--source', 'spreadsheet', '--kind', 'referral', '--config', file],
  );
  expect(converted.code).toBe(0);
  expect((JSON.parse(converted.stdout) as Bundle).entry?.length).toBeGreaterThan(1);
  expect(converted.stderr.trim().split('\n')).toEqual([expect.stringContaining('Shoe size')]);

  const started = run(['src/main.ts', 'start', '--config', file]);
  await listening(started);
  expect(await started.stop()).toBe(0);
  const warnings = started
    .stderr()
    .split('\n')
    .filter((line) => line.includes('Shoe size'))
    .map((line) => JSON.parse(line) as { level: number; rule: string; msg: string });
  expect(warnings).toMatchObject([{ level: 40, rule: expect.stringMatching(/^map-/) }]);
  expect(converted.stderr.trim()).toBe(warnings[0]!.msg);
}, 60_000);

test('convert prints good records, says of bad ones where and what to change, and ends with 2', async () => {
  const { code, stdout, stderr } = await hedgerow(
    ...['convert', 'mappings/spreadsheet/demo/referrals.csv', '--source', 'spreadsheet'],
  );
  expect(code).toBe(2);
  expect((JSON.parse(stdout) as Bundle).entry?.length).toBeGreaterThan(100);
  const errors = issuesOf(stderr).filter((issue) => issue.severity === 'error');
  expect(errors.map((issue) => /^referrals\.csv:\d+: /.exec(issue.diagnostics ?? '')?.[0])).toEqual([
    'referrals.csv:16: ',
    'referrals.csv:59: ',
  ]);
}, 60_000);

test('convert ends with 1 when nothing can be read, and says why', async () => {
  const bad = await hedgerow(
    ...['convert', `${examples}/referral/bad-no-such-day/input.csv`, '-s', 'spreadsheet', '-k', 'referral'],
  );
  expect(bad).toMatchObject({ code: 1, stdout: '' });
  expect(issuesOf(bad.stderr)[0]?.details?.coding?.[0]?.code).toBe('read-date');
  const asked = [
    [['convert', 'none.csv', '-s', 'spreadsheet'], 'There is no file none.csv.'],
    [['convert', 'README.md', '-s', 'other'], 'There is no source other. Known: spreadsheet, platform.'],
    [
      ['convert', 'README.md', '-s', 'platform', '-k', 'visit'],
      'The source platform has no kind visit. Known: referral, contact, questionnaire, support, outcome, status.',
    ],
  ] as const;
  for (const [args, sentence] of asked) {
    expect(await hedgerow(...args)).toEqual({ code: 1, stdout: '', stderr: `${sentence}\n` });
  }
}, 60_000);

test('validate ends with 0 for valid FHIR, 2 with the faults, 1 when there is no such file', async () => {
  const expected = 'mappings/platform/examples/referral/adult-referred-by-gp/expected.fhir.json';
  const valid = await hedgerow('validate', expected);
  expect(valid).toMatchObject({ code: 0, stderr: '' });
  expect(valid.stdout).toMatch(/^\d+ resources checked: 0 errors, 0 warnings, nothing left unchecked\n$/);
  const file = join(folder, 'faulty.ndjson');
  const lines = [
    { resourceType: 'Patient', birthDate: '31/02/1950' },
    { resourceType: 'Organization', name: 'Riverside' },
  ];
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const faulty = await hedgerow('validate', file, '--format', 'lines');
  expect(faulty.code).toBe(2);
  expect(faulty.stdout).toContain(`${file}:1  error  `);
  expect(faulty.stdout).toContain('Patient.birthDate');
  expect(faulty.stdout).not.toContain('31/02/1950');
  expect(faulty.stdout).not.toContain(`${file}:2  `);
  expect(faulty.stdout).toContain('2 resources checked: 1 error, 0 warnings');
  writeFileSync(file, '{"resourceType": "Patient"');
  expect(await hedgerow('validate', file)).toMatchObject({ code: 2 });
  const none = await hedgerow('validate', 'none.json');
  expect(none).toEqual({
    code: 1,
    stdout: '',
    stderr: 'There is no file or folder none.json: check the path, which starts at the current folder.\n',
  });
}, 60_000);

test('status and replay end with 1 where nothing was ever stored', async () => {
  for (const command of ['status', 'replay']) {
    const { code, stdout } = await hedgerow(command, '--data-dir', join(folder, 'nowhere'));
    expect(code).toBe(1);
    expect(stdout).toContain('There is no store in');
  }
});

test('start ends with 1 and a sentence when its configuration cannot be used', async () => {
  const file = join(folder, 'wrong.json');
  writeFileSync(file, JSON.stringify({ port: 8080, targets: [{ name: 'EHR', url: 'nowhere' }] }));
  const wrong = await hedgerow('start', '--config', file);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain('targets.0.name: ');
  expect(wrong.stderr).toContain('targets.0.url: ');
  expect((await hedgerow('start', '--config', join(folder, 'none.json'))).stderr).toContain(
    'There is no configuration file',
  );
});

let adapter: Running;
let sandbox: Running;

beforeAll(async () => {
  const ehr = await runSandbox(join(folder, 'sandbox.sqlite'));
  sandbox = ehr.process;
  writeFileSync(
    config,
    JSON.stringify({
      port: 0,
      access: { open: true },
      dataDir: join(folder, 'data'),
      inboxDir: join(folder, 'inbox'),
      targets: [{ name: 'practice-ehr', url: ehr.url }],
    }),
  );
  adapter = run(['src/main.ts', 'start', '--config', config]);
  const url = await listening(adapter);
  await post(url, unverified());
  await post(url, { ...unverified(), referral: { id: '' } });
  await until('one delivery to be held', 60_000, async () => {
    const target = (await statusOf()).counts.targets[0];
    return (target && target.held > 0 && target.waiting + target.claimed === 0) || undefined;
  });
}, 120_000);

afterAll(async () => {
  await adapter?.kill();
  await sandbox?.kill();
});

/** A person whose NHS number was not traced: held for a target that needs it verified. */
function unverified(): object {
  const { client, ...rest } = journeys(1, 0)[0]!.body as { client: object };
  return { ...rest, client: { ...client, nhsNumberTrace: 'UNTRACED' } };
}

async function post(url: string, body: object): Promise<void> {
  await fetch(`${url}/intake/platform/referral`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

async function statusOf(): Promise<Status> {
  return JSON.parse((await hedgerow('status', '--json', '--config', config)).stdout) as Status;
}

test('status, replay and a second start find the adapter that runs; stopped, they read its store', async () => {
  const running = await hedgerow('status', '--config', config);
  expect(running.code).toBe(0);
  expect(running.stdout).toMatch(/^Running at http:\/\/127\.0\.0\.1:\d+ \(process \d+\); store in /);
  expect(cellsOf(running.stdout, 'Source')).toEqual([['platform', 'referral', '1', '1']]);
  const [[target, delivered, waiting, held, parked]] = cellsOf(running.stdout, 'Target') as [string[]];
  expect([target, waiting, parked]).toEqual(['practice-ehr', '0', '0']);
  expect(Number(delivered)).toBeGreaterThan(0);
  expect(running.stdout).toContain('need a person:');
  expect(running.stdout).toMatch(/^ {2}held {2}\w+\/[0-9a-f-]{36} {2}hr-8 {2}/m);

  const again = await hedgerow('start', '--config', config);
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/^Process \d+ already runs on .* at http:/);

  const none = await hedgerow('replay', '--config', config, '--target', 'other');
  expect(none).toMatchObject({ code: 0, stdout: '0 deliveries are due again.\n' });
  const replayed = await hedgerow('replay', '--config', config, '--state', 'held');
  expect(replayed).toMatchObject({ code: 0, stdout: `${held} deliveries are due again.\n` });

  const preview = await hedgerow('remap', '--config', config, '--preview', '--json');
  expect(preview.code).toBe(0);
  expect(JSON.parse(preview.stdout)).toMatchObject({ event: 'previewed', changed: 0 });
  const compared = await hedgerow('reconcile', 'practice-ehr', '--config', config, '--per-second', '500');
  expect(compared).toMatchObject({ code: 0, stderr: '' });
  expect(compared.stdout).toMatch(/^\d+ resources compared: 0 missing, 0 twin, 0 changed, 0 extra; 0 /m);
  const unknown = await hedgerow('reconcile', 'other', '--config', config);
  expect(unknown).toMatchObject({ code: 2, stdout: expect.stringContaining('reconcile-unknown-target') });

  await until('them to be held again', 60_000, async () => {
    const { held: now } = (await statusOf()).counts.targets[0]!;
    return now === Number(held) || undefined;
  });
  expect(await adapter.stop()).toBe(0);
  const stopped = await hedgerow('status', '--config', config);
  expect(stopped.code).toBe(0);
  expect(stopped.stdout).toMatch(/^Not running; store in /);
  expect(cellsOf(stopped.stdout, 'Target')).toEqual([[target, delivered, waiting, held, parked]]);
  const later = await hedgerow('replay', '--config', config);
  expect(later).toMatchObject({
    code: 0,
    stdout: `${held} deliveries are due again, at the next start.\n`,
  });
}, 180_000);
