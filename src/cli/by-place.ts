/** Puts issues in the order of a reader: by file, line and column of the place that their texts start with. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';

const PLACE = /^([^\s:]+):(?:(\d+):(\d+):)?/;

/** @returns the issues in a new list; one that names no line stands before those of its file that do, one without a place last */
export function byPlace(issues: readonly OperationOutcomeIssue[]): OperationOutcomeIssue[] {
  const placed = issues.map((issue) => {
    const [, file, line = '0', column = '0'] = PLACE.exec(issue.diagnostics ?? '') ?? [];
    return { issue, file, line: Number(line), column: Number(column) };
  });
  placed.sort((a, b) => compare(a.file, b.file) || a.line - b.line || a.column - b.column);
  return placed.map(({ issue }) => issue);
}

function compare(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0;
  if (a === undefined || b === undefined) return a === undefined ? 1 : -1;
  return a < b ? -1 : 1;
}
