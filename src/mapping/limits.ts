/** How far a map may go: maps are data from people, and a slip or ill will must end in a located error, never in a hang. */

export interface Limits {
  /** characters of JavaScript that the maps of a source may compile to */
  readonly code: number;
  /** groups that may be called within each other */
  readonly calls: number;
  /** calls of groups and turns of loops in one run */
  readonly steps: number;
}

export const LIMITS: Limits = { code: 4_000_000, calls: 100, steps: 5_000_000 };
