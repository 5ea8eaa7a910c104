/** A FHIR server whose conditional create looks first and writes later, as real ones do: two at once both create. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Resource } from '@medplum/fhirtypes';

type Held = Resource & { id: string; identifier?: { system?: string; value?: string }[] };

export interface Racy {
  readonly url: string;
  /** what it holds now, by id */
  readonly held: ReadonlyMap<string, Held>;
  /** What somebody else wrote there. */
  add(resource: Resource & { id: string }): void;
  /** creates that were done, twins included */
  readonly created: () => number;
  close(): Promise<void>;
}

interface Answered {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** @param options `gapMs` between the look and the write of a create; `lagMs` until a create is found by a search */
export async function startRacy({ gapMs = 5, lagMs = 0 } = {}): Promise<Racy> {
  const held = new Map<string, Held>();
  const seenFrom = new Map<string, number>();
  let created = 0;
  let clockMs = Date.parse('2026-03-02T09:00:00Z');
  /** ids by what identifies them; those that are gone are passed over */
  const known = new Map<string, string[]>();
  const find = (token: string): Held[] =>
    (known.get(token) ?? []).flatMap((id) => {
      const one = held.get(id);
      return one && performance.now() >= (seenFrom.get(id) ?? 0) ? [one] : [];
    });
  const index = (id: string, { identifier }: Held): void => {
    for (const { system, value } of identifier ?? []) {
      const token = `${system}|${value}`;
      known.set(token, [...(known.get(token) ?? []), id]);
    }
  };
  const write = (id: string, resource: Held): Answered => {
    const version = String(Number(held.get(id)?.meta?.versionId ?? 0) + 1);
    const lastUpdated = new Date(clockMs).toISOString();
    clockMs += 1;
    held.set(id, { ...resource, id, meta: { ...resource.meta, versionId: version, lastUpdated } });
    const headers = {
      etag: `W/"${version}"`,
      location: `${resource.resourceType}/${id}/_history/${version}`,
    };
    return { status: version === '1' ? 201 : 200, headers };
  };
  const create = async (request: IncomingMessage, body: string): Promise<Answered> => {
    const condition = new URLSearchParams(String(request.headers['if-none-exist'] ?? '')).get('identifier');
    const [first] = condition === null ? [] : find(condition);
    if (first) return { status: 200, headers: { location: `${first.resourceType}/${first.id}` } };
    await new Promise((resolve) => setTimeout(resolve, gapMs * Math.random()));
    const id = randomUUID();
    created += 1;
    seenFrom.set(id, performance.now() + lagMs * Math.random());
    const resource = JSON.parse(body) as Held;
    index(id, resource);
    return write(id, resource);
  };
  const answer = async (request: IncomingMessage, body: string): Promise<Answered> => {
    const [, , id = ''] = (request.url ?? '').split('/');
    if (request.method === 'POST' && id === '_search') {
      const found = find(new URLSearchParams(body).get('identifier') ?? '');
      const entry = found.map((resource) => ({ resource }));
      return { status: 200, body: { resourceType: 'Bundle', type: 'searchset', entry } };
    }
    if (request.method === 'POST') return create(request, body);
    const there = held.get(id);
    if (request.method === 'GET') return there ? { status: 200, body: there } : { status: 404 };
    const wanted = /"(.*)"/.exec(request.headers['if-match'] ?? '')?.[1];
    if (wanted !== undefined && wanted !== there?.meta?.versionId) return { status: 412 };
    if (request.method === 'PUT') return write(id, JSON.parse(body) as Held);
    held.delete(id);
    return { status: 204 };
  };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const { status, body, headers } = await answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'content-type': 'application/fhir+json', ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    held,
    add: (added) => {
      const resource = added as Held;
      index(resource.id, resource);
      held.set(resource.id, resource);
    },
    created: () => created,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
