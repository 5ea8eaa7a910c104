/** Puts the history of types in front of a sandbox EHR that has none: it tells of what was deleted, again and again. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { Bundle } from '@medplum/fhirtypes';

export interface WithHistory {
  /** FHIR base in front of the EHR's own */
  readonly url: string;
  /** a user of the EHR deletes something */
  remove(key: string): Promise<void>;
  close(): Promise<void>;
}

/** @param behind the EHR's own base */
export async function withHistory(behind: string): Promise<WithHistory> {
  const removed = new Map<string, string>();
  const server = createServer((request, response) => {
    void answer(behind, removed, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { pathname } = new URL(behind);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}`,
    async remove(key) {
      await fetch(`${behind}/${key}`, { method: 'DELETE' });
      removed.set(key, new Date().toISOString());
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(
  behind: string,
  removed: ReadonlyMap<string, string>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method = 'GET', url = '/', headers } = request;
  const [, type, since] = /\/([A-Z][A-Za-z]+)\/_history\?_since=([^&]+)/.exec(url) ?? [];
  if (type !== undefined) {
    const found = await fetch(`${behind}/${type}?_lastUpdated=ge${since}&_count=1000`);
    const bundle = (await found.json()) as Bundle;
    const gone = [...removed].filter(([key]) => key.startsWith(`${type}/`));
    const entry = gone.map(([key, at]) => ({
      request: { method: 'DELETE' as const, url: key },
      response: { status: '204', lastModified: at },
    }));
    const history = { resourceType: 'Bundle', type: 'history', entry: [...entry, ...(bundle.entry ?? [])] };
    response.setHeader('content-type', 'application/fhir+json').end(JSON.stringify(history));
    return;
  }
  const body = method === 'GET' || method === 'HEAD' ? undefined : await buffer(request);
  const { host: _host, connection: _connection, 'content-length': _length, ...passed } = headers;
  const answered = await fetch(new URL(url, behind), {
    method,
    headers: passed as Record<string, string>,
    ...(body === undefined ? {} : { body }),
  });
  response.statusCode = answered.status;
  for (const name of ['etag', 'location', 'last-modified', 'content-type']) {
    const value = answered.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.end(Buffer.from(await answered.arrayBuffer()));
}
