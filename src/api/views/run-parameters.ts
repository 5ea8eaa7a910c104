/** Turns the parameters of $viewdefinition-run, in an address or in Parameters, into what is run over what. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Request } from 'express';
import { type Checked, issueOf, outcomeOf, refuse } from '../../fhir/outcome.ts';
import { queryOf } from '../address.ts';
import { readResource } from '../resource-body.ts';
import { dateOf } from '../search/values.ts';

/** Which view, and by which parameter it was named. */
export type ViewAsked =
  | { readonly by: 'viewCanonical' | 'viewReference'; readonly text: string }
  | { readonly by: 'viewResource'; readonly resource: unknown };

export interface RunAsked {
  /** undefined at a view's own address */
  readonly view: ViewAsked | undefined;
  readonly format: string | undefined;
  readonly header: boolean;
  /** ids */
  readonly patients: readonly string[];
  readonly groups: readonly string[];
  readonly sinceMs: number | undefined;
  readonly limit: number | undefined;
  /** in place of what is stored */
  readonly resources: readonly unknown[] | undefined;
  /** names of the parameters, for the audit */
  readonly names: readonly string[];
}

/** Of a body with a view, and the resources that it is tried on. */
const BODY_LIMITS = { jsonBytes: 10_000_000, depth: 100 } as const;

/** @param isNamed the address names the view @returns every fault of the parameters (status 400), or of the body */
export async function readRun(request: Request, isNamed: boolean): Promise<Checked<RunAsked>> {
  const query = queryOf(request.originalUrl);
  if (!query.ok) return query;
  const reading = new Reading();
  for (const [name, value] of query.value) reading.take(name, { text: value });
  if (request.method === 'POST' && hasBody(request)) {
    const body = await readResource(request, BODY_LIMITS);
    if (!body.ok) return body;
    const parameters = parametersIn(body.value);
    if (!parameters) return refuse(NO_PARAMETERS);
    for (const [name, value] of parameters) reading.take(name, value);
  }
  return reading.result(isNamed);
}

function hasBody(request: Request): boolean {
  const length = request.get('content-length');
  return length === undefined ? request.get('transfer-encoding') !== undefined : length !== '0';
}

interface Given {
  readonly text?: string | undefined;
  readonly resource?: unknown;
}

function parametersIn(body: object): (readonly [string, Given])[] | undefined {
  const { resourceType, parameter = [] } = body as { resourceType?: unknown; parameter?: unknown };
  if (resourceType !== 'Parameters' || !Array.isArray(parameter)) return undefined;
  return parameter.map((one: unknown) => {
    const { name, resource, ...rest } = (one ?? {}) as Record<string, unknown>;
    const value = Object.entries(rest).find(([key]) => /^value[A-Z]/.test(key))?.[1];
    const inner = (value as { reference?: unknown } | null | undefined)?.reference ?? value;
    const isPlain = typeof inner === 'string' || typeof inner === 'boolean' || typeof inner === 'number';
    const text = isPlain ? String(inner) : undefined;
    return [typeof name === 'string' ? name : '', { text, resource }] as const;
  });
}

const ID = '[A-Za-z0-9.-]{1,64}';
const PATIENT = new RegExp(`^(?:Patient/)?(${ID})$`);
const GROUP = new RegExp(`^(?:Group/)?(${ID})$`);
const MOST_NAMED = 1_000;

class Reading {
  readonly #faults: OperationOutcomeIssue[] = [];
  readonly #names = new Set<string>();
  readonly #views: ViewAsked[] = [];
  readonly #patients: string[] = [];
  readonly #groups: string[] = [];
  #resources: unknown[] | undefined;
  #format: string | undefined;
  #header = true;
  #sinceMs: number | undefined;
  #limit: number | undefined;

  take(name: string, given: Given): void {
    const known = Object.hasOwn(this.#takers, name);
    if (!known) return this.#fault(SAYABLE.test(name) ? name : 'parameter', 'not-supported', KNOWN);
    if (!REPEATED.has(name) && this.#names.has(name)) this.#fault(name, 'value', 'give it once.');
    this.#names.add(name);
    const wrong = this.#takers[name]!(given.text ?? '', given.resource);
    if (wrong !== undefined) this.#fault(name, name === 'source' ? 'not-supported' : 'value', wrong);
  }

  /** Each returns what is to be changed. */
  readonly #takers: Readonly<Record<string, (text: string, resource: unknown) => string | undefined>> = {
    viewCanonical: (text) => this.#view({ by: 'viewCanonical', text }, text !== ''),
    viewReference: (text) => this.#view({ by: 'viewReference', text }, text !== ''),
    viewResource: (_, resource) =>
      this.#view({ by: 'viewResource', resource }, typeof resource === 'object' && resource !== null),
    resource: (_, resource) => this.#resource(resource),
    _format: (text) => this.#set(text !== '', () => (this.#format = text), 'name a format, such as csv.'),
    header: (text) =>
      this.#set(/^(true|false)$/.test(text), () => (this.#header = text === 'true'), 'write true or false.'),
    patient: (text) => this.#named(this.#patients, PATIENT.exec(text)?.[1], 'Patient/123'),
    group: (text) => this.#named(this.#groups, GROUP.exec(text)?.[1], 'Group/123'),
    _since: (text) => this.#since(text),
    _limit: (text) =>
      this.#set(/^[1-9]\d{0,8}$/.test(text), () => (this.#limit = Number(text)), 'write a number from 1 on.'),
    source: () =>
      'there is no other source here than what is stored, or the parameter resource: leave it out.',
    _pretty: () => undefined,
  };

  #set(isRight: boolean, set: () => unknown, wrong: string): string | undefined {
    if (isRight) set();
    return isRight ? undefined : wrong;
  }

  #view(view: ViewAsked, isThere: boolean): string | undefined {
    this.#views.push(view);
    return isThere ? undefined : 'give it a value that names a view, or is one.';
  }

  #resource(resource: unknown): string | undefined {
    if (typeof resource !== 'object' || resource === null) return 'give it a resource.';
    this.#resources ??= [];
    const { resourceType, entry } = resource as { resourceType?: unknown; entry?: unknown };
    if (resourceType !== 'Bundle') this.#resources.push(resource);
    else if (Array.isArray(entry))
      for (const one of entry) this.#resources.push((one as { resource?: unknown } | null)?.resource);
    return undefined;
  }

  #named(ids: string[], id: string | undefined, such: string): string | undefined {
    if (id === undefined) return `write a reference of this server, such as ${such}.`;
    if (ids.push(id) > MOST_NAMED) return `give at most ${MOST_NAMED}.`;
    return undefined;
  }

  #since(text: string): string | undefined {
    const date = /^\d{4}-\d\d-\d\dT/.test(text) ? dateOf(text) : undefined;
    this.#sinceMs = date?.lowMs;
    return date ? undefined : 'write an instant, such as 2026-06-30T12:00:00Z.';
  }

  #fault(name: string, code: OperationOutcomeIssue['code'], diagnostics: string): void {
    this.#faults.push(
      issueOf({
        code: code ?? 'invalid',
        rule: 'view-run-parameter',
        diagnostics: `Parameter ${name} of $viewdefinition-run: ${diagnostics}`,
        expression: name,
      }),
    );
  }

  result(isNamed: boolean): Checked<RunAsked> {
    const [view, another] = this.#views;
    if (isNamed && view) this.#fault(view.by, 'value', 'the address names the view already: leave it out.');
    else if (!isNamed && (!view || another))
      this.#fault('viewResource', 'required', 'give one of viewResource, viewReference and viewCanonical.');
    if (this.#resources && this.#patients.length + this.#groups.length > 0)
      this.#fault('resource', 'value', 'resources that are sent along are not searched by patient or group.');
    if (this.#faults.length > 0) return { ok: false, outcome: outcomeOf(...this.#faults) };
    return {
      ok: true,
      value: {
        view,
        format: this.#format,
        header: this.#header,
        patients: this.#patients,
        groups: this.#groups,
        sinceMs: this.#sinceMs,
        limit: this.#limit,
        resources: this.#resources,
        names: [...this.#names],
      },
    };
  }
}

const REPEATED: ReadonlySet<string> = new Set([
  'patient',
  'group',
  'resource',
  'viewResource',
  'viewReference',
]);
/** A name that is said back: it may be anything. */
const SAYABLE = /^_?[a-z][A-Za-z]{0,40}$/;
const KNOWN =
  'there is no such parameter; there are viewResource, viewReference, viewCanonical, resource, _format, header, patient, group, _since and _limit.';
const NO_PARAMETERS = {
  code: 'structure',
  rule: 'view-run-parameter',
  diagnostics: 'The body of $viewdefinition-run is a Parameters resource, with the view as viewResource.',
} as const;
