/** One adapter a data folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readLock, takeLock } from '../../src/cli/lock.ts';

const folder = (): string => mkdtempSync(join(tmpdir(), 'lock-'));

/** Another process that holds the folder until it is killed, though it keeps nothing of the lock and clears its garbage. */
async function holder(data: string): Promise<ChildProcess> {
  const code = `const { takeLock } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/cli/lock.ts'))});
    takeLock(${JSON.stringify(data)}).value.announce('http://127.0.0.1:1');
    setImmediate(() => { gc(); setImmediate(() => { gc(); process.stdout.write('held'); }); });
    setInterval(() => {}, 1000);`;
  const other = spawn(process.execPath, ['--expose-gc', '--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void other.kill('SIGKILL'));
  await once(other.stdout!, 'data');
  return other;
}

test('a second adapter on the same folder is refused while the first runs, and not when that was killed', async () => {
  const data = folder();
  const other = await holder(data);
  const taken = takeLock(data);
  expect(taken.ok).toBe(false);
  const said = !taken.ok && taken.outcome.issue[0]?.diagnostics;
  expect(said).toContain(`Process ${other.pid}`);
  expect(said).toContain('http://127.0.0.1:1');
  expect(readLock(data)).toMatchObject({ pid: other.pid, url: 'http://127.0.0.1:1' });
  other.kill('SIGKILL');
  await once(other, 'exit');
  expect(readLock(data)).toBeUndefined();
  expect(takeLock(data).ok).toBe(true);
});

test('the number of a process in another container means nothing: a file that names a living process holds nobody off', () => {
  const data = folder();
  writeFileSync(
    join(data, 'hedgerow.lock'),
    JSON.stringify({ pid: 1, token: 't', url: 'http://127.0.0.1:1' }),
  );
  expect(readLock(data)).toBeUndefined();
  expect(takeLock(data).ok).toBe(true);
});

test('asking who runs there takes the folder from nobody', () => {
  const data = folder();
  const lock = takeLock(data);
  if (!lock.ok) throw new Error('not taken');
  expect(readLock(data)?.pid).toBe(process.pid);
  expect(takeLock(data).ok).toBe(false);
  expect(readLock(data)?.pid).toBe(process.pid);
});

test('what a kill left half written is no hindrance', () => {
  const data = folder();
  writeFileSync(join(data, 'hedgerow.lock'), '{"pid": 99');
  expect(takeLock(data).ok).toBe(true);
});

test('only the owner of the process may read the token, and it is gone with the lock', () => {
  const data = folder();
  const lock = takeLock(data);
  if (!lock.ok) throw new Error('not taken');
  lock.value.announce('http://127.0.0.1:2');
  expect(statSync(join(data, 'hedgerow.lock')).mode & 0o777).toBe(0o600);
  lock.value.release();
  expect(readLock(data)).toBeUndefined();
});
