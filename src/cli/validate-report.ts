/** Turns what was found in resources into lines, tables or OperationOutcomes, and into the summary of it all. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import Table from 'cli-table3';
import { outcomeOf, ruleOf } from '../fhir/outcome.ts';

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

const [SEVERITY_WIDTH, RULE_WIDTH, BORDERS, PADDING] = [13, 30, 4, 2];
const NARROWEST = 40;

function tableOf(issues: readonly OperationOutcomeIssue[], width: number): string {
  const room = Math.max(NARROWEST, width - SEVERITY_WIDTH - RULE_WIDTH - BORDERS);
  const table = new Table({
    head: ['Severity', 'Rule', 'What to change'],
    style: { head: [], border: [] },
    colWidths: [SEVERITY_WIDTH, RULE_WIDTH, room],
  });
  for (const issue of issues) {
    const rule = wrapped(ruleOf(issue) ?? issue.code ?? '', RULE_WIDTH - PADDING);
    table.push([issue.severity ?? '', rule, wrapped(issue.diagnostics ?? '', room - PADDING)]);
  }
  return table.toString();
}

/** Breaks between words, and within one that is longer than a line: a URL that is cut off is of no use. */
function wrapped(text: string, width: number): string {
  const pieces = text.match(new RegExp(`\\S{${width}}|\\S+`, 'g')) ?? [];
  const lines: string[] = [];
  for (const piece of pieces) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= width) lines.push(`${lines.pop()} ${piece}`);
    else lines.push(piece);
  }
  return lines.join('\n');
}
