/** Measures a start: how long until the adapter listens, and what it holds in memory once it is idle. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from '../src/cli/load.ts';
import { median, type Result, rounded } from './measure.ts';

/** Megabytes that an idle adapter may hold. */
const MOST_MEGABYTES = 250;
/** What the first requests and the garbage of the start need to settle. */
const IDLE_MS = 3_000;

interface Started {
  readonly listeningMs: number;
  readonly megabytes: number;
}

/** @returns `start.memory`: resident set size after the start; in its note the time until it listens */
export async function benchStart(smoke: boolean): Promise<readonly Result[]> {
  const starts: Started[] = [];
  for (let time = 0; time < (smoke ? 1 : 5); time++) starts.push(await startOnce(smoke ? 0 : IDLE_MS));
  const ours = rounded(median(starts.map(({ megabytes }) => megabytes)), 1);
  const listeningMs = rounded(median(starts.map((one) => one.listeningMs)), 0);
  return [
    {
      name: 'start.memory',
      ratio: rounded(MOST_MEGABYTES / ours, 2),
      ours,
      other: MOST_MEGABYTES,
      unit: 'MB',
      goal: 1,
      note: `resident, ${IDLE_MS / 1000} s after it listens, with both example sources and an empty store; it listens ${listeningMs} ms after it was called`,
    },
  ];
}

/** Starts the adapter as `npm start` does, but without the demonstration, in a folder of its own. */
async function startOnce(idleMs: number): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-start-'));
  const config = join(folder, 'hedgerow.config.json');
  const sources = ['mappings/spreadsheet', 'mappings/platform'].map((name) => ({ folder: join(ROOT, name) }));
  writeFileSync(config, JSON.stringify({ port: 0, sources, logLevel: 'silent' }));
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, 'src/main.ts'), 'start', '--config', config], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    await Promise.race([listening(child.stdout), ended]);
    const listeningMs = performance.now() - started;
    if (child.exitCode !== null) throw new Error(`the adapter ended with exit code ${child.exitCode}`);
    await setTimeout(idleMs);
    return { listeningMs, megabytes: residentMegabytes(child.pid!) };
  } finally {
    child.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listening(output: NodeJS.ReadableStream): Promise<void> {
  for await (const line of createInterface({ input: output })) if (line.includes('listening')) return;
}

function residentMegabytes(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' })) / 1024;
}
