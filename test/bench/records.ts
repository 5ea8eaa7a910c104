/** Turns the demo and the examples of each source into records, beside the compiled map of their kind. */
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import type { KindMap } from '../../src/mapping/map-set.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import type { SourceRecord } from '../../src/source/record.ts';

const NOW_MS = Date.UTC(2026, 5, 30, 12);
/** Codes of old systems are in no record of the demo, which is what is measured: the peers do not map them. */
const UNMEASURED = '/legacy-codes/';
const config = loadConfig({ cwd: ROOT, root: ROOT });
const loaded = config.ok ? loadParts(config.value, ROOT) : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue, undefined, 1));
const { sources, maps } = loaded.value;

/** One kind of record of one source. */
export interface Kind {
  /** `spreadsheet/referral` */
  readonly name: string;
  readonly run: KindMap['run'];
  /** every record of the kind that the reader accepts: those of the demo, those of the kind's examples */
  readonly demo: () => Promise<SourceRecord[]>;
  readonly examples: () => Promise<SourceRecord[]>;
}

const all: readonly Kind[] = [...maps].flatMap(([source, set]) =>
  [...set.kinds].map(([kind, { run }]) => ({
    name: `${source}/${kind}`,
    run,
    demo: async () => {
      const records = await recordsIn(source, 'demo/*.*', undefined);
      return records.filter((record) => record.kind === kind);
    },
    examples: () => recordsIn(source, `examples/${kind}/*/input.*`, kind),
  })),
);

/** What is measured: the kinds that the demo has records of. */
export const KINDS: readonly Kind[] = await withDemo(all);

async function withDemo(kinds: readonly Kind[]): Promise<readonly Kind[]> {
  const found: Kind[] = [];
  for (const kind of kinds) if ((await kind.demo()).length > 0) found.push(kind);
  return found;
}

async function recordsIn(source: string, pattern: string, kind: string | undefined): Promise<SourceRecord[]> {
  const records: SourceRecord[] = [];
  const options = { nowMs: NOW_MS, ...(kind !== undefined && { kind }) };
  const files = globSync(join(ROOT, 'mappings', source, pattern)).sort();
  for (const file of files.filter((one) => !one.includes(UNMEASURED)))
    for await (const record of readFileRecords(sources.get(source)!, file, options))
      if (record.ok) records.push(record);
  return records;
}
