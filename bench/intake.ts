/** Measures the way in over HTTP: one record a request, 64 at once, each answered when it is on disk, against a bare loop that inserts the same rows in batches. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../src/cli/load.ts';
import { insertAll, rowsOf } from './ingest.ts';
import { compareBatches, type Result } from './measure.ts';

const GOAL = 0.4;
const AT_ONCE = 64;

/** @returns `intake.http/bare`, in records a second */
export async function benchIntake(smoke: boolean): Promise<readonly Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-intake-'));
  const bodies = bodiesOf(smoke ? 64 : 2000);
  const rounds = smoke ? 1 : 3;
  try {
    const adapters: Running[] = [];
    for (let at = 0; at <= rounds; at++) adapters.push(await startAdapter(join(folder, `adapter-${at}`)));
    const first = adapters.pop()!;
    await sendAll(first.url, bodies); // leaves the file whose rows the bare loop writes
    await first.stop();
    const rows = rowsOf(join(first.folder, 'data', 'hedgerow.sqlite'));
    let files = 0;
    const ours = async (): Promise<number> => {
      const adapter = adapters.pop()!;
      await sendAll(adapter.url, bodies);
      await adapter.stop();
      return bodies.length;
    };
    const bare = async (): Promise<number> => {
      insertAll(join(folder, `bare-${files++}.sqlite`), rows, bodies.length);
      return bodies.length;
    };
    const result = await compareBatches('intake.http/bare', ours, bare, rounds, 'records/s');
    return [{ ...result, goal: GOAL, note: `${AT_ONCE} requests at once, one referral each` }];
  } finally {
    for (const child of started.splice(0)) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Referrals of the platform's example, each with keys of its own. */
function bodiesOf(count: number): string[] {
  const path = join(ROOT, 'mappings/platform/examples/referral/adult-referred-by-gp/input.json');
  const text = readFileSync(path, 'utf8');
  return Array.from({ length: count }, (_, at) =>
    JSON.stringify(JSON.parse(text), (name, value: unknown) =>
      /(^id|Id)$/.test(name) && typeof value === 'string' ? `${value}-${at}` : value,
    ),
  );
}

interface Running {
  readonly url: string;
  readonly folder: string;
  stop(): Promise<void>;
}
const started: ChildProcess[] = [];

/** An adapter in a process of its own, without targets. */
async function startAdapter(folder: string): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'hedgerow.config.json'),
    JSON.stringify({ port: 0, logLevel: 'info', targets: [] }),
  );
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'start'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url === undefined) continue;
    child.stdout!.resume();
    return {
      url,
      folder,
      async stop() {
        child.kill('SIGTERM');
        await exited;
      },
    };
  }
  throw new Error('the adapter ended before it listened');
}

async function sendAll(url: string, bodies: readonly string[]): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const waiting = [...bodies];
  const sendNext = async (): Promise<void> => {
    for (let body = waiting.pop(); body !== undefined; body = waiting.pop()) await send(url, body, agent);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
  agent.destroy();
}

async function send(url: string, body: string, agent: Agent): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
    const sent = request(`${url}/intake/platform/referral`, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.once('end', () => {
        if (answer.statusCode === 202) resolve();
        else reject(new Error(`the adapter answered ${answer.statusCode}`));
      });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}
