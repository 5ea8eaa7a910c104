/** Turns what @medplum/fhir-router answers into HTTP: status, ETag, Last-Modified, Location, and FHIR's transaction entries. */
import { getStatus, isOk } from '@medplum/core';
import type { FhirResponse } from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome, Resource } from '@medplum/fhirtypes';
import type { Records } from './records.ts';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface Asked {
  readonly method: string;
  /** path below the base, with its query */
  readonly path: string;
  readonly prefer: string | undefined;
  readonly ifNoneMatch: string | undefined;
  /** the server's base URL */
  readonly base: string;
  /** what was posted: of a Bundle, its entries are known by it */
  readonly bundle: Partial<Bundle>;
}

const CONTENT_TYPE = 'application/fhir+json; charset=utf-8';

export function outcomeAnswer(
  status: number,
  outcome: OperationOutcome,
  headers?: Record<string, string>,
): Answer {
  return { status, headers: { 'content-type': CONTENT_TYPE, ...headers }, body: JSON.stringify(outcome) };
}

export function answerOf([outcome, result]: FhirResponse, asked: Asked, records: Records): Answer {
  if (!isOk(outcome) || !result) return outcomeAnswer(getStatus(outcome), outcome);
  if (result.resourceType === 'Bundle' && !result.meta?.versionId)
    return bundleAnswer(result, asked, records);
  const { versionId, lastUpdated } = result.meta ?? {};
  const isWrite = asked.method === 'PUT' || asked.method === 'POST' || asked.method === 'PATCH';
  const created = isWrite && records.wasCreated(result);
  const etag = `W/"${versionId}"`;
  const headers: Record<string, string> = {
    'content-type': CONTENT_TYPE,
    etag,
    ...(lastUpdated ? { 'last-modified': new Date(lastUpdated).toUTCString() } : {}),
    ...(isWrite ? { location: `${asked.base}/${locationOf(result)}` } : {}),
  };
  if (asked.method === 'GET' && asked.ifNoneMatch === etag) return { status: 304, headers, body: '' };
  const minimal = isWrite && asked.prefer?.includes('return=minimal');
  const body = minimal ? '' : (records.textOf(result) ?? JSON.stringify(result));
  return { status: created ? 201 : getStatus(outcome), headers, body };
}

function bundleAnswer(bundle: Bundle, asked: Asked, records: Records): Answer {
  const full: Bundle = bundle.type?.endsWith('-response')
    ? { ...bundle, entry: bundle.entry?.map((entry, at) => responseEntry(entry, at, asked, records)) }
    : {
        ...bundle,
        link: pageLinks(bundle, asked),
        entry: bundle.entry?.map((entry) => ({ fullUrl: fullUrl(asked.base, entry), ...entry })),
      };
  return { status: 200, headers: { 'content-type': CONTENT_TYPE }, body: JSON.stringify(full) };
}

/** The router says 200 for every entry and echoes the resource; servers say what was created, and its version. */
function responseEntry(entry: BundleEntry, at: number, asked: Asked, records: Records): BundleEntry {
  const { resource, response } = entry;
  if (!resource?.id || !response?.status.startsWith('2')) return { response };
  const { versionId, lastUpdated } = resource.meta ?? {};
  const version = { etag: `W/"${versionId}"`, lastModified: lastUpdated };
  if (asked.bundle.entry?.[at]?.request?.method === 'GET')
    return { resource, response: { status: '200 OK', ...version } };
  const created = records.wasCreated(resource);
  return {
    ...(asked.prefer?.includes('return=representation') ? { resource } : {}),
    response: {
      status: created ? '201 Created' : '200 OK',
      location: locationOf(resource),
      ...version,
    },
  };
}

function pageLinks(bundle: Bundle, asked: Asked): Bundle['link'] {
  const self = new URL(asked.path, `${asked.base}/`);
  const links = [{ relation: 'self' as const, url: self.href }];
  const offset = Number(self.searchParams.get('_offset') ?? 0);
  const end = offset + (bundle.entry?.length ?? 0);
  if (bundle.type !== 'searchset' || !bundle.entry?.length || end >= (bundle.total ?? 0)) return links;
  const next = new URL(self);
  next.searchParams.set('_offset', String(end));
  return [...links, { relation: 'next' as const, url: next.href }];
}

function fullUrl(base: string, entry: BundleEntry): string {
  return `${base}/${entry.resource ? `${entry.resource.resourceType}/${entry.resource.id}` : entry.request?.url}`;
}

function locationOf(resource: Resource): string {
  return `${resource.resourceType}/${resource.id}/_history/${resource.meta?.versionId}`;
}
