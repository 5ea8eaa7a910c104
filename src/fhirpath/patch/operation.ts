/** Turns the Parameters of a FHIRPath Patch into its operations. */
import type { ParametersParameter } from '@medplum/fhirtypes';
import { type Patched, PatchFault, refusePatch, runInOrder } from './fault.ts';
import { MOST_OPERATIONS } from './json-patch.ts';
import { isObject } from './slot.ts';

const TYPES = ['add', 'insert', 'delete', 'replace', 'move'] as const;
export type OperationType = (typeof TYPES)[number];

/** One operation; what its type needs is there. */
export interface PatchOperation {
  readonly type: OperationType;
  readonly path: string;
  readonly name: string;
  readonly value: ParametersParameter;
  readonly index: number;
  readonly source: number;
  readonly destination: number;
}

/** @source FHIR R4 fhirpatch.html */
const PARTS: Readonly<Record<OperationType, readonly string[]>> = {
  add: ['path', 'name', 'value'],
  insert: ['path', 'value', 'index'],
  delete: ['path'],
  replace: ['path', 'value'],
  move: ['path', 'source', 'destination'],
};
const KNOWN = new Set(['type', 'path', 'name', 'value', 'index', 'source', 'destination']);

/** @returns the operations in their order, or the first that is not written as one */
export function readOperations(patch: unknown): Patched<readonly PatchOperation[]> {
  if (!isObject(patch) || patch.resourceType !== 'Parameters')
    return refusePatch(
      400,
      'patch-form',
      'A FHIRPath Patch is a Parameters resource with a parameter "operation" for each change.',
    );
  const { parameter = [] } = patch as { parameter?: unknown };
  if (!Array.isArray(parameter) || parameter.length > MOST_OPERATIONS)
    return refusePatch(
      400,
      'patch-cost',
      `A patch has a list of at most ${MOST_OPERATIONS} operations; send several.`,
    );
  const operations: PatchOperation[] = [];
  const read = runInOrder(
    parameter,
    (one: unknown) => void operations.push(operationOf(one)),
    (_one, at) => labelOf(at),
    expressionOf,
  );
  return read.ok ? { ok: true, value: operations } : read;
}

/** How messages call an operation. */
export function labelOf(at: number, type?: OperationType): string {
  return `Operation ${at}, counted from 0${type === undefined ? '' : ` (${type})`}`;
}

export function expressionOf(at: number): string {
  return `Parameters.parameter[${at}]`;
}

function operationOf(parameter: unknown): PatchOperation {
  if (!isObject(parameter) || parameter.name !== 'operation' || !isList(parameter.part))
    throw malformed('every parameter must have the name "operation" and parts.');
  const parts = new Map<string, ParametersParameter>();
  for (const part of parameter.part as unknown[]) {
    if (!isObject(part) || typeof part.name !== 'string' || !KNOWN.has(part.name))
      throw malformed(`its parts are named ${[...KNOWN].join(', ')}; there is another.`);
    if (parts.has(part.name)) throw malformed(`it has the part ${part.name} twice.`);
    parts.set(part.name, part as unknown as ParametersParameter);
  }
  const type = textOf(parts, 'type') as OperationType;
  if (!TYPES.includes(type))
    throw new PatchFault(400, 'patch-operation', `its type must be one of ${TYPES.join(', ')}.`);
  const lacking = PARTS[type].filter((name) => !parts.has(name));
  if (lacking.length > 0)
    throw malformed(`a part ${lacking.join(' and ')} is missing; ${type} needs ${PARTS[type].join(', ')}.`);
  const needs = (name: string): boolean => PARTS[type].includes(name);
  return {
    type,
    path: textOf(parts, 'path'),
    name: needs('name') ? textOf(parts, 'name') : '',
    value: parts.get('value') ?? { name: 'value' },
    index: needs('index') ? wholeOf(parts, 'index') : 0,
    source: needs('source') ? wholeOf(parts, 'source') : 0,
    destination: needs('destination') ? wholeOf(parts, 'destination') : 0,
  };
}

function textOf(parts: ReadonlyMap<string, ParametersParameter>, name: string): string {
  const part = parts.get(name);
  const text = part?.valueCode ?? part?.valueString ?? part?.valueId ?? part?.valueMarkdown;
  if (typeof text === 'string' && text !== '') return text;
  throw malformed(`its ${name} needs a ${name === 'type' ? 'valueCode' : 'valueString'}.`);
}

function wholeOf(parts: ReadonlyMap<string, ParametersParameter>, name: string): number {
  const part = parts.get(name);
  const value = part?.valueInteger ?? part?.valueUnsignedInt ?? part?.valuePositiveInt;
  if (Number.isSafeInteger(value) && value! >= 0) return value!;
  throw malformed(`its ${name} needs a valueInteger, counted from 0.`);
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

function malformed(message: string): PatchFault {
  return new PatchFault(400, 'patch-form', message);
}
