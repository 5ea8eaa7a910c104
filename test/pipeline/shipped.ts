/** The shipped sources, loaded once a test file, and a store to take their records into. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadedParts, loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { createPipeline, type Pipeline } from '../../src/pipeline.ts';
import type { Store } from '../../src/store/store.ts';
import { temporaryStore } from '../store/temporary.ts';

export const NOW_MS = Date.UTC(2026, 5, 30, 12);

/** As they are configured where nothing is. */
export const parts: LoadedParts = shippedParts();

function shippedParts(): LoadedParts {
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  const loaded = config.ok ? loadParts(config.value, ROOT) : config;
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue));
  return loaded.value;
}

/** @returns an empty store, removed after the test */
export async function shippedStore(): Promise<Store> {
  return await temporaryStore({ definitions: parts.definitions });
}

/** @param more what is otherwise than shipped */
export function shippedPipeline(
  store: Store,
  more: Partial<Parameters<typeof createPipeline>[0]> = {},
): Pipeline {
  const common = { clock: () => NOW_MS, ownerOrg: () => 'Z99901', route: () => ['ehr'] };
  return createPipeline({ ...parts, ...common, store, ...more });
}

export type Json = Record<string, Record<string, unknown>>;

/** @param path `kind/case` of one of the platform's examples */
export function example(path: string): Json {
  return JSON.parse(
    readFileSync(join(ROOT, 'mappings/platform/examples', path, 'input.json'), 'utf8'),
  ) as Json;
}
