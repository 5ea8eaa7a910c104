/** Turns a Bundle of type batch or transaction into what each of its entries asks for. */
import type { Bundle, BundleEntry, Resource } from '@medplum/fhirtypes';
import { queryOf } from '../address.ts';
import { patchOfEntry } from '../patch.ts';
import { isStored } from '../search/served.ts';
import { type AskedWrite, type Attempt, placed, type Refusal, refuseWith } from './asked.ts';
import type { ReadAsked } from './read-within.ts';

export type AskedEntry =
  | { readonly kind: 'write'; readonly write: AskedWrite }
  | { readonly kind: 'read'; readonly read: ReadAsked; readonly place: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

export interface AskedBundle {
  readonly type: 'batch' | 'transaction';
  readonly entries: readonly AskedEntry[];
}

/** One transaction of the store holds up all others for as long as it takes. */
const MOST_ENTRIES = 1_000;

/** @param base URL of the FHIR base: entries may name it @returns what is asked; or refusal 400, 413 */
export function bundleIn(resource: Resource, base: string): Attempt<AskedBundle> {
  const { type, entry = [] } = resource as Bundle;
  if (resource.resourceType !== 'Bundle' || (type !== 'batch' && type !== 'transaction'))
    return refuseWith(400, {
      code: 'value',
      rule: 'api-bundle-type',
      diagnostics:
        'What is posted here is a Bundle of type batch or transaction; a resource goes to the address of its type.',
      expression: 'Bundle.type',
    });
  if (!Array.isArray(entry)) return refuseWith(400, NO_LIST);
  if (entry.length > MOST_ENTRIES)
    return refuseWith(413, {
      code: 'too-costly',
      rule: 'api-bundle-size',
      diagnostics: `The Bundle has more than ${MOST_ENTRIES} entries: send it in parts.`,
      expression: 'Bundle.entry',
    });
  return {
    ok: true,
    value: { type, entries: entry.map((one, at) => entryIn(one, `Bundle.entry[${at}]`, base)) },
  };
}

function entryIn(entry: BundleEntry | null, place: string, base: string): AskedEntry {
  const { method, url } = entry?.request ?? {};
  if (typeof method !== 'string' || typeof url !== 'string')
    return refused(refuseWith(400, { ...NO_REQUEST, expression: `${place}.request` }, place));
  const path = `/${(url.startsWith(`${base}/`) ? url.slice(base.length) : url).replace(/^\/+/, '')}`;
  if (method === 'GET' || method === 'HEAD') return readIn(entry!, method, path, place);
  if (method === 'POST' || method === 'PUT' || method === 'PATCH' || method === 'DELETE')
    return writeIn(entry!, method, path, place);
  return refused(refuseWith(400, { ...NO_METHOD, expression: `${place}.request.method` }, place));
}

function readIn({ request }: BundleEntry, method: 'GET' | 'HEAD', url: string, place: string): AskedEntry {
  const { ifNoneMatch, ifModifiedSince } = request!;
  const headers = {
    ...(typeof ifNoneMatch === 'string' ? { 'if-none-match': ifNoneMatch } : {}),
    ...(typeof ifModifiedSince === 'string' ? { 'if-modified-since': httpDate(ifModifiedSince) } : {}),
  };
  return { kind: 'read', read: { method, url, headers }, place };
}

/** A Bundle has instants where HTTP has dates. */
function httpDate(instant: string): string {
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? instant : new Date(ms).toUTCString();
}

function writeIn(
  { request, resource, fullUrl }: BundleEntry,
  method: AskedWrite['method'],
  path: string,
  place: string,
): AskedEntry {
  const [, type = '', id, ...rest] = path.replace(/\?.*$/s, '').split('/');
  const isOperation = [type, id].some((part) => part?.startsWith('$') || part?.startsWith('_'));
  if (isOperation || rest.length > 0 || (method === 'POST' && id !== undefined))
    return refused(refuseWith(400, { ...NO_ADDRESS, expression: `${place}.request.url` }, place));
  if (!isStored(type)) return refused(refuseWith(404, UNKNOWN_TYPE, place));
  const query =
    method === 'POST'
      ? request!.ifNoneExist
      : path.includes('?')
        ? path.slice(path.indexOf('?') + 1)
        : undefined;
  const criteria = typeof query === 'string' ? queryOf(`?${query.replace(/^\?/, '')}`) : undefined;
  if (criteria?.ok === false)
    return refused(placed({ ok: false, status: 400, outcome: criteria.outcome }, place));
  const isOfType = id === undefined || id === '';
  const patch = method === 'PATCH' ? patchOfEntry(resource) : undefined;
  if (patch?.ok === false) return refused(placed(patch, place));
  return {
    kind: 'write',
    write: {
      ...{ method, type, place },
      id: isOfType ? undefined : id,
      criteria:
        isOfType && method !== 'POST'
          ? (criteria?.value ?? [])
          : method === 'POST'
            ? criteria?.value
            : undefined,
      ifMatch: typeof request!.ifMatch === 'string' ? request!.ifMatch : undefined,
      body: method === 'POST' || method === 'PUT' ? resource : undefined,
      patch: patch?.value,
      fullUrl: typeof fullUrl === 'string' ? fullUrl : undefined,
    },
  };
}

function refused(refusal: Refusal): AskedEntry {
  return { kind: 'refused', refusal };
}

const NO_LIST = {
  code: 'structure',
  rule: 'api-bundle-entry',
  diagnostics: 'Bundle.entry is a list: write one.',
  expression: 'Bundle.entry',
} as const;
const NO_REQUEST = {
  code: 'required',
  rule: 'api-bundle-request',
  diagnostics: 'An entry says by request.method and request.url what is to be done: write both.',
} as const;
const NO_METHOD = {
  code: 'value',
  rule: 'api-bundle-method',
  diagnostics: 'There is no such method: write GET, HEAD, POST, PUT, PATCH or DELETE.',
} as const;
const NO_ADDRESS = {
  code: 'not-supported',
  rule: 'api-bundle-url',
  diagnostics:
    'This is no address that an entry can write to: write Type, Type/id or Type?conditions, as the method has it.',
} as const;
export const UNKNOWN_TYPE = {
  code: 'not-supported',
  rule: 'api-unknown-type',
  diagnostics: 'There is no such resource type here; /metadata lists what is served.',
} as const;
