/** Gives the tests of this folder a small source, its bytes and what was said about them. */
import { join } from 'node:path';
import type { KindReader } from '../../src/source/kind-reader.ts';
import { type LoadedSource, loadSource } from '../../src/source/load.ts';
import type { ReadRecord, SourceRecord, UnreadRecord } from '../../src/source/record.ts';

export const NOW_MS = Date.UTC(2026, 0, 15, 9);

const loaded = loadSource(join(import.meta.dirname, 'fixtures/charity'));
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome));
export const charity: LoadedSource = loaded.value;

export function kindOf(name: string): KindReader {
  return charity.kinds.get(name)!;
}

/** @returns the text's bytes, cut into pieces of a size, so that nothing can lean on where chunks end */
export async function* chunksOf(content: string | Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export async function allOf<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

export function read(record: ReadRecord | undefined): SourceRecord {
  if (!record?.ok) throw new Error(`not read: ${JSON.stringify(record?.outcome)}`);
  return record;
}

export function refused(record: ReadRecord | undefined): UnreadRecord {
  if (!record || record.ok) throw new Error('nothing was refused');
  return record;
}

/** @returns "rule: diagnostics" of each issue */
export function said(record: ReadRecord | undefined): string[] {
  const issues = record?.ok ? record.warnings : (record?.outcome.issue ?? []);
  return issues.map((issue) => `${issue.details?.coding?.[0]?.code}: ${issue.diagnostics}`);
}
