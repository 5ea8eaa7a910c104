import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterEach } from 'vitest';
import { openPostgresStore } from '../../src/store/postgres/store.ts';
import type { Store } from '../../src/store/store.ts';
import { definitions } from './temporary.ts';

const URL_ = process.env.TEST_DATABASE_URL ?? 'postgres://hedgerow@127.0.0.1:55432/postgres';
const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
export async function temporaryPostgresStore(): Promise<Store> {
  const name = `t${randomUUID().replaceAll('-', '')}`;
  const client = new Client({ connectionString: URL_ });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  const url = new URL(URL_);
  url.pathname = `/${name}`;
  const store = await openPostgresStore({ url: url.href, definitions: definitions() });
  undo.push(async () => {
    await store.close();
    await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
    await client.end();
  });
  return store;
}
