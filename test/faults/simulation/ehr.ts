/** A model of a FHIR server: a few lines for what real ones do with a PUT, a create, a search and a transaction. */
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import type { WireRequest } from '../../../src/wire/exchange.ts';

/** How servers differ. */
export interface Kind {
  /** who names resources */
  readonly ids: 'client' | 'server';
  readonly transactions: boolean;
  /** a create that asks not to be made twice is honoured; some servers create all the same */
  readonly honoursIfNoneExist: boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Resource | undefined;
}

/** One resource with what was ever written to it, oldest first; undefined for a deletion. */
export interface Kept {
  readonly key: string;
  readonly versions: (Resource | undefined)[];
  /** when the last of them was written, epoch ms */
  updatedMs: number;
}

/** Told of everything that is written, as it is written. */
export type OnWrite = (key: string, resource: Resource | undefined) => void;

export const BASE = 'http://ehr.example/fhir/R4';

export class ModelEhr {
  readonly kept = new Map<string, Kept>();
  readonly kind: Kind;
  readonly #onWrite: OnWrite;
  readonly #clock: () => number;
  #lastId = 0;

  constructor(kind: Kind, clock: () => number, onWrite: OnWrite) {
    this.kind = kind;
    this.#clock = clock;
    this.#onWrite = onWrite;
  }

  current(key: string): Resource | undefined {
    return this.kept.get(key)?.versions.at(-1);
  }

  /** Applies a request at once. */
  handle(request: WireRequest): Answered {
    const path = request.url.slice(BASE.length).replace(/^\//, '');
    const { method, body } = request;
    if (method === 'POST' && path === '')
      return this.#transaction(JSON.parse(String(body ?? '{}')) as Bundle);
    if (method === 'POST' && path.endsWith('/_search')) return this.#search(path, String(body ?? ''));
    if (method === 'POST')
      return this.#create(path, JSON.parse(String(body ?? '{}')) as Resource, request.headers);
    if (method === 'GET') return path.includes('?') ? this.#changes(path) : this.#read(path);
    if (method === 'DELETE') return this.#delete(path);
    return this.#put(path, JSON.parse(String(body ?? '{}')) as Resource, request.headers['if-match']);
  }

  /** @returns the entries of a transaction that such a server might apply before it forgets the others */
  applyHalf(request: WireRequest): Answered {
    const bundle = JSON.parse(String(request.body ?? '{}')) as Bundle;
    const entries = bundle.entry ?? [];
    const half = entries.slice(0, Math.ceil(entries.length / 2));
    const answered = this.#transaction({ ...bundle, entry: half });
    return answered;
  }

  #transaction(bundle: Bundle): Answered {
    if (!this.kind.transactions) return said(405);
    const entries = bundle.entry ?? [];
    const refused = entries.map((entry) => this.#objection(entry)).find((status) => status !== undefined);
    if (refused !== undefined) return said(refused);
    const responses = entries.map((entry): BundleEntry => {
      const url = entry.request?.url ?? '';
      const answered = entry.resource ? this.#put(url, entry.resource, undefined) : this.#delete(url);
      const etag = answered.headers.etag;
      return { response: { status: String(answered.status), ...(etag === undefined ? {} : { etag }) } };
    });
    return said(200, { resourceType: 'Bundle', type: 'transaction-response', entry: responses });
  }

  /** @returns the status of a refusal, since a transaction is applied whole or not at all */
  #objection({ request }: BundleEntry): number | undefined {
    return request?.ifMatch !== undefined && request.ifMatch !== this.#etag(request.url) ? 412 : undefined;
  }

  #read(key: string): Answered {
    const kept = this.kept.get(key);
    if (!kept) return said(404);
    const resource = kept.versions.at(-1);
    if (!resource) return said(410);
    return said(200, this.#shown(kept, resource), { etag: this.#etag(key)! });
  }

  #put(key: string, resource: Resource, ifMatch: string | undefined): Answered {
    if (ifMatch !== undefined && ifMatch !== this.#etag(key)) return said(412);
    const isNew = !this.kept.has(key);
    this.write(key, resource);
    return said(isNew ? 201 : 200, undefined, { etag: this.#etag(key)! });
  }

  #delete(key: string): Answered {
    if (this.current(key)) this.write(key, undefined);
    return said(204);
  }

  #create(type: string, resource: Resource, headers: WireRequest['headers']): Answered {
    const asked = headers['if-none-exist'];
    if (asked !== undefined && this.kind.honoursIfNoneExist) {
      const found = this.#matches(type, new URLSearchParams(asked).get('identifier') ?? '');
      if (found.length > 1) return said(412);
      if (found.length === 1) return said(200, undefined, located(found[0]!.key, this.#etag(found[0]!.key)!));
    }
    this.#lastId += 1;
    const key = `${type}/s${this.#lastId}`;
    this.write(key, resource);
    return said(201, undefined, located(key, this.#etag(key)!));
  }

  #search(path: string, form: string): Answered {
    const type = path.slice(0, path.indexOf('/'));
    const found = this.#matches(type, new URLSearchParams(form).get('identifier') ?? '');
    const entry = found.map((kept) => ({ resource: this.#shown(kept, kept.versions.at(-1)!) }));
    return said(200, { resourceType: 'Bundle', type: 'searchset', total: entry.length, entry });
  }

  /** What changed since a time, by search or by history, in pages that are counted anew for each request. */
  #changes(path: string): Answered {
    const [place, query] = path.split('?') as [string, string];
    const [type] = place.split('/') as [string];
    const asked = new URLSearchParams(query);
    const sinceMs = Date.parse(asked.get('_since') ?? asked.get('_lastUpdated')?.slice(2) ?? '');
    const from = Number(asked.get('_offset') ?? 0);
    const count = Number(asked.get('_count'));
    const all = [...this.kept.values()]
      .filter(
        ({ key, versions, updatedMs }) =>
          key.startsWith(`${type}/`) && versions.at(-1) && updatedMs >= sinceMs,
      )
      .toSorted((a, b) =>
        place.endsWith('_history') ? b.updatedMs - a.updatedMs : a.updatedMs - b.updatedMs,
      );
    const entry = all
      .slice(from, from + count)
      .map((kept) => ({ resource: this.#shown(kept, kept.versions.at(-1)!) }));
    asked.set('_offset', String(from + count));
    const url = `${BASE}/${place}?${asked}`;
    const link = from + count < all.length ? [{ relation: 'next', url }] : [];
    const date = new Date(this.#clock()).toUTCString();
    return said(200, { resourceType: 'Bundle', type: 'searchset', link, entry }, { date });
  }

  #matches(type: string, token: string): Kept[] {
    const plain = token.replaceAll('\\', '');
    return [...this.kept.values()].filter((kept) => {
      const resource = kept.versions.at(-1);
      return (
        kept.key.startsWith(`${type}/`) &&
        identifiersOf(resource).some((one) => `${one.system}|${one.value}` === plain)
      );
    });
  }

  /** A new version, or the first one. */
  write(key: string, resource: Resource | undefined): void {
    const kept = this.kept.get(key) ?? { key, versions: [], updatedMs: 0 };
    kept.versions.push(resource);
    kept.updatedMs = this.#clock();
    this.kept.set(key, kept);
    this.#onWrite(key, resource);
  }

  #shown(kept: Kept, resource: Resource): Resource {
    const id = kept.key.slice(kept.key.indexOf('/') + 1);
    const lastUpdated = new Date(kept.updatedMs).toISOString();
    const meta = { ...resource.meta, versionId: String(kept.versions.length), lastUpdated };
    return { ...resource, id, meta } as Resource;
  }

  #etag(key: string): string | undefined {
    const count = this.kept.get(key)?.versions.length;
    return count === undefined ? undefined : `W/"${count}"`;
  }
}

/** @returns what a resource is known by, whatever its type */
export function identifiersOf(resource: Resource | undefined): { system?: string; value?: string }[] {
  const found = (resource as { identifier?: object | object[] } | undefined)?.identifier;
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

export function said(status: number, body?: Resource, headers: Record<string, string> = {}): Answered {
  return { status, headers, body };
}

function located(key: string, etag: string): Record<string, string> {
  return { location: `${BASE}/${key}/_history/1`, etag };
}
