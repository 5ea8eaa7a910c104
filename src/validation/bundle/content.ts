/** Turns a document or a message into faults: what its first resource refers to stands in it, and nothing else. */

import { jsonOf, textOf } from '../json-parts.ts';
import { DEEPEST, type Entries, type Json } from '../run.ts';
import type { SpecialFault } from '../special-fault.ts';
import type { Entry } from './entry.ts';

/** A literal reference within a resource. */
interface Pointer {
  readonly path: string;
  readonly reference: string;
}

/** Elements of a Composition that point beyond the document, or say nothing of its content. */
const BEYOND: ReadonlySet<string> = new Set([
  'contained',
  'extension',
  'meta',
  'modifierExtension',
  'relatesTo',
  'text',
]);

/** @source hl7.org/fhir/R4/documents.html#content */
export function documentFaults(entries: readonly Entry[], index: Entries): readonly SpecialFault[] {
  const composition = entries[0]?.resource;
  if (composition?.resourceType !== 'Composition') return []; // bdl-11
  const missing = pointersOf(composition, 'entry[0].resource', 0)
    .filter(({ reference }) => isStray(reference, composition, index))
    .map(
      ({ path }): SpecialFault => ({
        rule: 'bundle-document-incomplete',
        element: `${path}.reference`,
        text: 'points to a resource that the document does not hold: add it as an entry under this URL',
        code: 'not-found',
      }),
    );
  return [...missing, ...unreachable(entries, composition, index)];
}

/** @source hl7.org/fhir/R4/messageheader-definitions.html#MessageHeader.focus, hl7.org/fhir/R4/bundle-definitions.html#Bundle.timestamp */
export function messageFaults(
  { timestamp }: Json,
  entries: readonly Entry[],
  index: Entries,
): readonly SpecialFault[] {
  const header = entries[0]?.resource;
  const undated: readonly SpecialFault[] =
    timestamp === undefined
      ? [
          {
            rule: 'bundle-timestamp',
            element: 'timestamp',
            text: 'is missing: say when the message was assembled',
            severity: 'warning',
            code: 'required',
          },
        ]
      : [];
  if (header?.resourceType !== 'MessageHeader') return undated; // bdl-12
  const stray = pointersOf(header.focus, 'entry[0].resource.focus', 0).filter(({ reference }) =>
    isStray(reference, header, index),
  );
  return [
    ...undated,
    ...stray.map(({ path }) => ({
      rule: 'bundle-message-focus',
      element: `${path}.reference`,
      text: 'points to a resource that the message does not hold: add it as an entry under this URL',
      code: 'not-found' as const,
    })),
  ];
}

/** URNs without an entry are a fault wherever they stand (`bundle-reference-unresolved`). */
function isStray(reference: string, from: Json, index: Entries): boolean {
  return !/^(?:#|urn:)/.test(reference) && !index.find(reference, from);
}

function pointersOf(value: unknown, path: string, depth: number): readonly Pointer[] {
  if (depth > DEEPEST) return [];
  if (Array.isArray(value)) return value.flatMap((item, at) => pointersOf(item, `${path}[${at}]`, depth + 1));
  const owner = jsonOf(value);
  if (!owner) return [];
  const reference = textOf(owner.reference);
  if (reference !== undefined) return [{ path, reference }];
  return Object.keys(owner).flatMap((key) =>
    BEYOND.has(key) ? [] : pointersOf(owner[key], `${path}.${key}`, depth + 1),
  );
}

/** Followed from the Composition; a Provenance belongs to what it is of, a style sheet to all. */
function unreachable(entries: readonly Entry[], first: Json, index: Entries): readonly SpecialFault[] {
  const provenances = new Map<Json, Json[]>();
  for (const { resource, type } of entries) {
    if (!resource || type !== 'Provenance') continue;
    for (const reference of referencesIn(resource.target)) {
      const target = index.find(reference, resource);
      const known = target && provenances.get(target);
      if (known) known.push(resource);
      else if (target) provenances.set(target, [resource]);
    }
  }
  const reached = new Set<Json>([first]);
  for (const resource of reached) {
    for (const reference of referencesIn(resource)) {
      const target = index.find(reference, resource);
      if (target) reached.add(target); // a Set's loop takes what is added on the way
    }
    for (const provenance of provenances.get(resource) ?? []) reached.add(provenance);
  }
  return entries
    .filter(({ resource }) => resource && !reached.has(resource) && !isStyleSheet(resource))
    .map(({ index: at }) => ({
      rule: 'bundle-unreachable',
      element: `entry[${at}]`,
      text: 'is reached by no reference that begins in the Composition: refer to it, or leave it out',
      severity: 'warning' as const,
    }));
}

function isStyleSheet({ resourceType, contentType }: Json): boolean {
  return resourceType === 'Binary' && contentType === 'text/css';
}

/** @returns every literal reference and the URL of every attachment below a value */
function referencesIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const waiting: unknown[] = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (Array.isArray(next)) for (const item of next) waiting.push(item);
    const owner = jsonOf(next);
    if (!owner) continue;
    for (const key in owner) {
      const member = owner[key];
      if (typeof member === 'object') waiting.push(member);
      else if (typeof member === 'string' && (key === 'reference' || key === 'url')) found.push(member);
    }
  }
  return found;
}
