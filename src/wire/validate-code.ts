/** Turns a question about a code into the Parameters of `ValueSet/$validate-code`, and the Parameters that come back into an answer. */
import type { OperationOutcome, Parameters, ParametersParameter } from '@medplum/fhirtypes';

/** Whether a code is in a value set. */
export interface CodeQuestion {
  /** canonical, `|version` allowed */
  readonly valueSet: string;
  /** undefined for an element of type `code`: the server is asked to infer it */
  readonly system: string | undefined;
  readonly code: string;
}

/** Parameters by which servers say that `false` only means they do not know the system. */
const UNKNOWN_SYSTEM = new Set(['x-unknown-system', 'x-caused-by-unknown-system']);
/** Kinds of issue that say the same, in the code system that HL7's server and those after it share. */
const UNTOLD_ISSUES = new Set(['not-found', 'vs-invalid']);
const ISSUE_TYPES = 'http://hl7.org/fhir/tools/CodeSystem/tx-issue-type';

/**
 * @returns the body: a code in a URL would be in every log on the way
 * @source hl7.org/fhir/R4/valueset-operation-validate-code.html
 */
export function questionBody({ valueSet, system, code }: CodeQuestion): string {
  const [url = '', version] = valueSet.split('|');
  const parameter: ParametersParameter[] = [
    { name: 'url', valueUri: url },
    ...(version === undefined ? [] : [{ name: 'valueSetVersion', valueString: version }]),
    { name: 'code', valueCode: code },
    system === undefined ? { name: 'inferSystem', valueBoolean: true } : { name: 'system', valueUri: system },
  ];
  return JSON.stringify({ resourceType: 'Parameters', parameter } satisfies Parameters);
}

/** `isAnswer` is false for what is no answer of this operation; `told` is undefined where the server does not know. */
export interface CodeAnswer {
  readonly isAnswer: boolean;
  readonly told: boolean | undefined;
}

/** @param body of status 200, of any shape */
export function readAnswer(body: unknown): CodeAnswer {
  const parameters = listOf((body as Partial<Parameters> | null | undefined)?.parameter);
  const result = parameters.find(({ name }) => name === 'result')?.valueBoolean;
  if ((body as Partial<Parameters> | null)?.resourceType !== 'Parameters' || typeof result !== 'boolean')
    return { isAnswer: false, told: undefined };
  return { isAnswer: true, told: result || !parameters.some(saysUnknown) ? result : undefined };
}

function saysUnknown({ name, resource }: ParametersParameter): boolean {
  if (UNKNOWN_SYSTEM.has(name ?? '')) return true;
  const issues = name === 'issues' ? (resource as OperationOutcome | undefined)?.issue : undefined;
  return listOf(issues).some(({ details }) =>
    listOf(details?.coding).some(
      ({ system, code }) => system === ISSUE_TYPES && UNTOLD_ISSUES.has(code ?? ''),
    ),
  );
}

function listOf<One>(value: readonly One[] | undefined): readonly One[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}
