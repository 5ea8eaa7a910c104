/** What a look at a directory needs, and what it comes to. */
import type { Store } from '../../store/store.ts';
import type { KindReader } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';
import type { DirectoryClient } from './client.ts';

/** Counts of what was committed of records that were handed over. */
export interface Taken {
  readonly committed: number;
  readonly refused: number;
}

export interface DirectoryOptions {
  readonly client: DirectoryClient;
  readonly name: string;
  readonly reader: KindReader;
  readonly store: Pick<
    Store,
    | 'job'
    | 'keepJob'
    | 'answers'
    | 'read'
    | 'sourceRecord'
    | 'storedRecords'
    | 'mapUse'
    | 'runOnce'
    | 'sharedNowMs'
  >;
  /** takes records to durable commit */
  readonly take: (records: readonly ReadRecord[]) => Promise<Taken>;
  /** called with the keys of the services that changed, or are gone, once they are on disk */
  readonly onChanged?: ((keys: readonly string[]) => Promise<void>) | undefined;
  /** called once behind a look in which services changed */
  readonly onEnded?: (() => Promise<void>) | undefined;
  /** other sources that know activities by the keys of this directory */
  readonly alsoOf: readonly string[];
  readonly perPage: number;
  readonly maxPages: number;
  readonly detail: 'each' | 'list';
  readonly modifiedAfter: boolean;
  readonly overlapMs: number;
  readonly fullEveryMs: number;
  /** share of the services known that may be gone at once */
  readonly mostGone: number;
  readonly clock: () => number;
}

/** What became of a look. */
export interface Looked {
  readonly isFull: boolean;
  readonly pages: number;
  readonly taken: number;
  readonly refused: number;
  /** marked as not in operation, since the directory has them no more */
  readonly gone: number;
}
