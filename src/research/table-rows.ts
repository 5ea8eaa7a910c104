/** Turns made tables into columns and rows as a sink takes them. */
import { flaggedRows, markedRows } from './disclosure/table.ts';
import type { MadeTable } from './make.ts';
import type { TableColumn } from './tables/table-file.ts';
import { sinkColumns } from './tables/workbench.ts';
import type { ViewColumn } from './view/compile.ts';
import type { OpenSink, ViewSink } from './view/sink.ts';

export interface TableWritten {
  /** to be finished, or aborted */
  readonly sink: ViewSink;
  readonly rows: number;
}

/**
 * Writes all rows; whether the table comes to be is then the caller's to say.
 * @param isText withheld numbers are `[c]`; else null, with a column beside each that says so
 */
export async function writeRows(made: MadeTable, open: OpenSink, isText: boolean): Promise<TableWritten> {
  const { columns, rows } = shapeOf(made, isText);
  const sink = await open(columns);
  let count = 0;
  try {
    for (const row of rows) {
      sink.row(row);
      count++;
      const full = sink.drain();
      if (full) await full;
    }
    return { sink, rows: count };
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

function shapeOf(
  made: MadeTable,
  isText: boolean,
): { readonly columns: readonly ViewColumn[]; readonly rows: Iterable<readonly unknown[]> } {
  const { columns } = made.table;
  if (made.kind === 'row') return { columns: sinkColumns(columns), rows: made.rows() };
  if (isText) return { columns: sinkColumns(columns.map(asText)), rows: markedRows(made.shown) };
  const flagged = flaggedRows(made.shown);
  const flags = flagged.columns.slice(columns.length).map(flagOf);
  return { columns: sinkColumns([...columns, ...flags]), rows: flagged.rows };
}

function asText(column: TableColumn): TableColumn {
  return column.role === 'dimension' || column.role === 'key' ? column : { ...column, type: 'text' };
}

function flagOf(name: string): TableColumn {
  return { name, type: 'boolean', role: 'dimension', description: 'whether the number is withheld' };
}
