/** Turns an element of a base and what a differential says of it into the element of the snapshot. */
import { isDeepStrictEqual } from 'node:util';
import type {
  ElementDefinition,
  ElementDefinitionBinding,
  ElementDefinitionConstraint,
  ElementDefinitionSlicing,
} from '@medplum/fhirtypes';
import type { SnapshotRule } from './faults.ts';

/** How the differential's element stands to the base's. */
export interface MergeContext {
  /** canonical URL of the StructureDefinition that the differential belongs to */
  readonly url: string;
  /** canonical URL of the StructureDefinition that the base element comes from */
  readonly baseUrl: string;
  /** the element that a new slice is of, when it is one: a slice may be absent where that may not, and take no more room */
  readonly sliced?: ElementDefinition;
  /** only the definition of an extension decides whether it modifies */
  readonly mayModify?: boolean;
  /** cardinality of the root of a resource binds nobody */
  readonly isRoot?: boolean;
  /** adds a finding on the element: `text` is the rest of a sentence that starts with it */
  fault(rule: SnapshotRule, text: string): void;
}

type Content = Readonly<Record<string, unknown>>;

const BINDING_STRENGTH = ['example', 'preferred', 'extensible', 'required'];

/** Markdown that a differential may continue, by starting its own with three dots. */
const CONTINUED = new Set(['definition', 'comment', 'requirements']);

/** Lists that a differential adds to; all other lists it replaces. */
const ADDED_TO = new Set(['alias', 'condition', 'example', 'mapping']);

/** Of an element's place, not of what it says. */
const OF_PLACE = new Set(['id', 'path', 'sliceName', 'base', 'contentReference']);

/**
 * @param type already narrowed, see `narrowedTypes`
 * @returns the base's element with what the differential says; faults go to the context, the stricter of both stays
 * @source hl7.org/fhir/R4/profiling.html; hl7.org/fhir/R4/elementdefinition.html#interpretation
 */
export function mergeElement(
  base: ElementDefinition,
  differential: ElementDefinition,
  type: ElementDefinition['type'],
  context: MergeContext,
): ElementDefinition {
  const merged: Record<string, unknown> = { ...base };
  const own = differential as unknown as Content;
  for (const [key, value] of Object.entries(own))
    if (!OF_PLACE.has(key) && value !== undefined) merged[key] = mergeValue(key, merged[key], value, context);
  const element = merged as unknown as ElementDefinition;
  if (type) element.type = type;
  element.base ??= { path: base.path, min: base.min ?? 0, max: base.max ?? '*' };
  mergeCardinality(element, base, differential, context);
  element.constraint = mergeConstraints(base.constraint, differential.constraint, context);
  if (!element.constraint) delete element.constraint;
  return element;
}

function mergeValue(key: string, base: unknown, own: unknown, context: MergeContext): unknown {
  if (key === 'isModifier' && (base ?? false) !== own && (base === true || !context.mayModify)) {
    context.fault(
      'snapshot-modifier',
      `has isModifier ${own} where the base has ${base ?? false}: leave isModifier out`,
    );
    return base ?? false;
  }
  if (base === undefined || key === 'min' || key === 'max' || key === 'type') return own;
  if (CONTINUED.has(key)) return continued(base as string, own as string);
  if (ADDED_TO.has(key)) return union(base as unknown[], own as unknown[]);
  if (key === 'extension') return mergeExtensions(base as { url?: string }[], own as { url?: string }[]);
  if (key === 'binding')
    return mergeBinding(base as ElementDefinitionBinding, own as ElementDefinitionBinding, context);
  if (key === 'slicing')
    return mergeSlicing(base as ElementDefinitionSlicing, own as ElementDefinitionSlicing, context);
  if (key.startsWith('fixed') && !isDeepStrictEqual(base, own)) {
    context.fault('snapshot-fixed', `gives ${key} another value than the base does: leave it out`);
    return base;
  }
  if (key.startsWith('pattern')) return mergePattern(key, base, own, context);
  if (key === 'mustSupport' && base === true && own === false) {
    context.fault('snapshot-must-support', 'takes back mustSupport: leave mustSupport out');
    return base;
  }
  if (key === 'maxLength' && (own as number) > (base as number)) {
    context.fault(
      'snapshot-cardinality',
      `allows a longer text than the base: give maxLength ${base} or less`,
    );
    return base;
  }
  return own;
}

function continued(base: string, own: string): string {
  return own.startsWith('...') ? `${base}\n${own.slice(3)}` : own;
}

/** @returns the items of both, each once */
function union<Item>(base: readonly Item[], own: readonly Item[]): Item[] {
  return [...base, ...own.filter((item) => !base.some((one) => isDeepStrictEqual(one, item)))];
}

function mergeExtensions(base: readonly { url?: string }[], own: readonly { url?: string }[]): unknown {
  return [...base.filter(({ url }) => own.every((one) => one.url !== url)), ...own];
}

function mergeBinding(
  base: ElementDefinitionBinding,
  own: ElementDefinitionBinding,
  context: MergeContext,
): ElementDefinitionBinding {
  const strength = own.strength ?? base.strength;
  if (BINDING_STRENGTH.indexOf(strength) < BINDING_STRENGTH.indexOf(base.strength)) {
    context.fault(
      'snapshot-binding',
      `weakens the binding from ${base.strength} to ${strength}: give the strength ${base.strength} or a stronger one`,
    );
    return base;
  }
  return own.valueSet === undefined ? { ...base, ...own } : { ...own, strength };
}

function mergeSlicing(
  base: ElementDefinitionSlicing,
  own: ElementDefinitionSlicing,
  context: MergeContext,
): ElementDefinitionSlicing {
  const isReopened = base.rules === 'closed' && own.rules !== 'closed';
  if (isReopened)
    context.fault('snapshot-slicing', `opens a closed slicing (rules ${own.rules}): give the rules closed`);
  if (base.ordered === true && own.ordered === false)
    context.fault('snapshot-slicing', 'takes back that slices are ordered: leave ordered out');
  return {
    ...base,
    ...own,
    ...(isReopened ? { rules: base.rules } : {}),
    ...(base.ordered === true ? { ordered: true } : {}),
    discriminator: union(base.discriminator ?? [], own.discriminator ?? []),
  };
}

function mergePattern(key: string, base: unknown, own: unknown, context: MergeContext): unknown {
  const both = bothPatterns(base, own);
  if (both !== undefined) return both;
  context.fault('snapshot-fixed', `gives a ${key} that contradicts the base’s: leave out what differs`);
  return base;
}

/** @returns a pattern that holds what both say, undefined when no value can match both */
function bothPatterns(base: unknown, own: unknown): unknown {
  if (isDeepStrictEqual(base, own)) return base;
  if (Array.isArray(base) && Array.isArray(own)) return union(base, own);
  if (typeof base !== 'object' || typeof own !== 'object' || base === null || own === null) return undefined;
  if (Array.isArray(base) || Array.isArray(own)) return undefined;
  const both: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(own)) {
    both[key] = key in both ? bothPatterns(both[key], value) : value;
    if (both[key] === undefined) return undefined;
  }
  return both;
}

/** @returns `max` as a number; `*` is infinite */
function maxOf({ max }: Pick<ElementDefinition, 'max'>): number {
  return max === undefined || max === '*' ? Number.POSITIVE_INFINITY : Number(max);
}

function mergeCardinality(
  element: ElementDefinition,
  base: ElementDefinition,
  { min: ownMin, max: ownMax }: ElementDefinition,
  context: MergeContext,
): void {
  if (context.isRoot) return;
  const min = context.sliced ? 0 : (base.min ?? 0);
  if (ownMin !== undefined && ownMin < min) {
    context.fault(
      'snapshot-cardinality',
      `has min ${ownMin} where the base has ${min}: give min ${min} or more`,
    );
    element.min = min;
  }
  const { max } = context.sliced ?? base;
  if (ownMax !== undefined && maxOf(element) > maxOf({ max })) {
    context.fault(
      'snapshot-cardinality',
      `has max ${ownMax} where the base has ${max}: give max ${max} or less`,
    );
    element.max = max;
  }
  if ((element.min ?? 0) > maxOf(element) && (ownMin !== undefined || ownMax !== undefined))
    context.fault(
      'snapshot-cardinality',
      `has min ${element.min} above max ${element.max}: lower min or raise max`,
    );
}

/** Constraints add up: a base's constraint cannot be taken back, and each says where it comes from. */
export function mergeConstraints(
  base: readonly ElementDefinitionConstraint[] | undefined,
  own: readonly ElementDefinitionConstraint[] | undefined,
  context: MergeContext,
): ElementDefinitionConstraint[] | undefined {
  if (!base && !own) return undefined;
  const merged = (base ?? []).map((one) =>
    one.source === undefined ? { ...one, source: context.baseUrl } : one,
  );
  for (const constraint of own ?? []) {
    const before = merged.find(({ key }) => key === constraint.key);
    if (!before) merged.push({ ...constraint, source: constraint.source ?? context.url });
    else if (before.expression !== constraint.expression)
      context.fault(
        'snapshot-constraint',
        `gives constraint ${constraint.key} another expression than ${before.source} does: give it a key of its own`,
      );
  }
  return merged;
}
