/** Turns a fault into a FHIR OperationOutcome that says where it is, which rule it breaks and what to change. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';

/** Code system of our stable rule ids (`hr-1`, `map-unmapped-code`, `read-json-syntax` …), in `issue.details.coding`. */
const RULE_SYSTEM = 'https://hedgerow.example/fhir/CodeSystem/rule';

/** Extension of an issue: where the rule is written down. */
const SPECIFICATION = 'https://hedgerow.example/fhir/StructureDefinition/specification';

/** transient: not applied. ambiguous: may have been applied. permanent: never will be. */
export type RetryClass = 'transient' | 'ambiguous' | 'permanent';

/** A value, or the outcome that says why there is none. Expected rejections are values; only bugs and lost I/O are thrown. */
export type Checked<T> = { ok: true; value: T } | { ok: false; outcome: OperationOutcome };

/** The parts of an issue that every fault of ours must name. */
export interface Fault {
  /** default `error` */
  readonly severity?: OperationOutcomeIssue['severity'];
  /** FHIR issue type; default `invalid` */
  readonly code?: OperationOutcomeIssue['code'];
  /** our stable rule id: lower case, hyphens */
  readonly rule: string;
  /** what is wrong, where (file, rule, source column) and what to change; never a patient value */
  readonly diagnostics: string;
  /** FHIRPath of the element at fault, where there is one */
  readonly expression?: string;
  /** page of the specification, or canonical of the profile, that says what is right */
  readonly specification?: string | undefined;
}

/** The adapter's only error: a FHIR OperationOutcome, and whether retrying is safe. */
export class AdapterError extends Error {
  readonly outcome: OperationOutcome;
  readonly retry: RetryClass;

  constructor(retry: RetryClass, issue: OperationOutcomeIssue, cause?: unknown) {
    super(issue.diagnostics ?? issue.code, { cause });
    this.name = 'AdapterError';
    this.outcome = { resourceType: 'OperationOutcome', issue: [issue] };
    this.retry = retry;
  }
}

/** @returns the FHIR issue for a fault, with severity and code filled in */
export function issueOf(fault: Fault): OperationOutcomeIssue {
  return {
    severity: fault.severity ?? 'error',
    code: fault.code ?? 'invalid',
    details: { coding: [{ system: RULE_SYSTEM, code: fault.rule }] },
    diagnostics: fault.diagnostics,
    ...(fault.expression === undefined ? {} : { expression: [fault.expression] }),
    ...(fault.specification === undefined
      ? {}
      : { extension: [{ url: SPECIFICATION, valueUri: fault.specification }] }),
  };
}

/** @returns an OperationOutcome of these issues */
export function outcomeOf(...issues: readonly OperationOutcomeIssue[]): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: [...issues] };
}

/** @returns the refusal of one fault, as a value */
export function refuse(fault: Fault): { ok: false; outcome: OperationOutcome } {
  return { ok: false, outcome: outcomeOf(issueOf(fault)) };
}

/** @returns true when any issue is an error or fatal */
export function hasErrors(issues: readonly OperationOutcomeIssue[]): boolean {
  return issues.some((issue) => issue.severity === 'error' || issue.severity === 'fatal');
}

/** @returns our rule id of an issue, where it carries one */
export function ruleOf(issue: OperationOutcomeIssue): string | undefined {
  return issue.details?.coding?.find((coding) => coding.system === RULE_SYSTEM)?.code;
}

/** @param place of the resource in what was sent: `Bundle.entry[3]` @returns the issue, which says so */
export function issueAt(issue: OperationOutcomeIssue, place: string): OperationOutcomeIssue {
  const { diagnostics = '', expression = [] } = issue;
  if (diagnostics.startsWith(`${place}: `)) return issue;
  if (expression.some((one) => one.startsWith(place)))
    return { ...issue, diagnostics: `${place}: ${diagnostics}` };
  const inResource = expression.filter((one) => /^[A-Z]/.test(one) && !one.startsWith('Bundle'));
  const paths = inResource.map((one) => `${place}.resource${one.replace(/^\w+/, '')}`);
  return {
    ...issue,
    diagnostics: `${place}: ${diagnostics}`,
    expression: paths.length > 0 ? paths : [place],
  };
}
