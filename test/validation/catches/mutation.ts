/** Reads tables of changes, one a line: a valid resource, what is changed, and the issues that say so; none where it stays valid. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { Json } from '../../../src/validation/run.ts';

/** One change of a valid resource and what must be found. */
export interface Mutation {
  /** what is wrong */
  readonly title: string;
  /** name of the valid resource, then steps: `Patient.name[0].family` */
  readonly path: string;
  /** undefined: the element is taken away */
  readonly value: unknown;
  /** `severity rule expression`, in order */
  readonly found: readonly string[];
  /** words of the diagnostics that name what to change */
  readonly says: string;
}

/**
 * @param table lines of `title | path | JSON, or - to take it away | severity rule expression | words`; the words are those
 * of the first issue, and further issues follow it after ` + `. A line of three cells finds nothing.
 */
export function mutationsIn(table: string): readonly Mutation[] {
  const lines = table.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const cells = line.split(' | ').map((cell) => cell.trim());
    if (cells.length !== 5 && cells.length !== 3) throw new Error(`three or five cells are wanted: ${line}`);
    const [title, path, value, found = '', says = ''] = cells;
    return {
      title: title!,
      path: path!,
      value: value === '-' ? undefined : JSON.parse(value!),
      found: found === '' ? [] : found.split(' + '),
      says,
    };
  });
}

/** @returns a copy of the resource with one place changed; a step `__proto__` is an own member like any other */
export function changed(resource: Json, path: string, value: unknown): Json {
  const copy = structuredClone(resource);
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  let owner: object = copy;
  for (const step of steps.slice(0, -1)) owner = Reflect.get(owner, step) as object;
  const last = steps.at(-1)!;
  if (value !== undefined)
    Object.defineProperty(owner, last, { value, enumerable: true, configurable: true, writable: true });
  else if (Array.isArray(owner)) owner.splice(Number(last), 1);
  else Reflect.deleteProperty(owner, last);
  return copy;
}

/** @returns the resource that a path begins with, changed there; a path that is a name alone stands for the whole value */
export function applied(
  all: Readonly<Record<string, Json>>,
  { path, value }: Pick<Mutation, 'path' | 'value'>,
): Resource {
  const [name = ''] = path.split('.');
  const resource = path === name ? value : changed(all[name]!, path.slice(name.length + 1), value);
  return resource as Resource;
}

/** @returns `severity rule expression` */
export function lineOf(issue: OperationOutcomeIssue): string {
  return `${issue.severity} ${ruleOf(issue)} ${issue.expression?.[0]}`;
}
