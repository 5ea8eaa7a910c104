/** The only file that names the order: read → map → score → validate → commit. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Bundle, OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { outcomeOf } from './fhir/outcome.ts';
import { checkRecords } from './intake/check-records.ts';
import { commitRules } from './intake/commit-rules.ts';
import { type PipelineParts, type Prepared, resourcesOf } from './intake/parts.ts';
import { prepareRecord } from './intake/prepare-record.ts';
import { batchesOf } from './source/batches.ts';
import type { ReadRecord } from './source/record.ts';
import { addBatch, type IntakeSummary, NOTHING_YET, summaryOf, type Tally } from './source/tally.ts';
import { createGroupCommit, type GroupCommit } from './store/group-commit.ts';
import { keepable } from './store/keepable.ts';
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

/** Progress of a running intake, given after each durable batch. */
export type OnProgress = (done: Pick<Tally, 'read' | 'committed' | 'unchanged' | 'refused'>) => void;

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
  /**
   * Commits what a client of the API asks for, checked as every record is; a refusal is the client's to hear, and nothing
   * of it is kept.
   */
  write(record: CommitRecord): Promise<CommitResult>;
  /** Goes the way in up to the commit, batch by batch: records as they would be committed, or refused. */
  prepare(records: AsyncIterable<ReadRecord>): AsyncGenerator<readonly (CommitRecord | RefusedRecord)[]>;
  /** what commits are held to */
  readonly rules: CommitRules;
  /** Maps without storing: all good records as one collection Bundle, all faults as one outcome. */
  convert(
    records: AsyncIterable<ReadRecord>,
  ): Promise<{ bundle: Bundle; outcome: OperationOutcome | undefined }>;
}

/** Records that one intake commits at once: small enough that other requests get their turn in between. */
const BATCH = 100;

/** After so many turns of the event loop a commit has been handed to the disk. */
const TURNS_TO_COMMIT = 3;

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
    async write(record) {
      if (!way) throw new TypeError('This pipeline has no store: it only converts');
      return await write(way, record);
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
  const checked = await checkRecords(way, ready, await storedRelated(way.store, resourcesOf(ready)));
  return await commitBatch(way, checked, receipt);
}

async function write(way: Way, record: CommitRecord): Promise<CommitResult> {
  const whole = withProvenance(record);
  const fit = keepable(whole);
  if ('outcome' in fit) return { state: 'refused', outcome: fit.outcome };
  const [checked] = await checkRecords(
    way,
    [{ record: whole }],
    await storedRelated(way.store, [whole.resources]),
  );
  if (!checked!.record) return { state: 'refused', outcome: checked!.refused!.outcome };
  const { resources } = checked!.record;
  const own = resources.filter(({ resource }) => resource.id !== record.client?.provenance?.id);
  const [result] = await commitBatch(way, [{ record: { ...checked!.record, resources: own } }], undefined);
  return result!;
}

/** What a client says of how its versions came to be is checked with them: its targets are known when they are written. */
function withProvenance(record: CommitRecord): CommitRecord {
  const { resources, client } = record;
  if (!client?.provenance) return record;
  const target = [
    ...resources.map(({ resource }) => ({ reference: `${resource.resourceType}/${resource.id}` })),
    ...client.deletes.map((reference) => ({ reference })),
  ];
  const resource = { ...client.provenance, target } as Identified;
  return { ...record, resources: [...resources, { resource, partial: false }] };
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
  const mapped = batch.map((read) => prepareRecord(way, read, receipt.id));
  const before = await intake.committing;
  const checked = await checkRecords(way, mapped, await storedRelated(way.store, resourcesOf(mapped)));
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
    const mapped = batch.map((read) => prepareRecord(parts, read, 'convert'));
    for (const { record, refused } of await checkRecords(parts, mapped, [])) {
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
    const mapped = batch.map((read) => prepareRecord(parts, read, 'preview'));
    const stored = parts.store ? await storedRelated(parts.store, resourcesOf(mapped)) : [];
    yield (await checkRecords(parts, mapped, stored)).map((one) => one.record ?? one.refused);
  }
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

function placed(
  issue: OperationOutcomeIssue,
  at: { readonly file?: string; readonly line?: number } | undefined,
): OperationOutcomeIssue {
  return at?.line === undefined
    ? issue
    : { ...issue, diagnostics: `${at.file ?? 'input'}:${at.line}: ${issue.diagnostics ?? issue.code}` };
}
