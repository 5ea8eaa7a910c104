/** Every shipped sample goes through the state machine of referrals, whatever comes first. */
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import { createPipeline, type Pipeline } from '../../src/pipeline.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';

const NOW_MS = Date.UTC(2026, 5, 30, 12);
const config = loadConfig({ cwd: ROOT, root: ROOT });
const loaded = config.ok ? loadParts(config.value, ROOT) : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue));
const parts = loaded.value;

let folder: string;
let store: Store;
let pipeline: Pipeline;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'referrals-'));
  store = await openSqliteStore({ file: join(folder, 'store.sqlite'), definitions: parts.definitions });
  pipeline = createPipeline({
    ...parts,
    store,
    clock: () => NOW_MS,
    ownerOrg: () => 'Z99901',
    route: () => [],
  });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns items of the worklist by the rules of referrals, as `rule file:line` */
async function ofReferrals(): Promise<string[]> {
  const items = await store.worklist({ open: true, count: 10_000 });
  return items.flatMap(({ outcome, file, line }) =>
    outcome.issue.flatMap((issue) =>
      ruleOf(issue)?.startsWith('referral-') ? [`${ruleOf(issue)} ${file}:${line} ${issue.diagnostics}`] : [],
    ),
  );
}

async function ingest(source: string, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const read = readFileRecords(parts.sources.get(source)!, file, { nowMs: NOW_MS });
    await pipeline.ingest(source, 'file', read, { file: basename(file) });
  }
}

for (const source of ['spreadsheet', 'platform']) {
  const demo = globSync(join(ROOT, 'mappings', source, 'demo/*')).sort();

  test(`${source}: the demonstration breaks no rule of referrals, in either order of its files`, {
    timeout: 120_000,
  }, async () => {
    await ingest(source, demo);
    expect(await ofReferrals()).toEqual([]);
    await ingest(source, demo.toReversed());
    expect(await ofReferrals()).toEqual([]);
  });

  test(`${source}: the demonstration breaks none read backwards into an empty store`, {
    timeout: 120_000,
  }, async () => {
    await ingest(source, demo.toReversed());
    expect(await ofReferrals()).toEqual([]);
  });
}
