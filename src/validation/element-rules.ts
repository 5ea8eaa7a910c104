/** Turns a StructureDefinition's snapshot into a tree of rules, element by element, that checks and explanations are made from. */
import type { ElementDefinition, StructureDefinition } from '@medplum/fhirtypes';
import { ELEMENT_ID } from './primitive-formats.ts';

/** One type that an element may have. */
export interface TypeRules {
  /** `Quantity`, `string`, `BackboneElement` … */
  readonly code: string;
  /** canonicals of which one must hold; empty: the type alone */
  readonly profiles: readonly string[];
  /** canonicals of the resources that a Reference may point to; empty: any */
  readonly targets: readonly string[];
  /** how the value is written, where that is narrower than the primitive type says */
  readonly format?: typeof ELEMENT_ID;
}

export interface Constraint {
  readonly key: string;
  readonly severity: 'error' | 'warning';
  readonly human: string;
  readonly expression: string;
  /** canonical of the definition that states it */
  readonly source: string;
}

export interface Binding {
  readonly strength: 'required' | 'extensible' | 'preferred' | 'example';
  readonly valueSet: string;
}

export interface Discriminator {
  readonly type: 'value' | 'exists' | 'pattern' | 'type' | 'profile';
  readonly path: string;
}

export interface Slicing {
  readonly discriminators: readonly Discriminator[];
  readonly rules: 'closed' | 'open' | 'openAtEnd';
  readonly isOrdered: boolean;
  readonly slices: readonly Slice[];
}

export interface Slice {
  readonly name: string;
  readonly rules: ElementRules;
}

/** What a definition says of one element. */
export interface ElementRules {
  /** with slice names: `Patient.identifier:nhsNumber.system` */
  readonly id: string;
  readonly path: string;
  /** last step of the path; of a choice the stem, `value` */
  readonly name: string;
  readonly isChoice: boolean;
  /** an array in JSON, whatever `max` says here */
  readonly isArray: boolean;
  readonly min: number;
  readonly max: number;
  readonly types: readonly TypeRules[];
  /** the elements below, as far as this definition states them; empty: as the type says */
  readonly content: readonly ElementRules[];
  /** the element whose content this one has too (`Questionnaire.item.item`) */
  readonly sameAs: ElementRules | undefined;
  readonly slicing: Slicing | undefined;
  /** `fixed[x]`, exactly */
  readonly fixed: unknown;
  /** `pattern[x]`: at least this */
  readonly pattern: unknown;
  readonly maxLength: number | undefined;
  readonly minValue: unknown;
  readonly maxValue: unknown;
  readonly binding: Binding | undefined;
  readonly constraints: readonly Constraint[];
  readonly short: string;
}

/** A StructureDefinition as rules. */
export interface TypeBook {
  readonly url: string;
  readonly version: string;
  /** the FHIR type that it is of: `Patient`, also for a profile on Patient */
  readonly type: string;
  readonly kind: 'primitive-type' | 'complex-type' | 'resource' | 'logical';
  readonly isProfile: boolean;
  readonly isAbstract: boolean;
  readonly root: ElementRules;
  /** where an extension may stand */
  readonly context: NonNullable<StructureDefinition['context']>;
  readonly isModifier: boolean;
}

/** An element while the tree grows. */
type Growing = { -readonly [Key in keyof ElementRules]: ElementRules[Key] };

const SYSTEM_TYPE = 'http://hl7.org/fhirpath/System.';
const FHIR_TYPE = 'http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type';
const BEST_PRACTICE = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-bestpractice';

/**
 * @param definition with a snapshot
 * @source hl7.org/fhir/R4/elementdefinition.html, hl7.org/fhir/R4/profiling.html
 */
export function rulesOf(definition: StructureDefinition): TypeBook {
  const elements = definition.snapshot?.element ?? [];
  const byId = new Map<string, Growing>();
  for (const element of elements) byId.set(element.id ?? element.path ?? '', growing(definition, element));
  const below = new Map<Growing, ElementRules[]>();
  const slices = new Map<Growing, Slice[]>();
  for (const [id, rules] of byId) {
    const { owner, slice } = ownerOf(id);
    const at = byId.get(owner);
    if (!at) continue;
    if (slice === undefined) below.set(at, [...(below.get(at) ?? []), rules]);
    else slices.set(at, [...(slices.get(at) ?? []), { name: slice, rules }]);
  }
  for (const [rules, content] of below) rules.content = content;
  for (const [rules, found] of slices) rules.slicing = { ...(rules.slicing ?? IMPLIED), slices: found };
  for (const { id = '', contentReference } of elements)
    if (contentReference)
      byId.get(id)!.sameAs = byId.get(contentReference.slice(contentReference.indexOf('#') + 1));
  const root = [...byId.values()][0]!;
  return {
    url: definition.url ?? '',
    version: definition.version ?? '',
    type: definition.type ?? '',
    kind: definition.kind as TypeBook['kind'],
    isProfile: definition.derivation === 'constraint',
    isAbstract: definition.abstract === true,
    root,
    context: definition.context ?? [],
    isModifier: elements[0]?.isModifier === true,
  };
}

/** Slices without a `slicing` of their own are those of a choice, told apart by type. */
const IMPLIED: Slicing = {
  discriminators: [{ type: 'type', path: '$this' }],
  rules: 'open',
  isOrdered: false,
  slices: [],
};

/** `A.b:s.c` is below `A.b:s`; `A.b:s` is a slice of `A.b`, and `A.b:s/t` one of `A.b:s`. */
function ownerOf(id: string): { readonly owner: string; readonly slice?: string } {
  const dot = id.lastIndexOf('.');
  const colon = id.indexOf(':', dot + 1);
  if (colon < 0) return { owner: dot < 0 ? '' : id.slice(0, dot) };
  const slash = id.lastIndexOf('/');
  return { owner: id.slice(0, slash > colon ? slash : colon), slice: id.slice(colon + 1) };
}

function growing(definition: StructureDefinition, element: ElementDefinition): Growing {
  const path = element.path ?? '';
  const step = path.slice(path.lastIndexOf('.') + 1);
  const isChoice = step.endsWith('[x]');
  const values = element as unknown as Readonly<Record<string, unknown>>;
  return {
    id: element.id ?? path,
    path,
    name: isChoice ? step.slice(0, -3) : step,
    isChoice,
    isArray:
      path.includes('.') && (element.base?.max ?? element.max ?? '1') !== '1' && element.base?.max !== '0',
    min: element.min ?? 0,
    max: element.max === '*' || element.max === undefined ? Number.POSITIVE_INFINITY : Number(element.max),
    types: (element.type ?? []).map((type) => typeRules(definition, element, type)),
    content: [],
    sameAs: undefined,
    slicing: element.slicing && {
      discriminators: (element.slicing.discriminator ?? []) as readonly Discriminator[],
      rules: (element.slicing.rules ?? 'open') as Slicing['rules'],
      isOrdered: element.slicing.ordered === true,
      slices: [],
    },
    fixed: choiceValue(values, 'fixed'),
    pattern: choiceValue(values, 'pattern'),
    maxLength: element.maxLength,
    minValue: choiceValue(values, 'minValue'),
    maxValue: choiceValue(values, 'maxValue'),
    binding: element.binding?.valueSet
      ? { strength: element.binding.strength as Binding['strength'], valueSet: element.binding.valueSet }
      : undefined,
    constraints: (element.constraint ?? []).flatMap((one) => constraintOf(definition, one)),
    short: element.short ?? '',
  };
}

function typeRules(
  definition: StructureDefinition,
  { path, base }: ElementDefinition,
  {
    code = '',
    profile = [],
    targetProfile = [],
    extension = [],
  }: NonNullable<ElementDefinition['type']>[number],
): TypeRules {
  const fhirType = extension.find(({ url }) => url === FHIR_TYPE);
  // base R4 says `string` for the id of a resource, which is narrower
  const isResourceId = definition.kind === 'resource' && path === `${definition.type}.id`;
  const system = code.startsWith(SYSTEM_TYPE)
    ? (fhirType?.valueUrl ?? fhirType?.valueUri ?? code.slice(SYSTEM_TYPE.length).toLowerCase())
    : code;
  return {
    code: isResourceId ? 'id' : system,
    profiles: profile,
    targets: targetProfile,
    // "any string value that does not contain spaces", in words only
    ...(base?.path === 'Element.id' && { format: ELEMENT_ID }),
  };
}

/** Best practice (`dom-6`: a text for people) is no fault; constraints without an expression cannot be checked by anyone. */
function constraintOf(
  definition: StructureDefinition,
  one: NonNullable<ElementDefinition['constraint']>[number],
): Constraint[] {
  const isAdvice = one.extension?.some(
    ({ url, valueBoolean }) => url === BEST_PRACTICE && valueBoolean === true,
  );
  if (isAdvice || one.expression === undefined) return [];
  return [
    {
      key: one.key ?? '',
      severity: one.severity === 'warning' ? 'warning' : 'error',
      human: one.human ?? '',
      expression: one.expression,
      source: one.source ?? definition.url ?? '',
    },
  ];
}

function choiceValue(values: Readonly<Record<string, unknown>>, stem: string): unknown {
  for (const key in values)
    if (key.startsWith(stem) && /^[A-Z]/.test(key.slice(stem.length))) return values[key];
  return undefined;
}
