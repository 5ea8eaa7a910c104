/** Turns a configuration into its open store: PostgreSQL where the environment names one, else the embedded store in the data folder. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, databaseUrlOf } from '../config.ts';
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, ruleOf } from '../fhir/outcome.ts';
import { openPostgresStore } from '../store/postgres/store.ts';
import { openSqliteStore } from '../store/sqlite/store.ts';
import type { Store } from '../store/store.ts';

const FILE = 'hedgerow.sqlite';
/** How often a process says that it is alive, and looks after those that are not. */
const HEARTBEAT_MS = 10_000;
/** After so long without a word a process is taken for dead. */
const SILENT_MS = 60_000;

/** @returns path of the embedded store's file */
export function storeFile(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, FILE);
}

/** @returns URL of the PostgreSQL that the store is kept in; undefined for the embedded store @throws AdapterError permanent when the URL is wanting */
export function databaseUrl(config: Pick<Config, 'databaseUrlEnv'>): string | undefined {
  const url = databaseUrlOf(config);
  if (!url.ok) throw new AdapterError('permanent', url.outcome.issue[0]!);
  return url.value;
}

/** @returns the store as it is; undefined when there is none yet */
export async function openExisting(config: Config, definitions?: Definitions): Promise<Store | undefined> {
  const url = databaseUrl(config);
  const loaded = definitions === undefined ? {} : { definitions };
  if (url !== undefined) return openPostgresStore({ url, ...loaded });
  const file = storeFile(config);
  return existsSync(file) ? openSqliteStore({ file, ...loaded }) : undefined;
}

/** Where the store is, for people: never with a password. */
export function storePlace(config: Config): string {
  const url = databaseUrl(config);
  if (url === undefined) return config.dataDir;
  const { hostname, pathname } = new URL(url);
  return `PostgreSQL ${hostname}${pathname}`;
}

/** The store of a running adapter. */
export interface RunningStore {
  readonly store: Store;
  close(): Promise<void>;
}

/**
 * Opens the store and settles what processes left open that have ended. The embedded store has one process, so at the start
 * everything open is an earlier one's; on PostgreSQL others may be alive: only claims whose lease ran out and receipts of
 * processes that fell silent are, now and as long as it is open.
 */
export async function openRunningStore(options: {
  readonly config: Config;
  readonly definitions: Definitions;
  readonly clock: () => number;
  readonly log: Logger;
}): Promise<RunningStore> {
  const { config, definitions, clock, log } = options;
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 }); // people's data
  const url = databaseUrl(config);
  const store =
    url === undefined
      ? await openSqliteStore({ file: storeFile(config), definitions })
      : await openPostgresStore({ url, definitions });
  const isShared = url !== undefined;
  try {
    await store.heartbeat(clock());
    tellRecovered(log, await store.recoverClaims(clock(), !isShared));
    await store.subscriptions.recover(clock(), !isShared);
    await store.exports.recover(clock(), !isShared);
    if (!isShared) tellInterrupted(log, await store.interruptReceipts(clock()));
  } catch (error) {
    await store.close().catch(() => {}); // what it failed at is what is told
    throw error;
  }
  const watch = isShared ? startWatch(store, clock, log) : undefined;
  return {
    store,
    async close() {
      await watch?.stop();
      await store.close();
    },
  };
}

/** Says now and again that this process is alive, and closes what those left open that are not. */
function startWatch(store: Store, clock: () => number, log: Logger): { stop(): Promise<void> } {
  const look = async (): Promise<void> => {
    try {
      await store.heartbeat(clock());
      tellInterrupted(log, await store.interruptAbandoned(clock(), SILENT_MS));
    } catch (error) {
      const rule = error instanceof AdapterError ? ruleOf(error.outcome.issue[0]!) : undefined;
      log.warn({ rule }, 'the database does not answer; its processes are looked after when it does');
    }
  };
  let looking = look();
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, HEARTBEAT_MS);
  return {
    async stop() {
      clearInterval(timer);
      await looking;
    },
  };
}

function tellRecovered(log: Logger, recovered: number): void {
  if (recovered > 0)
    log.info(
      { recovered },
      'deliveries that were under way at the last stop are looked up before they are sent again',
    );
}

function tellInterrupted(log: Logger, interrupted: number): void {
  if (interrupted > 0)
    log.info(
      { interrupted },
      'files or requests were cut off by the last stop: files are read again, requests must be sent again',
    );
}
