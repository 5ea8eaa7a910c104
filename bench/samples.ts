/** Turns the demo files into records for the benchmarks. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedSource } from '../src/source/load.ts';
import { readFileRecords } from '../src/source/read-file.ts';
import type { SourceRecord } from '../src/source/record.ts';
import { testNhsNumber } from '../tooling/demo/nhs-number.ts';

const NOW_MS = Date.UTC(2026, 5, 30);

/** @returns whether the source's demo files hold a good record of a kind */
export async function hasDemo(source: LoadedSource, kind: string): Promise<boolean> {
  return (await goodRecords(source, kind, 1)).length > 0;
}

/** @returns up to `count` good records of one kind, from the source's demo files */
export async function sampleRecords(
  source: LoadedSource,
  kind: string,
  count: number,
): Promise<readonly SourceRecord[]> {
  const found = await goodRecords(source, kind, count);
  if (found.length === 0) throw new Error(`the demo files of ${source.manifest.name} hold no ${kind}`);
  return found;
}

async function goodRecords(source: LoadedSource, kind: string, count: number): Promise<SourceRecord[]> {
  const found: SourceRecord[] = [];
  for (const file of globSync(join(source.folder, 'demo', '*.{csv,ndjson}')).sort()) {
    for await (const record of readFileRecords(source, file, { nowMs: NOW_MS })) {
      if (record.ok && record.kind === kind) found.push(record);
      if (found.length === count) return found;
    }
  }
  return found;
}

/**
 * Makes as many records as asked from the samples, each under a key and a person of its own.
 * Only the values of key-like fields change, so that the work on each record stays that of the demo.
 */
export function multiplied(samples: readonly SourceRecord[], count: number): SourceRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const sample = samples[at % samples.length]!;
    const round = Math.floor(at / samples.length);
    if (round === 0) return sample;
    const payload = JSON.parse(JSON.stringify(sample.payload), (key, value: unknown) => {
      if (typeof value !== 'string') return value;
      if (isNhsNumber(key)) return testNhsNumber(BEYOND_THE_DEMO + at);
      return isKey(key) ? `${value}-${round}` : value;
    }) as SourceRecord['payload'];
    return { ...sample, key: `${sample.key}-${round}`, payload };
  });
}

/** Names of fields with keys of referrals, people and contacts; workers and organisations stay shared, as in life. */
function isKey(name: string): boolean {
  return /^(Referral ID|Person ID|Contact ID|.*(referral|person|contact|closure|form|support)(Id|Key)|id)$/.test(
    name,
  );
}

/** Two patients with one verified number would be one person. */
function isNhsNumber(name: string): boolean {
  return /^(NHS No|nhsNumber)$/.test(name);
}

/** The demo's people have numbers below this one. */
const BEYOND_THE_DEMO = 100_000;

export async function* streamed<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}
