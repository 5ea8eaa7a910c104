/** Turns a data folder into one that a single adapter owns: the system's own lock says that one runs, a file beside it who and where. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Checked, refuse } from '../fhir/outcome.ts';

/** What the file says; `url` is there once the adapter listens. Only its owner may read it: the token opens the control routes. */
export interface Lock {
  readonly pid: number;
  readonly token: string;
  readonly url?: string;
}

export interface HeldLock {
  readonly token: string;
  /** writes the address into the file */
  announce(url: string): void;
  release(): void;
}

const FILE = 'hedgerow.lock';
/**
 * An empty database under an exclusive lock. The system drops the lock when its process ends, however it ends, and it
 * holds between containers on one volume, where process numbers mean nothing.
 */
const GUARD = 'lock.sqlite';
/** A command that only asks holds the lock for a moment; it is waited for. */
const PATIENCE_MS = 500;
const BUSY = 5; // SQLITE_BUSY
/** The guards of this process: one that nobody refers to would be collected as garbage, and its lock with it. */
const guards = new Set<DatabaseSync>();

/** Takes the data folder for this process, as long as it runs; what a killed one left behind is in nobody's way. */
export function takeLock(dataDir: string): Checked<HeldLock> {
  const guard = new DatabaseSync(join(dataDir, GUARD), { timeout: PATIENCE_MS });
  if (!locks(guard, 'BEGIN EXCLUSIVE')) {
    guard.close();
    return refuse({ code: 'conflict', rule: 'start-locked', diagnostics: heldBy(said(dataDir), dataDir) });
  }
  guards.add(guard);
  const path = join(dataDir, FILE);
  const mine: Lock = { pid: process.pid, token: randomBytes(24).toString('base64url') };
  write(path, mine);
  return {
    ok: true,
    value: {
      token: mine.token,
      announce: (url) => write(path, { ...mine, url }),
      release: () => {
        rmSync(path, { force: true });
        guards.delete(guard);
        guard.close();
      },
    },
  };
}

/** @returns what the adapter that runs on the folder says of itself; undefined when none runs there */
export function readLock(dataDir: string): Lock | undefined {
  const path = join(dataDir, GUARD);
  if (!existsSync(path)) return undefined;
  const guard = new DatabaseSync(path, { timeout: 0 });
  try {
    return locks(guard, 'SELECT count(*) FROM sqlite_schema') ? undefined : said(dataDir);
  } finally {
    guard.close();
  }
}

function locks(guard: DatabaseSync, statement: string): boolean {
  try {
    guard.exec(statement);
    return true;
  } catch (error) {
    if ((error as { errcode?: number }).errcode === BUSY) return false;
    throw error;
  }
}

function said(dataDir: string): Lock | undefined {
  try {
    return JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')) as Lock;
  } catch {
    return undefined; // it starts or stops at this moment
  }
}

function heldBy(other: Lock | undefined, dataDir: string): string {
  const who = other ? `Process ${other.pid}` : 'Another adapter';
  const where = other?.url ? ` at ${other.url}` : '';
  return `${who} already runs on ${dataDir}${where}: stop it, or give another --data-dir folder.`;
}

/** Nobody ever reads half a file. */
function write(path: string, lock: Lock): void {
  writeFileSync(`${path}.new`, JSON.stringify(lock), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
