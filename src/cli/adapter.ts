/** Turns a configuration into a running adapter: store, pipeline, targets with their workers, and the HTTP server. */
import { join } from 'node:path';
import type { Express, Router } from 'express';
import type { Logger } from 'pino';
import { deliveryRoutes } from '../api/delivery-routes.ts';
import type { FhirPart } from '../api/fhir-part.ts';
import { prepareGraphql } from '../api/graphql/loaded.ts';
import { jwksRoutes } from '../api/jwks-routes.ts';
import { ownOperations } from '../api/operations/routes.ts';
import { createApp } from '../api/server.ts';
import { viewRuns } from '../api/views/routes.ts';
import { readShippedViews } from '../api/views/shipped.ts';
import { worklistRoutes } from '../api/worklist-routes.ts';
import type { Config, TargetConfig } from '../config.ts';
import { consoleRoutes } from '../console/routes.ts';
import { markedClock } from '../outbox/clock-watch.ts';
import type { Pipeline } from '../pipeline.ts';
import { type Sandbox, startSandbox } from '../sandbox/server.ts';
import type { Store } from '../store/store.ts';
import { decideFor } from './again/decide.ts';
import { startHousekeeping } from './again/housekeeping.ts';
import { placesOf } from './again/places.ts';
import { retryWork } from './again/retry-work.ts';
import type { Workshop } from './again/workshop.ts';
import { openAlerting } from './alerting.ts';
import { type ApiAccess, modeOf, openApiAccess } from './api-access.ts';
import { type Closers, openOrClose } from './closers.ts';
import { controlRoutes } from './control.ts';
import { type Deliveries, openDeliveries } from './deliveries.ts';
import { fitRulesOf } from './directory/directories.ts';
import { openExports } from './exports/exports.ts';
import { pipelineInto } from './lines.ts';
import { closeServer, listen, urlOf } from './listening.ts';
import { type LoadedParts, ROOT, VERSION } from './load.ts';
import { type NhsAccess, openNhsAccess } from './nhs/access.ts';
import { barsVoices } from './nhs/bars-receiver.ts';
import { retryMessages } from './nhs/mesh.ts';
import { startRerouting } from './nhs/rerouting.ts';
import { openRunningStore } from './open-store.ts';
import { openReceivers } from './receivers.ts';
import { deidentifiedClients } from './research/deidentified-clients.ts';
import { openServices } from './services.ts';
import { openSubscriptions } from './subscriptions.ts';
import { sandboxTarget } from './targets.ts';
import { startUnfiledWatch } from './unfiled.ts';
import { checkInWorker } from './validate/check-in-worker.ts';
import { openTerms, type Terms } from './validate/terms.ts';
import { checkOwnSources } from './webhook-target.ts';

export interface Adapter {
  readonly url: string;
  /** where commands on this machine reach it: by HTTP, whatever others are served by */
  readonly controlUrl: string;
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
  /** between looks whether a scheduled look at a service is due; default 20 s */
  readonly lookMs?: number;
}

/** Longest wait for deliveries in flight when stopping; what is cut off is looked up at the next start. */
const DRAIN_MS = 10_000;

/**
 * Opens everything, listens, and only then begins to ask and send.
 * @throws AdapterError when a port, the store or a secret is not to be had: what was opened before is closed then
 */
export async function openAdapter(given: AdapterOptions): Promise<Adapter> {
  const { config } = given;
  const voices = new Map([...given.parts.voices, ...barsVoices(config)]);
  const options = { ...given, parts: { ...given.parts, voices }, clock: markedClock(given.clock) };
  checkOwnSources(config.targets, new Set(given.parts.sources.keys()));
  return await openOrClose(async (closers) => {
    const opened = await openParts(options, closers);
    const place = { url: '' };
    const { sources } = given.parts;
    const api = await openApiAccess({ ...options, store: opened.store, sources, url: () => place.url });
    const { start, ...routes } = await openBeside(options, { ...opened, api }, closers);
    const app = openApp(options, { ...opened, ...routes, api });
    const { url, controlUrl } = await openDoors(app, config, closers);
    place.url = url;
    start();
    prepareGraphql(given.parts.definitions).catch(() => undefined); // the first query says what is wrong
    const { sandbox, store, pipeline, targets } = opened;
    return {
      ...{ url, controlUrl, sandboxUrl: sandbox?.url, store, pipeline, targets },
      stop: () => closers.closeAll(),
    };
  });
}

/** By HTTPS where that is configured; commands then come by HTTP, from this machine alone. */
async function openDoors(
  app: Express,
  config: Config,
  closers: Closers,
): Promise<{ readonly url: string; readonly controlUrl: string }> {
  const open = async (at: Pick<Config, 'host' | 'port' | 'access'>): Promise<string> => {
    const server = await listen(app, at);
    // The first to close: nothing more is asked of what is closed behind it.
    closers.add(() => closeServer(server, DRAIN_MS));
    return urlOf(server);
  };
  const url = await open(config);
  const isSecured = config.access?.tls !== undefined;
  const controlUrl = isSecured ? await open({ host: '127.0.0.1', port: 0, access: undefined }) : url;
  return { url, controlUrl };
}

interface Opened {
  readonly access: NhsAccess | undefined;
  readonly store: Store;
  readonly sandbox: Sandbox | undefined;
  /** the sandbox among them, where there is one */
  readonly configured: readonly TargetConfig[];
  readonly deliveries: Deliveries;
  readonly pipeline: Pipeline;
  readonly pipelineOf: Workshop['pipelineOf'];
  readonly targets: readonly string[];
  readonly terms: Terms;
  readonly shop: Workshop;
}

/** Store, lines of delivery and pipeline: what everything else is about. */
async function openParts(options: AdapterOptions, closers: Closers): Promise<Opened> {
  const { config, parts, clock } = options;
  const access = config.nhs && openNhsAccess(config.nhs, options);
  if (access) closers.add(access.close);
  const running = await openRunningStore({ ...options, definitions: parts.definitions });
  closers.add(running.close);
  const { store } = running;
  // This process maps by them.
  for (const set of parts.maps.values()) await store.keepMapSet(set.digest, set.text, clock());
  const sandbox = config.sandbox && (await openSandbox(config, config.sandbox.port));
  if (sandbox) closers.add(() => sandbox.close());
  const terms = openTerms(config, clock);
  closers.add(terms.close);
  const configured = sandbox ? [...config.targets, sandboxTarget(sandbox.url)] : config.targets;
  const deliveries = await openDeliveries(configured, {
    ...{ ...options, store, access },
    // nothing is delivered before all is opened
    take: (records, receipt) => pipeline.take(records, receipt),
  });
  closers.add(() => deliveries.stop(DRAIN_MS));
  const { lines, wake } = deliveries;
  const pipelineOf: Workshop['pipelineOf'] = (maps) =>
    pipelineInto(lines, { ...options, store, terms, parts: maps ? { ...parts, maps } : parts }, wake);
  const pipeline = pipelineOf();
  const targets = lines.map(({ name }) => name);
  const opened = { access, store, sandbox, configured, deliveries, pipeline, pipelineOf, targets, terms };
  return { ...opened, shop: shopOf(options, opened) };
}

function openSandbox({ host, dataDir }: Config, port: number): Promise<Sandbox> {
  return startSandbox({ host, port, file: join(dataDir, 'sandbox.sqlite') });
}

/** What operators' jobs work with. */
function shopOf(
  { config, parts, clock }: AdapterOptions,
  { store, targets, configured, deliveries, pipelineOf }: Omit<Opened, 'shop'>,
): Workshop {
  const placeOf = placesOf(configured, { store, clock, definitions: parts.definitions });
  const keeping = { retention: config.retention ?? {}, archiveDir: join(config.dataDir, 'archive') };
  const { coded, unasked, wake } = deliveries;
  return {
    ...{ ...parts, ...keeping, coded, config },
    ...{ store, targets, unasked, wake, clock, pipelineOf, placeOf },
  };
}

/** What runs beside intake and delivery. @returns its routes, and what begins it all once the server listens */
async function openBeside(
  options: AdapterOptions,
  { access, store, configured, deliveries, pipeline, shop, api }: Opened & { readonly api: ApiAccess },
  closers: Closers,
): Promise<{ readonly hooks: readonly Router[]; readonly fhir: readonly FhirPart[]; start(): void }> {
  const { config, parts, log, token } = options;
  const { definitions } = parts;
  const { wake, workers } = deliveries;
  const alerting = openAlerting(config.alerts, { ...options, store, workers });
  closers.add(() => alerting.stop());
  const receivers = openReceivers(configured, { ...options, store, definitions, pipeline, wake });
  closers.add(() => receivers.stop());
  const services = await openServices({ ...options, store, pipeline, access, wake });
  closers.add(() => services.stop());
  const subscriptions = openSubscriptions({ ...options, store, viewerOf: api.viewerOf });
  closers.add(() => subscriptions.stop());
  const deidentified = deidentifiedClients(config, options);
  const exports = openExports({
    ...{ ...options, store, viewerOf: api.viewerOf },
    transformOf: deidentified.placeOf,
  });
  closers.add(() => exports.stop());
  const begun: { stop(): Promise<void> }[] = [];
  closers.add(() => Promise.all(begun.map((one) => one.stop())));
  return {
    fhir: [
      subscriptions,
      exports,
      viewRuns({
        ...{ ...options, store, definitions, views: readShippedViews(join(ROOT, 'views')) },
        transformOf: deidentified.transformOf,
      }),
      ownOperations({ ...options, ...parts, store, pipeline, version: VERSION, targets: shop.targets }),
    ],
    hooks: [
      jwksRoutes(access?.keys ?? (() => [])),
      ...[receivers.routes, ...services.routes, ...deliveries.routes],
      deliveryRoutes({ store, targets: configured, token }),
    ],
    start() {
      begun.push(startUnfiledWatch(configured, { ...options, store }));
      begun.push(startRerouting(configured, { ...options, store, wake }));
      begun.push(startHousekeeping(config, shop, log));
      for (const one of [alerting, receivers, services, subscriptions, exports]) one.start();
      deliveries.start(pipeline);
    },
  };
}

type Served = Pick<Opened, 'store' | 'pipeline' | 'targets' | 'shop' | 'terms' | 'deliveries'>;

function openApp(
  options: AdapterOptions,
  {
    hooks,
    fhir,
    api,
    ...opened
  }: Served & {
    readonly hooks: readonly Router[];
    readonly fhir: readonly FhirPart[];
    readonly api: ApiAccess;
  },
): Express {
  const { config, parts, clock, log } = options;
  const { store, pipeline, terms, deliveries } = opened;
  return createApp({
    ...{ store, pipeline, clock, log, version: VERSION },
    conditionalDeletes: config.access?.conditionalDeletes,
    sources: parts.sources,
    definitions: parts.definitions,
    validator: parts.validator,
    askCodes: terms.ask,
    checkLong: checkInWorker(config),
    fit: fitRulesOf(config.activities),
    origins: config.cors.origins,
    uncheckedCodes: terms.unchecked,
    terminology: terms.state,
    pds: deliveries.pds?.counts,
    paces: () =>
      deliveries.workers.map(({ target, inFlight, limit, max }) => ({ target, inFlight, limit, max })),
    ...{ fhir, guard: api.guard, entrance: api.entrance, security: api.security },
    pages: pagesOf(options, opened, hooks),
  });
}

/** What operators ask, what services ask of us, and what is looked at: the pages for people last, since they begin at /. */
function pagesOf(
  { config, parts, clock, token }: AdapterOptions,
  { store, targets, shop, terms, deliveries }: Served,
  hooks: readonly Router[],
): readonly Router[] {
  return [
    controlRoutes({ store, token, shop, terminology: terms.state }),
    ...hooks,
    worklistRoutes({
      ...{ store, token, clock, decide: decideFor(shop) },
      retry: retryMessages(deliveries.mesh, store, clock, retryWork(shop)),
    }),
    consoleRoutes({
      ...{
        store,
        targets,
        clock,
        version: VERSION,
        demo: config.demo,
        isOpen: modeOf(config) === 'open',
        terminology: terms.state,
      },
      sources: [...parts.sources.values()].map((source) => source.manifest),
    }),
  ];
}
