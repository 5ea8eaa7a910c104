/** Follows the path of a discriminator through data, to the values that tell an item's slice. */
import type { TypeBook } from './element-rules.ts';
import type { Json } from './run.ts';

/** What tests ask of the validator around them. */
export interface Discerning {
  /** rules of a type or a profile; undefined when it is not known */
  book(canonical: string): Pick<TypeBook, 'type' | 'kind' | 'root'> | undefined;
  /** whether a value conforms to a profile */
  conforms(value: unknown, canonical: string): boolean;
  /** whether a code, Coding or CodeableConcept is in a value set; undefined: nobody here knows */
  isIn(value: unknown, valueSet: string): boolean | undefined;
  /** the resource that a Reference points to, where it is at hand */
  resolve(reference: unknown): Json | undefined;
  /** the type that a Reference says it points to */
  typeReferredTo(reference: unknown): string | undefined;
}

export type Step =
  | { readonly kind: 'element'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'resolve' };

/** A value found by a path; the type where the JSON says it: that of a choice, or of a resource. */
export interface Found {
  readonly value: unknown;
  readonly type: string | undefined;
}

const STEP = /^(?:extension\('([^']+)'\)|ofType\(([A-Za-z]+)\)|(resolve)\(\)|([A-Za-z]+)(?:\[x\])?)(?:\.|$)/;

/** @returns the steps of a discriminator's path; undefined when it is none that FHIR allows there */
export function stepsOf(path: string): readonly Step[] | undefined {
  const steps: Step[] = [];
  let rest = path.replace(/^\$this(?:\.|$)/, '');
  while (rest !== '') {
    const [all = '', url, type, resolves, name] = STEP.exec(rest) ?? [];
    if (all === '') return undefined;
    if (url !== undefined) steps.push({ kind: 'extension', url });
    else if (type !== undefined) steps.push({ kind: 'type', type });
    else if (resolves) steps.push({ kind: 'resolve' });
    else steps.push({ kind: 'element', name: name! });
    rest = rest.slice(all.length);
  }
  return steps;
}

export function urlOfType(code: string): string {
  return code.includes('/') ? code : `http://hl7.org/fhir/StructureDefinition/${code}`;
}

/** @returns what the steps lead to; a reference that says its type and is not at hand leads to that type alone */
export function valuesAt(item: unknown, steps: readonly Step[], discerning: Discerning): readonly Found[] {
  let found: readonly Found[] = [{ value: item, type: resourceType(item) }];
  for (const step of steps) found = found.flatMap((one) => take(one, step, discerning));
  return found;
}

function take(from: Found, step: Step, discerning: Discerning): readonly Found[] {
  if (step.kind === 'type') return from.type === undefined || from.type === step.type ? [from] : [];
  if (step.kind === 'resolve') {
    const target = discerning.resolve(from.value);
    if (target) return [{ value: target, type: resourceType(target) }];
    const type = discerning.typeReferredTo(from.value);
    return type === undefined ? [] : [{ value: undefined, type }];
  }
  if (typeof from.value !== 'object' || from.value === null) return [];
  const owner = from.value as Json;
  if (step.kind === 'extension')
    return listOf(owner.extension)
      .filter((one) => (one as Json | null)?.url === step.url)
      .map((value) => ({ value, type: undefined }));
  if (owner[step.name] !== undefined || owner[`_${step.name}`] !== undefined)
    return membersOf(owner, step.name).map((value) => ({ value, type: resourceType(value) }));
  for (const key in owner) {
    const name = key.startsWith('_') ? key.slice(1) : key;
    const type = name.startsWith(step.name) ? typeNamed(name.slice(step.name.length), discerning) : undefined;
    if (type !== undefined) return membersOf(owner, name).map((value) => ({ value, type }));
  }
  return [];
}

/** @returns the type that the name of a choice's member ends with: `valueString`, and not `statusReason` */
function typeNamed(ending: string, discerning: Discerning): string | undefined {
  if (!/^[A-Z]/.test(ending)) return undefined;
  const lower = ending[0]!.toLowerCase() + ending.slice(1);
  return [ending, lower].find((type) => {
    const kind = discerning.book(urlOfType(type))?.kind;
    return kind === 'complex-type' || kind === 'primitive-type';
  });
}

/** @returns the values of a member; undefined stands for a primitive that has an id or extensions only */
function membersOf(owner: Json, name: string): readonly unknown[] {
  const values = listOf(owner[name]);
  return values.length > 0 || owner[`_${name}`] === undefined ? values : [undefined];
}

/** @returns true where there is no reference at the end of the path that could be followed */
export function refersNowhere(item: unknown, steps: readonly Step[], discerning: Discerning): boolean {
  const first = steps.findIndex(({ kind }) => kind === 'resolve');
  return valuesAt(item, steps.slice(0, first), discerning).length === 0;
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function resourceType(value: unknown): string | undefined {
  const type = (value as Json | null | undefined)?.resourceType;
  return typeof type === 'string' ? type : undefined;
}
