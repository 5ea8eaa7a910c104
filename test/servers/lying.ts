/** A FHIR server that answers a transaction with success for every entry, whatever it wrote of it. */
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { type Answer, type Scripted, type Seen, startScripted } from './scripted.ts';

export interface LyingOptions {
  /** entries of a transaction that are claimed and not written, as `PUT Patient/1`; asked once for each */
  readonly lies: (entry: string) => boolean;
  /** default false: what is sent alone is written; true: it is claimed only, too */
  readonly liesAlone?: boolean;
  /** what an entry's answer names of the version; default an ETag */
  readonly names?: 'etag' | 'location' | 'time';
  /** default true */
  readonly hasBatches?: boolean;
  /** default true; where nobody may read, a GET is answered with 403 */
  readonly isReadable?: boolean;
}

export interface Lying extends Scripted {
  /** what it holds, by `Type/id` */
  readonly held: Map<string, { readonly resource: Resource; readonly version: number }>;
}

export async function startLying(options: LyingOptions): Promise<Lying> {
  const held: Lying['held'] = new Map();
  const put = (key: string, resource: Resource): number => {
    const version = (held.get(key)?.version ?? 0) + 1;
    held.set(key, { resource, version });
    return version;
  };
  const alone = ({ method, path, body }: Pick<Seen, 'method' | 'path' | 'body'>): Answer => {
    const key = path.replace(/^\//, '');
    const found = held.get(key);
    if (method === 'DELETE') return { status: held.delete(key) ? 204 : 404 };
    if (method === 'PUT' && options.liesAlone) return { status: 200, headers: { etag: 'W/"1"' } };
    if (method === 'PUT') return { status: 200, headers: { etag: `W/"${put(key, body as Resource)}"` } };
    if (options.isReadable === false) return { status: 403 };
    return found
      ? { status: 200, headers: { etag: `W/"${found.version}"` }, body: found.resource }
      : { status: 404 };
  };
  const applied = ({ request, resource }: BundleEntry): BundleEntry => {
    const { method, url } = request!;
    const before = held.get(url)?.version ?? 0;
    if (!options.lies(`${method} ${url}`)) {
      if (method === 'DELETE') held.delete(url);
      else put(url, resource!);
    }
    return { response: { status: '200 OK', ...named(options.names, url, before + 1) } };
  };
  const looked = ({ request }: BundleEntry): BundleEntry => {
    const answer = alone({ method: 'GET', path: request!.url, body: undefined });
    const { status, headers, body } = answer as Extract<Answer, { status: number }>;
    const etag = headers?.etag;
    return {
      ...(body ? { resource: body as Resource } : {}),
      response: { status: String(status), ...(etag ? { etag } : {}) },
    };
  };
  const answer = (seen: Seen): Answer => {
    if (seen.method !== 'POST') return alone(seen);
    const { type, entry = [] } = seen.body as Bundle;
    if (type === 'batch' && options.hasBatches === false) return { status: 400 };
    const body = {
      resourceType: 'Bundle',
      type: `${type}-response`,
      entry: entry.map(type === 'batch' ? looked : applied),
    };
    return { status: 200, body };
  };
  return { ...(await startScripted(answer)), held };
}

function named(names: LyingOptions['names'] = 'etag', url: string, version: number): object {
  if (names === 'etag') return { etag: `W/"${version}"` };
  return names === 'location' ? { location: url } : { lastModified: '2026-03-02T09:00:00Z' };
}
