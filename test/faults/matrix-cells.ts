/** What is run in each cell of the failure matrix, or why there is nothing to run. */
import { mountSmallDisk, type SmallDisk } from './cell-cluster.ts';
import type { EngineName } from './cell-store.ts';
import type { CellPlan } from './matrix-cell.ts';
import {
  clockAhead,
  clockBehind,
  fullDisk,
  fullServerDisk,
  killedPostgres,
  odsDown,
  onTheWayOut,
  refusedTls,
  slowTarget,
  sourceDown,
  tokenEndpointDown,
  webhookDown,
} from './matrix-plans.ts';
import { killedAdapter, racingAdapters, secondAdapter } from './matrix-rivals.ts';
import { type Cell, FAULTS, type FaultName, type Matrix, STAGES, type Stage } from './matrix-table.ts';
import type { Trouble } from './proxy.ts';

/** One cell on one engine. */
export interface Run {
  readonly engine: EngineName;
  /** a disk has to be mounted, which only root may */
  readonly needsRoot?: boolean;
  plan(): CellPlan;
}

type Entry = readonly Run[] | { readonly reason: string };

const NOTHING_READ = 'the source has been answered; nothing of it is being read.';
const EHR_IS_SOURCE = 'the source is the EHR: the rows of target and connection are run there.';

const NO_TOKEN = 'the EHR is read by credentials of its own.';
const NO_ODS = 'what comes from the EHR does not depend on it.';
const NOT_SENT = 'nothing is sent before ODS has told where.';

const on = (engine: EngineName, plan: () => CellPlan): Run => ({ engine, plan });

function onTheWay(trouble: Trouble): (stage: Stage) => Entry {
  return (stage) => [on('SQLite', () => onTheWayOut(stage, trouble))];
}

let disk: SmallDisk | undefined;
/** @returns the one that cells fill; undefined where it cannot be mounted */
export function smallDisk(): SmallDisk | undefined {
  disk ??= mountSmallDisk();
  return disk;
}

export function unmountSmallDisk(): void {
  disk?.unmount();
  disk = undefined;
}

const ENTRIES: Readonly<Record<FaultName, (stage: Stage) => Entry>> = {
  'kill-adapter': (stage) =>
    (['SQLite', 'PostgreSQL'] as const).map((engine) => on(engine, () => killedAdapter(stage, engine))),
  'kill-postgres': (stage) => [on('PostgreSQL', () => killedPostgres(stage))],
  'disk-full': (stage) => [
    on('SQLite', () => fullDisk(stage)),
    { ...on('PostgreSQL', () => fullServerDisk(stage, smallDisk()!)), needsRoot: true },
  ],
  'target-down': onTheWay({ kind: 'refuse' }),
  'target-slow': (stage) => [on('SQLite', () => slowTarget(stage))],
  'target-500': onTheWay({ kind: 'apply-then-answer', status: 500 }),
  'target-502': onTheWay({ kind: 'apply-then-answer', status: 502 }),
  'target-504': onTheWay({ kind: 'apply-then-answer', status: 504 }),
  'target-429': (stage) =>
    onTheWay({ kind: 'answer', status: 429, retryAfterS: stage === 'back-leg' ? 1 : 30 })(stage),
  'cut-request': onTheWay({ kind: 'cut-request' }),
  'cut-answer': onTheWay({ kind: 'cut-answer' }),
  'lose-answer': onTheWay({ kind: 'lose-answer' }),
  'tls-refused': (stage) => [on('SQLite', () => refusedTls(stage))],
  'clock-ahead': (stage) => [on('SQLite', () => clockAhead(stage))],
  'clock-behind': (stage) => [on('SQLite', () => clockBehind(stage))],
  'source-down': (stage) =>
    stage === 'intake' || stage === 'commit'
      ? [on('SQLite', () => sourceDown(stage))]
      : { reason: stage === 'back-leg' ? EHR_IS_SOURCE : NOTHING_READ },
  'webhook-down': (stage) => [on('SQLite', () => webhookDown(stage))],
  'two-adapters': (stage) => [
    ...(stage === 'intake' ? [on('SQLite', secondAdapter)] : []), // refused on one data folder, wherever the first is
    on('PostgreSQL', () => racingAdapters(stage)),
  ],
  'token-expired': onTheWay({ kind: 'answer', status: 401 }),
  'token-endpoint-down': (stage) =>
    stage === 'back-leg' ? { reason: NO_TOKEN } : [on('SQLite', () => tokenEndpointDown(stage))],
  'ods-down': (stage) => {
    if (stage === 'back-leg') return { reason: NO_ODS };
    return stage === 'send' ? { reason: NOT_SENT } : [on('SQLite', () => odsDown(stage))];
  },
};

/** @returns what is run in a cell; nothing where there is a reason */
export function runsOf(fault: FaultName, stage: Stage): readonly Run[] {
  const entry = ENTRIES[fault](stage);
  return 'reason' in entry ? [] : entry;
}

/** @returns the matrix as its cells are run */
export function wholeMatrix(): Matrix {
  const cellOf = (fault: FaultName, stage: Stage): Cell => {
    const entry = ENTRIES[fault](stage);
    return 'reason' in entry ? entry : { engines: entry.map((run) => run.engine) };
  };
  const names = Object.keys(FAULTS) as FaultName[];
  return Object.fromEntries(
    names.map((fault) => [
      fault,
      Object.fromEntries(STAGES.map((stage) => [stage, cellOf(fault, stage)])) as Record<Stage, Cell>,
    ]),
  ) as Record<FaultName, Record<Stage, Cell>>;
}
