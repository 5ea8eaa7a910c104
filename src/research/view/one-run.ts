/** Takes resources one after the other through a view into a sink, and keeps count. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError, issueOf, ruleOf } from '../../fhir/outcome.ts';
import type { CompiledView, ViewColumn } from './compile.ts';
import { misfit, refuseMisfit } from './fit.ts';
import type { ViewSink } from './sink.ts';

export interface RunOptions {
  /**
   * a line or resource that cannot be read or evaluated, and a value that its typed column does not take, ends the run
   * (default); or it is left out, the value as null, and told
   */
  readonly onFault?: 'end' | 'leave-out';
  /** told of each that is left out; of values that do not fit once a column */
  readonly report?: (issue: OperationOutcomeIssue) => void;
  /** ends the run where it is: nothing is left of the target */
  readonly signal?: AbortSignal;
  /** of one resource, from 1; default a million */
  readonly mostRows?: number;
}

export interface Ran {
  readonly resources: number;
  readonly rows: number;
  readonly leftOut: number;
  /** values that their columns did not take: they are null */
  readonly misfits: number;
}

/** What of a sink takes rows. */
type Rows = Pick<ViewSink, 'row' | 'drain'>;

const MOST_ROWS = 1_000_000;

export class OneRun {
  readonly ran = { resources: 0, rows: 0, leftOut: 0, misfits: 0 };
  readonly #view: CompiledView;
  readonly #options: RunOptions;
  readonly #misfits = new Set<string>();
  #rows: (readonly unknown[])[] = [];
  #sink: Rows | undefined;
  readonly #keep: (row: readonly unknown[]) => void;

  constructor(view: CompiledView, options: RunOptions) {
    this.#view = view;
    this.#options = options;
    const most = options.mostRows ?? MOST_ROWS;
    this.#keep = (row) => {
      if (this.#rows.push([...row]) > most) throw tooManyRows(most);
    };
  }

  into(sink: Rows): void {
    this.#sink = sink;
  }

  /** @returns once there is room for more; undefined where there is already */
  take(resource: unknown): Promise<void> | undefined {
    this.#options.signal?.throwIfAborted();
    this.ran.resources++;
    this.#rows = [];
    const fault = resource instanceof AdapterError ? resource : this.#faultIn(resource);
    if (fault) {
      this.#leaveOut(fault);
      return undefined;
    }
    for (const row of this.#rows) this.#sink!.row(row);
    this.ran.rows += this.#rows.length;
    return this.#sink!.drain();
  }

  #faultIn(resource: unknown): AdapterError | undefined {
    try {
      this.#view.rows(resource, this.#keep);
      return undefined;
    } catch (error) {
      if (error instanceof AdapterError) return error;
      throw error;
    }
  }

  #leaveOut(fault: AdapterError): void {
    if (this.#options.onFault !== 'leave-out') throw fault;
    for (const issue of fault.outcome.issue) this.#options.report?.(issue);
    this.ran.leftOut++;
  }

  /** Adds what another thread did. */
  count({ resources, rows, leftOut, misfits }: Ran, issues: readonly OperationOutcomeIssue[]): void {
    this.ran.resources += resources;
    this.ran.rows += rows;
    this.ran.leftOut += leftOut;
    this.ran.misfits += misfits;
    for (const issue of issues) {
      // each thread tells of a column once
      const isOfColumn = ruleOf(issue) === 'view-misfit';
      if (isOfColumn && this.#misfits.has(issue.diagnostics!)) continue;
      if (isOfColumn) this.#misfits.add(issue.diagnostics!);
      this.#options.report?.(issue);
    }
  }

  misfit(column: ViewColumn): void {
    if (this.#options.onFault !== 'leave-out') refuseMisfit(column);
    this.ran.misfits++;
    if (this.#misfits.has(column.name)) return;
    this.#misfits.add(column.name);
    for (const issue of misfit(column).outcome.issue)
      this.#options.report?.({ ...issue, severity: 'warning' });
  }
}

function tooManyRows(most: number): AdapterError {
  const diagnostics = `One resource gives more than ${most} rows: selects beside each other multiply theirs; put them into views of their own, or into a unionAll.`;
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'view-rows', code: 'too-costly', expression: 'ViewDefinition.select', diagnostics }),
  );
}
