/** What a source's reader turns a file, a row or a request into: a record, or the outcome that says why there is none. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';

/** A record as read: text is text, dates are ISO, blank is absent. It fits the kind's JSON Schema. */
export interface SourceRecord {
  readonly ok: true;
  readonly source: string;
  readonly kind: string;
  /** values of the kind's key fields, joined by '|' */
  readonly key: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** the source's own time of the record, epoch ms; the time of reading when it names none */
  readonly sourceTimeMs: number;
  /** whose time that is */
  readonly timeOf: 'source' | 'reading';
  readonly file?: string;
  /** line of the file where the record starts, from 1 */
  readonly line?: number;
  /** warnings of reading: an ambiguous autumn hour, a column no schema names */
  readonly warnings: readonly OperationOutcomeIssue[];
}

/** A record that could not be read; the file goes on behind it. */
export interface UnreadRecord {
  readonly ok: false;
  readonly source: string;
  readonly kind: string;
  readonly key: string | undefined;
  /** as far as it was read */
  readonly payload: unknown;
  readonly file?: string;
  readonly line?: number;
  readonly outcome: OperationOutcome;
}

export type ReadRecord = SourceRecord | UnreadRecord;
