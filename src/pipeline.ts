/** The only file that names the order: read → map → score → validate → commit. */
import { randomUUID } from 'node:crypto';
import type { Bundle, OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { digestOf } from './fhir/digest.ts';
import { nameResources } from './fhir/naming.ts';
import { hasErrors, issueOf, outcomeOf } from './fhir/outcome.ts';
import { provenanceOf } from './fhir/provenance.ts';
import type { MapSet } from './mapping/map-set.ts';
import { addScores } from './referral/score-bundle.ts';
import type { ReadRecord } from './source/record.ts';
import { createGroupCommit } from './store/group-commit.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Identified,
  Receipt,
  RefusedRecord,
  ResourceKey,
  Store,
} from './store/store.ts';
import { checkDomain } from './validation/domain-rules.ts';
import { missingFrom, relatedIn, subjectsOfFollowUps } from './validation/related.ts';
import type { Validator } from './validation/validator.ts';

/** What became of one file or request. */
export interface IntakeSummary {
  readonly receipt: Receipt;
  readonly read: number;
  readonly mapped: number;
  readonly validated: number;
  /** entries put into the outbox */
  readonly deliveries: number;
  /** the first refusals, at most 100, with their place */
  readonly refusals: readonly Refusal[];
}

export interface Refusal {
  readonly kind: string;
  readonly key: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly outcome: OperationOutcome;
}

/** Progress of a running intake, given after each durable batch. */
export type OnProgress = (done: {
  read: number;
  committed: number;
  unchanged: number;
  refused: number;
}) => void;

/** Stages of the way in, for the benchmark's shares. */
export type Stage = 'map' | 'score' | 'name' | 'validate' | 'commit';

export interface IntakeOptions {
  /** name of the file, without its folder */
  readonly file?: string;
  /** default: a new random one */
  readonly receiptId?: string;
  readonly onProgress?: OnProgress;
}

export interface Pipeline {
  /** names of the sources and their kinds */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /**
   * Takes records to durable commit. Resolves when the last is on disk with its outbox entries.
   * @param kind for the receipt; each record names its own (a workbook holds several)
   * @throws AdapterError when the store cannot write: the records committed so far stay, the receipt stays open
   */
  ingest(
    source: string,
    kind: string,
    records: AsyncIterable<ReadRecord>,
    options?: IntakeOptions,
  ): Promise<IntakeSummary>;
  /** Maps without storing: all good records as one collection Bundle, all faults as one outcome. */
  convert(
    records: AsyncIterable<ReadRecord>,
  ): Promise<{ bundle: Bundle; outcome: OperationOutcome | undefined }>;
}

export interface PipelineParts {
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly validator: Validator;
  /** absent where nothing is stored: only `convert` works then */
  readonly store?: Store;
  /** organisation that owns a source's records */
  readonly ownerOrg: (source: string) => string;
  /** names of the targets that a resource goes to */
  readonly route: (resource: Identified) => readonly string[];
  readonly clock: () => number;
  /** called after a commit that put entries into the outbox */
  readonly onDeliveries?: () => void;
  readonly onStage?: (stage: Stage, elapsedMs: number) => void;
}

/** Records that one intake commits at once: small enough that other requests get their turn in between. */
const BATCH = 100;
const REFUSALS_SHOWN = 100;

/** A record on its way: ready to commit, or refused. */
type Prepared =
  | { readonly record: CommitRecord; readonly refused?: undefined }
  | { readonly record?: undefined; readonly refused: RefusedRecord };

interface Counts {
  read: number;
  mapped: number;
  validated: number;
  committed: number;
  unchanged: number;
  refused: number;
  deliveries: number;
  readonly refusals: Refusal[];
}

/** @returns the way in, over these parts */
export function createPipeline(parts: PipelineParts): Pipeline {
  const commit =
    parts.store && createGroupCommit(parts.store, commitRules(parts), parts.clock, { maxBatch: 500 }).commit;
  return {
    sources: new Map([...parts.maps].map(([name, set]) => [name, [...set.kinds.keys()]])),
    async ingest(source, kind, records, options = {}) {
      if (!parts.store || !commit) throw new TypeError('This pipeline has no store: it only converts');
      const receiptId = options.receiptId ?? randomUUID();
      await parts.store.openReceipt({
        id: receiptId,
        source,
        kind,
        receivedMs: parts.clock(),
        file: options.file,
      });
      const counts: Counts = {
        read: 0,
        mapped: 0,
        validated: 0,
        committed: 0,
        unchanged: 0,
        refused: 0,
        deliveries: 0,
        refusals: [],
      };
      for await (const batch of batchesOf(records, BATCH)) {
        await ingestBatch(parts, commit, batch, receiptId, counts);
        options.onProgress?.(counts);
      }
      await parts.store.finishReceipt(receiptId, parts.clock());
      const { read, mapped, validated, deliveries, refusals } = counts;
      return {
        receipt: (await parts.store.receipt(receiptId))!,
        read,
        mapped,
        validated,
        deliveries,
        refusals,
      };
    },
    async convert(records) {
      const entry: NonNullable<Bundle['entry']> = [];
      const issues: OperationOutcomeIssue[] = [];
      for await (const batch of batchesOf(records, BATCH)) {
        for (const one of checkAll(
          parts,
          batch.map((read) => prepare(parts, read, 'convert')),
          [],
        )) {
          for (const { resource } of one.record?.resources ?? [])
            entry.push({ fullUrl: `urn:uuid:${resource.id}`, resource });
          issues.push(
            ...(one.record?.warnings ?? one.refused!.outcome.issue).map((issue) =>
              placed(issue, one.record ?? one.refused),
            ),
          );
        }
      }
      return {
        bundle: { resourceType: 'Bundle', type: 'collection', entry },
        outcome: issues.length > 0 ? outcomeOf(...issues) : undefined,
      };
    },
  };
}

function commitRules(parts: PipelineParts): CommitRules {
  return {
    check: (resource) => [...parts.validator.validate(resource), ...checkDomain([resource])],
    provenance: (record, written, nowMs) =>
      written.length === 0
        ? undefined
        : provenanceOf({ ...record, resources: record.resources.map((one) => one.resource), written }, nowMs),
    route: parts.route,
  };
}

type Commit = (records: readonly (CommitRecord | RefusedRecord)[]) => Promise<readonly CommitResult[]>;

async function ingestBatch(
  parts: PipelineParts,
  commit: Commit,
  batch: readonly ReadRecord[],
  receiptId: string,
  counts: Counts,
): Promise<void> {
  const mapped = batch.map((read) => prepare(parts, read, receiptId));
  const checked = checkAll(parts, mapped, await storedFor(parts.store!, resourcesOf(mapped)));
  const started = performance.now();
  const results = await commit(checked.map((one) => one.record ?? one.refused));
  parts.onStage?.('commit', performance.now() - started);
  counts.read += batch.length;
  counts.mapped += mapped.filter((one) => one.record).length;
  counts.validated += checked.filter((one) => one.record).length;
  results.forEach((result, at) => {
    countResult(counts, result, batch[at]!);
  });
  if (results.some((result) => result.state === 'committed' && result.deliveries > 0)) parts.onDeliveries?.();
}

/** What the store knows that the rules may ask for. */
async function storedFor(
  store: Store,
  batch: readonly CommitRecord['resources'][],
): Promise<readonly (Resource | undefined)[]> {
  const named = await store.readMany(missingFrom(batch) as ResourceKey[]);
  const earlier = await Promise.all(
    subjectsOfFollowUps(batch).map(async (subject) =>
      store.readPerson(
        await store.personOf(subject.slice(subject.indexOf('/') + 1)),
        'QuestionnaireResponse',
      ),
    ),
  );
  return [...named, ...earlier.flat()].map((version) => version.resource);
}

/** map → score → name. */
function prepare(parts: PipelineParts, read: ReadRecord, receiptId: string): Prepared {
  const { source, kind, key, payload } = read;
  const common = {
    source,
    kind,
    payload,
    receiptId,
    ownerOrg: parts.ownerOrg(source),
    ...(read.file === undefined ? {} : { file: read.file }),
    ...(read.line === undefined ? {} : { line: read.line }),
  };
  if (!read.ok) return { refused: { ...common, key, outcome: read.outcome } };
  const set = parts.maps.get(source);
  const map = set?.kinds.get(kind);
  if (!set || !map) {
    const fault = issueOf({
      code: 'not-supported',
      rule: 'map-unknown-kind',
      diagnostics: `The source ${source} has no map for ${kind}.`,
    });
    return { refused: { ...common, key, outcome: outcomeOf(fault) } };
  }
  const warnings: OperationOutcomeIssue[] = [...read.warnings];
  const bundle = timed(parts, 'map', () => map.run(read.payload, warnings));
  timed(parts, 'score', () => addScores(bundle, warnings));
  if (hasErrors(warnings)) return { refused: { ...common, key, outcome: outcomeOf(...warnings) } };
  const resources = timed(parts, 'name', () => nameResources(source, bundle));
  const digest = digestOf(payload);
  return {
    record: {
      ...common,
      key: read.key,
      digest,
      mapDigest: set.digest,
      sourceTimeMs: read.sourceTimeMs,
      resources,
      warnings,
    },
  };
}

/** validate: each resource alone, then what FHIR cannot state about them together. */
function checkAll(
  parts: PipelineParts,
  mapped: readonly Prepared[],
  stored: readonly (Resource | undefined)[],
): Prepared[] {
  const related = relatedIn(resourcesOf(mapped), stored);
  return mapped.map((one) => {
    if (!one.record) return one;
    const { resources, warnings } = one.record;
    // what only adds to another record's resource is checked when the two are merged
    const whole = resources.flatMap(({ resource, partial }) => (partial ? [] : [resource]));
    const issues = timed(parts, 'validate', () => [
      ...whole.flatMap((resource) => parts.validator.validate(resource)),
      ...checkDomain(whole, related),
    ]);
    if (issues.length === 0) return one;
    const all = [...warnings, ...issues];
    return hasErrors(issues)
      ? { refused: { ...one.record, outcome: outcomeOf(...all) } }
      : { record: { ...one.record, warnings: all } };
  });
}

function resourcesOf(mapped: readonly Prepared[]): CommitRecord['resources'][] {
  return mapped.flatMap((one) => (one.record ? [one.record.resources] : []));
}

function countResult(counts: Counts, result: CommitResult, read: ReadRecord): void {
  counts[result.state]++;
  if (result.state === 'committed') counts.deliveries += result.deliveries;
  if (result.state === 'refused' && counts.refusals.length < REFUSALS_SHOWN) {
    counts.refusals.push({
      kind: read.kind,
      key: read.key,
      file: read.file,
      line: read.line,
      outcome: result.outcome,
    });
  }
}

function placed(
  issue: OperationOutcomeIssue,
  at: { readonly file?: string; readonly line?: number } | undefined,
): OperationOutcomeIssue {
  return at?.line === undefined
    ? issue
    : { ...issue, diagnostics: `${at.file ?? 'input'}:${at.line}: ${issue.diagnostics ?? issue.code}` };
}

function timed<T>(parts: PipelineParts, stage: Stage, work: () => T): T {
  if (!parts.onStage) return work();
  const started = performance.now();
  const result = work();
  parts.onStage(stage, performance.now() - started);
  return result;
}

async function* batchesOf<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
    await new Promise((resolve) => setImmediate(resolve)); // other requests get their turn
  }
  if (batch.length > 0) yield batch;
}
