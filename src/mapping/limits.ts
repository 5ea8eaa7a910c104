/** How far a map may go: maps are data from people, and a slip or ill will must end in a located error, never in a hang. */

export interface Limits {
  /** characters of JavaScript that the maps of a source may compile to, and the work of compiling them in the same coin */
  readonly code: number;
  /** groups, rules, loops and conditions that may be written within each other */
  readonly nesting: number;
  /** groups that may be called within each other */
  readonly calls: number;
  /** steps of one run: calls of groups, turns of loops (of long ones several, by their code), values copied, long texts made */
  readonly steps: number;
  /** items that the expressions of one run may visit, all together */
  readonly visits: number;
  /** characters of the texts that the expressions of one run may build, all together */
  readonly built: number;
}

export const LIMITS: Limits = {
  code: 4_000_000,
  nesting: 400,
  calls: 100,
  steps: 5_000_000,
  visits: 50_000_000,
  built: 200_000_000,
};
