/** Turns what was found in resources into lines, tables or OperationOutcomes, and into the summary of it all. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { outcomeOf, ruleOf } from '../../fhir/outcome.ts';

export type ReportFormat = 'table' | 'json' | 'lines';

/** What was found in one file, one line of NDJSON, or one Bundle. */
export interface Found {
  readonly file: string;
  readonly line: number | undefined;
  /** resources in it: those of a Bundle's entries, else 1; 0 where it could not be read */
  readonly resources: number;
  readonly issues: readonly OperationOutcomeIssue[];
}

/** Extensions of an outcome: where the resource stands that it is about. */
const FILE = 'https://hedgerow.example/fhir/StructureDefinition/checked-file';
const LINE = 'https://hedgerow.example/fhir/StructureDefinition/checked-line';

/** Rules that say that something was not checked. */
const NOT_CHECKED = new Set(['terminology-not-checked', 'profile-unknown', 'questionnaire-unknown']);

/** What all resources come to. */
export class Tally {
  resources = 0;
  errors = 0;
  warnings = 0;
  notChecked = 0;

  add({ resources, issues }: Found): void {
    this.resources += resources;
    for (const issue of issues) {
      if (isError(issue)) this.errors++;
      else if (issue.severity === 'warning') this.warnings++;
      if (NOT_CHECKED.has(ruleOf(issue) ?? '')) this.notChecked++;
    }
  }

  /** @returns `3 resources checked: 1 error, 2 warnings, nothing left unchecked` */
  toString(): string {
    const left = this.notChecked === 0 ? 'nothing left unchecked' : `${this.notChecked} not checked`;
    return `${counted(this.resources, 'resource')} checked: ${counted(this.errors, 'error')}, ${counted(this.warnings, 'warning')}, ${left}`;
  }
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

export function isError({ severity }: OperationOutcomeIssue): boolean {
  return severity === 'error' || severity === 'fatal';
}

/** @returns text to print, with its last line end; empty where there is nothing to say */
export function reportOf(found: Found, format: ReportFormat, width: number): string {
  if (format === 'json') return `${JSON.stringify(jsonOf(found))}\n`;
  if (found.issues.length === 0) return '';
  if (format === 'lines') return found.issues.map((issue) => `${lineOf(found, issue)}\n`).join('');
  return `${placeOf(found)}\n${tableOf(found.issues, width)}\n`;
}

function jsonOf({ file, line, issues }: Found): object {
  const extension = [
    { url: FILE, valueString: file },
    ...(line === undefined ? [] : [{ url: LINE, valuePositiveInt: line }]),
  ];
  const { issue } = outcomeOf(...(issues.length === 0 ? [ALL_IS_WELL] : issues));
  return { resourceType: 'OperationOutcome', extension, issue };
}

const ALL_IS_WELL: OperationOutcomeIssue = {
  severity: 'information',
  code: 'informational',
  diagnostics: 'All is well.',
};

function placeOf({ file, line }: Found): string {
  return line === undefined ? file : `${file}:${line}`;
}

function lineOf(found: Found, issue: OperationOutcomeIssue): string {
  const { severity, code, expression, diagnostics } = issue;
  return [placeOf(found), severity, ruleOf(issue) ?? code, expression?.join(', '), diagnostics]
    .filter(Boolean)
    .join('  ');
}

/** Columns of severities and rules, without the blanks around them. */
const [SEVERITY_WIDTH, RULE_WIDTH] = [11, 28];
/** Borders and blanks of a row of three cells. */
const AROUND = 10;
const NARROWEST = 38;

/** Drawn here: cli-table3 takes milliseconds for a table, many times what the check takes, and there may be one a resource. */
function tableOf(issues: readonly OperationOutcomeIssue[], width: number): string {
  const widths = [
    SEVERITY_WIDTH,
    RULE_WIDTH,
    Math.max(NARROWEST, width - SEVERITY_WIDTH - RULE_WIDTH - AROUND),
  ];
  const border = (left: string, middle: string, right: string): string =>
    `${left}${widths.map((one) => '─'.repeat(one + 2)).join(middle)}${right}`;
  const rows = issues.map((issue) => [
    issue.severity ?? '',
    ruleOf(issue) ?? issue.code ?? '',
    issue.diagnostics ?? '',
  ]);
  const drawn = [['Severity', 'Rule', 'What to change'], ...rows].map((cells) => rowOf(cells, widths));
  return [border('┌', '┬', '┐'), drawn.join(`\n${border('├', '┼', '┤')}\n`), border('└', '┴', '┘')].join(
    '\n',
  );
}

/** @returns as many lines as the highest cell has */
function rowOf(cells: readonly string[], widths: readonly number[]): string {
  const columns = cells.map((cell, at) => wrapped(cell, widths[at]!));
  const height = Math.max(...columns.map((lines) => lines.length));
  return Array.from(
    { length: height },
    (_, line) => `│ ${columns.map((lines, at) => (lines[line] ?? '').padEnd(widths[at]!)).join(' │ ')} │`,
  ).join('\n');
}

/** Breaks between words, and within one that is longer than a line: a URL that is cut off is of no use. */
function wrapped(text: string, width: number): readonly string[] {
  const pieces = text.match(new RegExp(`\\S{${width}}|\\S+`, 'g')) ?? [];
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= width) lines.push(`${lines.pop()} ${piece}`);
    else lines.push(piece);
  }
  return lines;
}
