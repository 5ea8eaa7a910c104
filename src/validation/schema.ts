/** Turns rules into JSON Schema: structure in `fhirMembers`, everything else in keywords of ours (see keywords.ts). */
import type { Binding, Constraint, ElementRules, Slicing, TypeRules } from './element-rules.ts';

/** A JSON Schema that `keywords.ts` compiles; the members are what one value must be. */
export interface Schema {
  type?: 'object' | 'array';
  /** schemas by JSON member; all others are refused */
  fhirMembers?: Readonly<Record<string, Schema>>;
  /** members of which one must be there: `birthDate` or `_birthDate` */
  fhirRequired?: readonly (readonly string[])[];
  /** members of one choice: of each only one type may be there */
  fhirChoices?: readonly (readonly string[])[];
  /** primitive elements that repeat: their nulls need a partner */
  fhirPairs?: readonly string[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  /** a primitive type */
  fhirPrimitive?: string;
  /** a primitive type, or null */
  fhirItem?: string;
  /** null, or this */
  fhirNullOr?: Schema;
  /** a data type by its name */
  fhirType?: string;
  /** canonicals of which one must hold */
  fhirProfile?: readonly string[];
  /** any resource */
  fhirResource?: InnerResource;
  /** content of another element */
  fhirSame?: ElementRules;
  fhirSlices?: SlicedBy;
  fhirFixed?: { readonly value: unknown };
  fhirPattern?: { readonly value: unknown };
  fhirBinding?: BoundTo;
  /** canonicals of the resources that may be pointed to */
  fhirReference?: readonly string[];
  /** extensions: each as its own definition says */
  fhirExtensions?: ExtensionsOf;
  fhirRange?: Pick<ElementRules, 'minValue' | 'maxValue' | 'maxLength'>;
  /** data type whose own rules cannot be said in structure: Extension, Bundle … */
  fhirSpecial?: string;
  fhirInvariants?: StatedOn;
  fhirTextInvariants?: StatedOn;
  fhirNever?: true;
}

export interface SlicedBy {
  readonly slicing: Slicing;
  readonly rules: ElementRules;
}

export interface BoundTo extends Binding {
  readonly path: string;
}

/** Constraints and the FHIRPath type of what they are stated on. */
export interface StatedOn {
  readonly type: string;
  readonly constraints: readonly Constraint[];
}

/** A resource within another; one of the profiles must hold, where there are any. */
export interface InnerResource {
  readonly profiles: readonly string[];
  readonly isContained: boolean;
}

/** A list of extensions, and what they stand on. */
export interface ExtensionsOf {
  readonly isModifier: boolean;
  /** within an extension: urls are names of parts there */
  readonly isNested: boolean;
  /** what the object around is called: its type, the path of its element */
  readonly owners: readonly string[];
}

/** What the schema of an object needs to know beside its elements. */
export interface Owner {
  /** FHIR type, or the path of a backbone: what FHIRPath calls it */
  readonly type: string;
  readonly isResource: boolean;
  /** path of the element, where it is one */
  readonly path?: string;
}

/** Invariants that structure says already: nothing is empty (ele-1), and an extension has a value or extensions, not both (ext-1). */
export const STRUCTURAL: ReadonlySet<string> = new Set(['ele-1', 'ext-1']);

const BACKBONE: ReadonlySet<string> = new Set(['BackboneElement', 'Element']);

/** Data types with rules of their own in code. */
const SPECIAL: ReadonlySet<string> = new Set([
  'Extension',
  'Reference',
  'Bundle',
  'Coding',
  'Questionnaire',
  'QuestionnaireResponse',
]);

/** @returns the schema of an object with these elements */
export function objectSchema(content: readonly ElementRules[], owner: Owner): Schema {
  const members: Record<string, Schema> = owner.isResource ? { resourceType: {} } : {};
  const required: string[][] = [];
  const choices: string[][] = [];
  const pairs: string[] = [];
  for (const rules of content) {
    const names = namesOf(rules);
    const keys: string[] = [];
    for (const { name, type } of names) {
      const isPrimitive = isPrimitiveType(type.code);
      if (isPrimitive && rules.name === 'value' && isPrimitiveType(owner.type)) continue;
      members[name] = memberSchema(rules, type, owner);
      keys.push(name);
      if (!isPrimitive || !hasCompanion(rules, owner)) continue;
      members[`_${name}`] = companionSchema(rules);
      keys.push(`_${name}`);
      if (rules.isArray) pairs.push(name);
    }
    if (rules.min > 0) required.push(keys);
    required.push(...requiredTypes(rules));
    if (rules.isChoice && names.length > 1) choices.push(names.map(({ name }) => name));
  }
  return {
    type: 'object',
    fhirMembers: members,
    fhirRequired: required,
    fhirChoices: choices,
    ...(pairs.length > 0 && { fhirPairs: pairs }),
    ...(SPECIAL.has(owner.type) && { fhirSpecial: owner.type }),
  };
}

/** @returns for each slice of a choice by type that must be there the members that it may have */
function requiredTypes(rules: ElementRules): string[][] {
  if (!rules.isChoice || !rules.slicing || !isSlicedByType(rules)) return [];
  return rules.slicing.slices
    .filter((slice) => slice.rules.min > 0)
    .map((slice) => namesOf(slice.rules).flatMap(({ name }) => [name, `_${name}`]));
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

function memberSchema(rules: ElementRules, type: TypeRules, owner: Owner): Schema {
  if (rules.max === 0) return { fhirNever: true };
  const item = valueSchema(sliceOfType(rules, type) ?? rules, type, owner);
  const slices = slicesOf(rules);
  if (type.code === 'Extension' && rules.isArray)
    return { ...listSchema(rules, type, item, slices), fhirExtensions: extensionsOf(rules, owner) };
  return rules.isArray
    ? listSchema(rules, type, item, slices)
    : { ...item, ...(slices && { fhirSlices: slices }) };
}

export function extensionsOf({ name }: ElementRules, { type, path }: Owner): ExtensionsOf {
  return {
    isModifier: name === 'modifierExtension',
    isNested: type === 'Extension',
    owners: path === undefined ? [type] : [type, path],
  };
}

function listSchema(
  rules: ElementRules,
  type: TypeRules,
  item: Schema,
  slices: SlicedBy | undefined,
): Schema {
  return {
    type: 'array',
    items: item,
    minItems: Math.max(1, isPrimitiveType(type.code) ? 1 : rules.min),
    ...(Number.isFinite(rules.max) && { maxItems: rules.max }),
    ...(slices && { fhirSlices: slices }),
  };
}

/** @returns the slice of a choice that stands for one of its types */
export function sliceOfType(rules: ElementRules, type: TypeRules): ElementRules | undefined {
  if (!rules.isChoice || !isSlicedByType(rules)) return undefined;
  return rules.slicing?.slices.find(
    (one) => one.rules.types.length === 1 && one.rules.types[0]!.code === type.code,
  )?.rules;
}

export function isSlicedByType({ slicing }: ElementRules): boolean {
  return slicing?.discriminators.every(({ type, path }) => type === 'type' && path === '$this') === true;
}

/** @returns the slicing of an element, but for that of a choice by type: each type has its own member */
function slicesOf(rules: ElementRules): SlicedBy | undefined {
  const { slicing } = rules;
  if (!slicing || (rules.isChoice && isSlicedByType(rules))) return undefined;
  if (slicing.slices.length === 0 && slicing.rules !== 'closed') return undefined;
  return { slicing, rules };
}

/** @returns the schema of one value of the element */
export function valueSchema(rules: ElementRules, type: TypeRules, owner: Owner): Schema {
  const { minValue, maxValue, maxLength, fixed, pattern, binding } = rules;
  const isPrimitive = isPrimitiveType(type.code);
  const invariants = statedOn(rules, type, owner);
  return {
    ...(isPrimitive ? primitiveSchema(rules, type) : complexSchema(rules, type)),
    ...(fixed !== undefined && { fhirFixed: { value: fixed } }),
    ...(pattern !== undefined && { fhirPattern: { value: pattern } }),
    ...((minValue ?? maxValue ?? maxLength) !== undefined && {
      fhirRange: { minValue, maxValue, maxLength },
    }),
    ...(binding && binding.strength !== 'example' && { fhirBinding: { ...binding, path: rules.path } }),
    ...(type.targets.length > 0 && type.code !== 'canonical' && { fhirReference: type.targets }),
    ...(invariants && (isPrimitive ? { fhirTextInvariants: invariants } : { fhirInvariants: invariants })),
  };
}

function primitiveSchema(rules: ElementRules, { code }: TypeRules): Schema {
  return rules.isArray ? { fhirItem: code } : { fhirPrimitive: code };
}

function complexSchema(rules: ElementRules, { code, profiles }: TypeRules): Schema {
  if (rules.sameAs) return { fhirSame: rules.sameAs };
  if (code === 'Resource' || code === 'DomainResource')
    return { fhirResource: { profiles, isContained: rules.name === 'contained' } };
  if (rules.content.length > 0) {
    const type = BACKBONE.has(code) ? rules.path : code;
    return {
      ...objectSchema(rules.content, { type, isResource: false, path: rules.path }),
      ...(profiles.length > 0 && { fhirProfile: profiles }),
    };
  }
  if (profiles.length > 0) return { type: 'object', fhirProfile: profiles };
  if (/^[A-Z]/.test(code)) return { type: 'object', fhirType: code };
  return {};
}

const asked = new WeakMap<ElementRules, Map<string, StatedOn>>();

/** @returns the invariants of an element that structure does not say already, the same object each time */
export function statedOn(
  rules: ElementRules,
  type: TypeRules,
  owner: Owner | undefined,
): StatedOn | undefined {
  const constraints = rules.constraints.filter(({ key }) => !STRUCTURAL.has(key));
  if (constraints.length === 0) return undefined;
  const focus = focusType(rules, type, owner);
  const known = asked.get(rules) ?? new Map<string, StatedOn>();
  asked.set(rules, known);
  const stated = known.get(focus) ?? { type: focus, constraints };
  known.set(focus, stated);
  return stated;
}

/** @returns what FHIRPath calls the type of the element: its data type, or the path of a backbone */
function focusType(rules: ElementRules, { code }: TypeRules, owner: Owner | undefined): string {
  if (rules.sameAs) return rules.sameAs.path;
  return BACKBONE.has(code) && rules.content.length > 0 ? `${owner?.type ?? ''}.${rules.name}` : code;
}

/** What stands beside a primitive: its id and extensions, as the definition slices them. */
function companionSchema(rules: ElementRules): Schema {
  const content = rules.content.filter(({ name }) => name !== 'value');
  const one: Schema =
    content.length > 0
      ? objectSchema(content, { type: 'Element', isResource: false, path: rules.path })
      : { type: 'object', fhirType: 'Element' };
  return rules.isArray ? { type: 'array', items: { fhirNullOr: one }, minItems: 1 } : one;
}
