/** Makes research tables from the store of a configuration, beside an adapter that may run on it, and puts that in the audit first. */
import { mkdirSync } from 'node:fs';
import type { Config } from '../../config.ts';
import { loadBaseDefinitions } from '../../fhir/definitions.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { type Made, makeTables } from '../../research/make.ts';
import type { ManifestAbout } from '../../research/manifest.ts';
import type { TableSet } from '../../research/tables/load.ts';
import type { Store } from '../../store/store.ts';
import { askJob } from '../jobs.ts';
import { ROOT, VERSION } from '../load.ts';
import { readLock } from '../lock.ts';
import { openExisting } from '../open-store.ts';
import { operatorAccess } from './note-access.ts';
import { keysOf, makeSettingsOf, placesOf, researchOf, rulesOf, tablesOf } from './settings.ts';

export interface Wish {
  /** code that the audit has for it, with its dollar sign */
  readonly interaction: string;
  /** derived tables; undefined: all */
  readonly names?: readonly string[] | undefined;
  /** which of them, where none are named */
  readonly kind?: 'row' | 'aggregate';
}

/**
 * @param use is handed the tables while they are there
 * @throws AdapterError where there is no store, or anything is wrong: then `use` was not called
 */
export async function makeFromStore<T>(
  config: Config,
  wish: Wish,
  { clock, progress }: { readonly clock: () => number; readonly progress: (type: string) => void },
  use: (made: Made, about: ManifestAbout) => Promise<T>,
): Promise<T> {
  const definitions = loadBaseDefinitions();
  const research = researchOf(config);
  const tables = await tablesOf(research, ROOT, definitions);
  const names = namesOf(tables, wish);
  const rules = rulesOf(research, ROOT);
  const places = await placesOf(research);
  const nowMs = clock();
  const settings = await makeSettingsOf(research, nowMs);
  const store = await openExisting(config, definitions);
  if (!store) throw new AdapterError('permanent', noStore(config));
  try {
    await note(config, store, wish.interaction, nowMs);
    mkdirSync(config.dataDir, { recursive: true, mode: 0o700 });
    const keys = await keysOf(research, config.dataDir);
    const about: ManifestAbout = {
      madeAt: new Date(nowMs).toISOString(),
      version: VERSION,
      key: keys.name,
      smallNumbers: research.smallNumbers,
      counted: research.aggregates,
    };
    return await makeTables(
      {
        ...{ store, definitions, tables, names, rules, keys, places, settings, nowMs, progress },
        folder: config.dataDir,
        ownBases: ownBasesOf(config),
      },
      (made) => use(made, about),
    );
  } finally {
    await store.close();
  }
}

/** @returns addresses by which resources of ours are referred to */
export function ownBasesOf({ access }: Pick<Config, 'access'>): readonly string[] {
  const url = access?.publicUrl?.replace(/\/$/, '');
  return url === undefined ? [] : [`${url}/fhir/R4/`];
}

function namesOf({ derived }: TableSet, { names, kind }: Wish): readonly string[] {
  const wanted =
    names ?? [...derived.values()].flatMap((one) => (kind && one.kind !== kind ? [] : [one.name]));
  const unknown = wanted.filter((name) => !derived.has(name));
  if (unknown.length === 0) return wanted;
  const diagnostics = `There is no table ${unknown.join(', ')}: there are ${[...derived.keys()].sort().join(', ')}.`;
  throw new AdapterError('permanent', issueOf({ rule: 'table-unknown', code: 'not-found', diagnostics }));
}

/** An adapter that runs writes its own audit; where none does, nobody else writes there. */
async function note(config: Config, store: Store, interaction: string, nowMs: number): Promise<void> {
  const lock = readLock(config.dataDir);
  if (!lock) return store.accesses.record([operatorAccess(interaction)], nowMs, true);
  for await (const _ of askJob(lock, 'note-access', { interaction }));
}

function noStore({ dataDir }: Config): ReturnType<typeof issueOf> {
  const diagnostics = `There is no store in ${dataDir} yet: run "start" first, or name its folder with --data-dir.`;
  return issueOf({ rule: 'store-missing', code: 'not-found', diagnostics });
}
