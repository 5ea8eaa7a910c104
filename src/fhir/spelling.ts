/** Keeps how numbers were written (1.50) beside the numbers that they are, from JSON text to JSON text. */
import { isNumber, parseExact, rawJson } from './xml/exact.ts';

/** Under it an object has the texts of its numbers that say more than the number; what holds such an object has it too. */
const SPELLED = Symbol('spelled');
type Spellings = Readonly<Record<string, string>>;
type Members = Record<string, unknown> & { [SPELLED]?: Spellings };

/** Numbers stand behind a name in FHIR. May find one in a text that has none, never the other way. */
const MAY_LOSE =
  /":\s*(?:-0(?![.\d])|-?(?:\d+\.\d*0(?!\d)|\d+(?:\.\d+)?[eE]|0\.000000|[\d.]{17}|\d+\.\d*[eE]))/;

/** @returns whether a number in the JSON text may say more than a number of JavaScript keeps: 1.50, 1e2 */
export function mayLose(text: string): boolean {
  return MAY_LOSE.test(text);
}

/** Parses JSON whose depth is bounded. @returns its value; objects of it, and spread copies, keep how numbers were written */
export function parseSpelled(text: string): unknown {
  if (!mayLose(text)) return JSON.parse(text);
  return JSON.parse(text, function (this: Members, name: string, value: unknown, context?: Context) {
    const source = context?.source;
    if (typeof value === 'number' && source !== undefined && String(value) !== source && isNumber(source))
      this[SPELLED] = { ...this[SPELLED], [name]: source };
    else if (isSpelled(value)) this[SPELLED] ??= {};
    return value;
  });
}

interface Context {
  readonly source?: string;
}

/** @returns the value of JSON text, to be written as it stands: what says more than a number is no number */
export function parsedExactly(text: string): unknown {
  return mayLose(text) ? parseExact(text) : JSON.parse(text);
}

/** @returns JSON text, in which numbers that are still the same are written as they were */
export function spelledJson(value: object): string {
  return JSON.stringify(isSpelled(value) ? exact(value) : value);
}

/** @returns the value, for a digest that tells 1.5 from 1.50 */
export function spelled(value: object): unknown {
  return isSpelled(value) ? exact(value) : value;
}

/** Gives a copy that was made member by member what its original has. @returns the copy */
export function spelledAs<T extends object>(copy: T, original: object): T {
  const { [SPELLED]: spellings } = original as Members;
  if (spellings) (copy as Members)[SPELLED] = spellings;
  return copy;
}

function isSpelled(value: unknown): value is object {
  return typeof value === 'object' && value !== null && SPELLED in value;
}

/** Lists are gone through whatever they have: copies of them have nothing. */
function exact(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(exact);
  if (!isSpelled(value)) return value;
  const { [SPELLED]: spellings = {} } = value as Members;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const text = spellings[name];
      return [name, text !== undefined && Number(text) === member ? rawJson(text) : exact(member)];
    }),
  );
}

/** Numbers by how they are written; undefined where they are written in two ways. */
type Writings = Map<number, string | undefined>;

/**
 * Finds how the numbers of what was made of something else are written: as in what was laid over it, where that names
 * them; else as where they stood before.
 * @param before JSON text that it was made of
 * @param over what was laid over it
 * @returns a copy that keeps it; the value itself where there is nothing to keep
 */
export function respelled<T>(value: T, before: string, over?: unknown): T {
  const isOver = typeof over === 'object' && over !== null && JSON.stringify(over) !== spelledJson(over);
  if (!mayLose(before) && !isOver) return value;
  const earlier = parseSpelled(before);
  const [own, laid]: [Writings, Writings] = [new Map(), new Map()];
  gather(earlier, own);
  gather(over, laid);
  return placed(value, earlier, own, laid) as T;
}

function gather(value: unknown, into: Writings): void {
  if (typeof value !== 'object' || value === null) return;
  const { [SPELLED]: spellings = {} } = value as Members;
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'number') {
      gather(member, into);
      continue;
    }
    const text = spellings[name] ?? String(member);
    into.set(member, into.has(member) && into.get(member) !== text ? undefined : text);
  }
}

function placed(value: unknown, before: unknown, own: Writings, laid: Writings): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const at = (name: string | number): unknown => (before as Members | undefined | null)?.[name];
  if (Array.isArray(value)) return value.map((one, index) => placed(one, at(index), own, laid));
  let spellings: Spellings | undefined;
  const members = Object.entries(value).map(([name, member]) => {
    const made = placed(member, at(name), own, laid);
    if (typeof member === 'number') {
      const stood =
        at(name) === member ? ((before as Members)[SPELLED]?.[name] ?? String(member)) : undefined;
      const text = laid.get(member) ?? stood ?? own.get(member);
      if (text !== undefined && text !== String(member)) spellings = { ...spellings, [name]: text };
    } else if (isSpelled(made) || (Array.isArray(made) && made.some(isSpelled))) spellings ??= {};
    return [name, made] as const;
  });
  const copy: Members = Object.fromEntries(members);
  if (spellings) copy[SPELLED] = spellings;
  return copy;
}
