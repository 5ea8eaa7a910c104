/** Opens what serves bulk exports: their routes, and the worker that makes them beside the requests. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { saysExports } from '../../api/export/capability.ts';
import { exportRoutes } from '../../api/export/routes.ts';
import type { FhirPart } from '../../api/fhir-part.ts';
import { loadServedSearch } from '../../api/search/served.ts';
import type { Config } from '../../config.ts';
import type { TransformPlace } from '../../research/export/transform.ts';
import type { Store, Viewer } from '../../store/store.ts';
import type { LoadedParts } from '../load.ts';
import { databaseUrl, storeFile } from '../open-store.ts';
import { digestOfTransform } from './digest.ts';
import { ExportWork } from './worker.ts';

export interface ExportSurroundings {
  readonly config: Pick<Config, 'export' | 'dataDir' | 'databaseUrlEnv'>;
  readonly parts: Pick<LoadedParts, 'definitions' | 'validator'>;
  readonly store: Store;
  readonly viewerOf: (client: string) => Viewer | undefined;
  /** how what a client gets is changed on its way, such as without who anybody is; default: not at all */
  readonly transformOf?: (client: string) => TransformPlace | undefined;
  readonly clock: () => number;
  readonly log: Logger;
  /** milliseconds between looks for work of others; default 1 s */
  readonly lookMs?: number;
}

export interface Exports extends FhirPart {
  start(): void;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
const LOOK_MS = 1_000;
/** A commit takes its time before it is made: of those under way all have ended by then. */
const SETTLE_MS = 1_000;
/** Where others share the database, they go on with an export after so long without a word. */
const LEASE_MS = 15_000;

/** @returns folder of the files @param config as it was read */
export function exportFolder({ export: own, dataDir }: Pick<Config, 'export' | 'dataDir'>): string {
  return own.folder ?? join(dataDir, 'exports');
}

export function openExports(around: ExportSurroundings): Exports {
  const { config, parts, store, viewerOf, clock, log } = around;
  const { transformOf = () => undefined, lookMs = LOOK_MS } = around;
  const { keepHours, linesPerFile, ofClient, ofAll } = config.export;
  const folder = exportFolder(config);
  const url = databaseUrl(config);
  const work = new ExportWork({
    ...{ store, folder, linesPerFile, viewerOf, transformOf, clock, lookMs },
    place: url === undefined ? { file: storeFile(config) } : { url },
    keepMs: keepHours * HOUR_MS,
    settleMs: SETTLE_MS,
    leaseMs: LEASE_MS,
    onError: (rule, id) => log.warn({ rule, export: id }, 'an export could not be made'),
  });
  return {
    routes: exportRoutes({
      ...{ store, folder, clock, definitions: parts.definitions, terms: parts.validator },
      served: loadServedSearch(),
      limits: { ofClient, ofAll },
      transformOf: (client) => digestOfTransform(transformOf(client)),
      wake: () => work.wake(),
      cancel: (id) => work.cancel(id),
    }),
    says: saysExports,
    start: () => work.start(),
    stop: () => work.stop(),
  };
}
