/** Opens what runs beside intake and delivery, where it is configured: services that are asked, and routes that they ask of us. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import { startBarsReceiver } from './bars-receiver.ts';
import { startDirectories } from './directories.ts';
import { startErs } from './ers.ts';
import type { LoadedParts } from './load.ts';
import type { NhsAccess } from './nhs-access.ts';
import { startOds } from './ods-directory.ts';

export interface ServiceSurroundings {
  readonly config: Config;
  readonly parts: LoadedParts;
  readonly store: Store;
  readonly pipeline: Pipeline;
  /** undefined where no NHS service is configured */
  readonly access: NhsAccess | undefined;
  readonly clock: () => number;
  readonly log: Logger;
  /** called when deliveries may go */
  readonly wake: () => void;
  /** what operators' requests carry */
  readonly token: string;
}

/** Something that runs from start to stop. */
export interface Service {
  readonly routes?: Router;
  stop(): Promise<void>;
}

/** Each opens one service, or nothing where it is not configured. */
type OpenService = (around: ServiceSurroundings) => Service | undefined;

const ALL: readonly OpenService[] = [
  startDirectories,
  startBarsReceiver,
  (around) => startOds(around),
  ({ config, access, parts, ...around }) =>
    config.nhs?.ers && access && startErs(config.nhs.ers, { ...around, access, sources: parts.sources }),
];

export interface Services {
  readonly routes: readonly Router[];
  stop(): Promise<void>;
}

/** @throws AdapterError when a secret or a key is not to be had */
export function openServices(around: ServiceSurroundings): Services {
  const opened = ALL.flatMap((open) => open(around) ?? []);
  return {
    routes: opened.flatMap(({ routes }) => routes ?? []),
    async stop() {
      await Promise.all(opened.map((one) => one.stop()));
    },
  };
}
