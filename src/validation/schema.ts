/** Turns rules into JSON Schema: structure in `fhirMembers`, everything else in keywords of ours (see keywords.ts). */
import type { Binding, ElementRules, Slicing, TypeRules } from './element-rules.ts';
import {
  hasCompanion,
  inType,
  isForbidden,
  isPrimitiveType,
  isSlicedByChoice,
  mustHaveSlice,
  namesOf,
  type Owner,
  requiredTypes,
} from './members.ts';
import { BACKBONE, type StatedOn, statedOn, type WholePrimitive, wholeOf } from './stated.ts';

/** A JSON Schema that `keywords.ts` compiles; the members are what one value must be. */
export interface Schema {
  type?: 'object' | 'array';
  /** schemas by JSON member; all others are refused */
  fhirMembers?: Readonly<Record<string, Schema>>;
  /** other members are for others to say: of what a resource has beside what all resources have */
  fhirIsOpen?: boolean;
  /** members of which one must be there: `birthDate` or `_birthDate` */
  fhirRequired?: readonly (readonly string[])[];
  /** members of one choice: of each only one type may be there */
  fhirChoices?: readonly (readonly string[])[];
  /** primitive elements that repeat: their nulls need a partner */
  fhirPairs?: readonly string[];
  /** primitive elements of which more is said than their values can show */
  fhirWholes?: readonly WholePrimitive[];
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  /** a primitive type, or a format that is narrower */
  fhirPrimitive?: string;
  /** a primitive type, or null */
  fhirItem?: string;
  /** null, or this */
  fhirNullOr?: Schema;
  /** a data type by its name */
  fhirType?: string;
  /** a data type whose elements a profile spells out: what the type says of the whole value holds too */
  fhirWhole?: string;
  /** profiles of which one must hold */
  fhirProfile?: Profiled;
  /** any resource */
  fhirResource?: InnerResource;
  /** what is said here of a resource within this one */
  fhirInner?: Schema;
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

export interface Profiled {
  /** canonicals */
  readonly profiles: readonly string[];
  /** what they are profiles on, and what is left to ask where one is not known */
  readonly type: string;
}

export interface BoundTo extends Binding {
  readonly path: string;
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

/** Data types with rules of their own in code, as all resources have. */
const SPECIAL: ReadonlySet<string> = new Set(['Extension', 'Reference', 'Coding', 'Narrative']);

/** @returns the schema of an object with these elements */
export function objectSchema(content: readonly ElementRules[], owner: Owner): Schema {
  const members: Record<string, Schema> = owner.isResource ? { resourceType: {} } : {};
  const required: string[][] = [];
  const choices: string[][] = [];
  const pairs: string[] = [];
  const wholes: WholePrimitive[] = [];
  for (const rules of content) {
    const names = namesOf(rules);
    const keys: string[] = [];
    for (const { name, type } of names) {
      const isPrimitive = isPrimitiveType(type.code);
      if (isPrimitive && rules.name === 'value' && isPrimitiveType(owner.type)) continue;
      const isNever = isForbidden(rules, type);
      const isDouble = isPrimitive && hasCompanion(rules, owner);
      members[name] = isNever ? { fhirNever: true } : memberSchema(rules, type, owner, isDouble);
      keys.push(name);
      if (!isDouble) continue;
      members[`_${name}`] = isNever ? { fhirNever: true } : companionSchema(rules);
      const whole = isNever ? undefined : wholeOf(inType(rules, type).rules, type, owner, name);
      if (whole) wholes.push(whole);
      keys.push(`_${name}`);
      if (rules.isArray) pairs.push(name);
    }
    if (rules.min > 0 || mustHaveSlice(rules)) required.push(keys);
    required.push(...requiredTypes(rules));
    if (rules.isChoice && names.length > 1) choices.push(names.map(({ name }) => name));
  }
  return {
    type: 'object',
    fhirMembers: members,
    fhirRequired: required,
    fhirChoices: choices,
    ...(pairs.length > 0 && { fhirPairs: pairs }),
    ...(wholes.length > 0 && { fhirWholes: wholes }),
    ...((owner.isResource || SPECIAL.has(owner.type)) && { fhirSpecial: owner.type }),
  };
}

function memberSchema(rules: ElementRules, type: TypeRules, owner: Owner, isDouble: boolean): Schema {
  const own = inType(rules, type);
  const { fhirTextInvariants, ...item } = valueSchema(own.rules, own.type, owner);
  if (!isDouble && fhirTextInvariants) Object.assign(item, { fhirTextInvariants }); // else they are in `fhirWholes`
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

/** @returns the slicing of an element, but for that of a choice by type: each type has its own member */
function slicesOf(rules: ElementRules): SlicedBy | undefined {
  const { slicing } = rules;
  if (!slicing || isSlicedByChoice(rules)) return undefined;
  if (slicing.slices.length === 0 && slicing.rules !== 'closed') return undefined;
  return { slicing, rules };
}

/** @returns the schema of one value of the element */
export function valueSchema(rules: ElementRules, type: TypeRules, owner: Owner): Schema {
  const isPrimitive = isPrimitiveType(type.code);
  const invariants = statedOn(rules, type, owner);
  return {
    ...(isPrimitive ? primitiveSchema(rules, type) : complexSchema(rules, type)),
    ...statedSchema(rules),
    ...(type.targets.length > 0 && type.code !== 'canonical' && { fhirReference: type.targets }),
    ...(invariants && (isPrimitive ? { fhirTextInvariants: invariants } : { fhirInvariants: invariants })),
  };
}

/** @returns what an element, or the root of a definition (`Duration` is bound to units of time), says of its value beside structure */
export function statedSchema(rules: ElementRules): Schema {
  const { minValue, maxValue, maxLength, fixed, pattern, binding } = rules;
  const hasRange = (minValue ?? maxValue ?? maxLength) !== undefined;
  return {
    ...(fixed !== undefined && { fhirFixed: { value: fixed } }),
    ...(pattern !== undefined && { fhirPattern: { value: pattern } }),
    ...(hasRange && { fhirRange: { minValue, maxValue, maxLength } }),
    ...(binding && binding.strength !== 'example' && { fhirBinding: { ...binding, path: rules.path } }),
  };
}

function primitiveSchema(rules: ElementRules, { code, format }: TypeRules): Schema {
  return rules.isArray ? { fhirItem: format ?? code } : { fhirPrimitive: format ?? code };
}

/** @returns true for the elements of a resource, which a profile spells out within a Bundle */
function isOfResource(content: readonly ElementRules[]): boolean {
  return content.some(({ name }) => name === 'implicitRules');
}

function complexSchema(rules: ElementRules, { code, profiles }: TypeRules): Schema {
  if (rules.sameAs) return { fhirSame: rules.sameAs };
  if (code === 'Resource' || code === 'DomainResource')
    return { fhirResource: { profiles, isContained: rules.name === 'contained' } };
  if (isOfResource(rules.content))
    return {
      fhirType: code,
      fhirInner: objectSchema(rules.content, { type: code, isResource: true }),
      ...(profiles.length > 0 && { fhirProfile: { profiles, type: code } }),
    };
  if (rules.content.length > 0) {
    const isBackbone = BACKBONE.has(code);
    const type = isBackbone ? rules.path : code;
    return {
      ...objectSchema(rules.content, { type, isResource: false, path: rules.path }),
      ...(!isBackbone && { fhirWhole: code }),
      ...(profiles.length > 0 && { fhirProfile: { profiles, type: code } }),
    };
  }
  if (profiles.length > 0) return { type: 'object', fhirProfile: { profiles, type: code } };
  if (/^[A-Z]/.test(code)) return { type: 'object', fhirType: code };
  return {};
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
