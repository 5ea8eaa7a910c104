/** Turns a Subscription into what is kept of it, and what is kept into the Subscription that is shown: secrets stay here. */
import type { Subscription } from '@medplum/fhirtypes';
import type { KeptSubscription, NewSubscription } from '../../store/subscriptions.ts';
import type { Access } from '../access.ts';
import type { Asked } from './asked.ts';

/** Stands for the value of a header. */
const MASK = '***';

/** What `content` holds. */
export interface KeptContent {
  /** FHIR base as the client called it: what notifications name our resources by */
  readonly base: string;
  readonly subscription: Subscription;
}

export function contentOf({ content }: Pick<KeptSubscription, 'content'>): KeptContent {
  return JSON.parse(content) as KeptContent;
}

/** @param before what is replaced: a header that is sent back as it was shown keeps its value */
export function toKeep(
  id: string,
  { subscription, interest, headers, endMs, state }: Asked,
  { client, organisation, viewer }: Access,
  base: string,
  before?: KeptSubscription,
): NewSubscription {
  const { id: _id, meta, status: _status, error: _error, ...rest } = subscription;
  const { header: _header, ...channel } = rest.channel;
  const { profile } = meta ?? {};
  const kept = { ...rest, channel, ...(profile ? { meta: { profile } } : {}) };
  return {
    ...{ id, client, viewer, state, endMs, ownerOrg: organisation, types: interest.types },
    content: JSON.stringify({ base, subscription: kept } satisfies { base: string; subscription: object }),
    headers: headers.map((one) => unmasked(one, before?.headers ?? [])),
  };
}

function unmasked(header: string, before: readonly string[]): string {
  const name = nameOf(header);
  if (header.slice(header.indexOf(':') + 1).trim() !== MASK) return header;
  return before.find((one) => nameOf(one).toLowerCase() === name.toLowerCase()) ?? header;
}

function nameOf(header: string): string {
  return header.slice(0, header.indexOf(':'));
}

/** @returns the Subscription as its client sees it */
export function shown(kept: KeptSubscription): Subscription & { readonly id: string } {
  const { subscription } = contentOf(kept);
  const { resourceType, meta, channel, ...rest } = subscription;
  const header = kept.headers.map((one) => `${nameOf(one)}: ${MASK}`);
  return {
    resourceType,
    id: kept.id,
    meta: {
      ...meta,
      versionId: String(kept.version),
      lastUpdated: new Date(kept.lastUpdatedMs).toISOString(),
    },
    ...rest,
    status: kept.state,
    ...(kept.fault === undefined ? {} : { error: kept.fault }),
    channel: { ...channel, ...(header.length > 0 ? { header } : {}) },
  };
}

/** @returns names and values to send */
export function headersOf({ headers }: Pick<KeptSubscription, 'headers'>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    headers.map((one) => [nameOf(one).toLowerCase(), one.slice(one.indexOf(':') + 1).trim()]),
  );
}

/** @returns what an operator is told of under this name */
export function causeOf(id: string): string {
  return `subscription-failing:${id}`;
}
