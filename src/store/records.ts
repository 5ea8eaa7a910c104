/** A source record on its way into the store, what becomes of it, and what is kept of it. */
import type { OperationOutcome, OperationOutcomeIssue, ProvenanceAgent } from '@medplum/fhirtypes';
import type { ClientWrite } from './client-writes.ts';
import type { CourseRules } from './course.ts';
import type { Decision } from './decisions.ts';
import type { Disagreement } from './reconcile.ts';
import type { Identified, ResourceKey, StoredVersion } from './resources.ts';

/** A source's record after mapping, ready to be made durable. */
export interface CommitRecord {
  /** name of the source; never changes */
  readonly source: string;
  /** kind of record: `referral`, `contact`, … */
  readonly kind: string;
  /** the record's own key within source and kind */
  readonly key: string;
  /** canonical digest of the payload: the same again changes nothing */
  readonly digest: string;
  /** digest of the map set that mapped it */
  readonly mapDigest: string;
  /** the record as read, dates in ISO */
  readonly payload: unknown;
  readonly ownerOrg: string;
  /** orders contributions to shared resources, and versions of the record: an older one changes nothing */
  readonly sourceTimeMs: number;
  /**
   * `source`: the time is what the source says. `reading`: the source names none, and the time is that of reading; such a
   * record is newer than all of the same record that came before it, and no bar to what comes after it
   */
  readonly timeOf: 'source' | 'reading';
  readonly receiptId: string;
  /** file name and line where it came from a file */
  readonly file?: string;
  readonly line?: number;
  /** resources under their final ids; `partial` ones only add to a resource that another record must supply in full */
  readonly resources: readonly { readonly resource: Identified; readonly partial: boolean }[];
  /** warnings: each becomes a worklist item */
  readonly warnings: readonly OperationOutcomeIssue[];
  /** where it is a change that was made at a target: it names one resource, in ids of ours */
  readonly received?: Received;
  /** where it conflicted, and a person has decided */
  readonly decision?: Decision;
  /** where a client of the API asks for it: its resources are to be just so, and a refusal leaves nothing behind */
  readonly client?: ClientWrite;
  /** set by the store: it speaks of a restricted person, and its payload, which may lead to them, is not kept */
  readonly isWithheld?: boolean;
}

/** Where a change was made, and what from: it is reconciled with what is here, and not sent back there. */
export interface Received {
  /** name of the target; also the record's source */
  readonly target: string;
  readonly remoteId: string;
  /** version id of the target's copy, where it gives one */
  readonly remoteVersion: string | undefined;
  /** what the target's copy was made from, in ids of ours; undefined where that is not known */
  readonly base: Identified | undefined;
  /** digest of the version of ours that the target held before the change, as far as it may hold it */
  readonly heldDigest: string | undefined;
  /** who made the change, where the target says so */
  readonly author?: ProvenanceAgent['who'] | undefined;
}

/** What could not be merged: the payload of a worklist item of kind `conflict`. */
export interface Conflict {
  readonly resource: ResourceKey;
  /** undefined where it is not known what both were made from */
  readonly base: Identified | undefined;
  readonly ours: Identified;
  /** undefined where it was deleted there */
  readonly theirs: Identified | undefined;
  /** all that could be merged, and ours where it could not */
  readonly proposed: Identified;
  readonly conflicts: readonly Disagreement[];
  /** where theirs was made; undefined for a source of records */
  readonly target: string | undefined;
  readonly remoteId: string | undefined;
  readonly remoteVersion: string | undefined;
  /** the record as it was mapped, to be committed with what is decided; undefined where it was deleted there */
  readonly held: CommitRecord | undefined;
}

/** A record that was refused: kept with its outcome, so that it can be amended and replayed. */
export interface RefusedRecord {
  readonly source: string;
  readonly kind: string;
  /** the record's key, where it had one; else undefined */
  readonly key: string | undefined;
  readonly payload: unknown;
  readonly ownerOrg: string;
  readonly receiptId: string;
  readonly file?: string;
  readonly line?: number;
  readonly outcome: OperationOutcome;
  /** where it stands against what is here: kept in place of the payload, to be settled by a person */
  readonly conflict?: Conflict;
}

/** What a commit asks of the layers above. All are pure: they run inside the transaction. */
export interface CommitRules {
  /** issues of a merged shared resource; an error refuses the record */
  check(resource: Identified): readonly OperationOutcomeIssue[];
  /** id of the Provenance that `provenance` makes of a record */
  provenanceId(record: CommitRecord): string | undefined;
  /** the Provenance of one record's commit, under its final id; undefined when nothing was written */
  provenance(record: CommitRecord, written: readonly WrittenVersion[], nowMs: number): Identified | undefined;
  /**
   * names of the targets a resource goes to; `origin` is the target that it came from, and is in step with; `source` who
   * said it: without it the type alone decides
   */
  route(resource: Identified, origin?: string, source?: string): readonly string[];
  /** names of the targets that a source is, such as a case system's webhook: they hold what it said; absent: none is */
  readonly ownTargets?: ((source: string) => readonly string[]) | undefined;
  /** names of the targets that get nothing new from a source, yet what it says of what they hold; absent: none */
  readonly followers?: ((source: string) => readonly string[]) | undefined;
  /** how what is stored may go on; absent: in any way */
  readonly course?: CourseRules;
}

export interface WrittenVersion {
  readonly type: string;
  readonly id: string;
  readonly version: number;
}

/** What became of one record. */
export type CommitResult =
  | {
      readonly state: 'committed';
      readonly written: readonly WrittenVersion[];
      readonly deliveries: number;
      /** of a client's write: how each resource stands now, what it deleted too, by `Type/id` */
      readonly stands?: ReadonlyMap<string, StoredVersion>;
      /** of a client's write: what it is told of beside */
      readonly warnings?: readonly OperationOutcomeIssue[];
    }
  | { readonly state: 'unchanged' }
  | {
      readonly state: 'refused';
      readonly outcome: OperationOutcome;
      /** of a client's write: place of the first expectation that does not hold */
      readonly unmet?: number;
    };

/** What a source was told: one per accepted request or file. */
export interface Receipt {
  readonly id: string;
  readonly source: string;
  readonly kind: string;
  readonly receivedMs: number;
  readonly file: string | undefined;
  readonly committed: number;
  readonly unchanged: number;
  readonly refused: number;
  /** set when the whole request or file has been read */
  readonly finishedMs: number | undefined;
  /** set when reading ended before the end: the process was stopped, the connection was cut, or the disk was full */
  readonly interruptedMs: number | undefined;
}

/** A receipt as it is opened. */
export type ReceiptStart = Pick<Receipt, 'id' | 'source' | 'kind' | 'receivedMs' | 'file'>;

/** A source record as kept. */
export interface SourceRow {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  readonly digest: string;
  readonly mapDigest: string;
  readonly payload: unknown;
  readonly receivedMs: number;
  readonly receiptId: string;
  readonly resources: readonly ResourceKey[];
}
