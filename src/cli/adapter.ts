/** Turns a configuration into a running adapter: store, pipeline, targets with their workers, and the HTTP server. */
import { mkdirSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Express } from 'express';
import type { Logger } from 'pino';
import { createApp } from '../api/server.ts';
import { answerUnreadable } from '../api/unreadable.ts';
import { type Config, secretOf, type TargetConfig } from '../config.ts';
import { consoleRoutes } from '../console/routes.ts';
import { AdapterError, ruleOf } from '../fhir/outcome.ts';
import { type OutboxWorker, startWorker } from '../outbox/worker.ts';
import { createPipeline, type Pipeline } from '../pipeline.ts';
import { startSandbox } from '../sandbox/server.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import type { Store } from '../store/store.ts';
import { createDelivery } from '../target/deliver-group.ts';
import { createFhirServerTarget } from '../target/fhir-server.ts';
import { createShareGate } from '../target/share-gate.ts';
import { checkInWorker } from './check-in-worker.ts';
import { controlRoutes } from './control.ts';
import { type LoadedParts, VERSION } from './load.ts';
import { openTerms, type Terms } from './terms.ts';

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

const SANDBOX_NAME = 'sandbox-ehr';
/** Longest wait for deliveries in flight when stopping; what is cut off is looked up at the next start. */
const DRAIN_MS = 10_000;
const LEASE_MS = 60_000;
/** A file of many records streams for as long as its records take to reach the disk. */
const LONGEST_REQUEST_MS = 3_600_000;
/** Entries of one person that travel together at most. */
const GROUP = 50;

/** @throws AdapterError when a port, the store or a secret is not to be had */
export async function openAdapter(options: AdapterOptions): Promise<Adapter> {
  const { config } = options;
  const store = await openStore(options);
  const sandbox =
    config.sandbox &&
    (await startSandbox({
      host: config.host,
      port: config.sandbox.port,
      file: join(config.dataDir, 'sandbox.sqlite'),
    }));
  const configured = sandbox ? [...config.targets, sandboxTarget(sandbox.url)] : config.targets;
  const workers = configured.map((target) => openTarget(target, store, options));
  const targets = configured.map((target) => target.name);
  const wake = (): void => {
    for (const worker of workers) worker.wake();
  };
  const terms = openTerms(config, options.clock);
  const pipeline = openPipeline(options, store, targets, wake, terms);
  const server = await listen(openApp(options, { store, pipeline, targets, wake, terms }), config);
  return {
    url: urlOf(server),
    sandboxUrl: sandbox?.url,
    store,
    pipeline,
    targets,
    async stop() {
      await closeServer(server);
      await Promise.all(workers.map((worker) => worker.stop(DRAIN_MS)));
      await sandbox?.close();
      terms.close();
      await store.close();
    },
  };
}

/** Opens the store and settles what an earlier process left open. */
async function openStore({ config, parts, clock, log }: AdapterOptions): Promise<Store> {
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 }); // people's data
  const file = join(config.dataDir, 'hedgerow.sqlite');
  const store = await openSqliteStore({ file, definitions: parts.definitions });
  const recovered = await store.recoverClaims(clock(), true);
  if (recovered > 0)
    log.info(
      { recovered },
      'deliveries that were under way at the last stop are looked up before they are sent again',
    );
  const interrupted = await store.interruptReceipts(clock());
  if (interrupted > 0)
    log.info(
      { interrupted },
      'files or requests were cut off by the last stop: files are read again, requests must be sent again',
    );
  for (const set of parts.maps.values()) await store.keepMapSet(set.digest, set.text, clock());
  return store;
}

function openPipeline(
  { config, parts, clock }: AdapterOptions,
  store: Store,
  targets: readonly string[],
  wake: () => void,
  terms: Terms,
): Pipeline {
  const owners = new Map(config.sources.map((source) => [nameOf(source.folder, parts), source.ownerOrg]));
  return createPipeline({
    ...parts,
    store,
    clock,
    route: () => targets,
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
    wake,
    terms,
  }: Pick<Adapter, 'store' | 'pipeline' | 'targets'> & { readonly wake: () => void; readonly terms: Terms },
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
    pages: [controlRoutes({ store, token, clock, wake, terminology: terms.state }), pages],
  });
}

function openTarget(target: TargetConfig, store: Store, { clock, log, parts }: AdapterOptions): OutboxWorker {
  const secret = secretOf(target.bearerTokenEnv);
  if (!secret.ok) throw new AdapterError('permanent', secret.outcome.issue[0]!);
  const token = secret.value;
  const sender = createFhirServerTarget({
    name: target.name,
    baseUrl: target.url,
    ids: target.ids,
    deadlineMs: target.deadlineMs,
    clock,
    ...(token === undefined ? {} : { token: async () => token }),
  });
  const deliver = createDelivery({
    store,
    target: sender,
    gate: createShareGate({ store, target, clock, definitions: parts.definitions }),
    clock,
    random: Math.random,
    report: (issue) =>
      log.warn({ target: target.name, rule: ruleOf(issue) }, 'the target holds twins; the oldest was taken'),
  });
  return startWorker({
    store,
    target: target.name,
    deliver,
    clock,
    concurrency: target.concurrency,
    leaseMs: LEASE_MS,
    maxEntries: GROUP,
    onError: (error) =>
      log.error(
        { target: target.name, rule: error instanceof Error ? error.name : 'unknown' },
        'a delivery failed unexpectedly; it is tried again',
      ),
  });
}

function sandboxTarget(url: string): TargetConfig {
  return {
    name: SANDBOX_NAME,
    url,
    ids: 'client',
    requiresVerifiedNhsNumber: false,
    allowRestricted: false,
    purpose: 'share-with-gp',
    concurrency: 8,
    deadlineMs: 10_000,
  };
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
