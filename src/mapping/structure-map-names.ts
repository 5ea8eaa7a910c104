/** Names the rules that a map's text leaves without a name, and takes such names away again. */
import type { Rule } from './tree.ts';

/** FHIR's type id. */
const LONGEST_NAME = 64;

/** @returns rules of the group with those within them, outer ones first */
function allRules(rules: readonly Rule[]): Rule[] {
  return rules.flatMap((rule) => [rule, ...allRules(rule.rules)]);
}

/**
 * Gives each rule of a group its name: as written, else made of the element and type that it reads.
 * @returns a name for each rule; made ones are unique within the group, and the same every time
 */
export function ruleNames(rules: readonly Rule[]): ReadonlyMap<Rule, string> {
  const all = allRules(rules);
  const taken = new Set(all.flatMap(({ name }) => name ?? []));
  const names = new Map<Rule, string>();
  const counts = new Map<string, number>();
  for (const rule of all) {
    const base = defaultName(rule);
    let name = rule.name ?? base;
    let count = counts.get(base) ?? 1;
    if (rule.name === undefined) while (taken.has(name)) name = numbered(base, ++count);
    if (rule.name === undefined) counts.set(base, count);
    taken.add(name);
    names.set(rule, name);
  }
  return names;
}

/** @returns the rules without the names that `ruleNames` would give them again */
export function withoutMadeNames(rules: readonly Rule[]): Rule[] {
  const counts = new Map<string, number>();
  for (const { name } of allRules(rules))
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  const strip = (rule: Rule): Rule => {
    const isMade = rule.name === defaultName(rule) && counts.get(rule.name) === 1;
    return { ...rule, name: isMade ? undefined : rule.name, rules: rule.rules.map(strip) };
  };
  return rules.map(strip);
}

/** `value` and `Quantity` make `valueQuantity`; a rule that reads a whole variable is named after it. */
function defaultName({ sources: [source] }: Rule): string {
  const element = source?.path.at(-1)?.text ?? source?.context.text ?? '';
  const type = source?.type?.text ?? '';
  const name = element + type.slice(0, 1).toUpperCase() + type.slice(1);
  return name.replaceAll(/[^A-Za-z0-9.-]/g, '').slice(0, LONGEST_NAME) || 'rule';
}

function numbered(base: string, count: number): string {
  const number = `-${count}`;
  return base.slice(0, LONGEST_NAME - number.length) + number;
}
