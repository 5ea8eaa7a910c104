/** The only file that names the order: read → map → score → validate → commit. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bundle, OperationOutcome, OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { digestOf } from './fhir/digest.ts';
import { nameResources } from './fhir/naming.ts';
import { hasErrors, issueOf, outcomeOf } from './fhir/outcome.ts';
import { provenanceId, provenanceOf } from './fhir/provenance.ts';
import type { MapSet } from './mapping/map-set.ts';
import { withSources } from './mapping/name-sources.ts';
import { JUDGED_TYPES, judgeReferrals, readReferral, seenBeside } from './referral/judge-record.ts';
import { CASE_SYSTEM, type Voice } from './referral/judge-task.ts';
import { addScores } from './referral/score-bundle.ts';
import { batchesOf } from './source/batches.ts';
import type { ReadRecord } from './source/record.ts';
import { addBatch, type IntakeSummary, NOTHING_YET, summaryOf, type Tally } from './source/tally.ts';
import { createGroupCommit, type GroupCommit } from './store/group-commit.ts';
import { storedRelated } from './store/related.ts';
import type {
  CommitRecord,
  CommitResult,
  CommitRules,
  Identified,
  Receipt,
  ReceiptStart,
  RefusedRecord,
  Store,
} from './store/store.ts';
import { type Claims, claimProfiles } from './validation/claims.ts';
import { checkDomain } from './validation/domain/domain-rules.ts';
import type { Beyond } from './validation/domain/journey.ts';
import { relatedIn } from './validation/domain/related.ts';
import { type Examined, examineRecord } from './validation/examine-record.ts';
import { type AskCodes, settlePending } from './validation/pending.ts';
import type { Validator } from './validation/validator.ts';

/** Progress of a running intake, given after each durable batch. */
export type OnProgress = (done: Pick<Tally, 'read' | 'committed' | 'unchanged' | 'refused'>) => void;

/** Stages of the way in, for the benchmark's shares. */
export type Stage = 'map' | 'score' | 'name' | 'validate' | 'commit';

export interface IntakeOptions {
  /** name of the file, without its folder */
  readonly file?: string;
  /** ends the records early: the receipt then says that it was interrupted */
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Pipeline {
  /** names of the sources and their kinds */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /**
   * Takes records to durable commit. Resolves when the last is on disk with its outbox entries.
   * @param kind for the receipt; each record names its own (a workbook holds several)
   * @throws AdapterError when the store cannot write, or what reading throws: the records committed so far stay, the
   * receipt says that it was interrupted
   */
  ingest(
    source: string,
    kind: string,
    records: AsyncIterable<ReadRecord>,
    options?: IntakeOptions,
  ): Promise<IntakeSummary>;
  /**
   * Takes records that are FHIR under ids of ours already: checked as mapped ones are, and committed as one.
   * @param receipt that they name; it is opened and finished with them
   */
  take(
    records: readonly (CommitRecord | RefusedRecord)[],
    receipt: ReceiptStart,
  ): Promise<readonly CommitResult[]>;
  /** Goes the way in up to the commit, batch by batch: records as they would be committed, or refused. */
  prepare(records: AsyncIterable<ReadRecord>): AsyncGenerator<readonly (CommitRecord | RefusedRecord)[]>;
  /** what commits are held to */
  readonly rules: CommitRules;
  /** Maps without storing: all good records as one collection Bundle, all faults as one outcome. */
  convert(
    records: AsyncIterable<ReadRecord>,
  ): Promise<{ bundle: Bundle; outcome: OperationOutcome | undefined }>;
}

export interface PipelineParts {
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly validator: Validator;
  /** profiles that mapped resources say they conform to */
  readonly claims: Claims;
  /** a terminology server, for codes that cannot be decided here */
  readonly askCodes?: AskCodes | undefined;
  /** absent where nothing is stored: only `convert` works then */
  readonly store?: Store;
  /** organisation that owns a source's records */
  readonly ownerOrg: (source: string) => string;
  /** names of the targets that a resource goes to; `origin` holds it already */
  readonly route: (resource: Identified, origin?: string) => readonly string[];
  /** how a source, or a target whose changes come back, tells of referrals; what is not named here may say all that a case system may */
  readonly voices?: ReadonlyMap<string, Voice>;
  readonly clock: () => number;
  /** called after a commit that put entries into the outbox */
  readonly onDeliveries?: () => void;
  /** called with the number of coded values that nobody could decide: they were not checked */
  readonly onUnchecked?: (count: number) => void;
  readonly onStage?: (stage: Stage, elapsedMs: number) => void;
}

/** Records that one intake commits at once: small enough that other requests get their turn in between. */
const BATCH = 100;

/** After so many turns of the event loop a commit has been handed to the disk. */
const TURNS_TO_COMMIT = 3;

/** A record on its way: ready to commit, or refused. */
type Prepared =
  | { readonly record: CommitRecord; readonly refused?: undefined }
  | { readonly record?: undefined; readonly refused: RefusedRecord };

/** @returns the way in, over these parts */
export function createPipeline(parts: PipelineParts): Pipeline {
  const { store } = parts;
  const way = store && {
    ...parts,
    store,
    commit: createGroupCommit(store, commitRules(parts), parts.clock, { maxBatch: 500 }).commit,
  };
  return {
    sources: new Map([...parts.maps].map(([name, set]) => [name, [...set.kinds.keys()]])),
    async ingest(source, kind, records, options = {}) {
      if (!way) throw new TypeError('This pipeline has no store: it only converts');
      return await ingest(way, { source, kind, file: options.file }, records, options);
    },
    async take(records, receipt) {
      if (!way) throw new TypeError('This pipeline has no store: it only converts');
      return await take(way, records, receipt);
    },
    prepare: (records) => prepareAll(parts, records),
    rules: commitRules(parts),
    convert: (records) => convert(parts, records),
  };
}

/** The parts of a pipeline that stores. */
interface Way extends PipelineParts {
  readonly store: Store;
  readonly commit: GroupCommit['commit'];
}

async function take(
  way: Way,
  records: readonly (CommitRecord | RefusedRecord)[],
  receipt: ReceiptStart,
): Promise<readonly CommitResult[]> {
  const ready = records.map((one): Prepared => ('outcome' in one ? { refused: one } : { record: one }));
  const checked = await checkAll(way, ready, await storedRelated(way.store, resourcesOf(ready)));
  return await commitBatch(way, checked, receipt);
}

async function ingest(
  way: Way,
  about: Pick<Receipt, 'source' | 'kind' | 'file'>,
  records: AsyncIterable<ReadRecord>,
  options: IntakeOptions,
): Promise<IntakeSummary> {
  const { store, clock } = way;
  const receipt = { ...about, id: randomUUID(), receivedMs: clock() };
  const { id } = receipt;
  const intake: Intake = { way, receipt, options, state: 'new', committing: Promise.resolve(NOTHING_YET) };
  try {
    for await (const batch of batchesOf(records, BATCH)) await takeBatch(intake, batch);
    const tally = await intake.committing;
    if (intake.state === 'new') await store.openReceipt(receipt);
    if (options.signal?.aborted) await store.interruptReceipts(clock(), id);
    else if (intake.state !== 'whole') await store.finishReceipt(id, clock());
    return summaryOf(tally, (await store.receipt(id))!);
  } catch (error) {
    await intake.committing.catch(() => {}); // what it kept counts
    await store.openReceipt(receipt).catch(() => {});
    await store.interruptReceipts(clock(), id).catch(() => {}); // the next start closes what cannot be written now
    throw error;
  }
}

/** One request or file on its way in. */
interface Intake {
  readonly way: Way;
  readonly receipt: ReceiptStart;
  readonly options: IntakeOptions;
  /** `whole`: its only batch carries the receipt, opened and finished in the batch's own transaction */
  state: 'new' | 'open' | 'whole';
  /** the batch before, on its way to the disk */
  committing: Promise<Tally>;
}

/** Maps while the batch before is being written, and hands over when that is done. */
async function takeBatch(intake: Intake, batch: readonly ReadRecord[]): Promise<void> {
  const { way, receipt, options } = intake;
  const mapped = batch.map((read) => prepare(way, read, receipt.id));
  const before = await intake.committing;
  const checked = await checkAll(way, mapped, await storedRelated(way.store, resourcesOf(mapped)));
  if (intake.state === 'new') {
    intake.state = batch.length < BATCH && !options.signal?.aborted ? 'whole' : 'open';
    if (intake.state === 'open') await way.store.openReceipt(receipt);
  }
  const whole = intake.state === 'whole' ? receipt : undefined;
  intake.committing = commitBatch(way, checked, whole).then((results) => {
    const done = { mapped: goodOf(mapped), validated: goodOf(checked) };
    const after = addBatch(before, batch, results, done);
    options.onProgress?.(after);
    return after;
  });
  intake.committing.catch(() => {}); // it is awaited with the next batch
  await turns(TURNS_TO_COMMIT);
}

async function convert(
  parts: PipelineParts,
  records: AsyncIterable<ReadRecord>,
): Promise<{ bundle: Bundle; outcome: OperationOutcome | undefined }> {
  const entry: NonNullable<Bundle['entry']> = [];
  const issues: OperationOutcomeIssue[] = [];
  for await (const batch of batchesOf(records, BATCH)) {
    const mapped = batch.map((read) => prepare(parts, read, 'convert'));
    for (const { record, refused } of await checkAll(parts, mapped, [])) {
      for (const { resource } of record?.resources ?? [])
        entry.push({ fullUrl: `urn:uuid:${resource.id}`, resource });
      const found = record?.warnings ?? refused!.outcome.issue;
      issues.push(...found.map((issue) => placed(issue, record ?? refused)));
    }
  }
  return {
    bundle: { resourceType: 'Bundle', type: 'collection', entry },
    outcome: issues.length > 0 ? outcomeOf(...issues) : undefined,
  };
}

async function* prepareAll(
  parts: PipelineParts,
  records: AsyncIterable<ReadRecord>,
): AsyncGenerator<readonly (CommitRecord | RefusedRecord)[]> {
  for await (const batch of batchesOf(records, BATCH)) {
    const mapped = batch.map((read) => prepare(parts, read, 'preview'));
    const stored = parts.store ? await storedRelated(parts.store, resourcesOf(mapped)) : [];
    yield (await checkAll(parts, mapped, stored)).map((one) => one.record ?? one.refused);
  }
}

function commitRules(parts: PipelineParts): CommitRules {
  return {
    check: (resource) => [...parts.validator.validate(resource), ...checkDomain([resource])],
    provenanceId,
    provenance: (record, written, nowMs) =>
      written.length === 0
        ? undefined
        : provenanceOf(
            {
              ...record,
              author: record.received?.author,
              resources: record.resources.map((one) => one.resource),
              written,
            },
            nowMs,
          ),
    route: parts.route,
    course: {
      types: JUDGED_TYPES,
      read: readReferral,
      beside: seenBeside,
      judge: (changes, stored, { source }) =>
        judgeReferrals(changes, stored, parts.voices?.get(source) ?? CASE_SYSTEM),
    },
  };
}

async function commitBatch(
  way: Way,
  checked: readonly Prepared[],
  whole: ReceiptStart | undefined,
): Promise<readonly CommitResult[]> {
  const started = performance.now();
  const records = checked.map((one) => one.record ?? one.refused);
  const results = await way.commit(records, whole);
  way.onStage?.('commit', performance.now() - started);
  if (results.some((result) => result.state === 'committed' && result.deliveries > 0)) way.onDeliveries?.();
  return results;
}

/** Lets the event loop go round, so that what is queued is begun. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await nextTurn();
}

function goodOf(prepared: readonly Prepared[]): number {
  return prepared.filter((one) => one.record).length;
}

/** map → score → name. */
function prepare(parts: PipelineParts, read: ReadRecord, receiptId: string): Prepared {
  const { source, kind, key, payload } = read;
  const ownerOrg = parts.ownerOrg(source);
  const common = { source, kind, payload, receiptId, ownerOrg, ...placeOf(read) };
  if (!read.ok) return { refused: { ...common, key, outcome: read.outcome } };
  const set = parts.maps.get(source);
  const map = set?.kinds.get(kind);
  if (!set || !map) return { refused: { ...common, key, outcome: noMap(source, kind) } };
  const warnings: OperationOutcomeIssue[] = [...read.warnings];
  const bundle = timed(parts, 'map', () => map.run(read.payload, warnings));
  timed(parts, 'score', () => addScores(bundle, warnings));
  if (hasErrors(warnings)) return { refused: { ...common, key, outcome: outcomeOf(...warnings) } };
  const resources = timed(parts, 'name', () => nameResources(source, bundle));
  for (const { resource } of resources) claimProfiles(resource, parts.claims);
  const digest = digestOf(payload);
  return {
    record: {
      ...common,
      key: read.key,
      digest,
      mapDigest: set.digest,
      sourceTimeMs: read.sourceTimeMs,
      timeOf: read.timeOf,
      resources,
      warnings,
    },
  };
}

function placeOf({ file, line }: ReadRecord): Pick<CommitRecord, 'file' | 'line'> {
  return { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
}

function noMap(source: string, kind: string): OperationOutcome {
  const diagnostics = `The source ${source} has no map for ${kind}.`;
  return outcomeOf(issueOf({ code: 'not-supported', rule: 'map-unknown-kind', diagnostics }));
}

/** validate: each resource alone, then what FHIR cannot state about them together; codes that nobody here knows are asked for. */
async function checkAll(
  parts: PipelineParts,
  mapped: readonly Prepared[],
  stored: readonly (Resource | undefined)[],
): Promise<Prepared[]> {
  const related = relatedIn(resourcesOf(mapped), stored);
  const found = mapped.map(({ record }) => record && examine(parts, record, related));
  const pending = found.flatMap((one) => one?.flatMap((of) => of.pending) ?? []);
  const { issues, unchecked } = await settlePending(pending, parts.askCodes);
  if (unchecked > 0) parts.onUnchecked?.(unchecked);
  const settled = issues.values(); // one a pending code, in their order
  return mapped.map((one, index) => {
    const { record } = one;
    const own = found[index];
    if (!record || !own) return one;
    const all = own.flatMap(({ resource, issues: early, pending: codes }) => {
      const late = codes.map(() => settled.next().value).filter((issue) => issue !== undefined);
      return traced(parts, record, resource, [...early, ...late]);
    });
    return judged(record, all);
  });
}

function examine(parts: PipelineParts, { resources }: CommitRecord, related: Beyond): readonly Examined[] {
  // what only adds to another record's resource is checked when the two are merged
  const whole = resources.flatMap(({ resource, partial }) => (partial ? [] : [resource]));
  return timed(parts, 'validate', () => examineRecord(parts.validator, whole, related));
}

/** Issues of a resource, with the source's fields that it was made of. */
function traced(
  { maps }: PipelineParts,
  { source, kind, payload }: CommitRecord,
  resource: Resource,
  issues: readonly OperationOutcomeIssue[],
): readonly OperationOutcomeIssue[] {
  const map = maps.get(source)?.kinds.get(kind);
  return map && issues.length > 0 ? withSources(issues, resource, { map, source, payload }) : issues;
}

function judged(record: CommitRecord, issues: readonly OperationOutcomeIssue[]): Prepared {
  if (issues.length === 0) return { record };
  const all = [...record.warnings, ...issues];
  return hasErrors(issues)
    ? { refused: { ...record, outcome: outcomeOf(...all) } }
    : { record: { ...record, warnings: all } };
}

function resourcesOf(mapped: readonly Prepared[]): CommitRecord['resources'][] {
  return mapped.flatMap((one) => (one.record ? [one.record.resources] : []));
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
