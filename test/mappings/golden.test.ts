/** Every mapping example on disk is a test: a folder with an input and what is expected of it. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { createPipeline } from '../../src/pipeline.ts';
import { readFileRecords } from '../../src/source/read-file.ts';

const NOW_MS = Date.UTC(2026, 5, 30, 12);
const config = loadConfig({ cwd: ROOT, root: ROOT });
// those too that are not there unless they are configured
const sources = globSync('mappings/*/source.json', { cwd: ROOT })
  .sort()
  .map((file) => ({ folder: join(ROOT, dirname(file)), ownerOrg: 'local' }));
const loaded = config.ok ? loadParts({ ...config.value, sources }, ROOT) : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue, undefined, 1));
const parts = loaded.value;
const pipeline = createPipeline({ ...parts, ownerOrg: () => 'local', route: () => [], clock: () => NOW_MS });

/** A missing file is a difference like any other, unless goldens are being rewritten. */
function expectFile(path: string, actual: unknown): void {
  const wanted = actual === undefined ? undefined : `${JSON.stringify(actual, undefined, 2)}\n`;
  if (process.env.UPDATE_GOLDEN === '1' && wanted !== undefined) writeFileSync(path, wanted);
  const recorded = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  expect(actual, basename(path)).toEqual(recorded);
}

for (const folder of globSync('mappings/*/examples/*/*', { cwd: ROOT }).sort()) {
  const [, source, , kind] = folder.split('/');
  test(`${folder} converts as recorded`, async () => {
    const [input] = globSync(join(ROOT, folder, 'input.*'));
    expect(input, 'an example has an input').toBeDefined();
    const { bundle, outcome } = await pipeline.convert(
      readFileRecords(parts.sources.get(source!)!, input!, { kind: kind!, nowMs: NOW_MS }),
    );
    expectFile(join(ROOT, folder, 'expected.fhir.json'), bundle.entry!.length > 0 ? bundle : undefined);
    expectFile(join(ROOT, folder, 'expected.outcome.json'), outcome);
  });
}

test('each source has at least eight examples, bad ones among them', () => {
  for (const source of parts.sources.keys()) {
    expect(globSync(`mappings/${source}/examples/*/*`, { cwd: ROOT }).length).toBeGreaterThanOrEqual(8);
    expect(
      globSync(`mappings/${source}/examples/*/*/expected.outcome.json`, { cwd: ROOT }).length,
    ).toBeGreaterThan(0);
  }
});
