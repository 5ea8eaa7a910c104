/** The faults and stages of the failure matrix, and the page that says what came of each cell. */

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
} as const;
export type FaultName = keyof typeof FAULTS;

/** What a cell says: it was run and recovered, or why there is nothing to run. */
export type Cell = 'recovered' | { readonly reason: string };

export type Matrix = Readonly<Record<FaultName, Readonly<Record<Stage, Cell>>>>;

/** @returns the page, Markdown */
export function pageOf(matrix: Matrix): string {
  const reasons = [
    ...new Set(
      Object.values(matrix).flatMap((row) =>
        STAGES.flatMap((stage) => {
          const cell = row[stage];
          return cell === 'recovered' ? [] : [cell.reason];
        }),
      ),
    ),
  ];
  const shown = (cell: Cell): string =>
    cell === 'recovered' ? 'recovered' : `– (${reasons.indexOf(cell.reason) + 1})`;
  const rows = (Object.keys(FAULTS) as FaultName[]).map(
    (fault) => `| ${FAULTS[fault]} | ${STAGES.map((stage) => shown(matrix[fault][stage])).join(' | ')} |`,
  );
  const cells = Object.values(matrix).flatMap((row) => STAGES.map((stage) => row[stage]));
  const run = cells.filter((cell) => cell === 'recovered').length;
  return [
    '# Failure matrix',
    '',
    'Each cell starts a fault at the moment when the first record comes to that stage, sends more records while it lasts, and lifts it. Then every acknowledged record is at the target exactly once, what a resource refers to before the resource itself, nothing is parked, and no lease is held. `test/faults/matrix.test.ts` runs the cells and holds this page current; `UPDATE_MATRIX=1` writes it.',
    '',
    `| fault | ${STAGES.join(' | ')} |`,
    `|---|${STAGES.map(() => '---|').join('')}`,
    ...rows,
    '',
    `${run} cells run, ${run} recovered, 0 not recoverable; ${cells.length - run} with nothing to run:`,
    '',
    ...reasons.map((reason, at) => `${at + 1}. ${reason}`),
    '',
  ].join('\n');
}
