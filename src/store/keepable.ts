/** Turns a record that an engine could not keep as it is into a refused one, which says what to change. */
import { issueOf, outcomeOf } from '../fhir/outcome.ts';
import { isKeepable, LONGEST_INDEXED_BYTES } from './index-text.ts';
import type { CommitRecord, RefusedRecord } from './records.ts';

/** @returns the record itself, or as refused: under no key, where it is the key that cannot be kept */
export function keepable(record: CommitRecord | RefusedRecord): CommitRecord | RefusedRecord {
  const { key } = record;
  if (key !== undefined && !isKeepable(key)) return refused(record, undefined, KEY_TEXT);
  if (key !== undefined && Buffer.byteLength(key) > LONGEST_INDEXED_BYTES)
    return refused(record, undefined, KEY_LENGTH);
  if ('outcome' in record) return record;
  for (const { resource } of record.resources) {
    if (isKeepableThroughout(resource)) continue;
    const expression = unkeepableIn(resource, resource.resourceType);
    if (expression !== undefined) return refused(record, key, { ...VALUE_TEXT, expression });
  }
  return record;
}

/** The same question as `unkeepableIn`, for the many that hold no such text: it names no places. */
function isKeepableThroughout(value: object): boolean {
  if (Array.isArray(value)) {
    for (const item of value) if (!isKeepableValue(item)) return false;
    return true;
  }
  for (const name in value) if (!isKeepableValue((value as Record<string, unknown>)[name])) return false;
  return true;
}

function isKeepableValue(value: unknown): boolean {
  if (typeof value === 'string') return isKeepable(value);
  return typeof value !== 'object' || value === null || isKeepableThroughout(value);
}

/** Where a resource holds a text that cannot be kept. @returns its FHIRPath, undefined where there is none */
function unkeepableIn(value: unknown, path: string): string | undefined {
  if (typeof value === 'string') return isKeepable(value) ? undefined : path;
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [name, member] of Object.entries(value)) {
    const place = Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`;
    const found = unkeepableIn(member, place);
    if (found !== undefined) return found;
  }
  return undefined;
}

function refused(
  record: CommitRecord | RefusedRecord,
  key: string | undefined,
  fault: Parameters<typeof issueOf>[0],
): RefusedRecord {
  const { source, kind, payload, ownerOrg, receiptId, file, line } = record;
  const place = { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
  const earlier = 'outcome' in record ? record.outcome.issue : [];
  const outcome = outcomeOf(...earlier, issueOf(fault));
  return { source, kind, key, payload, ownerOrg, receiptId, ...place, outcome };
}

const KEY_TEXT = {
  code: 'value',
  rule: 'store-key-text',
  diagnostics:
    'The key of this record holds U+0000 or half of a surrogate pair, which no database keeps: take the character out of the key columns at the source, and send the record again.',
} as const;
const KEY_LENGTH = {
  code: 'too-long',
  rule: 'store-key-length',
  diagnostics: `The key of this record is longer than ${LONGEST_INDEXED_BYTES} bytes in UTF-8: have the source name its records by shorter keys, and send the record again.`,
} as const;
const VALUE_TEXT = {
  code: 'value',
  rule: 'store-value-text',
  diagnostics:
    'This element holds U+0000 or half of a surrogate pair, which FHIR and UTF-8 do not allow: take the character out of the field at the source, and send the record again.',
} as const;
