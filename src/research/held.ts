/** One resource on its way out of the store, with whose it is. */
import type { Identified } from '../store/store.ts';

export interface Held {
  readonly resource: Identified;
  /** the person of the store, joined ones alike; undefined for organisations, services … */
  readonly personId: string | undefined;
}
