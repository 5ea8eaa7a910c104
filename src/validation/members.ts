/** Says which members JSON has for an element: one, one a type of a choice, and what stands beside primitives. */
import type { ElementRules, TypeRules } from './element-rules.ts';

/** What the schema of an object needs to know beside its elements. */
export interface Owner {
  /** FHIR type, or the path of a backbone: what FHIRPath calls it */
  readonly type: string;
  readonly isResource: boolean;
  /** path of the element, where it is one */
  readonly path?: string;
}

/** @returns the JSON members of an element with their types: one, or one a type of a choice */
export function namesOf(rules: ElementRules): readonly { readonly name: string; readonly type: TypeRules }[] {
  const types = rules.types.length > 0 ? rules.types : [NO_TYPE];
  if (!rules.isChoice) return [{ name: rules.name, type: types[0]! }];
  return types.map((type) => ({ name: rules.name + type.code[0]!.toUpperCase() + type.code.slice(1), type }));
}

/** Elements with `contentReference` have no type of their own. */
const NO_TYPE: TypeRules = { code: 'BackboneElement', profiles: [], targets: [] };

/** @returns true for types that JSON writes as one value: their names begin in lower case */
export function isPrimitiveType(code: string): boolean {
  const first = code.charCodeAt(0);
  return first >= 97 && first <= 122;
}

/** An element's id, an extension's url and a narrative's XHTML are values without extensions. */
export function hasCompanion(rules: ElementRules, owner: Owner): boolean {
  if (rules.name === 'id') return owner.isResource;
  return !(rules.name === 'url' && owner.type === 'Extension') && rules.types[0]?.code !== 'xhtml';
}

/** @returns the slice of a choice that stands for one of its types */
function sliceOfType(rules: ElementRules, type: TypeRules): ElementRules | undefined {
  if (!isSlicedByChoice(rules)) return undefined;
  return rules.slicing?.slices.find(
    (one) => one.rules.types.length === 1 && one.rules.types[0]!.code === type.code,
  )?.rules;
}

/** @returns what is said of an element in one of its types, and the type as it is narrowed there */
export function inType(
  rules: ElementRules,
  type: TypeRules,
): { readonly rules: ElementRules; readonly type: TypeRules } {
  const slice = sliceOfType(rules, type);
  return slice ? { rules: slice, type: slice.types[0]! } : { rules, type };
}

/** @returns true for a choice whose slices are its types: each has a JSON member of its own */
export function isSlicedByChoice({ isChoice, slicing }: ElementRules): boolean {
  return (
    isChoice &&
    slicing?.discriminators.every(({ type, path }) => type === 'type' && path === '$this') === true
  );
}

/** @returns true where an element may not be there, or not in this type */
export function isForbidden(rules: ElementRules, type: TypeRules): boolean {
  if (rules.max === 0) return true;
  if (!rules.slicing || !isSlicedByChoice(rules)) return false;
  const slice = sliceOfType(rules, type);
  if (slice) return slice.max === 0;
  return rules.slicing.rules === 'closed' && !rules.slicing.slices.some((one) => hasType(one.rules, type));
}

function hasType({ types }: ElementRules, { code }: TypeRules): boolean {
  return types.some((type) => type.code === code);
}

/** @returns true where the element must be there because one of its slices must */
export function mustHaveSlice({ slicing }: ElementRules): boolean {
  return slicing?.slices.some(({ rules }) => rules.min > 0) === true;
}

/** @returns for each slice of a choice by type that must be there the members that it may have */
export function requiredTypes(rules: ElementRules): string[][] {
  if (!rules.slicing || !isSlicedByChoice(rules)) return [];
  return rules.slicing.slices
    .filter((slice) => slice.rules.min > 0)
    .map((slice) => namesOf(slice.rules).flatMap(({ name }) => [name, `_${name}`]));
}

/** @returns true for a value of the form that JSON gives the type: one of several that an element may have */
export function isOfForm(value: unknown, code: string): boolean {
  return typeof value === 'object' ? !isPrimitiveType(code) : isPrimitiveType(code);
}
