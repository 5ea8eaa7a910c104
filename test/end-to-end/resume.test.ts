/** Long commands that are killed in the middle and run again: a remap maps every record once, a comparison goes on behind its last page. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Status } from '../../src/cli/control.ts';
import { ROOT } from '../../src/cli/load.ts';
import { resourceId } from '../../src/fhir/ids.ts';
import { journeys } from '../faults/journeys.ts';
import { listening, type Running, run, until } from '../faults/process.ts';
import { startEhr, type TestEhr } from '../target/deliveries.ts';

const PEOPLE = 25;
const CONTACTS = 250;
const PATIENCE_MS = 120_000;
const folder = mkdtempSync(join(tmpdir(), 'resume-'));
const config = join(folder, 'config.json');
const REMAP = ['remap', '--kind', 'contact', '--json'];
const older = join(folder, 'platform');

let ehr: TestEhr;
let asked: string[] = [];
let adapter: Running | undefined;

interface Told {
  readonly event: string;
  readonly [member: string]: unknown;
}

/** Runs one command to its end. @returns its exit code, and what it told */
async function hedgerow(args: readonly string[], env: Record<string, string> = {}) {
  const preload = env.DIE_AT === undefined ? [] : ['--import', './test/faults/die-at.ts'];
  const running = run([...preload, 'src/main.ts', ...args, '--config', config], { env });
  const code = await running.ended();
  return { code, told: toldBy(running), stdout: running.stdout() };
}

function toldBy(running: Running): Told[] {
  const lines = running.stdout().split('\n').slice(0, -1);
  return lines.flatMap((line) => (line.startsWith('{"event"') ? [JSON.parse(line) as Told] : []));
}

const driftIn = (told: readonly Told[]): unknown[] =>
  told.flatMap(({ event, key }) => (event === 'drift' ? [key] : []));

function configure(source: string): void {
  const target = { name: 'practice-ehr', url: ehr.url };
  const sources = [{ folder: source, ownerOrg: 'X26' }];
  const places = {
    port: 0,
    access: { open: true },
    dataDir: join(folder, 'data'),
    inboxDir: join(folder, 'inbox'),
  };
  writeFileSync(config, JSON.stringify({ ...places, sources, targets: [target] }));
}

/** Runs an adapter until nothing waits, doing something first. */
async function adapt(work: (url: string) => Promise<void> = async () => {}): Promise<void> {
  adapter = run(['src/main.ts', 'start', '--config', config]);
  await work(await listening(adapter));
  await until('everything to be delivered', PATIENCE_MS, async () => {
    const { counts } = JSON.parse((await hedgerow(['status', '--json'])).stdout) as Status;
    const [one] = counts.targets;
    return (one && one.waiting + one.claimed === 0) || undefined;
  });
  await adapter.stop();
}

beforeAll(async () => {
  ehr = await startEhr({ faults: ({ method, path }) => void asked.push(`${method} ${path}`) });
  cpSync(join(ROOT, 'mappings/platform'), older, { recursive: true });
  const map = join(older, 'contact.map');
  const text = readFileSync(map, 'utf8');
  const edited = text.replace(
    'src.remarks -> contact.note;',
    "src.remarks as text -> contact.note = append('Note: ', text);",
  );
  expect(edited).not.toBe(text);
  writeFileSync(map, edited);
  configure(older);
  await adapt(async (url) => {
    for (const { kind, body } of journeys(PEOPLE, CONTACTS)) {
      const contact = (body as { contact?: object }).contact;
      const record = contact ? { ...body, contact: { ...contact, remarks: 'Spoke of gardening.' } } : body;
      const headers = { 'content-type': 'application/json' };
      await fetch(`${url}/intake/platform/${kind}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(record),
      });
    }
  });
}, 240_000);

afterAll(async () => {
  await adapter?.kill();
  await ehr?.close();
  rmSync(folder, { recursive: true, force: true });
});

const notes = async (): Promise<readonly string[]> =>
  (await ehr.search('Observation?_count=1000')).flatMap((one) =>
    JSON.stringify(one).includes('gardening') ? [`${one.id} ${JSON.stringify(one).includes('Note: ')}`] : [],
  );

test('a remap that is killed between two batches goes on with the rest, and each record is sent once more', async () => {
  const before = await notes();
  expect(before.filter((one) => one.endsWith('true'))).toHaveLength(CONTACTS);
  configure(join(ROOT, 'mappings/platform'));
  const killed = await hedgerow(REMAP, { DIE_AT: 'commit', DIE_ON: '2' });
  expect(killed.code).toBe(null);
  expect(killed.told).toMatchObject([{ event: 'outdated', kind: 'contact', records: CONTACTS }]);
  const resumed = await hedgerow(REMAP);
  const left = resumed.told[0] as unknown as { records: number };
  expect(left.records).toBeGreaterThan(0);
  expect(left.records).toBeLessThan(CONTACTS);
  expect(resumed).toMatchObject({
    code: 0,
    told: [{ event: 'outdated' }, { event: 'done', mapped: left.records }],
  });
  expect((await hedgerow(REMAP)).told).toMatchObject([{ event: 'done', mapped: 0, deliveries: 0 }]);

  await adapt();
  const after = await notes();
  expect(after.filter((one) => one.endsWith('false'))).toHaveLength(CONTACTS);
  for (const one of after) expect(await ehr.versions(`Observation/${one.split(' ')[0]}`)).toBe(2);
}, 240_000);

test('a comparison that is killed goes on behind its last whole page, and tells each difference once', async () => {
  const [first, last] = ['R-1', `R-${PEOPLE}`].map((key) =>
    resourceId('platform', { type: 'ServiceRequest', role: 'referral', key }),
  );
  for (const id of [first, last]) await ehr.remove(`ServiceRequest/${id}`);
  const words = ['reconcile', 'practice-ehr', '--json', '--per-second'];
  const killed = run(['src/main.ts', ...words, '50', '--config', config]);
  const page = (): Told | undefined => toldBy(killed).find(({ event }) => event === 'looked');
  await until('the first page', PATIENCE_MS, page, killed);
  await killed.kill();
  expect(driftIn(toldBy(killed))).toContain(`ServiceRequest/${first}`);

  asked = [];
  const resumed = await hedgerow([...words, '1000']);
  const again = asked.length;
  asked = [];
  const anew = await hedgerow([...words, '1000']);
  expect(again).toBeLessThan(asked.length);
  expect(driftIn(resumed.told)).toEqual([`ServiceRequest/${last}`]);
  expect(driftIn(anew.told).sort()).toEqual([first, last].map((id) => `ServiceRequest/${id}`).sort());
  const counted = { missing: 2, twin: 0, changed: 0, extra: 0 };
  expect(resumed.told.at(-1)).toMatchObject({ event: 'reconciled', drift: counted });
  expect(resumed.told.at(-1)).toEqual(anew.told.at(-1));
}, 240_000);
