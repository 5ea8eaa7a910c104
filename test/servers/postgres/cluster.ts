/** Starts a PostgreSQL of its own in a temporary folder, which is gone with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { findBinaries } from './binaries.ts';

export interface Cluster {
  /** of the database `postgres`, as its owner */
  readonly url: string;
  /** Ends it as a power cut would, as far as a process can: nothing is written any more. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** bring what is committed to the disk; without it all is faster, and nothing is promised */
  readonly durable?: boolean;
  /** more settings, as `name=value` */
  readonly settings?: readonly string[];
}

const START_TRIES = 3;
const LONGEST_START_MS = 60_000;
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off'];

/** @throws Error with what PostgreSQL said, when none can be started */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-pg-'));
  const user = unprivileged();
  if (user) chownSync(folder, user.uid, user.gid);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { initdb, postgres } = findBinaries(folder);
  const data = join(folder, 'data');
  const made = spawnSync(
    initdb,
    ['-D', data, '-U', 'hedgerow', '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync'],
    { ...user, cwd: folder, env: environment(), encoding: 'utf8' },
  );
  if (made.status !== 0)
    throw new Error(`initdb failed: ${made.error?.message ?? ''} ${made.stderr} ${made.stdout}`);
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const args = argumentsOf(data, port, options);
    const server = new Server({ program: postgres, args, folder, port, user });
    try {
      await server.restart();
      return server;
    } catch (error) {
      if (attempt >= START_TRIES) throw error; // another process may have taken the port
    }
  }
}

function argumentsOf(
  data: string,
  port: number,
  { durable = false, settings = [] }: ClusterOptions,
): string[] {
  const all = [
    ...['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=300'],
    ...['shared_buffers=64MB', 'max_wal_size=4GB', 'checkpoint_timeout=1h', 'autovacuum_naptime=1h'],
    ...(durable ? [] : FAST),
    ...settings,
  ];
  return ['-D', data, '-p', String(port), ...all.flatMap((one) => ['-c', one])];
}

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as a user of its own, or as nobody. */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = new Map(
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .map(([name, , uid, gid]) => [name, { uid: Number(uid), gid: Number(gid) }]),
  );
  return users.get('postgres') ?? users.get('nobody') ?? { uid: 65_534, gid: 65_534 };
}

/** Without PGPORT and its like, which would mean another server. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('PG')));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Start {
  readonly program: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly port: number;
  readonly user: User | undefined;
}

class Server implements Cluster {
  readonly #start: Start;
  readonly url: string;
  #process: ChildProcess | undefined;
  readonly #onExit = (): void => void this.#process?.kill('SIGQUIT');

  constructor(start: Start) {
    this.#start = start;
    this.url = `postgres://hedgerow@127.0.0.1:${start.port}/postgres`;
  }

  async restart(): Promise<void> {
    const { program, args, folder, user } = this.#start;
    const log = join(folder, 'log');
    const out = openSync(log, 'a');
    const started = spawn(program, args, {
      ...user,
      cwd: folder,
      env: environment(),
      stdio: ['ignore', out, out],
    });
    let ended: string | undefined;
    started.once('error', (error) => (ended = error.message));
    started.once('exit', (code) => (ended = `code ${code}`));
    this.#process = started;
    process.once('exit', this.#onExit);
    const untilMs = Date.now() + LONGEST_START_MS;
    while (!(await this.#answers())) {
      if (ended !== undefined || Date.now() > untilMs)
        throw new Error(`PostgreSQL did not start (${ended ?? 'no answer'}): ${readFileSync(log, 'utf8')}`);
      await sleep(20);
    }
  }

  async #answers(): Promise<boolean> {
    const client = new Client({ connectionString: this.url });
    client.on('error', () => {});
    try {
      await client.connect();
      await client.end();
      return true;
    } catch {
      return false;
    }
  }

  /** Its workers first lose their parent, then end by themselves. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGQUIT');
    rmSync(this.#start.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    process.off('exit', this.#onExit);
    if (!running || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    running.kill(signal);
    await gone;
  }
}
