/** Turns requests into the SQL that an adapter runs to answer them. */
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StatementSync } from 'node:sqlite';
import { Client } from 'pg';
import { pino } from 'pino';
import { openAdapter } from '../src/cli/adapter.ts';
import { loadParts, ROOT } from '../src/cli/load.ts';
import { loadConfig } from '../src/config.ts';
import type { BenchClient } from './api-client.ts';
import type { PeerTask } from './api-peer.ts';
import type { Engine, Place } from './places.ts';

/** What was asked of a database. */
interface Asked {
  readonly text: string;
  readonly values: readonly (string | number)[];
}

/**
 * Runs an adapter in this process for a moment, over a store that no other has open.
 * @returns path → the SQL that a peer runs in its place
 */
export async function recordedFrom(
  { engine, at, folder }: Place,
  client: BenchClient,
  paths: readonly string[],
): Promise<PeerTask['queries']> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'hedgerow.config.json');
  writeFileSync(file, JSON.stringify({ port: 0, logLevel: 'silent', access: client.access }));
  if (engine === 'postgres') process.env.DATABASE_URL = at;
  const config = loadConfig({ cwd: folder, root: ROOT });
  const parts = config.ok ? loadParts(config.value, ROOT) : config;
  if (!config.ok || !parts.ok) throw new Error('the configuration of the benchmark is not taken');
  const log = pino({ level: 'silent' });
  const adapter = await openAdapter({
    ...{ config: config.value, parts: parts.value, clock: Date.now, log },
    token: randomUUID(),
  });
  try {
    const headers = await client.headers(adapter.url);
    const queries: Record<string, Asked> = {};
    for (const path of paths)
      queries[path] = await readOf(engine, path, async () => {
        const answer = await fetch(adapter.url + path, { headers });
        if (!answer.ok) throw new Error(`${path} is answered with ${answer.status}`);
        await answer.text();
      });
    return queries;
  } finally {
    await adapter.stop();
    delete process.env.DATABASE_URL;
  }
}

async function readOf(engine: Engine, path: string, ask: () => Promise<void>): Promise<Asked> {
  const seen: Asked[] = [];
  const stop = engine === 'sqlite' ? watchSqlite(seen) : watchPostgres(seen);
  await ask();
  stop();
  const reads = seen.filter(({ text }) => /^\s*SELECT\b.*\br\.content\b.*\bresource r\b/is.test(text));
  if (reads.length !== 1) throw new Error(`${path} takes ${reads.length} reads: the peer would do less`);
  return reads[0]!;
}

function watchSqlite(seen: Asked[]): () => void {
  const { all } = StatementSync.prototype;
  StatementSync.prototype.all = function (this: StatementSync, ...values: never[]) {
    seen.push({ text: this.sourceSQL, values });
    return (all as (...all: unknown[]) => unknown).apply(this, values);
  } as typeof all;
  return () => {
    StatementSync.prototype.all = all;
  };
}

function watchPostgres(seen: Asked[]): () => void {
  const { query } = Client.prototype;
  Client.prototype.query = function (this: Client, ...given: unknown[]) {
    const [first, values] = given as [string | Asked, readonly (string | number)[] | undefined];
    if (typeof first === 'string') seen.push({ text: first, values: values ?? [] });
    else if (first.text !== undefined) seen.push({ text: first.text, values: first.values ?? values ?? [] });
    return (query as (...all: unknown[]) => unknown).apply(this, given);
  } as typeof query;
  return () => {
    Client.prototype.query = query;
  };
}
