/** Gathers what is stated on an element beside its structure: invariants, and what takes a primitive's value and extensions together. */
import type { Constraint, ElementRules, TypeRules } from './element-rules.ts';
import { mustHaveSlice, type Owner } from './members.ts';

/** Constraints and the FHIRPath type of what they are stated on. */
export interface StatedOn {
  readonly type: string;
  readonly constraints: readonly Constraint[];
}

/** Invariants that structure says already: nothing is empty (ele-1), and an extension has a value or extensions, not both (ext-1). */
const STRUCTURAL: ReadonlySet<string> = new Set(['ele-1', 'ext-1']);

/** Invariants that `special.ts` says, as they are published: it names the reason, or the place, that they leave out. */
const SPECIAL: ReadonlySet<string> = new Set([
  'txt-1 htmlChecks()',
  'txt-2 htmlChecks()',
  'dom-2 contained.contained.empty()',
]);

/** @returns false for an invariant that is said otherwise than by its expression */
export function isStated({ key, expression }: Constraint): boolean {
  return !STRUCTURAL.has(key) && !SPECIAL.has(`${key} ${expression}`);
}

/** Types without a name of their own in FHIRPath: it calls them by their path. */
export const BACKBONE: ReadonlySet<string> = new Set(['BackboneElement', 'Element']);

const asked = new WeakMap<ElementRules, Map<string, StatedOn>>();

/** @returns the invariants of an element that are not said otherwise, the same object each time */
export function statedOn(
  rules: ElementRules,
  type: TypeRules,
  owner: Owner | undefined,
): StatedOn | undefined {
  // `contentReference` brings what is stated on the element that it names
  const all = [...rules.constraints, ...(rules.sameAs?.constraints ?? [])];
  const constraints = all.filter((one, at) => isStated(one) && isFirst(all, one.key, at));
  if (constraints.length === 0) return undefined;
  const focus = focusType(rules, type, owner);
  const known = asked.get(rules) ?? new Map<string, StatedOn>();
  asked.set(rules, known);
  const stated = known.get(focus) ?? { type: focus, constraints };
  known.set(focus, stated);
  return stated;
}

function isFirst(all: readonly Constraint[], key: string, at: number): boolean {
  return all.findIndex((one) => one.key === key) === at;
}

/** @returns what FHIRPath calls the type of the element: its data type, or the path of a backbone */
function focusType(rules: ElementRules, { code }: TypeRules, owner: Owner | undefined): string {
  if (rules.sameAs) return rules.sameAs.path;
  if (!BACKBONE.has(code) || rules.content.length === 0) return code;
  return owner?.type ? `${owner.type}.${rules.name}` : rules.path; // of a slice the object around is not at hand
}

/** What is said of a primitive that JSON writes in two members: of the value and of its extensions together. */
export interface WholePrimitive {
  readonly name: string;
  readonly rules: ElementRules;
  readonly invariants: StatedOn | undefined;
  /** an extension must be there */
  readonly isExtended: boolean;
}

/** @returns undefined where the value and its extensions can be looked at one by one */
export function wholeOf(
  rules: ElementRules,
  type: TypeRules,
  owner: Owner,
  name: string,
): WholePrimitive | undefined {
  const invariants = statedOn(rules, type, owner);
  const isExtended = rules.content.some((one) => one.name !== 'value' && (one.min > 0 || mustHaveSlice(one)));
  const isCounted = rules.isArray && (rules.min > 1 || Number.isFinite(rules.max));
  const isValued = rules.fixed !== undefined || rules.pattern !== undefined;
  return invariants || isExtended || isCounted || isValued
    ? { name, rules, invariants, isExtended }
    : undefined;
}
