/** Measures the way out: the outbox to the sandbox EHR in a process of its own, against a bare keep-alive loop of the same PUTs. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadedParts, ROOT } from '../src/cli/load.ts';
import { startWorker } from '../src/outbox/worker.ts';
import { createPipeline } from '../src/pipeline.ts';
import type { SourceRecord } from '../src/source/record.ts';
import type { Identified, Store } from '../src/store/store.ts';
import { createDelivery } from '../src/target/fhir/deliver-group.ts';
import { createFhirServerTarget } from '../src/target/fhir/fhir-server.ts';
import { partsOf } from './ingest.ts';
import { compareBatches, type Result, withLeast } from './measure.ts';
import { ENGINES, type Engine, newPlace } from './places.ts';
import { multiplied, sampleRecords, streamed } from './samples.ts';

const GOAL = 0.8;
const TARGET = 'ehr';
/** The default of `targets[].concurrency`. */
const CONCURRENCY = 8;

/** @returns `deliver/bare` of each engine and the least, in resources a second */
export async function benchDelivery(smoke: boolean): Promise<readonly Result[]> {
  const parts = partsOf();
  const folder = mkdtempSync(join(tmpdir(), 'bench-delivery-'));
  const records = multiplied(
    await sampleRecords(parts.sources.get('spreadsheet')!, 'referral', 100),
    smoke ? 20 : 300,
  );
  try {
    const results: Result[] = [];
    for (const engine of ENGINES)
      results.push(await compared(engine, join(folder, engine), parts, records, smoke));
    return withLeast('deliver/bare', results, GOAL);
  } finally {
    for (const process of started.splice(0)) process.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compared(
  engine: Engine,
  folder: string,
  parts: LoadedParts,
  records: readonly SourceRecord[],
  smoke: boolean,
): Promise<Result> {
  mkdirSync(folder, { recursive: true });
  const stores: Store[] = [];
  const sandboxes: Sandbox[] = [];
  const rounds = smoke ? 1 : 5;
  for (let round = 0; round <= rounds; round++) {
    const store = await (await newPlace(engine, join(folder, String(round)))).open(parts.definitions);
    await fill(store, parts, records);
    stores.push(store);
  }
  for (let at = 0; at < 2 * rounds; at++)
    sandboxes.push(await spawnSandbox(join(folder, `sandbox-${at}.sqlite`)));
  const first = stores.pop()!;
  const bodies = await allResources(first);
  await first.close();
  const result = await compareBatches(
    `deliver/bare ${engine}`,
    async () => await drain(stores.pop()!, sandboxes.pop()!.url),
    async () => await putAll(bodies, sandboxes.pop()!.url),
    rounds,
    'resources/s',
  );
  return { ...result, goal: GOAL, note: `${bodies.length} resources of ${records.length} referrals` };
}

/** Takes the records in, each resource due to be sent. */
async function fill(store: Store, parts: LoadedParts, records: readonly SourceRecord[]): Promise<void> {
  const pipeline = createPipeline({
    ...parts,
    store,
    clock: Date.now,
    ownerOrg: () => 'local',
    route: () => [TARGET],
  });
  await pipeline.ingest('spreadsheet', 'referral', streamed(records));
}

interface Sandbox {
  readonly url: string;
}
const started: { kill(signal: NodeJS.Signals): boolean }[] = [];

async function spawnSandbox(file: string): Promise<Sandbox> {
  const child = spawn(process.execPath, ['src/sandbox/main.ts', '--port', '0', '--file', file], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return JSON.parse(line.toString()) as Sandbox;
}

/** @returns how many deliveries it took to empty the outbox */
async function drain(store: Store, url: string): Promise<number> {
  const target = createFhirServerTarget({
    name: TARGET,
    baseUrl: url,
    ids: 'client',
    deadlineMs: 10_000,
    clock: Date.now,
  });
  const deliver = createDelivery({
    store,
    target,
    gate: async ({ resource }) => ({ send: true, resource }),
    clock: Date.now,
    random: Math.random,
  });
  const waiting = (await store.counts()).targets.find((one) => one.target === TARGET)!.waiting;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let left = waiting;
  const worker = startWorker({
    store,
    target: TARGET,
    deliver,
    clock: Date.now,
    concurrency: CONCURRENCY,
    leaseMs: 60_000,
    maxEntries: 50,
    onSettled: (_group, settlements) => {
      if (settlements.some((one) => one.kind === 'park' || one.kind === 'hold'))
        reject(new Error('the sandbox EHR refused a delivery'));
      left -= settlements.filter((one) => one.kind === 'delivered' || one.kind === 'superseded').length;
      if (left === 0) resolve();
    },
  });
  await promise;
  await worker.stop(5_000);
  await store.close();
  return waiting;
}

async function putAll(resources: readonly Identified[], base: string): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (const resource of resources)
    await put(`${base}/${resource.resourceType}/${resource.id}`, JSON.stringify(resource), agent);
  agent.destroy();
  return resources.length;
}

async function put(url: string, body: string, agent: Agent): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'PUT',
        agent,
        headers: { 'content-type': 'application/fhir+json', 'content-length': Buffer.byteLength(body) },
      },
      (answer) => {
        answer.resume();
        answer.on('end', () =>
          answer.statusCode! < 300 ? resolve() : reject(new Error(`PUT answered ${answer.statusCode}`)),
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

/** Every current resource, organisations and people before what refers to them. */
async function allResources(store: Store): Promise<readonly Identified[]> {
  const all: Identified[] = [];
  for (const { type } of (await store.counts()).resources) {
    for (let after: string | undefined; ; ) {
      const page = await store.search({
        type,
        clauses: [],
        count: 500,
        ...(after === undefined ? {} : { after }),
      });
      all.push(...page.versions.flatMap((version) => (version.resource ? [version.resource] : [])));
      if (page.next === undefined) break;
      after = page.next;
    }
  }
  return all;
}
