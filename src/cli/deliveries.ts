/** Opens all that deliveries go to: configured targets, and those that an NHS service brings with it. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Config, TargetConfig } from '../config.ts';
import type { OutboxWorker } from '../outbox/worker.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import type { RoutedTarget } from '../target/route.ts';
import { type ActivityDesk, openActivity, startActivity } from './activity.ts';
import { unaskedOf } from './again/places.ts';
import { openBarsAnswers, withOwnAnswers } from './bars-receiver.ts';
import { openDocuments } from './gp-connect.ts';
import type { LoadedParts } from './load.ts';
import { type Mesh, openMesh } from './mesh.ts';
import { meshControlRoutes } from './mesh-control.ts';
import type { NhsAccess } from './nhs-access.ts';
import { openPds, type PdsDesk } from './pds-target.ts';
import { openTarget } from './targets.ts';

export interface DeliverySurroundings {
  readonly config: Config;
  readonly parts: LoadedParts;
  readonly store: Store;
  /** undefined where no NHS service is configured */
  readonly access: NhsAccess | undefined;
  /** commits what a target says; called when all is opened */
  readonly take: Pipeline['take'];
  readonly clock: () => number;
  readonly log: Logger;
  readonly token: string;
}

export interface Deliveries {
  readonly workers: readonly OutboxWorker[];
  /** what a commit asks of where things go */
  readonly lines: readonly RoutedTarget[];
  /** names of the lines that cannot be asked what they hold */
  readonly unasked: ReadonlySet<string>;
  readonly mesh: Mesh;
  readonly pds: PdsDesk | undefined;
  readonly activity: ActivityDesk | undefined;
  readonly routes: readonly Router[];
  wake(): void;
  /** Begins what sends and receives by itself. */
  start(pipeline: Pipeline): void;
  /** @param drainMs longest wait for deliveries in flight */
  stop(drainMs: number): Promise<void>;
}

/** @throws AdapterError when a secret is not to be had, or a name is taken */
export async function openDeliveries(
  configured: readonly TargetConfig[],
  surroundings: DeliverySurroundings,
): Promise<Deliveries> {
  const { config, parts, store, access, take, token } = surroundings;
  const { definitions, validator } = parts;
  const around = { ...surroundings, definitions };
  const activity = config.nhs?.activity && (await openActivity(config.nhs.activity, around));
  const entries = activity && startActivity(activity, around);
  const taken = [...configured.map(({ name }) => name), ...parts.sources.keys()];
  const pds = openPds(config.nhs, taken, access && { ...around, access, take });
  const answers = openBarsAnswers(around);
  const beside = [activity, pds, answers].flatMap((one): RoutedTarget[] => (one ? [one.routed] : []));
  const mesh = openMesh(around);
  const documents = openDocuments(configured, { ...around, mesh: mesh.mailboxes });
  const more = {
    ...{ documents: documents.places, mesh: mesh.mailboxes },
    ...{ nhs: config.nhs, validator, activities: config.activities },
  };
  const opened = configured.map((target) => openTarget(target, { ...around, ...more }));
  const workers = [...opened, ...[entries, pds, answers].flatMap((one) => (one ? [one.worker] : []))];
  return {
    ...{ workers, mesh, pds, activity },
    lines: [...withOwnAnswers<RoutedTarget>(configured), ...beside],
    unasked: new Set([...unaskedOf(configured), ...beside.map(({ name }) => name)]),
    routes: [meshControlRoutes({ mesh, store, token }), ...(entries ? [entries.routes(token)] : [])],
    wake() {
      for (const worker of workers) worker.wake();
    },
    start(pipeline) {
      documents.start();
      mesh.start({ pipeline, sources: parts.sources });
    },
    async stop(drainMs) {
      await entries?.stop();
      await pds?.stop();
      await Promise.all(workers.map((worker) => worker.stop(drainMs)));
      await documents.stop();
      await mesh.stop();
    },
  };
}
