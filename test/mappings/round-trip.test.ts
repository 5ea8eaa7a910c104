/** Takes the examples, the demo and generated records of every source out to FHIR and back: only what `loss.json` declares gets lost. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { ruleOf } from '../../src/fhir/outcome.ts';
import type { KindMap } from '../../src/mapping/map-set.ts';
import { readFileRecords } from '../../src/source/read-file.ts';
import { codeOf, wordsOf } from './code-lists.ts';
import { type RecordSchema, recordArbitrary } from './record-arbitrary.ts';
import { differences, Ledger, type RoundTrip, roundTrip, type SourceRecordValue } from './round-trip.ts';

const NOW_MS = Date.UTC(2026, 5, 30, 12);
/** Many records a test: it may take its time on a busy machine. */
const PATIENCE_MS = 120_000;

/** Enough records that each declared loss happens; the seed makes them always the same. */
const RUNS = { numRuns: 600, seed: 20_260_701 };

const config = loadConfig({ cwd: ROOT, root: ROOT });
// those too that are not there unless they are configured
const directory = { folder: join(ROOT, 'mappings/open-referral-uk'), ownerOrg: 'local' };
const loaded = config.ok
  ? loadParts({ ...config.value, sources: [...config.value.sources, directory] }, ROOT)
  : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue, undefined, 1));
const { sources, maps } = loaded.value;

const kinds = [...maps].flatMap(([source, set]) =>
  [...set.kinds].map(([kind, map]) => {
    const { check } = sources.get(source)!.kinds.get(kind)!;
    const losses = set.losses[kind]?.record ?? [];
    const isSame = (field: string, before: unknown, after: unknown): boolean =>
      codeOf(source, field, before) !== undefined &&
      codeOf(source, field, before) === codeOf(source, field, after);
    return { source, kind, map, check, ledger: () => new Ledger(losses, isSame) };
  }),
);

const label = ({ source, kind }: { source: string; kind: string }): string => `${source} ${kind}`;

/** Records of the examples and the demo that can be told by file name or columns; of a kind of which there is none, of all its examples. */
async function recordsOf(source: string, kind: string): Promise<SourceRecordValue[]> {
  const examples = `mappings/${source}/examples/${kind}/*/input.*`;
  const told = await read(source, kind, [examples, `mappings/${source}/demo/*`], {});
  return told.length > 0 ? told : await read(source, kind, [examples], { kind });
}

const isUnknownField = (issue: OperationOutcomeIssue): boolean => ruleOf(issue) === 'read-unknown-field';

async function read(
  source: string,
  kind: string,
  patterns: readonly string[],
  told: { kind?: string },
): Promise<SourceRecordValue[]> {
  const found: SourceRecordValue[] = [];
  // a field that no schema names is told when it is read, and no map is asked for it
  for (const file of globSync([...patterns], { cwd: ROOT }).sort())
    for await (const record of readFileRecords(sources.get(source)!, join(ROOT, file), {
      nowMs: NOW_MS,
      ...told,
    }))
      if (record.ok && record.kind === kind && !record.warnings.some(isUnknownField))
        found.push(record.payload);
  return found;
}

function recordsFor(source: string, kind: string): fc.Arbitrary<SourceRecordValue> {
  const schema = JSON.parse(readFileSync(join(ROOT, `mappings/${source}/${kind}.schema.json`), 'utf8'));
  return recordArbitrary(schema as RecordSchema, (path) => wordsOf(source, path));
}

/** Takes the record that came back once more around: nothing changes any more. */
function expectFixed(map: KindMap, { back }: RoundTrip): RoundTrip {
  const second = roundTrip(map, back!);
  const third = roundTrip(map, second.back!);
  expect(canonicalJson(third.bundle)).toBe(canonicalJson(second.bundle));
  return second;
}

/** The platform names the organisation of its own link workers by the key alone, where the service stands in the record. */
function withWorkerOfTheService(record: SourceRecordValue): SourceRecordValue {
  const { service, worker } = record as { service?: { id: string }; worker?: object };
  return service && worker ? { ...record, worker: { ...worker, organisation: { id: service.id } } } : record;
}

test('every kind of every source has a way back', () => {
  expect(kinds.filter(({ map }) => map.back).map(label)).toHaveLength(13);
});

test.each(kinds)(
  'the examples and the demo of $source $kind come back, and FHIR of them is the same',
  async ({ source, kind, map, check, ledger }) => {
    const book = ledger();
    const mapped = (await recordsOf(source, kind)).map((record) => ({
      record,
      trip: roundTrip(map, record),
    }));
    const whole = mapped.filter(({ trip }) => trip.issues.length === 0);
    expect(whole.length).toBeGreaterThanOrEqual(Math.min(mapped.length * 0.9, mapped.length - 1));
    for (const { record, trip } of whole) {
      expect(trip.backIssues).toEqual([]);
      expect(check(trip.back)).toEqual([]);
      expect(book.undeclared(record, differences(record, trip.back))).toEqual([]);
      expect(canonicalJson(expectFixed(map, trip).bundle)).toBe(canonicalJson(trip.bundle));
    }
  },
  PATIENCE_MS,
);

test.each(kinds)(
  'any record of $source $kind comes back but for the declared losses, each of which happens',
  ({ source, kind, map, check, ledger }) => {
    const book = ledger();
    fc.assert(
      fc.property(fc.tuple(recordsFor(source, kind), fc.boolean()), ([made, isOfTheService]) => {
        const record = isOfTheService ? withWorkerOfTheService(made) : made;
        expect(check(record)).toEqual([]);
        const trip = roundTrip(map, record);
        expect(trip.backIssues).toEqual([]);
        expect(check(trip.back)).toEqual([]);
        expect(book.undeclared(record, differences(record, trip.back))).toEqual([]);
        expectFixed(map, trip);
      }),
      RUNS,
    );
    expect(book.unseen()).toEqual([]);
  },
  PATIENCE_MS,
);

test.each(kinds)(
  'the way back of $source $kind gives what is left of a Bundle, without a failure and without touching it',
  ({ source, kind, map }) => {
    const parts = fc.tuple(recordsFor(source, kind), fc.infiniteStream(fc.boolean()));
    fc.assert(
      fc.property(parts, ([record, stays]) => {
        const whole = map.run(record, []);
        const bundle = { ...whole, entry: whole.entry!.filter(() => stays.next().value) };
        const before = structuredClone(bundle);
        const issues: OperationOutcomeIssue[] = [];
        expect(map.back!(bundle, issues)).toBeDefined();
        expect(issues).toEqual([]);
        expect(bundle).toEqual(before);
      }),
      { ...RUNS, numRuns: 60 },
    );
  },
  PATIENCE_MS,
);
