/** Turns the configured directories of activities into watches that keep the store in step with them. */
import type { Logger } from 'pino';
import type { ActivitiesConfig, DirectoryConfig } from '../../config/directory.ts';
import type { Config } from '../../config.ts';
import { AdapterError, issueOf, ruleOf } from '../../fhir/outcome.ts';
import type { Pipeline } from '../../pipeline.ts';
import type { FitRules } from '../../referral/activity-fit.ts';
import { createDirectoryClient } from '../../source/directory/client.ts';
import { reviewReferrals } from '../../source/directory/review.ts';
import type { DirectoryOptions } from '../../source/directory/run.ts';
import { watchDirectory } from '../../source/directory/watch.ts';
import type { LoadedSource } from '../../source/load.ts';
import type { Store } from '../../store/store.ts';
import { createExchange, type Exchange } from '../../wire/exchange.ts';
import { neededSecret } from '../secret.ts';
import type { Service } from '../service.ts';
import { askHeldAgain } from './ask-held.ts';

const MEGABYTE = 1024 * 1024;

/** What an activity is held to, as configured. */
export function fitRulesOf({ requiredChecks, postcodes }: ActivitiesConfig): FitRules {
  return { requiredChecks, postcodesOf: postcodes };
}

export interface DirectoryParts {
  readonly config: Pick<Config, 'activities' | 'targets'>;
  readonly store: Store;
  readonly pipeline: Pick<Pipeline, 'ingest'>;
  readonly sources: ReadonlyMap<string, LoadedSource>;
  readonly exchange: Exchange;
  readonly clock: () => number;
  /** waits for the next slot of the pace; default the process's own timers */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** called when deliveries may go */
  readonly wake: () => void;
}

/** @throws AdapterError when its source or kind is not configured, or its token not to be had */
export function directoryOptions(directory: DirectoryConfig, parts: DirectoryParts): DirectoryOptions {
  const { store, clock, pipeline } = parts;
  const { name, source, kind } = directory;
  const reader = parts.sources.get(source)?.kinds.get(kind);
  if (!reader) throw unknownSource(directory);
  const rules = fitRulesOf(parts.config.activities);
  const review = { store, source, alsoOf: directory.alsoOf, rules, clock };
  return {
    ...directory,
    client: createDirectoryClient({
      ...{ name, store, clock, exchange: parts.exchange },
      baseUrl: directory.url,
      token: neededSecret(directory.bearerTokenEnv),
      perSecond: directory.perSecond,
      deadlineMs: directory.deadlineMs,
      maxBytes: Math.ceil(directory.maxMegabytes * MEGABYTE),
      ...(parts.sleep ? { sleep: parts.sleep } : {}),
    }),
    reader,
    store,
    clock,
    overlapMs: directory.overlapSeconds * 1_000,
    fullEveryMs: directory.fullEveryHours * 3_600_000,
    async take(records) {
      const done = await pipeline.ingest(source, kind, each(records));
      return { committed: done.receipt.committed, refused: done.receipt.refused };
    },
    async onChanged(keys) {
      await reviewReferrals(review, keys);
    },
    async onEnded() {
      if (parts.config.activities.atSending === 'hold') await askHeldAgain(parts);
    },
  };
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

export interface DirectorySurroundings extends Omit<DirectoryParts, 'config' | 'sources' | 'exchange'> {
  readonly config: Pick<Config, 'activities' | 'directories' | 'targets'>;
  readonly parts: { readonly sources: ReadonlyMap<string, LoadedSource> };
  readonly log: Logger;
}

/** @throws AdapterError as `directoryOptions`, or when two directories share a source */
export function openDirectories(around: DirectorySurroundings): Service | undefined {
  const { config, parts, log } = around;
  if (config.directories.length === 0) return undefined;
  checkOwnSources(config.directories);
  const exchanges = config.directories.map(({ maxMegabytes }) =>
    createExchange({ maxResponseBytes: Math.ceil(maxMegabytes * MEGABYTE) }),
  );
  const watches = config.directories.map((directory, at) =>
    watchDirectory({
      ...directoryOptions(directory, {
        ...around,
        sources: parts.sources,
        exchange: exchanges[at]!.exchange,
      }),
      everyMs: directory.everySeconds * 1_000,
      onTrouble: ({ issue }) =>
        log.warn(
          { directory: directory.name, rule: ruleOf(issue[0]!), reason: issue[0]?.diagnostics },
          'a directory could not be read to its end; it is read on later',
        ),
      onLooked: (looked) => log.info({ directory: directory.name, ...looked }, 'directory read'),
    }),
  );
  return {
    start() {
      for (const watch of watches) watch.start();
    },
    async stop() {
      await Promise.all(watches.map((watch) => watch.stop()));
      for (const { close } of exchanges) close();
    },
  };
}

/** What one directory lacks would be closed, though another has it. */
function checkOwnSources(directories: readonly DirectoryConfig[]): void {
  const twice = directories.find(
    ({ source, kind }, at) => directories.findIndex((one) => one.source === source && one.kind === kind) < at,
  );
  if (!twice) return;
  const diagnostics = `directories.${twice.name}: another directory fills the source ${twice.source}. Copy its folder, give the copy another name in source.json, and name that.`;
  throw new AdapterError('permanent', issueOf({ rule: 'config-value', code: 'value', diagnostics }));
}

function unknownSource({ name, source, kind }: DirectoryConfig): AdapterError {
  const diagnostics = `directories.${name}: there is no source ${source} with a kind ${kind}. Add its folder, such as mappings/open-referral-uk, to sources.`;
  return new AdapterError('permanent', issueOf({ rule: 'config-value', code: 'value', diagnostics }));
}
