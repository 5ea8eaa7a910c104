/** The faults and stages of the failure matrix, and the page that says which cells are run. */
import type { EngineName } from './cell-store.ts';

export const STAGES = ['intake', 'commit', 'claim', 'send', 'settle', 'back-leg'] as const;
export type Stage = (typeof STAGES)[number];

/** Faults of the matrix, in its order. */
export const FAULTS = {
  'kill-adapter': 'kill -9 adapter',
  'kill-postgres': 'kill -9 PostgreSQL',
  'disk-full': 'disk full',
  'target-down': 'target down',
  'target-slow': 'target slower than the deadline',
  'target-500': 'target 500 after applying',
  'target-502': 'target 502 after applying',
  'target-504': 'target 504 after applying',
  'target-429': 'target 429 storm',
  'cut-request': 'connection cut within the request',
  'cut-answer': 'connection cut within the answer',
  'lose-answer': 'response lost',
  'tls-refused': 'TLS refused',
  'clock-ahead': 'clock jumps a day ahead, and back',
  'clock-behind': 'clock jumps a day back, and on',
  'source-down': 'source down mid-file',
  'webhook-down': 'case system webhook down',
  'two-adapters': 'two adapters racing',
  'token-expired': 'token expired',
  'token-endpoint-down': 'token endpoint down',
  'ods-down': 'ODS down',
} as const;
export type FaultName = keyof typeof FAULTS;

/** Engines that a cell is run on, or why there is nothing to run. */
export type Cell = { readonly engines: readonly EngineName[] } | { readonly reason: string };

export type Matrix = Readonly<Record<FaultName, Readonly<Record<Stage, Cell>>>>;

const LETTERS: Readonly<Record<EngineName, string>> = { SQLite: 'S', PostgreSQL: 'P' };
const NAMES = Object.keys(FAULTS) as FaultName[];

/** @returns the table alone, Markdown */
export function tableOf(matrix: Matrix): string {
  const shown = (cell: Cell): string =>
    'reason' in cell ? '–' : cell.engines.map((engine) => LETTERS[engine]).join(' ');
  return [
    `| fault | ${STAGES.join(' | ')} |`,
    `|---|${STAGES.map(() => ':-:|').join('')}`,
    ...NAMES.map(
      (fault) => `| ${FAULTS[fault]} | ${STAGES.map((stage) => shown(matrix[fault][stage])).join(' | ')} |`,
    ),
  ].join('\n');
}

/** @returns how many cells are run, an engine a cell, and how many have nothing to run */
export function countsOf(matrix: Matrix): { readonly run: number; readonly idle: number } {
  const cells = NAMES.flatMap((fault) => STAGES.map((stage) => matrix[fault][stage]));
  const engines = cells.flatMap((cell) => ('reason' in cell ? [] : cell.engines));
  return { run: engines.length, idle: cells.filter((cell) => 'reason' in cell).length };
}

/** @returns the page, Markdown */
export function pageOf(matrix: Matrix): string {
  const { run, idle } = countsOf(matrix);
  return [
    '# Failure matrix',
    '',
    'Each cell begins a fault as the adapter comes to that stage, lets records come and changes be made while it lasts, and lifts it. Out (intake to settle): then every acknowledged record is at the target exactly once, what a resource refers to before the resource itself, nothing is parked, and no delivery is left. Back (back-leg): then every change made at the EHR is in the store exactly once, and none was sent back to it. In the row of the webhook the target out is the case system, which must have been told of each version in order; on the way back it is told of what was changed at the EHR. In the row of the token endpoint only people whose NHS number PDS confirms go to the target, and PDS is asked under a token; in that of ODS only people of a practice that took over from theirs, as ODS tells.',
    '',
    'S: run on SQLite. P: run on PostgreSQL, a server of its own that the cells kill, and whose disk they fill where root may mount a small one. –: nothing to run, for the reason below.',
    '',
    tableOf(matrix),
    '',
    `${run} cells run, ${run} recovered, 0 not recoverable. ${idle} with nothing to run:`,
    '',
    ...NAMES.flatMap((fault) => reasonsOf(FAULTS[fault], matrix[fault])),
    '',
    '`test/faults/matrix-*.test.ts` run the cells: one that does not recover within a minute after its fault is lifted fails them. A run with `UPDATE_MATRIX=1` of all cells of a file writes this page; without it, the page and the table in the README must be what is run.',
    '',
  ].join('\n');
}

function reasonsOf(title: string, row: Matrix[FaultName]): string[] {
  const byReason = new Map<string, Stage[]>();
  for (const stage of STAGES) {
    const cell = row[stage];
    if ('reason' in cell) byReason.set(cell.reason, [...(byReason.get(cell.reason) ?? []), stage]);
  }
  return [...byReason].map(([reason, stages]) => `- ${title}, ${stages.join(', ')}: ${reason}`);
}
