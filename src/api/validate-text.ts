/** Turns the body of a $validate request into what was found in its resource, or why nothing could be checked: pure, so that a worker can do it. */
import type { OperationOutcome, OperationOutcomeIssue, Parameters, Resource } from '@medplum/fhirtypes';
import { type Fault, issueOf, ruleOf } from '../fhir/outcome.ts';
import { parseJson } from '../source/json.ts';
import { READ_LIMITS } from '../source/limits.ts';
import { checkWhole } from '../validation/check-whole.ts';
import type { Beyond } from '../validation/domain/journey.ts';
import type { Validator, Verdict } from '../validation/validator.ts';
import { statusOf } from './respond.ts';

/** @source hl7.org/fhir/R4/valueset-resource-validation-mode.html */
const MODES = ['create', 'update', 'delete', 'profile'] as const;
type Mode = (typeof MODES)[number];

/** What is asked for, as far as the address says. */
export interface ValidateAsked {
  readonly type: string | undefined;
  /** of the instance that is asked about */
  readonly id: string | undefined;
  readonly mode: string | undefined;
  /** canonicals, `|version` allowed */
  readonly profiles: readonly string[];
}

/** Status 200 with what was found, or a refusal; 503 is no verdict: ask again later. */
export interface ValidateAnswer extends Verdict {
  readonly status: number;
}

/** Checks the text of a body, here or in a worker. */
export type CheckText = (text: string, asked: ValidateAsked) => Promise<ValidateAnswer>;

type Checking = Pick<Validator, 'examine' | 'knows'>;

/** @param text of a resource, or of Parameters with one; at most `READ_LIMITS.jsonBytes` long */
export function checkText(validator: Checking, text: string, asked: ValidateAsked): ValidateAnswer {
  const parsed = parseJson(text, { maxBytes: READ_LIMITS.jsonBytes, maxDepth: READ_LIMITS.depth });
  if (!parsed.ok) return refusedBy(parsed.outcome);
  const { resource, ...words } = withParameters(parsed.value, asked);
  return checkResource(validator, resource, words);
}

/**
 * @param resource anything; undefined where none was given
 * @param related what is known beyond it
 */
export function checkResource(
  validator: Checking,
  resource: unknown,
  asked: ValidateAsked,
  related?: Beyond,
): ValidateAnswer {
  const { mode, profiles } = asked;
  if (mode !== undefined && !isMode(mode)) return refused(UNKNOWN_MODE);
  const unknown = profiles.findIndex((url) => !validator.knows(url));
  if (unknown >= 0) return refused(unknownProfile(profiles[unknown]!));
  if (mode === 'delete') return asked.id === undefined ? refused(DELETE_OF_TYPE) : found([issueOf(DELETE)]);
  if (!isResource(resource)) return refused(NO_RESOURCE);
  if (asked.type !== undefined && resource.resourceType !== asked.type) return refused(wrongType(asked.type));
  const { issues, pending } = checkWhole(validator, resource, profiles, related);
  if (issues.some((issue) => ruleOf(issue) === 'fhir-unknown-type' && isOfTheRoot(issue)))
    return bounded({ status: 400, issues, pending: [] });
  return bounded({ status: 200, issues: [...issues, ...idIssues(resource, asked)], pending });
}

/** An outcome names so many issues at most: who has more corrects these first. */
const MOST_ISSUES = 1_000;

/** Keeps the worst; faults may be more text than the body that has them. */
function bounded({ status, issues, pending }: ValidateAnswer): ValidateAnswer {
  const left = issues.length - MOST_ISSUES;
  if (left <= 0) return { status, issues, pending };
  const worst = issues.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, MOST_ISSUES);
  const diagnostics = `There are ${left} more issues: correct these first, and ask again.`;
  const more = issueOf({
    severity: 'information',
    code: 'too-costly',
    rule: 'api-validate-more',
    diagnostics,
  });
  return { status, issues: [...worst, more], pending: pending.slice(0, MOST_ISSUES) };
}

function rankOf({ severity }: OperationOutcomeIssue): number {
  return ['fatal', 'error', 'warning', 'information'].indexOf(severity ?? 'error');
}

/** What Parameters name is taken before what the address says; a Parameters that is itself to be checked has no `resource`. */
function withParameters(body: unknown, asked: ValidateAsked): ValidateAsked & { readonly resource: unknown } {
  const { resourceType, parameter } = (body ?? {}) as Partial<Parameters>;
  if (resourceType !== 'Parameters' || asked.type === 'Parameters') return { ...asked, resource: body };
  const given = Array.isArray(parameter) ? parameter.filter((one) => typeof one?.name === 'string') : [];
  const texts = (name: string): string[] =>
    given.flatMap((one) => {
      const value =
        one.name === name
          ? (one.valueUri ?? one.valueCanonical ?? one.valueUrl ?? one.valueCode ?? one.valueString)
          : undefined;
      return typeof value === 'string' ? [value] : [];
    });
  return {
    ...asked,
    mode: texts('mode')[0] ?? asked.mode,
    profiles: [...new Set([...asked.profiles, ...texts('profile')])],
    resource: given.find(({ name }) => name === 'resource')?.resource,
  };
}

function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text);
}

function isResource(value: unknown): value is Resource {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { resourceType?: unknown }).resourceType === 'string'
  );
}

function isOfTheRoot({ expression = [] }: OperationOutcomeIssue): boolean {
  return /^\w+\.resourceType$/.test(expression[0] ?? '');
}

/** What an update, or the instance in the address, says about the id. */
function idIssues(resource: Resource, { id, mode }: ValidateAsked): OperationOutcomeIssue[] {
  const { resourceType } = resource;
  const expression = `${resourceType}.id`;
  const isUpdate = mode === 'update' || (id !== undefined && mode === undefined);
  if (mode === 'create' && resource.id !== undefined) {
    const diagnostics = `${expression} is not kept when a resource is created: the server gives the id.`;
    return [
      issueOf({
        severity: 'information',
        code: 'informational',
        rule: 'api-validate-id',
        diagnostics,
        expression,
      }),
    ];
  }
  if (!isUpdate || (resource.id !== undefined && (id === undefined || resource.id === id))) return [];
  const text =
    resource.id === undefined
      ? 'is missing: an update names the resource that it is of'
      : 'is not the id in the address: correct one of the two';
  const code = resource.id === undefined ? 'required' : 'value';
  return [issueOf({ code, rule: 'api-validate-id', diagnostics: `${expression} ${text}.`, expression })];
}

function found(issues: readonly OperationOutcomeIssue[]): ValidateAnswer {
  return { status: 200, issues, pending: [] };
}

function refused(fault: Fault): ValidateAnswer {
  return { status: 400, issues: [issueOf(fault)], pending: [] };
}

function refusedBy(outcome: OperationOutcome): ValidateAnswer {
  return { status: statusOf(outcome), issues: outcome.issue, pending: [] };
}

const UNKNOWN_MODE: Fault = {
  code: 'value',
  rule: 'api-validate-mode',
  diagnostics: `There is no such mode: write ${MODES.join(', ')}, or leave it out.`,
};

const NO_RESOURCE: Fault = {
  code: 'structure',
  rule: 'api-validate-resource',
  diagnostics:
    'The body holds no resource: send one as JSON with its resourceType or as XML of FHIR, or Parameters with one as the parameter "resource".',
};

const DELETE_OF_TYPE: Fault = {
  code: 'invalid',
  rule: 'api-validate-mode',
  diagnostics: 'The mode delete is asked of one resource: POST to {type}/{id}/$validate.',
};

const DELETE: Fault = {
  code: 'not-supported',
  rule: 'api-validate-delete',
  diagnostics:
    'Whether a resource can be deleted is not foreseen here: send the DELETE itself. While others refer to the resource it is refused with 409, and nothing is changed.',
};

function wrongType(type: string): Fault {
  return {
    code: 'invalid',
    rule: 'api-validate-type',
    diagnostics: `The address is that of ${type}, and the resource is of another type: correct one of the two.`,
  };
}

function unknownProfile(url: string): Fault {
  const named = /^[\w:/.#|-]{1,255}$/.test(url) ? `The profile ${url}` : 'The profile';
  return {
    code: 'not-found',
    rule: 'api-validate-profile',
    diagnostics: `${named} is not known here: correct its URL, or add its package with "profiles add" and restart.`,
  };
}
