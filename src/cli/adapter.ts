/** Turns a configuration into a running adapter: store, pipeline, targets with their workers, and the HTTP server. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Express, Router } from 'express';
import type { Logger } from 'pino';
import type { TargetPace } from '../api/delivery-gauges.ts';
import { deliveryRoutes } from '../api/delivery-routes.ts';
import { createApp } from '../api/server.ts';
import { answerUnreadable } from '../api/unreadable.ts';
import { worklistRoutes } from '../api/worklist-routes.ts';
import type { Config } from '../config.ts';
import { consoleRoutes } from '../console/routes.ts';
import { AdapterError } from '../fhir/outcome.ts';
import { markedClock } from '../outbox/clock-watch.ts';
import { createPipeline, type Pipeline } from '../pipeline.ts';
import { startSandbox } from '../sandbox/server.ts';
import type { Store } from '../store/store.ts';
import { type RoutedTarget, routing } from '../target/route.ts';
import { decideFor } from './again/decide.ts';
import { startHousekeeping } from './again/housekeeping.ts';
import { placesOf, unaskedOf } from './again/places.ts';
import { retryWork } from './again/retry-work.ts';
import type { Workshop } from './again/workshop.ts';
import { startAlerting } from './alerting.ts';
import { checkInWorker } from './check-in-worker.ts';
import { controlRoutes } from './control.ts';
import { type LoadedParts, VERSION } from './load.ts';
import { openRunningStore, type RunningStore } from './open-store.ts';
import { openReceivers } from './receivers.ts';
import { startRerouting } from './rerouting.ts';
import { openTarget, sandboxTarget } from './targets.ts';
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
/** A file of many records streams for as long as its records take to reach the disk. */
const LONGEST_REQUEST_MS = 3_600_000;

/** @throws AdapterError when a port, the store or a secret is not to be had */
export async function openAdapter(given: AdapterOptions): Promise<Adapter> {
  const { config } = given;
  const options = { ...given, clock: markedClock(given.clock) };
  checkOwnSources(config.targets, new Set(given.parts.sources.keys()));
  const { store, close } = await openStore(options);
  const sandbox =
    config.sandbox &&
    (await startSandbox({
      host: config.host,
      port: config.sandbox.port,
      file: join(config.dataDir, 'sandbox.sqlite'),
    }));
  const configured = sandbox ? [...config.targets, sandboxTarget(sandbox.url)] : config.targets;
  const workers = configured.map((target) =>
    openTarget(target, { ...options, store, definitions: options.parts.definitions }),
  );
  const alerting = startAlerting(config.alerts, { ...options, store, workers });
  const targets = configured.map((target) => target.name);
  const wake = (): void => {
    for (const worker of workers) worker.wake();
  };
  const unfiled = startUnfiledWatch(configured, { ...options, store });
  const rerouting = startRerouting(configured, { ...options, store, wake });
  const terms = openTerms(config, options.clock);
  const pipelineOf = (maps?: LoadedParts['maps']): Pipeline =>
    openPipeline(
      maps ? { ...options, parts: { ...options.parts, maps } } : options,
      store,
      configured,
      wake,
      terms,
    );
  const pipeline = pipelineOf();
  const { parts, clock } = options;
  const placeOf = placesOf(configured, { store, clock, definitions: parts.definitions });
  const keeping = { retention: config.retention ?? {}, archiveDir: join(config.dataDir, 'archive') };
  const unasked = unaskedOf(configured);
  const shop = { ...parts, ...keeping, store, targets, unasked, wake, clock, pipelineOf, placeOf };
  const housekeeping = startHousekeeping(config, shop, options.log);
  const { definitions } = options.parts;
  const receivers = openReceivers(configured, { ...options, store, definitions, pipeline, wake });
  const { routes } = receivers;
  const server = await listen(
    openApp(options, {
      store,
      pipeline,
      targets,
      shop,
      terms,
      paces: () => workers.map(({ target, inFlight, limit, max }) => ({ target, inFlight, limit, max })),
      hooks: [routes, deliveryRoutes({ store, targets: configured, token: options.token })],
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
      await closeServer(server);
      await housekeeping.stop();
      await receivers.stop();
      await rerouting.stop();
      await unfiled.stop();
      await alerting.stop();
      await Promise.all(workers.map((worker) => worker.stop(DRAIN_MS)));
      await sandbox?.close();
      terms.close();
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
    hooks,
    paces,
  }: Pick<Adapter, 'store' | 'pipeline' | 'targets'> & {
    readonly shop: Workshop;
    readonly terms: Terms;
    readonly hooks: readonly Router[];
    readonly paces: () => readonly TargetPace[];
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
    clock,
    log,
    version: VERSION,
    uncheckedCodes: terms.unchecked,
    terminology: terms.state,
    paces,
    pages: [
      controlRoutes({ store, token, shop, terminology: terms.state }),
      ...hooks,
      worklistRoutes({ store, token, clock, retry: retryWork(shop), decide: decideFor(shop) }),
      pages,
    ],
  });
}

function nameOf(folder: string, parts: LoadedParts): string {
  return [...parts.sources.values()].find((source) => source.folder === folder)?.manifest.name ?? folder;
}

async function listen(app: Express, config: Config): Promise<Server> {
  return await new Promise((resolve, reject) => {
    const server = app.listen(config.port, config.host);
    server.requestTimeout = LONGEST_REQUEST_MS;
    server.on('clientError', answerUnreadable);
    server.once('listening', () => resolve(server));
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      reject(
        new AdapterError(
          'permanent',
          {
            severity: 'fatal',
            code: 'exception',
            diagnostics: taken
              ? `Port ${config.port} is taken: choose another with --port.`
              : `Cannot listen on ${config.host}:${config.port}: ${error.code}.`,
          },
          error,
        ),
      );
    });
  });
}

function urlOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo;
  const host =
    address === '0.0.0.0' || address === '::' ? 'localhost' : family === 'IPv6' ? `[${address}]` : address;
  return `http://${host}:${port}`;
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), DRAIN_MS).unref();
  });
}
