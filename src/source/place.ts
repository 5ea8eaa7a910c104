/** Turns a path within a record into the words and the FHIRPath that a refusal names it by, without its value. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';

/** Steps from the record's root: member names and array indexes. */
export type Path = readonly (string | number)[];

/** How the source calls its fields. */
export type FieldWord = 'column' | 'field';

/** One thing wrong at one place. */
export interface FieldFault {
  readonly path: Path;
  /** stable rule id */
  readonly rule: string;
  /** what to change: "write the date as dd/MM/yyyy" */
  readonly hint: string;
  readonly severity?: 'error' | 'warning';
  readonly code?: OperationOutcomeIssue['code'];
}

/** @returns FHIRPath of a place: `consents[0].at`, `` `Date of Birth` `` */
export function expressionOf(path: Path): string {
  return path
    .map((step, i) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = /^[A-Za-z_]\w*$/.test(step) ? step : `\`${step.replaceAll('`', '\\`')}\``;
      return i === 0 ? name : `.${name}`;
    })
    .join('');
}

/** @returns the issue of a fault: "column 'Date of Birth': write the date as dd/MM/yyyy" */
export function issueAt(fault: FieldFault, word: FieldWord): OperationOutcomeIssue {
  const name = expressionOf(fault.path).replaceAll('`', '');
  return issueOf({
    rule: fault.rule,
    severity: fault.severity ?? 'error',
    code: fault.code ?? 'value',
    diagnostics: name === '' ? fault.hint : `${word} '${name}': ${fault.hint}`,
    ...(name === '' ? {} : { expression: expressionOf(fault.path) }),
  });
}

/**
 * Tells a name that a form or a program gave a field from text that may be somebody's data.
 * @returns the name in quotes, or words that do not give it away
 */
export function nameInWords(name: string): string {
  const isName =
    name.length <= 60 && /^[\p{L}_$@][\p{L}\p{N} _.,:;()?!&'/+#$@%-]*$/u.test(name) && !/\d{4}/.test(name);
  return isName ? `'${name}'` : 'one whose name may be data';
}
