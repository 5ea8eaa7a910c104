/** A workshop over a real store and the shipped maps, and an older version of the same maps, as an upgrade leaves them. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { each, type Workshop } from '../../src/cli/again/workshop.ts';
import { type LoadedParts, loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { createPipeline, type Pipeline } from '../../src/pipeline.ts';
import { readJson } from '../../src/source/read-json.ts';
import type { IntakeSummary } from '../../src/source/tally.ts';
import { openSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import { NOW_MS } from '../store/samples.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const loaded = new Map<string, LoadedParts>();
/** @param edits what is written otherwise in the platform's contact map; none: as it is shipped */
export function partsOf(edits: readonly (readonly [string, string])[] = []): LoadedParts {
  const known = loaded.get(JSON.stringify(edits));
  if (known) return known;
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-maps-'));
  const platform = join(folder, 'platform');
  cpSync(join(ROOT, 'mappings/platform'), platform, { recursive: true });
  const file = join(platform, 'contact.map');
  let text = readFileSync(file, 'utf8');
  for (const [shipped, older] of edits) {
    if (!text.includes(shipped)) throw new Error(`contact.map no longer says ${shipped}`);
    text = text.replace(shipped, older);
  }
  writeFileSync(file, text);
  const config = loadConfig({ cwd: ROOT, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loadParts({ ...config.value, sources: [{ folder: platform, ownerOrg: 'X26' }] }, ROOT);
  rmSync(folder, { recursive: true, force: true });
  if (!parts.ok) throw new Error(JSON.stringify(parts.outcome));
  loaded.set(JSON.stringify(edits), parts.value);
  return parts.value;
}

export interface Shop extends Workshop {
  /** how often deliveries were announced */
  readonly woken: () => number;
  /** takes one JSON document in */
  take(kind: string, text: string): Promise<IntakeSummary>;
}

/** @param store of an earlier shop, to go on with other maps */
export async function openShop(
  parts: LoadedParts,
  {
    store,
    targets = ['ehr'],
    placeOf = () => undefined,
  }: { store?: Store; targets?: readonly string[]; placeOf?: Workshop['placeOf'] } = {},
): Promise<Shop> {
  const kept = store ?? (await newStore(parts));
  for (const set of parts.maps.values()) await kept.keepMapSet(set.digest, set.text, NOW_MS);
  let woken = 0;
  const clock = (): number => NOW_MS;
  const pipelineOf = (maps = parts.maps): Pipeline =>
    createPipeline({ ...parts, maps, store: kept, clock, route: () => targets, ownerOrg: () => 'X26' });
  const wake = (): void => {
    woken += 1;
  };
  return {
    ...parts,
    ...{ store: kept, targets, clock, pipelineOf, placeOf, wake },
    ...{ retention: {}, archiveDir: '' },
    woken: () => woken,
    take: async (kind, text) => {
      const reader = parts.sources.get('platform')!.kinds.get(kind)!;
      const records = await Array.fromAsync(readJson(reader, text, { nowMs: NOW_MS }));
      return await pipelineOf().ingest('platform', kind, each(records));
    },
  };
}

async function newStore(parts: LoadedParts): Promise<Store> {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-shop-'));
  const store = await openSqliteStore({ file: join(folder, 'store.sqlite'), definitions: parts.definitions });
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  undo.push(() => store.close());
  return store;
}

/** @returns a shipped example of the platform */
export function platformExample(kind: string, name: string): string {
  return readFileSync(join(ROOT, 'mappings/platform/examples', kind, name, 'input.json'), 'utf8');
}
