/** Loads GraphQL and makes its schema once, in pieces while nothing else is to be done, so that no request waits for it. */
import { performance } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import type { Definitions } from '../../fhir/definitions.ts';
import { loadServedSearch } from '../search/served.ts';

/** All that a query needs. */
export type LoadedGraphql = Awaited<ReturnType<typeof load>>;

async function load(definitions: Definitions) {
  const served = loadServedSearch();
  const { Schemas } = await import('./schema.ts');
  const { Asking } = await import('./asking.ts');
  const { runGraphql } = await import('./run.ts');
  return { served, schemas: new Schemas(definitions, served), Asking, runGraphql };
}

const loading = new WeakMap<Definitions, ReturnType<typeof load>>();

/** @returns the same each time; what of the schema is not made yet is made when a query comes */
export function loadedGraphql(definitions: Definitions): Promise<LoadedGraphql> {
  let loaded = loading.get(definitions);
  if (!loaded) {
    loaded = load(definitions);
    loading.set(definitions, loaded);
  }
  return loaded;
}

/** Between looks whether there is nothing to do. */
const LOOK_MS = 500;
/** Share of the time since the last look that may have been taken. */
const MOST_BUSY = 0.3;
/** A piece, and the pause after it in which requests are answered. */
const PIECE_MS = 10;
const PAUSE_MS = 20;

/** What is loaded in turn: each would hold requests up for a moment, all at once for a third of a second. */
const MODULES: readonly (() => Promise<unknown>)[] = [
  () => import('graphql/error'),
  () => import('graphql/language'),
  () => import('graphql/type'),
  () => import('graphql/utilities'),
  () => import('graphql/validation'),
  () => import('graphql/execution'),
  () => import('./scalars.ts'),
  () => import('./lists.ts'),
  () => import('./searching.ts'),
  () => import('./search-fields.ts'),
  () => import('./schema.ts'),
  () => import('./run.ts'),
];

/** Makes all before the first query. It keeps no process alive; where there is never a pause, the first query waits. */
export async function prepareGraphql(definitions: Definitions): Promise<void> {
  await idle();
  for (const module of MODULES) {
    await module();
    await pause(PAUSE_MS);
  }
  const { schemas } = await loadedGraphql(definitions);
  let beganMs = performance.now();
  for (const _made of schemas.pieces()) {
    if (performance.now() - beganMs < PIECE_MS) continue;
    await pause(PAUSE_MS);
    beganMs = performance.now();
  }
}

async function idle(): Promise<void> {
  let before = performance.eventLoopUtilization();
  for (;;) {
    await pause(LOOK_MS);
    if (performance.eventLoopUtilization(before).utilization <= MOST_BUSY) return;
    before = performance.eventLoopUtilization();
  }
}

function pause(ms: number): Promise<void> {
  return setTimeout(ms, undefined, { ref: false });
}
