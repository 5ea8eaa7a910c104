/** Turns a resource into the faults of its elements, by the type tables of base R4: names, JSON form, formats, codes, references. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions, ElementType } from '../fhir/definitions.ts';
import { issueOf } from '../fhir/outcome.ts';
import type { CodeLists } from './code-lists.ts';
import { primitiveFault } from './primitive-formats.ts';
import { referenceFault } from './references.ts';
import { typeFault } from './type-rules.ts';

export interface Tables {
  readonly definitions: Definitions;
  readonly codes: CodeLists;
}

type Json = Readonly<Record<string, unknown>>;

/** A value with where it is. */
interface Place {
  readonly tables: Tables;
  readonly path: string;
  readonly depth: number;
  readonly issues: OperationOutcomeIssue[];
}

/** Objects within objects; real resources stay under 20, and what recurses over a resource needs an end. */
const DEEPEST = 60;

/**
 * @param resource of a type that the tables know
 * @returns faults of shape and of single values; what is missing and what invariants say is not looked at
 */
export function checkElements(tables: Tables, resource: Json): OperationOutcomeIssue[] {
  const type = String(resource.resourceType);
  const issues: OperationOutcomeIssue[] = [];
  checkObject(type, resource, { tables, path: type, depth: 0, issues });
  return issues;
}

function checkObject(type: string, value: Json, place: Place): void {
  const choices = new Map<string, string>();
  let members = 0;
  for (const key in value) {
    if (value[key] === undefined) continue; // JSON has no such member
    members++;
    if (key === 'resourceType') continue;
    const at = { ...place, path: `${place.path}.${key}`, depth: place.depth + 1 };
    const name = key.startsWith('_') ? key.slice(1) : key;
    const element = place.tables.definitions.element(type, name);
    const valueType = element && (isResourceId(type, name, place) ? 'id' : typeOf(element, name));
    if (!element || valueType === undefined) {
      fault(
        at,
        'base-unknown-element',
        `is no element of ${type}: remove it, or correct its name`,
        'structure',
      );
      continue;
    }
    if (element.isChoice) {
      const before = choices.get(element.name);
      if (before !== undefined && before !== name)
        fault(at, 'base-choice', `stands beside ${before}: keep one of the two`, 'structure');
      choices.set(element.name, name);
    }
    if (key.startsWith('_')) checkMember({ ...element, types: ['Element'] }, 'Element', value[key], at, true);
    else checkMember(element, valueType, value[key], at, `_${key}` in value, `${type}.${element.name}`);
  }
  if (members === 0) fault(place, 'base-empty', 'is an empty object: leave it out');
  const broken = typeFault(type, value);
  if (broken) fault(place, broken.rule, broken.text, 'invariant');
}

/** Base R4 types every `id` as string; a resource's is narrower. */
function isResourceId(type: string, name: string, { tables }: Place): boolean {
  return name === 'id' && tables.definitions.type(type)?.kind === 'resource';
}

/** @returns the type of an element under its JSON name; undefined for a choice's bare stem */
function typeOf(element: ElementType, name: string): string | undefined {
  if (!element.isChoice) return element.types[0];
  return element.types.find((type) => name === element.name + type[0]!.toUpperCase() + type.slice(1));
}

/** @param gaps nulls may stand in an array: its partner (`_given`) fills them */
function checkMember(
  element: ElementType,
  type: string,
  value: unknown,
  place: Place,
  gaps: boolean,
  elementPath = '',
): void {
  if (Array.isArray(value) !== element.isArray && value !== null && value !== undefined) {
    fault(
      place,
      'base-cardinality',
      element.isArray
        ? 'may repeat: write it as an array'
        : 'may not repeat: write one value, without brackets',
      'structure',
    );
    return;
  }
  if (!Array.isArray(value)) {
    checkValue(element, type, value, place, elementPath);
    return;
  }
  if (value.length === 0) fault(place, 'base-empty', 'is an empty array: leave it out');
  value.forEach((item, at) => {
    if (item === null && gaps) return;
    checkValue(element, type, item, { ...place, path: `${place.path}[${at}]` }, elementPath);
  });
}

function checkValue(
  element: ElementType,
  type: string,
  value: unknown,
  place: Place,
  elementPath: string,
): void {
  if (value === null || value === undefined) {
    fault(place, 'base-null', 'is null: leave it out', 'structure');
    return;
  }
  const definition = place.tables.definitions.type(type);
  if (definition?.kind === 'primitive-type' || !definition) {
    checkPrimitive(type, value, place, elementPath);
    return;
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    fault(place, 'base-type', `has the wrong JSON type: write an object, a ${type}`, 'structure');
    return;
  }
  if (place.depth >= DEEPEST) {
    fault(place, 'base-depth', `is nested more than ${DEEPEST} levels deep: flatten it`, 'too-long');
    return;
  }
  if (type === 'Resource') checkInner(value as Json, place);
  else {
    checkObject(type, value as Json, place);
    if (type === 'Reference') checkReference(element, value as Json, place);
  }
}

function checkPrimitive(type: string, value: unknown, place: Place, elementPath: string): void {
  const found = primitiveFault(type, value);
  if (found) fault(place, found.rule, found.text, found.rule === 'base-type' ? 'structure' : 'value');
  else if (type === 'code' && place.tables.codes.get(elementPath)?.has(value as string) === false) {
    const allowed = [...place.tables.codes.get(elementPath)!];
    const choice = allowed.length <= 20 ? `: write one of ${allowed.join(', ')}` : '';
    fault(place, 'base-code', `is no code of its required value set${choice}`, 'code-invalid');
  }
}

/** A contained resource, or one in a Bundle. */
function checkInner(value: Json, place: Place): void {
  const type = typeof value.resourceType === 'string' ? value.resourceType : '';
  if (place.tables.definitions.type(type)?.kind === 'resource') checkObject(type, value, place);
  else fault(place, 'base-unknown-type', 'names no resource type that is known', 'structure');
}

function checkReference(element: ElementType, value: Json, place: Place): void {
  if (typeof value.reference !== 'string') return;
  const found = referenceFault(value.reference, element.referenceTargets, place.tables.definitions);
  if (found) fault({ ...place, path: `${place.path}.reference` }, found.rule, found.text, 'value');
}

function fault(
  place: Place,
  rule: string,
  text: string,
  code: OperationOutcomeIssue['code'] = 'invalid',
): void {
  place.issues.push(issueOf({ rule, code, diagnostics: `${place.path} ${text}.`, expression: place.path }));
}
