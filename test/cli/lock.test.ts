/** One adapter a data folder. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLock, takeLock } from '../../src/cli/lock.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'lock-'));

test('a second adapter on the same folder is refused while the first runs', async () => {
  const data = folder();
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', 'main.ts']);
  await once(other, 'spawn');
  writeFileSync(
    join(data, 'hedgerow.lock'),
    JSON.stringify({ pid: other.pid, token: 't', url: 'http://127.0.0.1:1' }),
  );
  const taken = takeLock(data);
  expect(taken.ok).toBe(false);
  expect(!taken.ok && taken.outcome.issue[0]?.diagnostics).toContain(String(other.pid));
  expect(readLock(data)?.url).toBe('http://127.0.0.1:1');
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(takeLock(data).ok).toBe(true);
});

test('a lock that a kill left behind, or that is no JSON, is taken over', () => {
  const data = folder();
  writeFileSync(join(data, 'hedgerow.lock'), '{"pid": 99');
  expect(takeLock(data).ok).toBe(true);
});

test('only the owner of the process may read the token', () => {
  const data = folder();
  const lock = takeLock(data);
  if (!lock.ok) throw new Error('not taken');
  lock.value.announce('http://127.0.0.1:2');
  expect(statSync(join(data, 'hedgerow.lock')).mode & 0o777).toBe(0o600);
  lock.value.release();
  expect(readLock(data)).toBeUndefined();
});
