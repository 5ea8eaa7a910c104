/** What the thread that makes an export is given, and what it and the adapter tell each other. */
import type { ExportAsked, ExportProgress } from '../../research/export/asked.ts';
import type { TransformPlace } from '../../research/export/transform.ts';
import type { Viewer } from '../../store/store.ts';

/** Where the store is, to be opened anew: its connections stay in their thread. */
export type StorePlace = { readonly file: string } | { readonly url: string };

export interface ExportTask {
  readonly store: StorePlace;
  readonly viewer: Viewer;
  readonly asked: ExportAsked;
  readonly asOfMs: number;
  readonly folder: string;
  readonly linesPerFile: number;
  readonly from: ExportProgress;
  readonly transform: TransformPlace | undefined;
  readonly keepEveryMs: number | undefined;
}

export type FromThread =
  | { readonly kind: 'keep'; readonly progress: ExportProgress }
  | { readonly kind: 'finished'; readonly type: string; readonly count: number }
  /** undefined: somebody else has it, or nobody wants it any more */
  | { readonly kind: 'end'; readonly progress: ExportProgress | undefined }
  /** in words for the client, of which none is a patient's; transient: to be gone on with later */
  | {
      readonly kind: 'failed';
      readonly isTransient: boolean;
      readonly rule: string | undefined;
      readonly why: string;
    };

/** The answer to `keep` and `finished`. */
export interface ToThread {
  readonly goesOn: boolean;
}
