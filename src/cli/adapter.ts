/** Turns a configuration into a running adapter: store, pipeline, targets with their workers, and the HTTP server. */
import { join } from 'node:path';
import type { Express, Router } from 'express';
import type { Logger } from 'pino';
import { deliveryRoutes } from '../api/delivery-routes.ts';
import { jwksRoutes } from '../api/jwks-routes.ts';
import { createApp } from '../api/server.ts';
import { worklistRoutes } from '../api/worklist-routes.ts';
import type { Config } from '../config.ts';
import { consoleRoutes } from '../console/routes.ts';
import { markedClock } from '../outbox/clock-watch.ts';
import { createPipeline, type Pipeline } from '../pipeline.ts';
import { startSandbox } from '../sandbox/server.ts';
import type { Store } from '../store/store.ts';
import { type RoutedTarget, routing } from '../target/route.ts';
import { decideFor } from './again/decide.ts';
import { startHousekeeping } from './again/housekeeping.ts';
import { placesOf } from './again/places.ts';
import { retryWork } from './again/retry-work.ts';
import type { Workshop } from './again/workshop.ts';
import { startAlerting } from './alerting.ts';
import { barsVoices } from './bars-receiver.ts';
import { checkInWorker } from './check-in-worker.ts';
import { controlRoutes } from './control.ts';
import { type Deliveries, openDeliveries } from './deliveries.ts';
import { fitRulesOf } from './directories.ts';
import { closeServer, listen, urlOf } from './listening.ts';
import { type LoadedParts, VERSION } from './load.ts';
import { retryMessages } from './mesh.ts';
import { openNhsAccess } from './nhs-access.ts';
import { openRunningStore, type RunningStore } from './open-store.ts';
import { openReceivers } from './receivers.ts';
import { startRerouting } from './rerouting.ts';
import { openServices } from './services.ts';
import { sandboxTarget } from './targets.ts';
import { openTerms, type Terms } from './terms.ts';
import { startUnfiledWatch } from './unfiled.ts';
import { checkOwnSources } from './webhook-target.ts';

export interface Adapter {
  readonly url: string;
  readonly sandboxUrl: string | undefined;
  readonly store: Store;
  readonly pipeline: Pipeline;
  readonly targets: readonly string[];
  /** Stops taking requests, finishes deliveries in flight, closes the store. */
  stop(): Promise<void>;
}

export interface AdapterOptions {
  readonly config: Config;
  readonly parts: LoadedParts;
  readonly clock: () => number;
  readonly log: Logger;
  /** opens the control routes */
  readonly token: string;
}

/** Longest wait for deliveries in flight when stopping; what is cut off is looked up at the next start. */
const DRAIN_MS = 10_000;

/** @throws AdapterError when a port, the store or a secret is not to be had */
export async function openAdapter(given: AdapterOptions): Promise<Adapter> {
  const { config } = given;
  const voices = new Map([...given.parts.voices, ...barsVoices(config)]);
  const options = { ...given, parts: { ...given.parts, voices }, clock: markedClock(given.clock) };
  checkOwnSources(config.targets, new Set(given.parts.sources.keys()));
  const access = config.nhs && openNhsAccess(config.nhs, options);
  const { store, close } = await openStore(options);
  const sandbox =
    config.sandbox &&
    (await startSandbox({
      host: config.host,
      port: config.sandbox.port,
      file: join(config.dataDir, 'sandbox.sqlite'),
    }));
  const configured = sandbox ? [...config.targets, sandboxTarget(sandbox.url)] : config.targets;
  const deliveries = await openDeliveries(configured, {
    ...{ ...options, store, access },
    // nothing is delivered before all is opened
    take: (records, receipt) => pipeline.take(records, receipt),
  });
  const { workers, lines, wake, unasked } = deliveries;
  const alerting = startAlerting(config.alerts, { ...options, store, workers });
  const targets = lines.map(({ name }) => name);
  const unfiled = startUnfiledWatch(configured, { ...options, store });
  const rerouting = startRerouting(configured, { ...options, store, wake });
  const terms = openTerms(config, options.clock);
  const pipelineOf = (maps?: LoadedParts['maps']): Pipeline =>
    openPipeline(
      maps ? { ...options, parts: { ...options.parts, maps } } : options,
      ...([store, lines, wake, terms] as const),
    );
  const pipeline = pipelineOf();
  const { parts, clock } = options;
  const placeOf = placesOf(configured, { store, clock, definitions: parts.definitions });
  const keeping = { retention: config.retention ?? {}, archiveDir: join(config.dataDir, 'archive') };
  const shop = {
    ...{ ...parts, ...keeping, activity: deliveries.activity, config },
    ...{ store, targets, unasked, wake, clock, pipelineOf, placeOf },
  };
  const housekeeping = startHousekeeping(config, shop, options.log);
  const { definitions } = options.parts;
  const receivers = openReceivers(configured, { ...options, store, definitions, pipeline, wake });
  const services = openServices({ ...options, store, pipeline, access, wake });
  deliveries.start(pipeline);
  const server = await listen(
    openApp(options, {
      ...{ store, pipeline, targets, shop, terms, deliveries },
      hooks: [
        jwksRoutes(access?.keys ?? (() => [])),
        ...[receivers.routes, ...services.routes, ...deliveries.routes],
        deliveryRoutes({ store, targets: configured, token: options.token }),
      ],
    }),
    config,
  );
  return {
    url: urlOf(server),
    sandboxUrl: sandbox?.url,
    store,
    pipeline,
    targets,
    async stop() {
      await closeServer(server, DRAIN_MS);
      await housekeeping.stop();
      await receivers.stop();
      await services.stop();
      await rerouting.stop();
      await unfiled.stop();
      await alerting.stop();
      await deliveries.stop(DRAIN_MS);
      await sandbox?.close();
      terms.close();
      access?.close();
      await close();
    },
  };
}

/** Opens the store, and keeps the maps in it that this process maps by. */
async function openStore({ config, parts, clock, log }: AdapterOptions): Promise<RunningStore> {
  const running = await openRunningStore({ config, definitions: parts.definitions, clock, log });
  for (const set of parts.maps.values()) await running.store.keepMapSet(set.digest, set.text, clock());
  return running;
}

function openPipeline(
  { config, parts, clock }: AdapterOptions,
  store: Store,
  targets: readonly RoutedTarget[],
  wake: () => void,
  terms: Terms,
): Pipeline {
  const owners = new Map(config.sources.map((source) => [nameOf(source.folder, parts), source.ownerOrg]));
  return createPipeline({
    ...parts,
    store,
    clock,
    ...routing(targets),
    ownerOrg: (source) => owners.get(source) ?? 'local',
    onDeliveries: wake,
    askCodes: terms.ask,
    onUnchecked: terms.count,
    fit: fitRulesOf(config.activities),
  });
}

function openApp(
  { config, parts, clock, log, token }: AdapterOptions,
  {
    store,
    pipeline,
    targets,
    shop,
    terms,
    deliveries,
    hooks,
  }: Pick<Adapter, 'store' | 'pipeline' | 'targets'> & {
    readonly shop: Workshop;
    readonly terms: Terms;
    readonly deliveries: Deliveries;
    readonly hooks: readonly Router[];
  },
): Express {
  const pages = consoleRoutes({
    store,
    sources: [...parts.sources.values()].map((source) => source.manifest),
    targets,
    clock,
    version: VERSION,
    demo: config.demo,
    terminology: terms.state,
  });
  return createApp({
    store,
    pipeline,
    sources: parts.sources,
    definitions: parts.definitions,
    validator: parts.validator,
    askCodes: terms.ask,
    checkLong: checkInWorker(config),
    fit: fitRulesOf(config.activities),
    clock,
    log,
    version: VERSION,
    uncheckedCodes: terms.unchecked,
    terminology: terms.state,
    pds: deliveries.pds?.counts,
    paces: () =>
      deliveries.workers.map(({ target, inFlight, limit, max }) => ({ target, inFlight, limit, max })),
    pages: [
      controlRoutes({ store, token, shop, terminology: terms.state }),
      ...hooks,
      worklistRoutes({
        ...{ store, token, clock, decide: decideFor(shop) },
        retry: retryMessages(deliveries.mesh, store, clock, retryWork(shop)),
      }),
      pages,
    ],
  });
}

function nameOf(folder: string, parts: LoadedParts): string {
  return [...parts.sources.values()].find((source) => source.folder === folder)?.manifest.name ?? folder;
}
