/** A history of the store: versions of one resource, one type or all, newest first. */
import type { StoredVersion } from './resources.ts';

export interface HistoryQuery {
  /** undefined: all types */
  readonly type?: string;
  /** of the type; undefined: all resources */
  readonly id?: string;
  /** page size, from 1 */
  readonly count: number;
  /** versions from this moment on: `_since` */
  readonly sinceMs?: number;
  /** versions that were current at some time within [lowMs, highMs): `_at` */
  readonly at?: { readonly lowMs: number; readonly highMs: number };
  /** cursor of the page before; pages are stable under writes */
  readonly after?: string;
}
export interface HistoryPage {
  readonly versions: readonly StoredVersion[];
  /** cursor of the next page, where there is one */
  readonly next: string | undefined;
  /** versions in all */
  readonly total: number;
}
