/** The sandbox EHR as its own process. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const MAIN = new URL('../../src/sandbox/main.ts', import.meta.url).pathname;

test('prints its URL when it listens, serves, and ends on SIGTERM', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sandbox-main-'));
  const child = spawn(process.execPath, [MAIN, '--port', '0', '--file', join(folder, 'ehr.sqlite')]);
  try {
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const { url } = JSON.parse(line.toString()) as { url: string };
    expect((await fetch(`${url}/metadata`)).status).toBe(200);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});

test('says which option is missing', async () => {
  const child = spawn(process.execPath, [MAIN]);
  const [[text], [code]] = await Promise.all([once(child.stderr, 'data'), once(child, 'exit')]);
  expect([String(text), code]).toEqual([expect.stringContaining('--file'), 2]);
});
