/** What an operator sees of a running adapter: notices of incidents, gauges of its targets, its terminology server, and the words that keep house. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Fault } from '../../src/sandbox/faults.ts';
import { isSigned } from '../../src/wire/signature.ts';
import { journeys } from '../faults/journeys.ts';
import { hedgerow, listening, type Running, run, until } from '../faults/process.ts';
import { type Scripted, startScripted } from '../servers/scripted.ts';
import { startEhr, type TestEhr } from '../target/deliveries.ts';

const SECRET = 'a secret of tests';
const PATIENCE_MS = 60_000;
const BASE = 'https://trust.example/fhir';
const folder = mkdtempSync(join(tmpdir(), 'operating-'));
const config = join(folder, 'config.json');
const dataDir = join(folder, 'data');

let ehr: TestEhr;
let fault: Fault | undefined;
let webhook: Scripted;
let isHookUp = true;
let terminology: Scripted;
let adapter: Running;
let url: string;

/** A profile whose code only a terminology server can tell, as a package to install. */
function writePackage(): string {
  const at = join(folder, 'package');
  mkdirSync(at);
  const write = (name: string, resource: object): void =>
    writeFileSync(join(at, `${name}.json`), JSON.stringify(resource));
  write('set', {
    ...{ resourceType: 'ValueSet', url: `${BASE}/ValueSet/asked`, status: 'active' },
    compose: {
      include: [
        {
          system: 'http://snomed.info/sct',
          filter: [{ property: 'concept', op: 'is-a', value: '125677006' }],
        },
      ],
    },
  });
  write('profile', {
    ...{ resourceType: 'StructureDefinition', url: `${BASE}/StructureDefinition/request`, name: 'Request' },
    ...{ status: 'active', fhirVersion: '4.0.1', kind: 'resource', abstract: false, type: 'ServiceRequest' },
    baseDefinition: 'http://hl7.org/fhir/StructureDefinition/ServiceRequest',
    derivation: 'constraint',
    differential: {
      element: [
        {
          ...{ id: 'ServiceRequest.code', path: 'ServiceRequest.code' },
          binding: { strength: 'required', valueSet: `${BASE}/ValueSet/asked` },
        },
      ],
    },
  });
  return at;
}

beforeAll(async () => {
  ehr = await startEhr({ faults: () => fault });
  webhook = await startScripted(() => ({ status: isHookUp ? 204 : 500 }));
  terminology = await startScripted(() => ({
    status: 200,
    body: { resourceType: 'Parameters', parameter: [{ name: 'result', valueBoolean: true }] },
  }));
  writeFileSync(
    config,
    JSON.stringify({
      ...{ port: 0, access: { open: true }, dataDir, inboxDir: join(folder, 'inbox') },
      targets: [{ name: 'practice-ehr', url: ehr.url, concurrency: 3 }],
      terminology: { url: terminology.url },
      retention: { payloadDays: 10 },
      alerts: {
        ...{ everySeconds: 0.2, targetDownFailures: 2 },
        webhook: { url: webhook.url, secretEnv: 'OPERATING_SECRET' },
      },
    }),
  );
  await hedgerow('profiles', 'add', writePackage(), '--name', 'a', '--version', '1.0.0', '--config', config);
  adapter = run(['src/main.ts', 'start', '--config', config], { env: { OPERATING_SECRET: SECRET } });
  url = await listening(adapter);
}, 120_000);

afterAll(async () => {
  await adapter?.kill();
  for (const one of [ehr, webhook, terminology]) await one?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function post(path: string, body: unknown): Promise<Response> {
  return await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': path.startsWith('/intake') ? 'application/json' : 'application/fhir+json' },
    body: JSON.stringify(body),
  });
}

/** @returns each notice that was posted, in order: what it says, and which try it was by its key */
function notices(): { readonly event: string; readonly cause: string; readonly key: string }[] {
  return webhook.seen.map(({ body, headers }) => ({
    ...(body as { event: string; cause: string }),
    key: String(headers['idempotency-key']),
  }));
}

/** @returns the gauge of one word */
async function gauge(of: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = new RegExp(`^hedgerow_target_concurrency\\{target="practice-ehr",of="${of}"\\} (\\d+)$`, 'm');
  return Number(line.exec(text)?.[1]);
}

test('a target that fails is told of once: signed, until the webhook takes it; and once more when it is over', async () => {
  [fault, isHookUp] = [{ kind: 'refuse', status: 503 }, false];
  for (const { kind, body } of journeys(3, 0)) await post(`/intake/platform/${kind}`, body);
  await until('a second try', PATIENCE_MS, () => notices()[1], adapter);
  isHookUp = true;
  const tries = notices().length;
  const taken = await until('a try that is taken', PATIENCE_MS, () => notices()[tries], adapter);
  expect(taken).toMatchObject({ event: 'incident.opened', cause: 'target-down:practice-ehr' });
  expect(new Set(notices().map(({ key }) => key))).toEqual(new Set([taken.key]));

  fault = undefined;
  const closed = await until('the closing notice', PATIENCE_MS, () => notices()[tries + 1], adapter);
  expect(closed).toMatchObject({ event: 'incident.closed', cause: 'target-down:practice-ehr' });
  await until('everything to be delivered', PATIENCE_MS, async () => {
    const { counts } = JSON.parse((await hedgerow('status', '--json', '--config', config)).stdout);
    return counts.targets[0].waiting + counts.targets[0].claimed === 0 || undefined;
  });
  expect(
    notices()
      .slice(tries)
      .map(({ event }) => event),
  ).toEqual(['incident.opened', 'incident.closed']);
  for (const { body, headers } of webhook.seen) {
    const signature = String(headers['hedgerow-signature']);
    expect(isSigned(SECRET, JSON.stringify(body), signature, { nowMs: Date.now() })).toBe(true);
    expect(JSON.stringify(body)).not.toMatch(/\d{10}/); // names nobody
  }
}, 180_000);

test('the gauges of a target tell what is sent at once, and what it bears', async () => {
  expect(await gauge('max')).toBe(3);
  expect(await gauge('limit')).toBeGreaterThanOrEqual(1);
  expect(await gauge('inFlight')).toBe(0);
});

test('status tells how the terminology server does', async () => {
  const lines = async (): Promise<string> => (await hedgerow('status', '--config', config)).stdout;
  expect(await lines()).toContain('Terminology server: circuit closed; 0 questions sent, 0 answered');
  const request = {
    ...{ resourceType: 'ServiceRequest', status: 'active', intent: 'order', subject: { display: 'x' } },
    code: { coding: [{ system: 'http://snomed.info/sct', code: '871731000000106' }] },
  };
  const path = `/fhir/R4/ServiceRequest/$validate?profile=${encodeURIComponent(`${BASE}/StructureDefinition/request`)}`;
  for (let time = 0; time < 2; time++) expect((await post(path, request)).status).toBe(200);
  expect(await lines()).toContain(
    'Terminology server: circuit closed; 1 question sent, 1 answered from 1 kept',
  );
}, 60_000);

test('vacuum takes out what has passed its time: asked of the running adapter, or beside the store of a stopped one', async () => {
  const running = await hedgerow('vacuum', '--config', config);
  expect(running).toMatchObject({ code: 0, stdout: expect.stringContaining('0 of payloads had passed') });
  expect(running.stdout).toMatch(/^Free room was given back; \d+\.\d MB in use\.$/m);
  await adapter.stop();
  const db = new DatabaseSync(join(dataDir, 'hedgerow.sqlite'));
  const kept = (): unknown =>
    db.prepare("SELECT count(*) AS kept FROM source_record WHERE payload <> ''").get();
  const month = 30 * 86_400_000;
  db.prepare('UPDATE work SET resolved_ms = 1 WHERE resolved_ms IS NULL').run();
  db.prepare('UPDATE source_record SET received_ms = received_ms - ?').run(month);
  expect(kept()).toEqual({ kept: 3 });
  const beside = await hedgerow('vacuum', '--json', '--config', config);
  expect(beside).toMatchObject({ code: 0, stderr: '' });
  expect(beside.stdout.split('\n').map((line) => line && JSON.parse(line))).toContainEqual({
    event: 'pruned',
    what: 'payloads',
    removed: 3,
  });
  expect(kept()).toEqual({ kept: 0 });
  db.close();
}, 60_000);
