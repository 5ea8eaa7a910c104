/** The peer of the API: a bare Express server in a process of its own that answers bytes from memory, or runs given SQL and answers bytes. */
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import express from 'express';
import { Pool } from 'pg';
import { SESSION } from '../src/store/postgres/store.ts';

/** What the peer is told, in the file that its command line names. */
export interface PeerTask {
  /** answers by path, from memory */
  readonly answers: Readonly<Record<string, string>>;
  /** path → SQL with its values, run before the path's bytes are answered */
  readonly queries: Readonly<
    Record<string, { readonly text: string; readonly values: readonly (string | number)[] }>
  >;
  readonly engine: 'sqlite' | 'postgres';
  /** path of the file, or connection string; absent where nothing is asked of a database */
  readonly at?: string;
}

const { answers, queries, engine, at } = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as PeerTask;
const run = at === undefined ? async () => {} : engine === 'sqlite' ? sqliteRunner(at) : postgresRunner(at);

const app = express();
app.disable('x-powered-by');
app.set('etag', false);
app.get(['/fhir/R4/:type', '/fhir/R4/:type/:id'], async (request, response) => {
  const query = queries[request.originalUrl];
  if (query) await run(query.text, query.values);
  response
    .status(200)
    .set('Content-Type', 'application/fhir+json; charset=utf-8')
    .send(answers[request.originalUrl]);
});
const server = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

function sqliteRunner(file: string) {
  const database = new DatabaseSync(file, { readOnly: true });
  database.exec('PRAGMA cache_size = -65536');
  const prepared = new Map<string, ReturnType<DatabaseSync['prepare']>>();
  return async (text: string, values: readonly (string | number)[]): Promise<void> => {
    const statement = prepared.get(text) ?? database.prepare(text);
    prepared.set(text, statement);
    statement.all(...values);
  };
}

function postgresRunner(connectionString: string) {
  const pool = new Pool({ connectionString, max: 10, options: SESSION }); // planned as ours are
  const names = new Map<string, string>();
  return async (text: string, values: readonly (string | number)[]): Promise<void> => {
    const name = names.get(text) ?? `q${names.size}`; // parsed once a connection, as ours are
    names.set(text, name);
    await pool.query({ name, text, values: [...values] });
  };
}
