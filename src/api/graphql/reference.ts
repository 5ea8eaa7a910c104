/** Turns a Reference into the resource it names: contained beside it, or in the store as the client may see it. */
import type { GraphQLResolveInfo } from 'graphql';
import { isStored } from '../search/served.ts';
import type { Asking } from './asking.ts';
import { refusalOf } from './refusal.ts';

/** @returns undefined where it is of another type than asked for, or optional and not there */
export async function resolveReference(
  asking: Asking,
  source: unknown,
  args: { readonly optional?: boolean | null; readonly type?: string | null },
  info: GraphQLResolveInfo,
): Promise<unknown> {
  const { reference } = source as { reference?: unknown };
  const found = typeof reference === 'string' ? await lookUp(asking, reference, info) : undefined;
  if (found === undefined && args.optional !== true)
    throw refusalOf({
      code: 'not-found',
      rule: 'graphql-reference',
      diagnostics:
        'The reference leads to nothing that is here and yours to see; write resource(optional: true) to allow that.',
    });
  return args.type && found?.resourceType !== args.type ? undefined : found;
}

interface Found {
  readonly resourceType: string;
}

async function lookUp(
  asking: Asking,
  reference: string,
  info: GraphQLResolveInfo,
): Promise<Found | undefined> {
  if (reference.startsWith('#')) return containedIn(asking, reference.slice(1), info);
  const { base } = asking.parts.clauses;
  const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const [, type, id] = /^([A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/\d+)?$/.exec(local) ?? [];
  if (type === undefined || id === undefined || !isStored(type)) return undefined;
  return asking.parts.access.may(type, 'read') ? await asking.read(type, id) : undefined;
}

/** What is contained stands in the resource around the reference, which the query has come through. */
async function containedIn(asking: Asking, id: string, info: GraphQLResolveInfo): Promise<Found | undefined> {
  const around = asking.resourceAround(info.path);
  const { contained = [] } = (around ?? {}) as { contained?: readonly (Found & { id?: string })[] };
  return contained.find((one) => one.id === id && isStored(one.resourceType));
}
