/** `validate` over a stream of any length: what it has said of a resource it forgets, and it writes no faster than is read. */
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { ROOT } from '../../../src/cli/load.ts';
import { validate } from '../../../src/cli/validate/validate.ts';
import { loadConfig } from '../../../src/config.ts';

const MEGABYTE = 2 ** 20;

test('keeps as much after 50,000 resources as after 5,000, though each names what no other names', () => {
  const child = join(import.meta.dirname, 'retained.ts');
  const run = spawnSync(process.execPath, ['--expose-gc', child, '5000', '50000'], { encoding: 'utf8' });
  expect([run.status, run.stderr]).toEqual([0, '']);
  const [few, many] = run.stdout.trim().split('\n').map(Number) as [number, number];
  // what is kept of a line, were it 200 bytes, would come to 9 MB
  expect((many - few) / MEGABYTE).toBeLessThan(6);
}, 120_000);

test('waits for a reader of its output that is slower than the checks', async () => {
  let longest = 0;
  const stdout = new Writable({
    highWaterMark: 1_000,
    write(_chunk, _encoding, done) {
      longest = Math.max(longest, stdout.writableLength);
      setImmediate(done);
    },
  });
  const config = loadConfig({ cwd: tmpdir(), root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const stdin = (async function* () {
    yield Buffer.from('{"resourceType":"Patient","gender":"f"}\n'.repeat(500));
  })();
  const streams = { stdin, stdout, stderr: { write: () => true } };
  expect(await validate(['-'], { format: 'lines', quiet: true }, config.value, streams, Date.now)).toBe(2);
  expect(longest).toBeGreaterThan(0);
  expect(longest).toBeLessThan(2_000);
});
