/** A PostgreSQL that cells of the failure matrix may kill, and a disk of its that they may fill. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chownSync, closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Cluster, startCluster } from '../servers/postgres/cluster.ts';
import { until } from './process.ts';

const PATIENCE_MS = 60_000;
/** A new database with its schema takes half of it. */
const DISK_BYTES = 48 * 1024 * 1024;
const TABLESPACE = 'small_disk';

/** What is committed has been given to the system, which outlives the server; it need not reach the disk. */
const OUTLIVES_A_KILL = ['synchronous_commit=on', 'full_page_writes=on'];

let running: Promise<Cluster> | undefined;
let databases = 0;
let hasTablespace = false;

function cluster(): Promise<Cluster> {
  running ??= startCluster({ settings: OUTLIVES_A_KILL });
  return running;
}

async function query(sql: string): Promise<{ rows: Record<string, string>[] }> {
  const client = new Client({ connectionString: (await cluster()).url });
  await client.connect();
  try {
    return await client.query(sql);
  } finally {
    await client.end();
  }
}

/** @param disk the small one is filled by a cell @returns URL of a database without a schema */
export async function newDatabase(disk?: SmallDisk): Promise<string> {
  databases += 1;
  const name = `cell_${databases}`;
  if (disk && !hasTablespace) {
    const { rows } = await query('SHOW data_directory');
    const { uid, gid } = statSync(rows[0]!.data_directory!);
    chownSync(disk.folder, uid, gid);
    await query(`CREATE TABLESPACE ${TABLESPACE} LOCATION '${disk.folder}'`);
    hasTablespace = true;
  }
  await query(`CREATE DATABASE ${name} TEMPLATE template0 ${disk ? `TABLESPACE ${TABLESPACE}` : ''}`);
  return Object.assign(new URL((await cluster()).url), { pathname: `/${name}` }).href;
}

/** A full disk has room for one database. */
export async function dropDatabase(url: string): Promise<void> {
  await query(`DROP DATABASE ${new URL(url).pathname.slice(1)} WITH (FORCE)`);
}

export async function killPostgres(): Promise<void> {
  await (await cluster()).kill();
}

/** Its old workers may take a moment to end. */
export async function restartPostgres(): Promise<void> {
  const server = await cluster();
  await until('PostgreSQL to start again', PATIENCE_MS, async () => {
    await server.restart();
    return true;
  });
}

export async function stopPostgres(): Promise<void> {
  await (await running)?.stop();
  running = undefined;
}

export interface SmallDisk {
  readonly folder: string;
  /** nothing can be written any more */
  fill(): void;
  free(): void;
  unmount(): void;
}

/** @returns undefined where this user may not mount one */
export function mountSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'faults-disk-'));
  const options = ['-t', 'tmpfs', '-o', `size=${DISK_BYTES},mode=0700`, 'tmpfs', folder];
  if (process.getuid?.() !== 0 || spawnSync('mount', options).status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill: () => writeUntilFull(ballast),
    free: () => rmSync(ballast, { force: true }),
    unmount() {
      execFileSync('umount', ['-l', folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

function writeUntilFull(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = 1024 * 1024; size >= 512; )
      try {
        writeSync(file, Buffer.alloc(size));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        size /= 2;
      }
  } finally {
    closeSync(file);
  }
}
