/** Turns a configuration into the lines of delivery and the pipeline that puts records in them: for the running adapter, and for work beside its store. */
import type { Config, TargetConfig } from '../config.ts';
import { createPipeline, type Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import { type RoutedTarget, routing } from '../target/route.ts';
import { unaskedOf } from './again/places.ts';
import { fitRulesOf } from './directory/directories.ts';
import type { LoadedParts } from './load.ts';
import { withOwnAnswers } from './nhs/bars-receiver.ts';
import type { Terms } from './validate/terms.ts';

export interface Lines {
  /** what a commit asks of where things go */
  readonly lines: readonly RoutedTarget[];
  /** names of those that cannot be asked what they hold */
  readonly unasked: ReadonlySet<string>;
}

/** @param brought those that an NHS service brings with it */
export function linesOf(configured: readonly TargetConfig[], brought: readonly RoutedTarget[]): Lines {
  return {
    lines: [...withOwnAnswers<RoutedTarget>(configured), ...brought],
    unasked: new Set([...unaskedOf(configured), ...brought.map(({ name }) => name)]),
  };
}

export interface PipelineSurroundings {
  readonly config: Config;
  readonly parts: LoadedParts;
  readonly store: Store;
  readonly terms: Pick<Terms, 'ask' | 'count'>;
  readonly clock: () => number;
}

/** @param wake called when deliveries may go */
export function pipelineInto(
  lines: readonly RoutedTarget[],
  { config, parts, store, terms, clock }: PipelineSurroundings,
  wake: () => void,
): Pipeline {
  const owners = new Map(config.sources.map(({ folder, ownerOrg }) => [sourceIn(folder, parts), ownerOrg]));
  return createPipeline({
    ...parts,
    store,
    clock,
    ...routing(lines),
    ownerOrg: (source) => owners.get(source) ?? 'local',
    onDeliveries: wake,
    askCodes: terms.ask,
    onUnchecked: terms.count,
    asksRegister: config.nhs?.pds !== undefined,
    fit: fitRulesOf(config.activities),
  });
}

function sourceIn(folder: string, { sources }: LoadedParts): string {
  return [...sources.values()].find((source) => source.folder === folder)?.manifest.name ?? folder;
}
