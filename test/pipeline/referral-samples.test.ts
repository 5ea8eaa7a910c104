/** Every shipped sample goes through the state machine of referrals, whatever comes first. */
import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { ROOT } from '../../src/cli/load.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { Pipeline } from '../../src/pipeline.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import type { Store } from '../../src/store/store.ts';
import { NOW_MS, parts, shippedPipeline, shippedStore } from './shipped.ts';

let store: Store;
let pipeline: Pipeline;

beforeEach(async () => {
  store = await shippedStore();
  pipeline = shippedPipeline(store, { route: () => [] });
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
