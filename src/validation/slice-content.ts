/** Finds what the rules of a slice say where the path of a discriminator leads. */
import { type Discerning, type Step, urlOfType } from './discriminator-path.ts';
import type { ElementRules, TypeRules } from './element-rules.ts';

/** Several where any of them will do; each is rules that hold together. The first is that of the elements themselves. */
export type Ways = readonly (readonly ElementRules[])[];

/** What looking up a slice's rules needs. */
export interface Lookup {
  readonly discerning: Discerning;
  /** takes the canonicals of definitions on the way that are not known */
  readonly missing: Set<string>;
}

/**
 * An element that is sliced in its turn says what its required slices say; where none is required, any of them will do.
 * @returns the rules that a path leads to; a way without rules where the path leads to none
 */
export function waysTo(rules: ElementRules, steps: readonly Step[], lookup: Lookup): Ways {
  const [step, ...rest] = steps;
  if (!step) return [[rules]];
  if (step.kind === 'type') return waysTo(rules, rest, lookup);
  if (step.kind === 'resolve') return targetsOf(rules, lookup).flatMap((root) => waysTo(root, rest, lookup));
  const name = step.kind === 'extension' ? 'extension' : step.name;
  const found = contentOf(rules, lookup).filter((one) => one.name === name);
  if (step.kind === 'element') return together(found.map((one) => throughSlices(one, rest, lookup)));
  const extensions = found
    .flatMap(({ slicing }) => slicing?.slices ?? [])
    .filter((slice) => isExtension(slice.rules, step.url, lookup));
  return together(extensions.map((slice) => waysTo(slice.rules, rest, lookup)));
}

function throughSlices(rules: ElementRules, rest: readonly Step[], lookup: Lookup): Ways {
  const slices = (rules.slicing?.slices ?? []).map((slice) => slice.rules);
  const required = slices.filter(({ min }) => min > 0);
  if (required.length > 0) return together([rules, ...required].map((one) => waysTo(one, rest, lookup)));
  return [rules, ...slices].flatMap((one) => waysTo(one, rest, lookup));
}

function together(parts: readonly Ways[]): Ways {
  return parts.reduce<Ways>((sum, ways) => sum.flatMap((one) => ways.map((way) => [...one, ...way])), [[]]);
}

function isExtension(rules: ElementRules, url: string, lookup: Lookup): boolean {
  if (rules.types.some(({ profiles }) => profiles.includes(url))) return true;
  return contentOf(rules, lookup).some((one) => one.name === 'url' && one.fixed === url);
}

function contentOf({ content, sameAs, types }: ElementRules, lookup: Lookup): readonly ElementRules[] {
  if (content.length > 0) return content;
  if (sameAs) return sameAs.content;
  const [type] = types;
  return type ? (rootOf(type.profiles[0] ?? urlOfType(type.code), lookup)?.content ?? []) : [];
}

function targetsOf({ types }: ElementRules, lookup: Lookup): readonly ElementRules[] {
  return types.flatMap(({ targets }) => targets.flatMap((target) => rootOf(target, lookup) ?? []));
}

function rootOf(canonical: string, { discerning, missing }: Lookup): ElementRules | undefined {
  const root = discerning.book(canonical)?.root;
  if (!root) missing.add(canonical);
  return root;
}

/** @returns types of what the path leads to; where it ends in `resolve()` those of the targets */
export function typesAt(slice: ElementRules, steps: readonly Step[], lookup: Lookup): readonly TypeRules[] {
  const last = steps.at(-1);
  if (last?.kind === 'type') return [{ code: last.type, profiles: [], targets: [] }];
  if (last?.kind !== 'resolve') return typesOf(waysTo(slice, steps, lookup));
  return typesOf(waysTo(slice, steps.slice(0, -1), lookup)).flatMap(({ targets }) =>
    targets.flatMap((target) => {
      const type = lookup.discerning.book(target)?.type;
      if (type === undefined) lookup.missing.add(target);
      return { code: type ?? '', profiles: [target], targets: [] };
    }),
  );
}

function typesOf(ways: Ways): readonly TypeRules[] {
  return [...new Set(ways.flat())].flatMap(({ types }) => types);
}
