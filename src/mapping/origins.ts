/** Says from which paths of the source a value comes, as JavaScript that gives each path: for lineage. */
import { namesIn } from './expression.ts';
import type { Site, Value } from './site.ts';
import type { Argument, Target } from './tree.ts';

/** @returns the paths of an element of a value; `key` is JavaScript */
export function under(owner: Value, key: string): readonly string[] | undefined {
  return owner.origins?.map((origin) => `${origin} + "." + ${key}`);
}

/**
 * @param isList JavaScript that is true when the record has a list there, where no type says so
 * @returns the paths of an item of a list, or of the one value that stands in place of a list
 */
export function itemOf(
  origins: readonly string[] | undefined,
  index: string,
  isList?: string,
): readonly string[] | undefined {
  const step = `"[" + ${index} + "]"`;
  return origins?.map(
    (origin) => `${origin} + ${isList === undefined ? step : `(${isList} ? ${step} : "")`}`,
  );
}

/** @returns the paths that a target's value comes from; none for a constant, undefined where no lineage is asked for */
export function originsOf(site: Site, target: Target): readonly string[] | undefined {
  if (!site.unit.isTraced) return undefined;
  const { transform } = target;
  const isMade = !transform || (transform.kind === 'call' && transform.name.text === 'create');
  if (isMade) return site.item?.origins ?? [];
  const given = transform.kind === 'call' ? transform.parameters : [transform];
  return [...new Set(given.flatMap((argument) => argumentOrigins(site, argument)))];
}

/**
 * @param code the one value of an argument, as JavaScript
 * @returns where it comes from: an object of the source from its own place, anything else from that of the first variable
 */
export function originOf(site: Site, argument: Argument, code: string): readonly string[] | undefined {
  if (!site.unit.isTraced) return undefined;
  const [first] = argumentOrigins(site, argument);
  return first === undefined ? [] : [`pathOf(run, ${code}, ${first})`];
}

function argumentOrigins(site: Site, argument: Argument): readonly string[] {
  if (argument.kind === 'literal') return [];
  if (argument.kind === 'path') {
    const [first, ...more] = argument.words.map(({ text }) => text);
    const found = site.scope.get(first!)?.origins ?? [];
    return more.length === 0
      ? found
      : found.map((origin) => `${origin} + ${JSON.stringify(`.${more.join('.')}`)}`);
  }
  const variables = namesIn(site, argument);
  if (variables.length === 0) return site.item?.origins ?? [];
  return variables.flatMap((name) => site.scope.get(name)?.origins ?? []);
}

/** @returns the part of a slot that tells of its rule and its origins */
export function traceOf(site: Site, origins: readonly string[] | undefined): string | undefined {
  return origins && `${site.place}, [${origins.join(', ')}]`;
}
