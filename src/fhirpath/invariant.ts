/** Turns an invariant of a StructureDefinition into one function that says whether an element meets it. */
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, type Checked, ruleOf } from '../fhir/outcome.ts';
import { compileTo } from './compile.ts';
import type { Variables } from './evaluate.ts';
import type { Host } from './host.ts';
import { Item } from './item.ts';
import type { Limits } from './limits.ts';
import { typesAt } from './place.ts';
import type { Types } from './types.ts';

/** The element that an invariant is stated on. */
export interface InvariantPlace {
  /** path or id of the element, or the name of a type: `Patient.contact`, `Observation.value[x]`, `HumanName`; see `typesAt` */
  readonly path: string;
  /** types of its values, where a profile or the data narrows those of the path */
  readonly types?: readonly string[] | undefined;
}

/** Where one value stands, and who answers for it. One object will do for all elements of a resource that have no `sibling`. */
export type InvariantContext = Omit<Host, 'trace'> & {
  /** the nearest resource around the value, contained or not, or the value itself: `%resource` */
  readonly resource: unknown;
  /** the resource that holds that one in `contained`, else `resource` again (in a Bundle the entry's own): `%rootResource` */
  readonly rootResource: unknown;
  /** of a primitive: its `_` sibling with id and extensions; the value itself may then be undefined or null */
  readonly sibling?: unknown;
  /** the clock, for `now()` and `today()`: epoch milliseconds or an ISO dateTime with zone */
  readonly now?: number | string;
};

/**
 * A compiled invariant.
 * @param focus the element: an object or a primitive of JSON, one item of an array at a time
 * @returns true when it is met; false when it is not, and where the expression is empty; undefined where it cannot be decided: the
 *   caller did not know a value set or a profile, or did not find a resource without which it is not met
 * @throws AdapterError `fhirpath-evaluation` where the expression ends in an error; whatever the functions of the context throw
 */
export type Invariant = (focus: unknown, context: InvariantContext) => boolean | undefined;

/**
 * Compiles an invariant, for the types of its element, to code that gives a boolean and no array.
 * An element that only some types of a choice have is empty for the others; values whose type or path the definitions do not know are
 * walked as plain JSON. The same code serves every path of a type, unless the expression reads `%resource`.
 * @returns the function, or one issue as `compileExpression` gives it
 * @source FHIR R4 ElementDefinition.constraint: it is met when it is true; HL7's validator takes an empty result as not met
 */
export function compileInvariant(
  expression: string,
  place: InvariantPlace,
  definitions: Definitions,
  limits: Partial<Limits> = {},
): Checked<Invariant> {
  const caller = new Caller();
  const declared = typesAt(definitions, place.path);
  const compile = (isBoxed: boolean, focus: Types): Checked<Run> =>
    compileTo(
      expression,
      { ...caller.host, definitions, limits },
      { focus, resource: place.path.split('.', 1)[0], isBoxed, gives: 'truth' },
    );
  let focus = place.types ? knownOf(definitions, place.types) : declared;
  let plain = compile(false, focus);
  if (!plain.ok && ruleOf(plain.outcome.issue[0]!) === 'fhirpath-element' && declared && declared !== focus) {
    focus = declared;
    plain = compile(false, focus);
  }
  if (!plain.ok) return plain;
  const { value: run } = plain;
  const type = focus?.length === 1 ? focus[0] : undefined;
  let ofSibling: Run | undefined;
  return {
    ok: true,
    value: (value, context) => {
      if (context.sibling === undefined) return caller.ask(run, value, context);
      ofSibling ??= runOf(compile(true, focus));
      return caller.ask(ofSibling, new Item(value ?? undefined, type, context.sibling), context);
    },
  };
}

/** One type that is not known leaves them all open. */
function knownOf(definitions: Definitions, types: readonly string[]): Types {
  return types.every((type) => definitions.type(type)) ? types : undefined;
}

type Run = (focus: unknown, variables: Variables) => boolean | undefined;

/** @throws AdapterError which would be a bug: what compiles for values compiles for values with their siblings */
function runOf(compiled: Checked<Run>): Run {
  if (compiled.ok) return compiled.value;
  throw new AdapterError('permanent', compiled.outcome.issue[0]!);
}

/** Hands the questions of an evaluation to the context that it was given, and keeps what was not known. */
class Caller {
  #context: InvariantContext | undefined;
  /** of a value set or a profile: nothing that comes of it counts */
  #isUnknown = false;
  /** of a reference: what is met all the same counts */
  #isUnresolved = false;

  readonly host: Host = {
    resolve: (reference) => {
      const found = this.#context?.resolve?.(reference);
      if (found === undefined || found === null) this.#isUnresolved = true;
      return found;
    },
    memberOf: (coded, valueSet) => this.#known(this.#context?.memberOf?.(coded, valueSet)),
    subsumes: (general, specific) => this.#known(this.#context?.subsumes?.(general, specific)),
    conformsTo: (item, profile) => this.#known(this.#context?.conformsTo?.(item, profile)) ?? false,
  };

  /** Evaluations may be nested: `conformsTo` may come back to the same invariant. */
  ask(run: Run, focus: unknown, context: InvariantContext): boolean | undefined {
    const outer = this.#context;
    const [wasUnknown, wasUnresolved] = [this.#isUnknown, this.#isUnresolved];
    this.#context = context;
    this.#isUnknown = false;
    this.#isUnresolved = false;
    try {
      const isMet = run(focus, context) === true;
      if (this.#isUnknown) return undefined;
      return isMet || !this.#isUnresolved ? isMet : undefined;
    } finally {
      this.#context = outer;
      this.#isUnknown = wasUnknown;
      this.#isUnresolved = wasUnresolved;
    }
  }

  #known(answer: boolean | undefined): boolean | undefined {
    if (answer === undefined) this.#isUnknown = true;
    return answer;
  }
}
