/** Turns resources of people into resources that do not say who they are about, by the rules of a file. */
import type { Definitions } from '../../fhir/definitions.ts';
import { AdapterError, type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { Identified } from '../../store/resources.ts';
import type { Held } from '../held.ts';
import type { Keys } from './keys.ts';
import type { Run } from './methods.ts';
import { type Json, Plans } from './object-plan.ts';
import type { People } from './people.ts';
import { Pseudonyms } from './pseudonyms.ts';
import { RuleTree } from './rule-tree.ts';
import type { Rules } from './rules.ts';

/** In `meta.security` of all that leaves. @source HL7 v3-ObservationValue */
const PSEUDONYMISED = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'PSEUDED',
};

export interface DeidentifyOptions {
  readonly keys: Keys;
  /** whoever is not among them is neither in the output nor referred to by it */
  readonly people: People;
  /** by which the oldest ages are reckoned */
  readonly nowMs: number;
  /** in place of the rules file's own: `{ organisations: 'named' }` */
  readonly values?: Rules['values'];
  /** addresses of this service, with a slash at the end */
  readonly ownBases?: readonly string[];
}

export interface Deidentifier {
  /**
   * @returns what may leave, under pseudonyms, `personId` too; undefined where nothing may: a type without rules, a person who is
   *   not in the export, a patient who was joined to another
   * @throws AdapterError rule `deidentify-failed` with the rule's path, never a value: then nothing may be written
   */
  apply(held: Held): Held | undefined;
}

/** @returns what de-identifies; or every rule that cannot be: rules `deidentify-path`, and those of FHIRPath */
export function compileDeidentifier(
  rules: Rules,
  definitions: Definitions,
  options: DeidentifyOptions,
): Checked<Deidentifier> {
  const unknown = Object.keys(options.values ?? {}).filter((name) => !(name in rules.values));
  if (unknown.length > 0) return { ok: false, outcome: outcomeOf(...unknown.map(noValue)) };
  const values = { ...rules.values, ...options.values };
  const tree = new RuleTree({ ...rules, values }, definitions);
  if (tree.issues.length > 0) return { ok: false, outcome: outcomeOf(...tree.issues) };
  return { ok: true, value: new Compiled(new Plans(tree, definitions), rules, values, options) };
}

/** @returns whether rules let words out: then people who agreed to codes alone are left out of the cohort */
export function letsWordsOut(rules: Rules, definitions: Definitions): boolean {
  return new RuleTree(rules, definitions).letsWordsOut;
}

class Compiled implements Deidentifier {
  readonly #plans: Plans;
  readonly #pseudonyms: Pseudonyms;
  readonly #values: Rules['values'];
  readonly #options: DeidentifyOptions;
  readonly #thisYear: number;
  readonly #earliestYear: number;

  constructor(plans: Plans, rules: Rules, values: Rules['values'], options: DeidentifyOptions) {
    const { keys, people, ownBases = [], nowMs } = options;
    this.#plans = plans;
    this.#values = values;
    this.#options = options;
    this.#pseudonyms = new Pseudonyms(keys, people, { shiftDays: rules.shiftDays, ownBases });
    this.#thisYear = new Date(nowMs).getUTCFullYear();
    this.#earliestYear = this.#thisYear - oldestOf(rules);
  }

  apply({ resource, personId }: Held): Held | undefined {
    if (!this.#mayLeave(resource, personId)) return undefined;
    const run = this.#runOf(resource, personId);
    try {
      const left = this.#copyOf(resource as unknown as Json, run);
      if (!left) return undefined;
      const person = personId === undefined ? undefined : this.#pseudonyms.person(personId);
      const id = person !== undefined && resource.resourceType === 'Patient' ? person : run.subject;
      const meta = { ...(left.meta as object | undefined), security: [PSEUDONYMISED] };
      const made = { resourceType: resource.resourceType, id, ...left, meta };
      return { resource: made as unknown as Identified, personId: person };
    } catch {
      // without its cause: what FHIRPath says of a fault may hold a value
      throw failed(run.applied, resource.resourceType);
    }
  }

  #mayLeave(resource: Identified, personId: string | undefined): boolean {
    const { people } = this.#options;
    if (personId !== undefined && !people.has(personId)) return false;
    return resource.resourceType !== 'Patient' || (personId !== undefined && people.isMain(resource.id));
  }

  #runOf(
    resource: Identified,
    personId: string | undefined,
  ): Run & { contained: ReadonlyMap<string, string> } {
    return {
      keys: this.#options.keys,
      pseudonyms: this.#pseudonyms,
      shift: personId === undefined ? undefined : this.#pseudonyms.shift(personId),
      subject: this.#pseudonyms.resource(resource.resourceType, resource.id),
      thisYear: this.#thisYear,
      earliestYear: this.#earliestYear,
      variables: { ...this.#values, resource, rootResource: resource },
      contained: new Map(),
      applied: '',
    };
  }

  #copyOf(resource: Json, run: Run & { contained: ReadonlyMap<string, string> }): Json | undefined {
    const plan = this.#plans.ofResource(resource, run);
    if (!plan) return undefined;
    const { contained, resourceType } = resource;
    if (!Array.isArray(contained)) return plan.whole(resource, run);
    const names = new Map<string, string>();
    for (const { id } of contained as Json[])
      if (typeof id === 'string') names.set(id, run.pseudonyms.resource('contained', `${run.subject}#${id}`));
    // those that do not leave are not referred to either
    const left = plan.whole({ resourceType, contained }, { ...run, contained: names }).contained;
    const kept = new Set(Array.isArray(left) ? (left as Json[]).map(({ id }) => id) : []);
    run.contained = new Map([...names].filter(([, name]) => kept.has(name)));
    return plan.whole(resource, run);
  }
}

/** @returns the age from which people are one group by these rules; more than any age, where they are none */
function oldestOf({ rules }: Rules): number {
  return Math.min(
    9_999,
    ...rules.map((rule) => (rule.method === 'generalise' ? (rule.oldest ?? 9_999) : 9_999)),
  );
}

function failed(rule: string, type: string): AdapterError {
  const diagnostics = `A ${type} could not be de-identified by the rule ${rule}: nothing was written. Mend the rule, or leave its element out.`;
  return new AdapterError(
    'permanent',
    issueOf({ rule: 'deidentify-failed', code: 'processing', diagnostics, expression: rule }),
  );
}

function noValue(name: string): ReturnType<typeof issueOf> {
  const diagnostics = `The de-identification rules have no value named ${name}: leave it out, or name it under "values" in the rules file.`;
  return issueOf({ rule: 'deidentify-rules', code: 'not-found', diagnostics });
}
