/**
 * Turns a JSON document and a JSON Patch into the patched document; a patch that fails changes nothing.
 *
 * Not by the package rfc6902 (5.4.0): it changes the document in place and goes on behind a failed operation, follows what is
 * inherited (`/toString/x` writes to Object.prototype.toString), and finds the target of a move before it removes the source.
 */
import { type Patched, PatchFault, refusePatch, runInOrder } from './fault.ts';
import { existing, FORBIDDEN_NAME, parsePointer, type Target, targetOf } from './pointer.ts';

/** Operations of one patch, at most. */
export const MOST_OPERATIONS = 1_000;
/** Values that a patch may write, at most, each copy counted again: `copy` can double a document with each operation. */
const MOST_VALUES = 200_000;
const DEEPEST = 200;
const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'] as const;
type OperationName = (typeof OPERATIONS)[number];

interface Operation extends Record<string, unknown> {
  readonly op: OperationName;
}

/** The document is a member, so that a pointer to the whole of it has a holder as any other has. */
interface Work {
  document: unknown;
  /** values that may still be written */
  left: number;
}

/**
 * Applies a JSON Patch.
 * @param document any JSON; not changed
 * @param patch any JSON; what is no array of operations is refused
 * @param keeps throws a PatchFault when an operation has made of the document what it must not be
 * @returns the patched document, which shares nothing with the one given or the patch; or the operation that failed and what to change
 * @source RFC 6902
 */
export function jsonPatch(
  document: unknown,
  patch: unknown,
  keeps: (document: unknown) => void = () => {},
): Patched<unknown> {
  const operations = readOperations(patch);
  if (!operations.ok) return operations;
  const work: Work = { document: structuredClone(document), left: MOST_VALUES };
  const done = runInOrder(
    operations.value,
    (operation) => {
      RUN[operation.op](work, operation);
      keeps(work.document);
    },
    ({ op }, at) => labelOf(at, op),
  );
  return done.ok ? { ok: true, value: work.document } : done;
}

const labelOf = (at: number, op: string): string => `Operation ${at}, counted from 0 (${op})`;

/** A patch is read whole before any of it is done. */
function readOperations(patch: unknown): Patched<readonly Operation[]> {
  if (!Array.isArray(patch))
    return refusePatch(400, 'patch-form', 'A JSON Patch is an array of operations: [{"op": …, "path": …}].');
  if (patch.length > MOST_OPERATIONS)
    return refusePatch(400, 'patch-cost', `A patch has at most ${MOST_OPERATIONS} operations; send several.`);
  const read = runInOrder(
    patch,
    (operation: unknown) => {
      if (!isObject(operation)) throw new PatchFault(400, 'patch-form', 'it is no object.');
      if (!Object.hasOwn(operation, 'op') || !OPERATIONS.includes(operation.op as OperationName))
        throw new PatchFault(400, 'patch-operation', `its op must be one of ${OPERATIONS.join(', ')}.`);
      parsePointer(own(operation, 'path'), 'path');
      if (operation.op === 'move' || operation.op === 'copy') parsePointer(own(operation, 'from'), 'from');
      const needsValue = operation.op === 'add' || operation.op === 'replace' || operation.op === 'test';
      if (needsValue && !Object.hasOwn(operation, 'value'))
        throw new PatchFault(400, 'patch-form', 'it needs a value.');
    },
    (operation, at) => labelOf(at, nameOf(operation)),
  );
  return read.ok ? { ok: true, value: patch as Operation[] } : read;
}

const RUN: Readonly<Record<OperationName, (work: Work, operation: Operation) => void>> = {
  add: (work, operation) => put(work, tokensOf(operation, 'path'), cloned(own(operation, 'value'), work)),
  remove: (work, operation) => void take(work, tokensOf(operation, 'path'), 'path'),
  replace(work, operation) {
    const tokens = tokensOf(operation, 'path');
    const target = targetOf(work, tokens, 'path');
    existing(target, 'path', tokens.length - 1);
    set(target, cloned(own(operation, 'value'), work));
  },
  move(work, operation) {
    const from = tokensOf(operation, 'from');
    const to = tokensOf(operation, 'path');
    if (from.length < to.length && from.every((token, at) => token === to[at]))
      throw new PatchFault(
        422,
        'patch-move',
        'a value cannot be moved into itself; move it elsewhere, or copy it.',
      );
    if (from.length === to.length && from.every((token, at) => token === to[at])) {
      existing(targetOf(work, from, 'from'), 'from', from.length - 1);
      return;
    }
    put(work, to, take(work, from, 'from'));
  },
  copy(work, operation) {
    const from = tokensOf(operation, 'from');
    const value = existing(targetOf(work, from, 'from'), 'from', from.length - 1);
    put(work, tokensOf(operation, 'path'), cloned(value, work));
  },
  test(work, operation) {
    const tokens = tokensOf(operation, 'path');
    const value = existing(targetOf(work, tokens, 'path'), 'path', tokens.length - 1);
    if (!sameJson(value, own(operation, 'value')))
      throw new PatchFault(
        422,
        'patch-test',
        'the value there is another one. Read the resource again and make the patch anew.',
      );
  },
};

function tokensOf(operation: Operation, member: 'path' | 'from'): string[] {
  return ['document', ...parsePointer(own(operation, member), member)];
}

function put(work: Work, tokens: readonly string[], value: unknown): void {
  const target = targetOf(work, tokens, 'path');
  if (!Array.isArray(target.holder)) return set(target, value);
  if (Number(target.key) > target.holder.length)
    throw new PatchFault(
      422,
      'patch-index',
      `its path stands past the end of an array of ${target.holder.length}; write "-" for the end.`,
    );
  target.holder.splice(Number(target.key), 0, value);
}

function take(work: Work, tokens: readonly string[], member: 'path' | 'from'): unknown {
  if (tokens.length === 1)
    throw new PatchFault(
      422,
      'patch-root',
      'the whole document cannot be removed; delete the resource instead.',
    );
  const target = targetOf(work, tokens, member);
  const value = existing(target, member, tokens.length - 1);
  if (Array.isArray(target.holder)) target.holder.splice(Number(target.key), 1);
  else delete target.holder[target.key];
  return value;
}

function set({ holder, key }: Target, value: unknown): void {
  (holder as Record<number | string, unknown>)[key] = value;
}

/** A copy, so that the patched document shares nothing with the patch or with another place of itself. */
function cloned(value: unknown, work: Work, depth = 0): unknown {
  if (--work.left < 0)
    throw new PatchFault(400, 'patch-cost', `a patch writes at most ${MOST_VALUES} values; send several.`);
  if (depth > DEEPEST) throw new PatchFault(400, 'patch-cost', `its value is nested deeper than ${DEEPEST}.`);
  if (Array.isArray(value)) return value.map((item) => cloned(item, work, depth + 1));
  if (!isObject(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [name, member] of Object.entries(value)) {
    if (name === FORBIDDEN_NAME)
      throw new PatchFault(
        422,
        'patch-name',
        `its value has a member ${FORBIDDEN_NAME}, which no document has.`,
      );
    copy[name] = cloned(member, work, depth + 1);
  }
  return copy;
}

/** Equal as JSON: numbers by value, objects whatever their order, text as it is. @source RFC 6902, 4.6 */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (Array.isArray(one))
    return (
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((item, at) => sameJson(item, other[at]))
    );
  if (!isObject(one) || !isObject(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && sameJson(one[name], other[name]))
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function own(operation: Record<string, unknown>, name: string): unknown {
  return Object.hasOwn(operation, name) ? operation[name] : undefined;
}

/** Only a name that is one of ours goes into a message. */
function nameOf(operation: unknown): string {
  const op = isObject(operation) ? operation.op : undefined;
  return OPERATIONS.find((name) => name === op) ?? 'unknown op';
}
