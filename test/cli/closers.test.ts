/** An adapter that cannot open everything leaves nothing open, and says why. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openAdapter } from '../../src/cli/adapter.ts';
import { createClosers, openOrClose } from '../../src/cli/closers.ts';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';

test('parts are closed last first, each once, whichever fails', async () => {
  const closed: string[] = [];
  const closers = createClosers();
  closers.add(() => closed.push('store'));
  closers.add(async () => {
    closed.push('worker');
    throw new Error('it hangs');
  });
  closers.add(() => closed.push('server'));
  await expect(closers.closeAll()).rejects.toThrow('it hangs');
  await expect(closers.closeAll()).rejects.toThrow('it hangs');
  expect(closed).toEqual(['server', 'worker', 'store']);
});

test('what was opened before a part that cannot be is closed, and the reason is that of the opening', async () => {
  const closed: string[] = [];
  const opening = openOrClose((closers) => {
    closers.add(() => closed.push('store'));
    closers.add(() => {
      throw new Error('closing failed too');
    });
    throw new Error('the port is taken');
  });
  await expect(opening).rejects.toThrow('the port is taken');
  expect(closed).toEqual(['store']);
});

async function portOf(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((resolve) => void server.close(() => resolve())) };
}

test('an adapter whose port is taken has closed its sandbox and its store, and starts when the port is free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-closers-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const taken = await portOf();
  const free = await portOf();
  await free.close();
  const sources = [{ folder: 'mappings/platform' }];
  const content = { sources, host: '127.0.0.1', port: taken.port, sandbox: { port: free.port } };
  writeFileSync(join(folder, 'hedgerow.config.json'), JSON.stringify(content));
  const config = loadConfig({ cwd: folder, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loadParts(config.value, ROOT);
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  const log = pino({ level: 'silent' });
  const given = { config: config.value, parts: parts.value, clock: Date.now, log, token: 'test' };
  await expect(openAdapter(given)).rejects.toThrow(/is taken/);
  await expect(fetch(`http://127.0.0.1:${free.port}/fhir/R4/metadata`)).rejects.toThrow();
  await taken.close();
  const adapter = await openAdapter(given);
  expect((await fetch(`${adapter.sandboxUrl}/metadata`)).status).toBe(200);
  await adapter.stop();
  await expect(fetch(`${adapter.sandboxUrl}/metadata`)).rejects.toThrow();
});
