/** Turns the configured rules of coded activity into expressions that are ready to run, or says what is wrong with them. */
import type { OperationOutcomeIssue, Reference } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { snomedFault } from '../../fhir/identifiers.ts';
import { type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { compileExpression } from '../../fhirpath/compile.ts';
import type { Evaluate } from '../../fhirpath/evaluate.ts';

/** What a coded entry is written as in FHIR. */
export type WrittenAs = 'Procedure' | 'Observation' | 'Condition';

export interface FixedCode {
  readonly code: string;
  readonly display: string;
  /** SNOMED CT description, for systems that file by it */
  readonly descriptionId?: string | undefined;
}

/** One line of the table: which resources give an entry in the GP record, and what it says. All paths are FHIRPath. */
export interface CodedRule {
  /** names the rule in reports: lower case, hyphens */
  readonly id: string;
  /** type of the resources that it looks at */
  readonly type: string;
  /** true of those that give an entry */
  readonly when: string;
  /** what is filed; without it, `codeFrom` */
  readonly code?: FixedCode | undefined;
  /** Codings of the resource: the first that is a SNOMED CT concept is filed */
  readonly codeFrom?: string | undefined;
  /** when it was: a date or a time; the first that it gives */
  readonly date: string;
  /** who made it, References in order of preference */
  readonly author: string;
  /** a Quantity or a number, where there is one */
  readonly value?: string | undefined;
  readonly as: WrittenAs;
  /**
   * What has happened has happened: a later version that no longer fits takes nothing back, nor moves its date; one that is
   * entered in error, or deleted, does.
   */
  readonly lasting: boolean;
  /** The date is a stamp that later versions move: the first day that was known stays, unless an earlier one comes. */
  readonly keepsFirstDay: boolean;
}

/** A rule whose paths are compiled. */
export interface ReadyRule extends CodedRule {
  readonly paths: Readonly<Record<'when' | 'date' | 'author', Evaluate>> &
    Readonly<Partial<Record<'codeFrom' | 'value', Evaluate>>>;
}

/** Finds what a resource refers to among those of the same person. */
export type Resolve = (reference: string) => unknown;

export interface ReadyRules {
  readonly rules: readonly ReadyRule[];
  /** types that rules look at */
  readonly types: readonly string[];
  /** Runs something while `resolve()` of the rules finds what is given. */
  within<T>(resolve: Resolve, run: () => T): T;
}

const SNOMED = 'http://snomed.info/sct';
const OURS = 'https://hedgerow.example/fhir';

/** The two that NHS England asks practices to record. @source facts of the national codes: docs/coded-activity.md */
export const NATIONAL_RULES: readonly CodedRule[] = [
  {
    id: 'referral',
    type: 'ServiceRequest',
    // an offer has no code yet, a recommendation refers nobody, and a hand-over is the same episode
    when: `intent = 'order' and status in ('active' | 'on-hold' | 'completed' | 'revoked') and basedOn.empty() and code.coding.where(system = '${SNOMED}' and code = '871731000000106').exists()`,
    code: { code: '871731000000106', display: 'Referral to social prescribing service' },
    date: 'authoredOn',
    author: 'requester | performer',
    as: 'Procedure',
    lasting: true,
    keepsFirstDay: false,
  },
  {
    id: 'declined',
    type: 'Task',
    when: `status = 'cancelled' and partOf.empty() and statusReason.coding.where((system = '${SNOMED}' and code = '871711000000103') or (system = '${OURS}/CodeSystem/referral-status' and code = 'declined')).exists()`,
    code: { code: '871711000000103', display: 'Social prescribing declined' },
    date: 'lastModified | authoredOn',
    author: 'requester | owner',
    as: 'Observation',
    lasting: false,
    keepsFirstDay: true,
  },
];

const PATHS = ['when', 'date', 'author', 'codeFrom', 'value'] as const;

/** @returns the rules, or every fault of theirs: a path that is none, an id that is no SNOMED CT concept */
export function readyRules(rules: readonly CodedRule[], definitions: Definitions): Checked<ReadyRules> {
  const issues: OperationOutcomeIssue[] = [];
  const found: { resolve: Resolve } = { resolve: () => undefined };
  const resolve = (item: unknown): unknown => {
    const reference = typeof item === 'string' ? item : (item as Reference | undefined)?.reference;
    return reference === undefined ? undefined : found.resolve(reference);
  };
  const ready = rules.map((rule, at) => {
    issues.push(...faultsOf(rule, at));
    const paths: Record<string, Evaluate> = {};
    for (const name of PATHS) {
      const text = rule[name];
      if (text === undefined) continue;
      const compiled = compileExpression(text, { type: rule.type, definitions, resolve });
      if (compiled.ok) paths[name] = compiled.value;
      else issues.push(...compiled.outcome.issue.map((issue) => placed(issue, rule, name, at)));
    }
    return { ...rule, paths } as ReadyRule;
  });
  for (const [at, { id }] of rules.entries())
    if (rules.findIndex((other) => other.id === id) !== at)
      issues.push(fault(at, 'id', `there is a rule ${id} already: give this one another id`));
  if (issues.length > 0) return { ok: false, outcome: outcomeOf(...issues) };
  return { ok: true, value: readyOf(ready, found) };
}

function readyOf(rules: readonly ReadyRule[], found: { resolve: Resolve }): ReadyRules {
  return {
    rules,
    types: [...new Set(rules.map(({ type }) => type))],
    within(resolve, run) {
      const before = found.resolve;
      found.resolve = resolve;
      try {
        return run();
      } finally {
        found.resolve = before;
      }
    },
  };
}

function faultsOf(rule: CodedRule, at: number): OperationOutcomeIssue[] {
  const { code, codeFrom } = rule;
  if ((code === undefined) === (codeFrom === undefined))
    return [fault(at, 'code', 'name either a code or, with codeFrom, where the resource has one')];
  if (code === undefined) return [];
  const wrong = snomedFault(code.code);
  if (wrong !== undefined)
    return [fault(at, 'code', `${code.code} is no SNOMED CT concept id of the UK edition (${wrong})`)];
  if (code.descriptionId === undefined || /^[1-9]\d{5,17}$/.test(code.descriptionId)) return [];
  return [fault(at, 'code', `${code.descriptionId} is no SNOMED CT description id: it has 6 to 18 digits`)];
}

function placed(
  issue: OperationOutcomeIssue,
  { id }: CodedRule,
  name: string,
  at: number,
): OperationOutcomeIssue {
  const diagnostics = `Rule ${id} of coded activity, ${name}: ${issue.diagnostics ?? issue.code}`;
  return { ...issue, diagnostics, expression: [`nhs.codedActivity.rules[${at}].${name}`] };
}

function fault(at: number, member: string, diagnostics: string): OperationOutcomeIssue {
  return issueOf({
    rule: 'coded-rule',
    code: 'value',
    expression: `nhs.codedActivity.rules[${at}].${member}`,
    diagnostics: `Rule ${at + 1} of coded activity: ${diagnostics}.`,
  });
}
