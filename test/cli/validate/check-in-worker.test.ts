/** Long bodies over HTTP: whatever the process that checks them does, the adapter lives, answers, and holds nothing for long. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { checkInWorker, type WorkerLimits } from '../../../src/cli/validate/check-in-worker.ts';
import { expectOutcome, startAdapter, type TestAdapter } from '../../api/adapter.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** @param script code of the worker, in place of the real one; it finds its folder as `folder` and answers by `answer()` */
async function adapterWith(script: string | undefined, limits: Partial<WorkerLimits>) {
  const folder = mkdtempSync(join(tmpdir(), 'check-in-worker-'));
  folders.push(folder);
  const file = join(folder, 'worker.mjs');
  const before = `import { existsSync, writeFileSync } from 'node:fs';
    const folder = process.argv[2];
    const answer = () => process.send({ status: 200, issues: [], pending: [] });
    writeFileSync(folder + '/pid', String(process.pid));`;
  if (script !== undefined) writeFileSync(file, before + script);
  const url = script === undefined ? undefined : pathToFileURL(file);
  const adapter = await startAdapter({ app: { checkLong: checkInWorker({ dataDir: folder }, limits, url) } });
  return { adapter, folder };
}

const LONG = JSON.stringify({ resourceType: 'Basic', code: { text: 'x'.repeat(200_000) } });

function post(adapter: TestAdapter, body = LONG): Promise<Response> {
  return adapter.post('/fhir/R4/$validate', body, 'application/fhir+json');
}

/** @returns whether the worker that was started last runs */
function isRunning(folder: string): boolean {
  try {
    return process.kill(Number(readFileSync(join(folder, 'pid'), 'utf8')), 0);
  } catch {
    return false;
  }
}

test('refuses what runs out of memory, and goes on with the next', async () => {
  const { adapter } = await adapterWith(undefined, { heapMb: 64 });
  const many = `{"resourceType":"Patient","contact":[${'{},'.repeat(3_000_000)}{}]}`;
  await expectOutcome(await post(adapter, many), 400, 'api-validate-costly');
  expect((await adapter.get('/health')).status).toBe(200);
  await expectOutcome(await post(adapter), 200, 'api-validate-well');
});

test('asks to come again later who would wait behind too many', async () => {
  const script = `const wait = () => existsSync(folder + '/go') ? answer() : setTimeout(wait, 20);
    process.on('message', wait);`;
  const { adapter, folder } = await adapterWith(script, { waiting: 2 });
  const posts = Array.from({ length: 4 }, () => post(adapter));
  const first = await Promise.race(posts);
  expect(first.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
  await expectOutcome(first, 503, 'api-validate-busy');
  const short = await post(adapter, '{"resourceType":"Patient"}');
  expect(short.status).toBe(200);
  writeFileSync(join(folder, 'go'), '');
  const statuses = (await Promise.all(posts)).map(({ status }) => status);
  expect(statuses.sort()).toEqual([200, 200, 200, 503]);
  expect((await post(adapter)).status).toBe(200);
});

test('gives up a check that does not end, and goes on with the next', async () => {
  const script = `process.on('message', () => {
    if (existsSync(folder + '/hung')) return answer();
    writeFileSync(folder + '/hung', '');
    for (;;);
  });`;
  const { adapter } = await adapterWith(script, { longestMs: 3_000 });
  await expectOutcome(await post(adapter), 400, 'api-validate-costly');
  expect((await post(adapter)).status).toBe(200);
});

test('says that a broken worker is no fault of the body, and starts another', async () => {
  const script = `process.on('message', () => {
    if (existsSync(folder + '/broken')) return answer();
    writeFileSync(folder + '/broken', '');
    throw new Error('Robin');
  });`;
  const { adapter } = await adapterWith(script, {});
  const outcome = await expectOutcome(await post(adapter), 500, 'api-validate-worker');
  expect(JSON.stringify(outcome) + adapter.log.join('')).not.toContain('Robin');
  expect((await post(adapter)).status).toBe(200);
});

test('starts another worker when one ends while it rests', async () => {
  const script = `process.on('message', () => { answer(); setTimeout(() => process.exit(1), 10); });`;
  const { adapter, folder } = await adapterWith(script, {});
  for (let time = 0; time < 2; time++) {
    expect((await post(adapter)).status).toBe(200);
    await expect.poll(() => isRunning(folder), { timeout: 20_000 }).toBe(false);
  }
});

test('keeps the worker for the next body, and ends it when none comes', async () => {
  const script = "process.on('message', answer);";
  const kept = await adapterWith(script, {});
  expect((await post(kept.adapter)).status).toBe(200);
  const pid = readFileSync(join(kept.folder, 'pid'), 'utf8');
  expect((await post(kept.adapter)).status).toBe(200);
  expect([readFileSync(join(kept.folder, 'pid'), 'utf8'), isRunning(kept.folder)]).toEqual([pid, true]);
  process.kill(Number(pid), 'SIGKILL');
  const ended = await adapterWith(script, { idleMs: 1 });
  expect((await post(ended.adapter)).status).toBe(200);
  await expect.poll(() => isRunning(ended.folder), { timeout: 20_000 }).toBe(false);
});
