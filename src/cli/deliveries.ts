/** Opens all that deliveries go to: configured targets, and those that an NHS service brings with it. */
import type { Router } from 'express';
import type { Logger } from 'pino';
import type { Config, TargetConfig } from '../config.ts';
import type { OutboxWorker } from '../outbox/worker.ts';
import type { Pipeline } from '../pipeline.ts';
import type { Store } from '../store/store.ts';
import type { RoutedTarget } from '../target/route.ts';
import { type Closers, openOrClose } from './closers.ts';
import { type CodedDesk, openCodedActivity, runningCodedActivity } from './coded/coded-activity.ts';
import { type Lines, linesOf } from './lines.ts';
import type { LoadedParts } from './load.ts';
import type { NhsAccess } from './nhs/access.ts';
import { openBarsAnswers } from './nhs/bars-receiver.ts';
import { openDocuments } from './nhs/gp-connect.ts';
import { type Mesh, openMesh } from './nhs/mesh.ts';
import { meshControlRoutes } from './nhs/mesh-control.ts';
import { openPds, type PdsDesk } from './nhs/pds-target.ts';
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

export interface Deliveries extends Lines {
  readonly workers: readonly OutboxWorker[];
  readonly mesh: Mesh;
  readonly pds: PdsDesk | undefined;
  readonly coded: CodedDesk | undefined;
  readonly routes: readonly Router[];
  wake(): void;
  /** Begins what sends and receives by itself. */
  start(pipeline: Pipeline): void;
  /** @param drainMs longest wait for deliveries in flight */
  stop(drainMs: number): Promise<void>;
}

/** @throws AdapterError when a secret is not to be had, or a name is taken; what was opened before is closed then */
export async function openDeliveries(
  configured: readonly TargetConfig[],
  surroundings: DeliverySurroundings,
): Promise<Deliveries> {
  const opened = await openOrClose((closers) => openLines(configured, surroundings, closers));
  return runningLines(opened, configured, surroundings);
}

/** All lines, of which none takes anything yet. */
async function openLines(
  configured: readonly TargetConfig[],
  surroundings: DeliverySurroundings,
  closers: Closers,
) {
  const { config, parts, access, take } = surroundings;
  const { definitions, validator } = parts;
  const around = { ...surroundings, definitions };
  const coded = config.nhs?.codedActivity && (await openCodedActivity(config.nhs.codedActivity, around));
  if (coded) closers.add(coded.close);
  const taken = [...configured.map(({ name }) => name), ...parts.sources.keys()];
  const pds = openPds(config.nhs, taken, access && { ...around, access, take });
  const answers = openBarsAnswers(around);
  const mesh = openMesh(around);
  closers.add(() => mesh.stop());
  const documents = openDocuments(configured, { ...around, mesh: mesh.mailboxes });
  closers.add(() => documents.stop());
  const more = {
    ...{ documents: documents.places, mesh: mesh.mailboxes },
    ...{ nhs: config.nhs, validator, activities: config.activities },
  };
  const targets = configured.map((target) => openTarget(target, { ...around, ...more }));
  const entries = coded && runningCodedActivity(coded, around);
  return { coded, entries, pds, answers, mesh, documents, targets };
}

function runningLines(
  { coded, entries, pds, answers, mesh, documents, targets }: Awaited<ReturnType<typeof openLines>>,
  configured: readonly TargetConfig[],
  { parts, store, token }: DeliverySurroundings,
): Deliveries {
  const beside = [coded, pds, answers].flatMap((one): RoutedTarget[] => (one ? [one.routed] : []));
  const workers = [...targets, ...[entries, pds, answers].flatMap((one) => (one ? [one.worker] : []))];
  return {
    ...{ workers, mesh, pds, coded },
    ...linesOf(configured, beside),
    routes: [meshControlRoutes({ mesh, store, token }), ...(entries ? [entries.routes(token)] : [])],
    wake() {
      for (const worker of workers) worker.wake();
    },
    start(pipeline) {
      for (const worker of workers) worker.start();
      entries?.start();
      pds?.start();
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
