/** Turns a kind's JSON Schema into a plan of what to do with each field as it is read. */

import type { DatePattern } from '../fhir/date-pattern.ts';
import { compileDatePattern } from '../fhir/date-pattern.ts';
import type { Checked } from '../fhir/outcome.ts';
import { refuse } from '../fhir/outcome.ts';

/** A JSON Schema object, or a part of one. */
export type Schema = Readonly<Record<string, unknown>>;

/** What reading does with one place of the record; every list is empty and every flag false where the schema says nothing. */
export interface SchemaPlan {
  /** JSON types that the schema allows; empty for any */
  readonly types: ReadonlySet<string>;
  /** `x-date` */
  readonly date: DatePattern | undefined;
  /** `format: date-time`: a zone is added where there is none */
  readonly isDateTime: boolean;
  /** `x-code`: trimmed, inner white space collapsed, lower case */
  readonly isCode: boolean;
  /** `x-list`: the sign between items */
  readonly separator: string | undefined;
  readonly properties: ReadonlyMap<string, SchemaPlan>;
  /** false when members beyond `properties` are foreseen, or there are no `properties` at all */
  readonly namesAll: boolean;
  readonly items: SchemaPlan | undefined;
  /** names that a record cannot do without */
  readonly required: readonly string[];
}

interface Draft {
  types: Set<string>;
  date: DatePattern | undefined;
  isDateTime: boolean;
  isCode: boolean;
  separator: string | undefined;
  properties: Map<string, SchemaPlan>;
  namesAll: boolean;
  items: SchemaPlan | undefined;
  required: string[];
}

/** A fault in the schema itself: the place as a JSON pointer, and what to change. */
interface SchemaFault {
  readonly pointer: string;
  readonly hint: string;
}

/**
 * Reads the schema's own keywords (`x-date`, `x-code`, `x-list`) and shape.
 * @param file name of the schema file, for messages
 * @returns the plan, or one refusal (`source-schema`) for the first keyword that cannot be followed
 */
export function planSchema(root: Schema, file: string): Checked<SchemaPlan> {
  const faults: SchemaFault[] = [];
  const value = new Planner(root, faults).plan(root, '#');
  const fault = faults[0];
  if (!fault) return { ok: true, value };
  return refuse({ rule: 'source-schema', diagnostics: `${file}: ${fault.pointer}: ${fault.hint}` });
}

const LOST_REFERENCE = 'the $ref leads nowhere; write #/definitions/<name>';

/** Follows `$ref` within one schema; a schema that refers to itself yields one plan that does too. */
class Planner {
  readonly #root: Schema;
  readonly #faults: SchemaFault[];
  readonly #byReference = new Map<string, Draft>();
  /** branches being read, so that one that leads back to itself ends */
  readonly #branches = new Set<Schema>();

  constructor(root: Schema, faults: SchemaFault[]) {
    this.#root = root;
    this.#faults = faults;
  }

  plan(schema: Schema, pointer: string): SchemaPlan {
    if (typeof schema.$ref === 'string') return this.#planReference(schema, pointer);
    const draft = emptyDraft();
    this.#read(schema, pointer, draft);
    return draft;
  }

  #read(schema: Schema, pointer: string, draft: Draft): void {
    for (const type of [schema.type ?? []].flat()) draft.types.add(String(type));
    if (schema.format === 'date-time') draft.isDateTime = true;
    if (schema['x-code'] === true) draft.isCode = true;
    if (schema['x-list'] !== undefined) this.#readSeparator(schema['x-list'], pointer, draft);
    if (schema['x-date'] !== undefined) this.#readDate(schema['x-date'], pointer, draft);
    if (isSchema(schema.items)) draft.items = this.plan(schema.items, `${pointer}/items`);
    if (Array.isArray(schema.required)) draft.required.push(...schema.required.map(String));
    this.#readProperties(schema, pointer, draft);
    for (const part of [schema.allOf, schema.anyOf, schema.oneOf, schema.then, schema.else].flat())
      if (isSchema(part)) this.#readBranch(part, pointer, draft);
  }

  /** A branch's fields are read as it says; its demands hold only for some records, so they are left to ajv. */
  #readBranch(part: Schema, pointer: string, draft: Draft): void {
    const reference = part.$ref;
    const schema = typeof reference === 'string' ? resolvePointer(this.#root, reference) : part;
    if (!schema) this.#faults.push({ pointer, hint: LOST_REFERENCE });
    if (!schema || this.#branches.has(schema)) return;
    this.#branches.add(schema);
    this.#read({ ...schema, required: undefined }, pointer, draft);
    this.#branches.delete(schema);
  }

  #readProperties(schema: Schema, pointer: string, draft: Draft): void {
    const properties = schema.properties;
    if (isSchema(schema.additionalProperties) || schema.patternProperties !== undefined)
      draft.namesAll = false;
    if (!isSchema(properties)) return;
    for (const [name, property] of Object.entries(properties)) {
      if (isSchema(property))
        draft.properties.set(name, this.plan(property, `${pointer}/properties/${name}`));
    }
  }

  #planReference(schema: Schema, pointer: string): SchemaPlan {
    const reference = String(schema.$ref);
    if (Object.keys(schema).some((keyword) => keyword.startsWith('x-')))
      this.#faults.push({
        pointer,
        hint: 'write the x- keywords in the schema that $ref names, not beside it',
      });
    const known = this.#byReference.get(reference);
    if (known) return known;
    const draft = emptyDraft();
    this.#byReference.set(reference, draft);
    const target = resolvePointer(this.#root, reference);
    if (target) this.#read(target, reference, draft);
    else this.#faults.push({ pointer, hint: LOST_REFERENCE });
    return draft;
  }

  #readSeparator(value: unknown, pointer: string, draft: Draft): void {
    if (typeof value === 'string' && value.length > 0) draft.separator = value;
    else this.#faults.push({ pointer, hint: 'x-list must be the sign between items, such as ";"' });
  }

  #readDate(value: unknown, pointer: string, draft: Draft): void {
    draft.date = typeof value === 'string' ? compileDatePattern(value) : undefined;
    if (draft.date) return;
    const hint =
      'x-date must be made of dd, MM, yyyy, HH, mm, ss, such as "dd/MM/yyyy" or "dd/MM/yyyy HH:mm"';
    this.#faults.push({ pointer, hint });
  }
}

function emptyDraft(): Draft {
  return {
    types: new Set(),
    date: undefined,
    isDateTime: false,
    isCode: false,
    separator: undefined,
    properties: new Map(),
    namesAll: true,
    items: undefined,
    required: [],
  };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolvePointer(root: Schema, reference: string): Schema | undefined {
  if (reference === '#') return root;
  if (!reference.startsWith('#/')) return undefined;
  let at: unknown = root;
  for (const step of reference.slice(2).split('/')) {
    if (!isSchema(at)) return undefined;
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    at = Object.hasOwn(at, name) ? at[name] : undefined;
  }
  return isSchema(at) ? at : undefined;
}
