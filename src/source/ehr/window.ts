/** Walks through what changed of one type since a time, so that what changes meanwhile makes nothing fall between two pages. */
import type { Page } from './entry.ts';

export interface WindowOptions {
  readonly type: string;
  /** `history` tells the newest first, so that what comes meanwhile is only told twice; `search` is asked for the oldest first */
  readonly by: 'search' | 'history';
  readonly pageSize: number;
  /** ask for the Provenance of each change with it */
  readonly withProvenance: boolean;
}

/**
 * A server that counts its pages anew for each request skips one where a resource of an earlier page changes meanwhile and
 * moves to the end. So a search goes on from the time of the last change seen, not by the next page. Where a page holds
 * one time only, next pages must be followed; then the window counts as read only if nothing changed meanwhile.
 */
export class Window {
  readonly #options: WindowOptions;
  /** the address that is to be read now begins here, epoch ms */
  #fromMs: number;
  /** by the EHR's clock, when next pages began to be followed */
  #looseMs = Number.POSITIVE_INFINITY;
  #isWhole = true;

  /** @param fromMs epoch ms, by the EHR's clock */
  constructor(options: WindowOptions, fromMs: number) {
    this.#options = options;
    this.#fromMs = fromMs;
  }

  /** false when something may have fallen between two pages: then the window is to be read anew */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Holds no patient value: a type, a time and a size. */
  get address(): string {
    const { type, by, pageSize, withProvenance } = this.#options;
    const from = new Date(Math.max(0, this.#fromMs)).toISOString();
    const also = withProvenance ? '&_revinclude=Provenance:target' : '';
    return by === 'history'
      ? `${type}/_history?_since=${from}&_count=${pageSize}`
      : `${type}?_lastUpdated=ge${from}&_sort=_lastUpdated&_count=${pageSize}${also}`;
  }

  /** @param readMs the EHR's time as it answered, not later @returns the address to read next; undefined at the end */
  after({ changes, next }: Page, readMs: number): string | undefined {
    const times = changes.map(({ updatedMs }) => updatedMs ?? Number.NaN);
    const isLoose = this.#looseMs !== Number.POSITIVE_INFINITY;
    if (isLoose && times.some((ms) => !(ms < this.#looseMs))) this.#isWhole = false;
    if (next === undefined || this.#options.by === 'history') return next;
    const lastMs = times.at(-1) ?? Number.NaN;
    const isSorted = times.every((ms, at) => at === 0 || ms >= times[at - 1]!);
    if (isSorted && lastMs > this.#fromMs) {
      this.#fromMs = lastMs;
      return this.address;
    }
    this.#looseMs = Math.min(this.#looseMs, readMs);
    return next;
  }
}
