/** Turns a Reference into what is wrong with where it points, in words that never repeat it. */
import { parseLocalId } from '../fhir/ids.ts';
import type { Checking } from './checking.ts';
import { urlOfType } from './discriminator-path.ts';
import { resolveReference } from './resolve.ts';
import type { RuleBooks } from './rule-books.ts';
import { type Json, running } from './run.ts';

export interface ReferenceFault {
  readonly rule: 'fhir-reference' | 'fhir-reference-contained' | 'reference-type' | 'profile-reference';
  readonly text: string;
}

/** Resource types that an element may point to, and the profiles among them. */
export interface Targets {
  /** empty: any */
  readonly types: ReadonlySet<string>;
  /** profile canonicals by the type that they are of; a type without one is fine as it is */
  readonly profiles: ReadonlyMap<string, readonly string[]>;
  /** what a relative reference to one of the types begins with: `Patient/` */
  readonly prefixes: readonly string[];
}

const RELATIVE = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const ABSOLUTE =
  /^https?:\/\/\S+?\/([A-Z][A-Za-z]+)\/[A-Za-z0-9\-.]{1,64}(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;
const ELSEWHERE = /^(?:#[A-Za-z0-9\-.]{0,64}|urn:(?:uuid|oid):\S+|[a-z][a-z0-9+.-]*:\S+)$/;

/** @param targets canonicals of the types and profiles that an element may point to */
export function targetTypes(targets: readonly string[], books: RuleBooks): Targets {
  const profiles = new Map<string, string[]>();
  const types = new Set<string>();
  const whole = new Set<string>();
  let isAny = false;
  for (const target of targets) {
    const book = books.find(target);
    if (!book) isAny = true; // nobody here knows of which type it is
    const type = books.resourceType(target);
    types.add(type);
    if (book?.isProfile) profiles.set(type, [...(profiles.get(type) ?? []), target]);
    else whole.add(type);
  }
  for (const type of whole) profiles.delete(type);
  isAny ||= types.has('Resource') || types.has('DomainResource');
  const prefixes = [...types].map((type) => `${type}/`);
  return { types: isAny ? new Set() : types, profiles, prefixes };
}

export function isReferenceFine(value: unknown, targets: Targets, checks: Checking): boolean {
  return isElsewhere(value, targets) || targetFault(value, targets, checks) === undefined;
}

/** Outside of Bundles a relative reference leads to nothing at hand: its type is all that there is to ask. */
function isElsewhere(value: unknown, { prefixes }: Targets): boolean {
  const reference = (value as Json | null)?.reference;
  if (typeof reference !== 'string' || running().entries !== undefined) return false;
  for (const prefix of prefixes) if (reference.startsWith(prefix)) return true;
  return false;
}

/** @returns what is wrong with the form of a reference, whatever the element */
export function formFault(value: unknown, checks: Checking): ReferenceFault | undefined {
  const { reference } = value as Json;
  if (typeof reference !== 'string') return undefined;
  if (reference.startsWith('#'))
    return reference === '#' || resolveReference(reference)
      ? undefined
      : {
          rule: 'fhir-reference-contained',
          text: 'points to a contained resource that is not there: contain it, or write Type/id',
        };
  if (isPlain(reference, checks)) return undefined;
  if (RELATIVE.test(reference))
    return isResourceType(reference.slice(0, reference.indexOf('/')), checks)
      ? undefined
      : { rule: 'fhir-reference', text: 'names no resource type of R4' };
  if (parseLocalId(reference))
    return {
      rule: 'fhir-reference',
      text: 'is a local id that was not given its final form: name the resources first',
    };
  return ELSEWHERE.test(reference)
    ? undefined
    : { rule: 'fhir-reference', text: 'is no reference: write Type/id' };
}

const LONGEST_ID = 64;

/** `Type/id`, as nearly all references are: told without a pattern, and good. */
function isPlain(reference: string, checks: Checking): boolean {
  const slash = reference.indexOf('/');
  const { length } = reference;
  if (slash < 0 || length - slash < 2 || length - slash > LONGEST_ID + 1) return false;
  for (let at = slash + 1; at < length; at++) if (!isOfId(reference.charCodeAt(at))) return false;
  return isResourceType(reference.slice(0, slash), checks);
}

/** a-z, A-Z, 0-9, hyphen and full stop */
function isOfId(code: number): boolean {
  if (code >= 97) return code <= 122;
  if (code >= 65) return code <= 90;
  return code >= 48 ? code <= 57 : code === 45 || code === 46;
}

/** @source hl7.org/fhir/R4/references.html#literal */
export function targetFault(
  value: unknown,
  { types, profiles }: Targets,
  checks: Checking,
): ReferenceFault | undefined {
  if (types.size === 0 || typeof value !== 'object' || value === null) return undefined;
  const { reference, type: stated } = value as Json;
  const target = typeof reference === 'string' ? resolveReference(reference) : undefined;
  const type = typeOf(target, reference, stated);
  if (type === undefined) return undefined;
  if (!types.has(type)) {
    if (!isResourceType(type, checks)) return undefined; // said of its form, or a URL of something else than FHIR
    const text = `points to the wrong type: it may be ${[...types].join(', ')}`;
    return { rule: 'reference-type', text };
  }
  const wanted = profiles.get(type);
  if (!target || !wanted || wanted.some((one) => checks.conforms(target, one))) return undefined;
  return {
    rule: 'profile-reference',
    text: `points to a resource that does not conform to ${wanted.join(' or ')}`,
  };
}

/** @returns a fault where a Reference names another type than that of what it points to */
export function contradiction(value: Json, checks: Checking): ReferenceFault | undefined {
  const { reference, type } = value;
  if (typeof reference !== 'string' || typeof type !== 'string') return undefined;
  const stated = type.startsWith(TYPES) ? type.slice(TYPES.length) : type;
  const found = typeOf(resolveReference(reference), reference, undefined);
  if (found === undefined || found === stated) return undefined;
  if (!isResourceType(stated, checks) || !isResourceType(found, checks)) return undefined;
  const text = 'names another type than the one that the reference points to: correct the one or the other';
  return { rule: 'reference-type', text };
}

const TYPES = urlOfType('');

function typeOf(target: Json | undefined, reference: unknown, stated: unknown): string | undefined {
  if (typeof target?.resourceType === 'string') return target.resourceType;
  const text = typeof reference === 'string' ? reference : '';
  const said = isUpper(text) ? leadingType(text) : ABSOLUTE.exec(text)?.[1];
  return said ?? (typeof stated === 'string' && /^[A-Z]/.test(stated) ? stated : undefined);
}

/** @returns the type that a Reference says it points to, by what it is written as or by its `type` */
export function statedType(value: unknown): string | undefined {
  if (typeof value === 'string') return typeOf(undefined, value, undefined);
  const { reference, type } = (value ?? {}) as Json;
  return typeOf(undefined, reference, type);
}

/** @returns the type that a relative reference begins with, or the search that stands for one in a transaction */
function leadingType(text: string): string | undefined {
  const end = text.search(/[/?]/);
  return end < 0 ? undefined : text.slice(0, end);
}

/** A relative reference begins with the type; its form was looked at with the Reference. */
function isUpper(text: string): boolean {
  const first = text.charCodeAt(0);
  return first >= 65 && first <= 90;
}

/** @returns true for the name of a resource type of R4 that a resource may have */
export function isResourceType(type: string, { books }: Checking): boolean {
  const book = books.type(type);
  return book?.kind === 'resource' && !book.isAbstract;
}
