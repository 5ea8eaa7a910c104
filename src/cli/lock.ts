/** Turns a data folder into one that a single adapter owns: a lock file says who runs there and how to reach it. */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Checked, refuse } from '../fhir/outcome.ts';

/** What the lock file says; `url` is there once the adapter listens. Only its owner may read it: the token opens the control routes. */
export interface Lock {
  readonly pid: number;
  readonly token: string;
  readonly url?: string;
}

export interface HeldLock {
  readonly token: string;
  /** writes the address into the lock file */
  announce(url: string): void;
  release(): void;
}

const FILE = 'hedgerow.lock';

/** Takes the data folder for this process; a lock left by a process that is gone is taken over. */
export function takeLock(dataDir: string): Checked<HeldLock> {
  const path = join(dataDir, FILE);
  const token = randomBytes(24).toString('base64url');
  const mine: Lock = { pid: process.pid, token };
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 2; tries++) {
      if (linked(draft, path)) {
        return {
          ok: true,
          value: {
            token,
            announce: (url) => rewrite(path, { ...mine, url }),
            release: () => rmSync(path, { force: true }),
          },
        };
      }
      const other = readLock(dataDir);
      if (other) return heldBy(other, dataDir);
      rmSync(path, { force: true });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return refuse({
    code: 'conflict',
    rule: 'start-locked',
    diagnostics: `Another adapter is starting on ${dataDir} right now.`,
  });
}

/** A hard link appears whole or not at all, so nobody ever reads half a lock. */
function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function heldBy(other: Lock, dataDir: string): Checked<HeldLock> {
  return refuse({
    code: 'conflict',
    rule: 'start-locked',
    diagnostics: `Process ${other.pid} already runs on ${dataDir}${other.url ? ` at ${other.url}` : ''}: stop it, or give another --data-dir folder.`,
  });
}

/** @returns the lock of a running adapter; undefined when none runs there */
export function readLock(dataDir: string): Lock | undefined {
  try {
    const lock = JSON.parse(readFileSync(join(dataDir, FILE), 'utf8')) as Lock;
    return runs(lock.pid) ? lock : undefined;
  } catch {
    return undefined; // no file: nobody holds it
  }
}

/** A process number may have been given to another program since: where the system tells, the command line decides. */
function runs(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('main.ts');
  } catch {
    return true; // no /proc on this system: believe the number
  }
}

function rewrite(path: string, lock: Lock): void {
  writeFileSync(`${path}.new`, JSON.stringify(lock), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
