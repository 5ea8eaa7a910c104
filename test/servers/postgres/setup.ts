/** Gives one PostgreSQL to all test files of a run, started when the first of them asks for it. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type Cluster, startCluster } from './cluster.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** answers with the URL of a PostgreSQL, or with status 500 and why there is none */
    readonly postgresAt: string;
  }
}

/** Where the tests ask: a run of other tests starts no server. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let cluster: Promise<Cluster> | undefined;
  const given = process.env.TEST_DATABASE_URL;
  const url = async (): Promise<string> => {
    if (given) return given;
    cluster ??= startCluster();
    return (await cluster).url;
  };
  const door = await opened(url);
  project.provide('postgresAt', `http://127.0.0.1:${(door.address() as AddressInfo).port}/`);
  return async () => {
    door.close();
    await (await cluster?.catch(() => undefined))?.stop();
  };
}

async function opened(url: () => Promise<string>): Promise<Server> {
  const server = createServer((_request, response) => {
    url().then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
