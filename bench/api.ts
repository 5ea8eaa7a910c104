/** Measures the API: reads by id with token and audit against the same bytes from memory, searches at a million resources against their bare SQL, and transactions against bare inserts. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../src/cli/load.ts';
import { AT_ONCE, killAdapters, type Running, startAdapter } from './adapter.ts';
import { type BenchClient, createBenchClient } from './api-client.ts';
import { caseNumberAt, fill, idAt } from './api-fill.ts';
import type { PeerTask } from './api-peer.ts';
import { recordedFrom } from './api-record.ts';
import { benchTransactions } from './api-transaction.ts';
import { type Loaded, load } from './http-load.ts';
import { median, type Result, rounded, withLeast } from './measure.ts';
import { ENGINES, type Engine, newPlace, type Place } from './places.ts';

const READ_GOAL = 0.5;
const SEARCH_GOAL = 0.6;
const MOST_GROWTH = 1.5;

interface Sizes {
  readonly small: number;
  readonly large: number;
  /** requests a round */
  readonly requests: number;
  readonly rounds: number;
}

/** @returns `api.read/static`, `api.search/sql`, `api.growth` and `api.transaction/bare` of each engine, and the least */
export async function benchApi(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-api-'));
  const large = Number(process.env.BENCH_API_RESOURCES ?? 1_000_000);
  const sizes = smoke
    ? { small: 60, large: 600, requests: 64, rounds: 1 }
    : { small: 10_000, large, requests: 8_000, rounds: 5 };
  try {
    const found: Result[][] = [];
    for (const engine of ENGINES) found.push(await ofEngine(engine, join(folder, engine), sizes));
    const of = (at: number): Result[] => found.map((results) => results[at]!);
    return [
      ...withLeast('api.read/static', of(0), READ_GOAL),
      ...withLeast('api.search/sql', of(1), SEARCH_GOAL),
      ...of(2),
      ...of(3),
    ];
  } finally {
    for (const child of peers.splice(0)) child.kill('SIGKILL');
    killAdapters();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ofEngine(engine: Engine, folder: string, sizes: Sizes): Promise<Result[]> {
  const client = await createBenchClient();
  const [small, large] = await Promise.all(
    ['small', 'large'].map((name) => newPlace(engine, join(folder, name))),
  );
  const few = await filled(small!, sizes.small);
  const people = await filled(large!, sizes.large);
  const paths = pathsOf(people);
  const queries = await recordedFrom(large!, client, paths);
  const adapter = await startAdapter(large!, [], client.access);
  const smaller = await startAdapter(small!, [], client.access);
  // first of all: what other loads leave to be done while nobody asks would be done meanwhile
  const growth = await grown(engine, [adapter, smaller], client, {
    ...sizes,
    paths: { large: paths, small: pathsOf(few) },
  });
  const read = await compared(`api.read/static ${engine}`, adapter, client, {
    ...sizes,
    paths: [`/fhir/R4/Patient/${idAt('patient', 0)}`],
    asked: { queries: {}, engine },
  });
  const search = await compared(`api.search/sql ${engine}`, adapter, client, {
    ...sizes,
    paths,
    asked: { queries, engine, at: large!.at },
  });
  const perRound = Math.ceil(sizes.requests / 20);
  const transactions = await benchTransactions(engine, join(folder, 'transactions'), {
    ...sizes,
    perRound,
  });
  await Promise.all([adapter.stop(), smaller.stop()]);
  return [read, search, growth, transactions];
}

async function filled(place: Place, resources: number): Promise<number> {
  const store = await place.open();
  const people = await fill(store, resources);
  await store.close();
  await place.run('ANALYZE');
  return people;
}

/** Of the people of the client's organisation: tokens that find one, tokens that many have, and references. */
function pathsOf(people: number): string[] {
  const even = (share: number): number => 2 * Math.floor((people * share) / 2);
  const at = [0, 0.3, 0.6, 0.9].map(even);
  const asked = [
    ...at.map((one) => `Patient?identifier=${encodeURIComponent(caseNumberAt(one))}`),
    ...at.map((one) => `Encounter?patient=${idAt('patient', one)}`),
    ...at.map((one) => `Task?focus=ServiceRequest/${idAt('referral', one)}`),
    ...at.map((one) => `Observation?patient=${idAt('patient', one)}&code=http://loinc.org%7C44261-6`),
    'ServiceRequest?status=active&_count=20',
    'Task?status=in-progress&_count=20',
  ];
  return asked.map((query) => `/fhir/R4/${query}&_total=none`);
}

interface Compared {
  readonly paths: readonly string[];
  /** what the peer asks of a database before it answers */
  readonly asked: Omit<PeerTask, 'answers'>;
  readonly requests: number;
  readonly rounds: number;
}

/** Both under the same load, in turn. */
async function compared(
  name: string,
  adapter: Running,
  client: BenchClient,
  { paths, asked, requests, rounds }: Compared,
): Promise<Result> {
  const headers = await client.headers(adapter.url);
  const answers: Record<string, string> = {};
  for (const path of paths) answers[path] = await (await fetch(adapter.url + path, { headers })).text();
  const peer = await startPeer({ ...asked, answers });
  const common = { paths, headers, count: requests, atOnce: AT_ONCE };
  const ours = (): Promise<Loaded> => load({ ...common, url: adapter.url });
  const other = (): Promise<Loaded> => load({ ...common, url: peer });
  for (const warm of [ours, other]) await warm();
  const pairs: { ours: Loaded; other: Loaded }[] = [];
  for (let round = 0; round < rounds; round++)
    pairs.push(
      round % 2 === 0
        ? { ours: await ours(), other: await other() }
        : { other: await other(), ours: await ours() },
    );
  const middle = (of: (pair: (typeof pairs)[number]) => number, digits: number): number =>
    rounded(median(pairs.map(of)), digits);
  const times = (side: 'ours' | 'other'): string =>
    `p50 ${middle((pair) => pair[side].p50Ms, 2)} ms, p99 ${middle((pair) => pair[side].p99Ms, 2)} ms`;
  return {
    name,
    ratio: middle(({ ours, other }) => ours.perSecond / other.perSecond, 3),
    ours: middle(({ ours }) => ours.perSecond, 1),
    other: middle(({ other }) => other.perSecond, 1),
    unit: 'requests/s',
    note: `${AT_ONCE} at once; ours ${times('ours')}; other ${times('other')}`,
  };
}

const peers: ChildProcess[] = [];

/** @returns its address */
async function startPeer(task: PeerTask): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-peer-'));
  const file = join(folder, 'task.json');
  writeFileSync(file, JSON.stringify(task));
  const child = spawn(process.execPath, [join(ROOT, 'bench/api-peer.ts'), file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  peers.push(child);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  rmSync(folder, { recursive: true, force: true });
  return line.toString().trim();
}

/** One request at a time: how long it takes is what grows, or does not. */
async function grown(
  engine: Engine,
  [large, small]: readonly [Running, Running],
  client: BenchClient,
  {
    paths,
    requests,
    rounds,
  }: { paths: Record<'large' | 'small', readonly string[]>; requests: number; rounds: number },
): Promise<Result> {
  const timed = async (adapter: Running, asked: readonly string[]): Promise<() => Promise<Loaded>> => {
    const headers = await client.headers(adapter.url);
    return () => load({ url: adapter.url, paths: asked, headers, count: requests / 10, atOnce: 1 });
  };
  const [atLarge, atSmall] = [await timed(large, paths.large), await timed(small, paths.small)];
  for (const warm of [atLarge, atSmall]) await warm();
  const pairs: { large: Loaded; small: Loaded }[] = [];
  for (let round = 0; round < rounds; round++) pairs.push({ large: await atLarge(), small: await atSmall() });
  const middle = (of: (pair: (typeof pairs)[number]) => number): number => rounded(median(pairs.map(of)), 3);
  return {
    name: `api.growth ${engine}`,
    ratio: middle(({ large, small }) => large.p50Ms / small.p50Ms),
    ours: middle(({ large }) => large.p50Ms),
    other: middle(({ small }) => small.p50Ms),
    unit: 'ms, p50',
    most: MOST_GROWTH,
    note: `searches one at a time, many resources over few; p99 ${middle(({ large }) => large.p99Ms)} and ${middle(({ small }) => small.p99Ms)} ms`,
  };
}
