/** Collects what is wrong with a map set, each finding once, with its place and what to write instead. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { nearestName } from '../fhir/nearest-name.ts';
import { type Fault, hasErrors, issueOf } from '../fhir/outcome.ts';
import { type Place, placeText } from './tree.ts';

/** More errors, or more warnings, than this help nobody; the rest is left out. */
const MOST_FINDINGS = 1_000;
/** Of known names, so many are compared with a wrong one; longer ones than this are not shown whole. */
const MOST_NAMES = 500;
const LONGEST_NAME = 100;

export class Findings {
  readonly #issues = new Map<string, OperationOutcomeIssue>();
  #errors = 0;
  #warnings = 0;

  /** @param message what is wrong and what to write instead; the place is put before it */
  add(rule: string, at: Place, message: string, severity: 'error' | 'warning' = 'error'): void {
    const diagnostics = `${placeText(at)}: ${message}`;
    this.addFault({
      rule,
      severity,
      code: rule === 'map-unsupported' ? 'not-supported' : 'invalid',
      diagnostics,
    });
  }

  /** A construct of the language that is parsed but not compiled. */
  unsupported(at: Place, construct: string, instead: string): void {
    this.add('map-unsupported', at, `${construct} is not supported; ${instead}`);
  }

  /** Errors and warnings are counted apart: no number of warnings hides that a map is refused. */
  addFault(fault: Fault): void {
    const key = `${fault.rule} ${fault.diagnostics}`;
    if (this.#issues.has(key)) return;
    const isError = (fault.severity ?? 'error') === 'error';
    if (isError) this.#errors += 1;
    else this.#warnings += 1;
    if ((isError ? this.#errors : this.#warnings) <= MOST_FINDINGS) this.#issues.set(key, issueOf(fault));
  }

  addIssues(issues: readonly OperationOutcomeIssue[]): void {
    for (const issue of issues) this.#issues.set(JSON.stringify(issue), issue);
  }

  /** No further error is kept: whoever finds them may stop, which bounds what a map full of mistakes costs. */
  get isFull(): boolean {
    return this.#errors >= MOST_FINDINGS;
  }

  get issues(): OperationOutcomeIssue[] {
    return [...this.#issues.values()];
  }

  get failed(): boolean {
    return hasErrors(this.issues);
  }
}

/** @returns `; write x` with the known name nearest to a wrong one, or the list of known names when none is near */
export function nearest(wrong: string, known: Iterable<string>): string {
  const names: string[] = [];
  for (const name of known) if (names.push(name) === MOST_NAMES) break;
  if (names.length === 0) return '';
  const best = nearestName(wrong, names, Math.max(2, wrong.length / 3));
  if (best !== undefined) return `; write ${best}`;
  const listed = names.slice(0, 12).map((name) => shortened(name, LONGEST_NAME));
  return `; known are ${listed.join(', ')}${names.length > 12 ? ', …' : ''}`;
}

/** @returns the text, or its start where it is longer */
export function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
