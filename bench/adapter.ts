/** Runs adapters in processes of their own for the benchmarks, and sends them records over HTTP. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from '../src/cli/load.ts';
import { spacedNhsNumber, testNhsNumber } from '../tooling/demo/nhs-number.ts';
import type { Place } from './places.ts';

/** Requests on their way at once. */
export const AT_ONCE = 64;

export interface Running {
  readonly url: string;
  /** until it listened, from when it was called */
  readonly listeningMs: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const started = new Set<ChildProcess>();

/** Ends, without asking, whatever still runs. */
export function killAdapters(): void {
  for (const child of started) child.kill('SIGKILL');
}

/**
 * @param folder of the process; default the place's
 * @param targets of the configuration; default none
 * @param access of the configuration; default open to this machine
 */
export async function startAdapter(
  { folder, environment }: Pick<Place, 'folder' | 'environment'>,
  targets: readonly object[] = [],
  access: object = { open: true },
): Promise<Running> {
  mkdirSync(folder, { recursive: true });
  const config = { port: 0, logLevel: 'silent', targets, access };
  writeFileSync(join(folder, 'hedgerow.config.json'), JSON.stringify(config));
  const calledMs = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'start'], {
    cwd: folder,
    env: { ...withoutDatabase(), ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.add(child);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  void exited.then(() => started.delete(child));
  const ended = (signal: NodeJS.Signals) => async (): Promise<void> => {
    child.kill(signal);
    await exited;
  };
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(line)?.[0];
    if (url === undefined) continue;
    const listeningMs = performance.now() - calledMs;
    child.stdout!.resume();
    return { url, listeningMs, stop: ended('SIGTERM'), kill: ended('SIGKILL') };
  }
  throw new Error('the adapter ended before it listened');
}

function withoutDatabase(): NodeJS.ProcessEnv {
  const { DATABASE_URL: _url, ...rest } = process.env;
  return rest;
}

/** Referrals of the platform's example, each with keys and an NHS number of its own. @param from place of the first, so that no two calls share any */
export function referralBodies(count: number, from = 0): string[] {
  const path = join(ROOT, 'mappings/platform/examples/referral/adult-referred-by-gp/input.json');
  const text = readFileSync(path, 'utf8');
  return Array.from({ length: count }, (_, index) => {
    const at = from + index;
    return JSON.stringify(JSON.parse(text), (name, value: unknown) => {
      if (name === 'nhsNumber') return spacedNhsNumber(testNhsNumber(at));
      return /(^id|Id)$/.test(name) && typeof value === 'string' ? `${value}-${at}` : value;
    });
  });
}

/** Sends each record in a request of its own, to the adapters in turn; resolves when all are acknowledged. @returns how many */
export async function sendAll(urls: readonly string[], bodies: readonly string[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let next = 0;
  const sendNext = async (): Promise<void> => {
    for (let at = next++; at < bodies.length; at = next++)
      await send(urls[at % urls.length]!, bodies[at]!, agent);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext));
  agent.destroy();
  return bodies.length;
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
