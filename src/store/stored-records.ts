/** A source record as it is kept, with all that is needed to map it again; which of them are asked for, and what a commit of them would do. */
import type { CommitResult, SourceRow } from './records.ts';
import type { Identified, ResourceKey } from './resources.ts';

/** A kept record that can go the way in once more. */
export interface StoredRecord extends SourceRow {
  /** place in the order of pages */
  readonly recordId: number;
  readonly ownerOrg: string;
  readonly sourceTimeMs: number;
  /** whose time that is, as `CommitRecord.timeOf` */
  readonly timeOf: 'source' | 'reading';
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** Which records; each way of finding them goes by an index. */
export type RecordFilter =
  | {
      readonly by: 'map';
      readonly source: string;
      readonly kind: string;
      /** the version that mapped them last */
      readonly mapDigest: string;
    }
  | { readonly by: 'key'; readonly source: string; readonly kind: string; readonly key: string }
  | { readonly by: 'patient'; readonly patientId: string }
  /** those that say something of a shared resource */
  | { readonly by: 'shared'; readonly type: string; readonly id: string }
  | { readonly by: 'received'; readonly fromMs: number; readonly untilMs: number };

/** How many records each version of a source's maps was the last to map. */
export interface MapUse {
  readonly source: string;
  readonly kind: string;
  readonly mapDigest: string;
  readonly records: number;
}

/** What a commit would write of one resource. */
export interface PreviewedChange {
  readonly key: ResourceKey;
  /** undefined where there is none yet */
  readonly before: Identified | undefined;
  readonly after: Identified;
}

/** What a commit would do with one record. */
export interface CommitPreview {
  readonly result: CommitResult;
  readonly changes: readonly PreviewedChange[];
}
