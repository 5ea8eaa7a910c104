/** Opens what runs beside intake and delivery, where it is configured: services that are asked, and routes that they ask of us. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import { openOrClose } from './closers.ts';
import { openDirectories } from './directory/directories.ts';
import { openHeldReferrals } from './directory/held-referrals.ts';
import type { LoadedParts } from './load.ts';
import type { NhsAccess } from './nhs/access.ts';
import { openBarsReceiver } from './nhs/bars-receiver.ts';
import { openErs } from './nhs/ers.ts';
import { openOds } from './nhs/ods-directory.ts';
import type { Service } from './service.ts';

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
  /** between looks whether a turn is due; default 20 s */
  readonly lookMs?: number;
}

/** Each opens one service, or nothing where it is not configured. */
type OpenService = (around: ServiceSurroundings) => Service | undefined;

const ALL: readonly OpenService[] = [
  openDirectories,
  openBarsReceiver,
  (around) => openOds(around, around.lookMs),
  (around) => openHeldReferrals(around, around.lookMs),
  ({ config, access, parts, lookMs, ...around }) =>
    config.nhs?.ers &&
    access &&
    openErs(config.nhs.ers, { ...around, access, sources: parts.sources }, lookMs),
];

export interface Services {
  readonly routes: readonly Router[];
  start(): void;
  stop(): Promise<void>;
}

/** @throws AdapterError when a secret or a key is not to be had; those opened before are stopped then */
export async function openServices(around: ServiceSurroundings): Promise<Services> {
  const opened = await openOrClose((closers) =>
    ALL.flatMap((open) => {
      const one = open(around);
      if (one) closers.add(() => one.stop());
      return one ?? [];
    }),
  );
  return {
    routes: opened.flatMap(({ routes }) => routes ?? []),
    start() {
      for (const one of opened) one.start();
    },
    async stop() {
      await Promise.all(opened.map((one) => one.stop()));
    },
  };
}
