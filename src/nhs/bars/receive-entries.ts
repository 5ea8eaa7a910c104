/** Turns the entries of a message that came into resources by the address that others of them use. */
import type { BarsFault } from './errors.ts';
import { isUuid } from './headers.ts';

export type Json = Readonly<Record<string, unknown>>;

/** An entry of a message. */
export interface Entry {
  /** `urn:uuid:…`, in lower case */
  readonly fullUrl: string;
  /** place in the Bundle, from 0 */
  readonly at: number;
  readonly resource: Json & { readonly resourceType: string };
}

const TYPE = /^[A-Z][A-Za-z]{1,63}$/;
const PREFIX = 'urn:uuid:';
/** No message of this standard is so large. */
const MOST_ENTRIES = 500;

const TOO_MANY: BarsFault = {
  code: 'REC_UNPROCESSABLE_ENTITY',
  issue: 'too-costly',
  diagnostics: `Bundle.entry has more than ${MOST_ENTRIES} entries: leave out what the definition does not ask for.`,
  expression: 'Bundle.entry',
};

export function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @returns the entries, or the refusal of the first that cannot be read */
export function entriesIn(value: unknown): readonly Entry[] | { readonly fault: BarsFault } {
  if (!Array.isArray(value) || value.length === 0)
    return broken('required', 'Bundle.entry is missing: a message has entries.', 'Bundle.entry');
  if (value.length > MOST_ENTRIES) return { fault: TOO_MANY };
  const entries: Entry[] = [];
  const seen = new Set<string>();
  for (const [at, one] of value.entries()) {
    const place = `Bundle.entry[${at}]`;
    if (!isJson(one)) return broken('structure', `${place} is no object.`, place);
    const { resource } = one;
    if (!isJson(resource) || typeof resource.resourceType !== 'string' || !TYPE.test(resource.resourceType))
      return broken('structure', `${place}.resource is no resource.`, `${place}.resource`);
    const fullUrl = typeof one.fullUrl === 'string' ? one.fullUrl.toLowerCase() : '';
    if (!fullUrl.startsWith(PREFIX) || !isUuid(fullUrl.slice(PREFIX.length)))
      return broken('value', `${place}.fullUrl is no urn:uuid: address.`, `${place}.fullUrl`);
    if (seen.has(fullUrl))
      return broken('invariant', `${place}.fullUrl is that of an earlier entry.`, `${place}.fullUrl`);
    seen.add(fullUrl);
    entries.push({ fullUrl, at, resource: lowered(resource) as Entry['resource'] });
  }
  return entries;
}

/** UUIDs are the same in either case: addresses are compared in lower case. */
function lowered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(lowered);
  if (!isJson(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name,
      name === 'reference' && typeof member === 'string' && /^urn:uuid:/i.test(member)
        ? member.toLowerCase()
        : lowered(member),
    ]),
  );
}

function broken(
  issue: BarsFault['issue'],
  diagnostics: string,
  expression: string,
): { readonly fault: BarsFault } {
  return { fault: { code: 'REC_BAD_REQUEST', issue, diagnostics, expression } };
}
