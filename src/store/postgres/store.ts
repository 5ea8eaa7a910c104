/** Turns a connection string into a Store: a pool of connections to PostgreSQL, with its schema brought up to date. */
import { Pool, types } from 'pg';
import { type Definitions, loadBaseDefinitions } from '../../fhir/definitions.ts';
import { createSearchIndex } from '../search-index.ts';
import { Names } from '../sql/index-rows.ts';
import { sqlStore } from '../sql/sql-store.ts';
import type { Store } from '../store.ts';
import { PostgresEngine } from './engine.ts';
import { storeError } from './faults.ts';
import { migrate } from './migrate.ts';

export interface PostgresOptions {
  /** `postgres://user@host:port/database`; a password may come from the environment as libpq reads it */
  readonly url: string;
  /** base R4, where the caller has loaded it already */
  readonly definitions?: Definitions;
  /** @returns epoch ms; for the dates of migrations, and for how long consents hold */
  readonly clock?: () => number;
  /** connections at most, default 10 */
  readonly connections?: number;
  /** longest wait for what another replica holds, and longest that it may hold it in silence; default 30 s */
  readonly longestWaitMs?: number;
  /** whose clock says what is due and how long claims last; default the server's, which all replicas share. `caller`: for tests that hold time */
  readonly time?: 'server' | 'caller';
}

/** Oids of int8 and numeric: counts and times fit a number. */
const NUMBERS = new Set([20, 1700]);

/**
 * Opens the store.
 * @throws AdapterError permanent when the database was written by a newer version; transient when it cannot be reached
 */
export async function openPostgresStore(options: PostgresOptions): Promise<Store> {
  const { url, clock = Date.now, connections = 10 } = options;
  const index = createSearchIndex(options.definitions ?? loadBaseDefinitions());
  const pool = openPool(url, connections, options);
  try {
    await migrate(pool, clock());
  } catch (error) {
    await pool.end();
    throw storeError(error, true);
  }
  const names = new Names();
  return sqlStore(new PostgresEngine(pool, openTurns(url), () => names.forget()), index, names, clock);
}

/** Locks of turns that are held at once at most: one connection each. */
const MOST_TURNS = 20;

/** The server gives the lock of a machine that is gone without a word back within a minute. */
function openTurns(url: string): Pool {
  const pool = openPool(url, MOST_TURNS);
  pool.on('connect', (client) => {
    void client
      .query('SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3')
      .catch(() => {}); // the work's own query meets what is wrong
  });
  return pool;
}

/** A way to the server that is cut without a word is noticed by this. */
const LONGEST_QUERY_MS = 300_000;
/** For what another replica holds; the server ends its transaction when its machine is gone in the middle of one. */
const LONGEST_WAIT_MS = 30_000;

/**
 * A search that leaves off at the end of a page is over before code for it were compiled. And it is to be read along an index:
 * with the default, which is that of a disk that turns, the planner gathers and sorts all that a condition leaves.
 */
export const SESSION = '-c jit=off -c random_page_cost=1.1';

/** @returns a pool whose whole numbers are numbers; a connection that breaks while idle is replaced */
export function openPool(
  url: string,
  connections: number,
  { longestWaitMs = LONGEST_WAIT_MS, time = 'server' }: Pick<PostgresOptions, 'longestWaitMs' | 'time'> = {},
): Pool {
  const pool = new Pool({
    options: SESSION + (time === 'caller' ? ' -c hedgerow.time=caller' : ''), // `moment` in src/store/sql/statement.ts
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    query_timeout: LONGEST_QUERY_MS,
    lock_timeout: longestWaitMs,
    idle_in_transaction_session_timeout: longestWaitMs,
    application_name: 'hedgerow',
    types: {
      getTypeParser: (oid, format) => (NUMBERS.has(oid) ? Number : types.getTypeParser(oid, format)),
    } as typeof types,
  });
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {})); // its query rejects; unheard, it would end the process
  return pool;
}
