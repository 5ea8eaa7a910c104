/** The only file that names the order: read → map → score → validate → commit. */
import type { Bundle, OperationOutcome } from '@medplum/fhirtypes';
import type { ReadRecord } from './source/record.ts';
import type { Receipt } from './store/store.ts';

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
  readonly key: string | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly outcome: OperationOutcome;
}

/** Progress of a running intake, given after each durable batch. */
export type OnProgress = (done: { read: number; committed: number; unchanged: number; refused: number }) => void;

export interface Pipeline {
  /** names of the sources and their kinds */
  readonly sources: ReadonlyMap<string, readonly string[]>;
  /**
   * Takes records to durable commit. Resolves when the last is on disk with its outbox entries.
   * @throws AdapterError only when the store cannot write
   */
  ingest(
    source: string,
    kind: string,
    records: AsyncIterable<ReadRecord>,
    options?: { file?: string; receiptId?: string; onProgress?: OnProgress },
  ): Promise<IntakeSummary>;
  /** Maps without storing: all good records as one collection Bundle, all faults as one outcome. */
  convert(source: string, kind: string, records: AsyncIterable<ReadRecord>): Promise<{ bundle: Bundle; outcome: OperationOutcome | undefined }>;
}
