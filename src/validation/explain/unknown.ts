/** Explains members that an object may not have, and says which element each was most likely meant to be. */
import { nearestName } from '../../fhir/nearest-name.ts';
import type { Explaining } from '../checking.ts';
import type { ElementRules } from '../element-rules.ts';
import { hasCompanion, isForbidden, isPrimitiveType, namesOf, type Owner } from '../members.ts';
import type { Json } from '../run.ts';
import { type Place, STRUCTURE } from './faults.ts';
import { meantBy } from './other-names.ts';

/**
 * Explains the members that are no elements; a resource of which only a part is looked at may have others.
 * @returns choices that are there in a type that they may not have, and so are not missing
 */
export function explainUnknown(
  explainer: Explaining,
  value: Json,
  content: readonly ElementRules[],
  owner: Owner,
  at: Place,
): ReadonlySet<ElementRules> {
  const mistyped = new Set<ElementRules>();
  const known = membersOf(content, owner);
  for (const key of Object.keys(value)) {
    if (value[key] === undefined || known.has(key)) continue;
    const name = key.startsWith('_') ? key.slice(1) : key;
    if (name !== key && isThere(value, name) && !known.has(name)) continue; // said of the value that it stands beside
    const choice = known.has(name) ? undefined : choiceOf(name, content);
    if (choice) {
      const text = choiceText(value, choice, name);
      explainer.faults.add(at.below(key), 'choice-type', text, STRUCTURE);
      if (!namesOf(choice).some((one) => isPresent(value, one.name))) mistyped.add(choice);
      continue;
    }
    const what = `is no element of ${at.nameOf(owner.type)}: `;
    const text = what + (known.has(name) ? besideText(name, content) : nameText(name, content));
    explainer.faults.add(at.below(key), 'unknown-element', text, STRUCTURE);
  }
  return mistyped;
}

function membersOf(content: readonly ElementRules[], owner: Owner): ReadonlySet<string> {
  const known = new Set(owner.isResource ? ['resourceType'] : []);
  for (const rules of content)
    for (const { name, type } of namesOf(rules)) {
      known.add(name);
      if (isPrimitiveType(type.code) && hasCompanion(rules, owner)) known.add(`_${name}`);
    }
  return known;
}

function isThere(value: Json, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== undefined;
}

function isPresent(value: Json, name: string): boolean {
  return isThere(value, name) || isThere(value, `_${name}`);
}

/** @returns the choice that a name begins with: `value[x]` of `valueText`, and of `value` alone */
function choiceOf(name: string, content: readonly ElementRules[]): ElementRules | undefined {
  const stems = content.filter((rules) => {
    const next = name.charAt(rules.name.length);
    return rules.isChoice && name.startsWith(rules.name) && (next === '' || (next >= 'A' && next <= 'Z'));
  });
  const longest = stems.sort((a, b) => b.name.length - a.name.length)[0];
  return longest && allowedNames(longest).length > 0 ? longest : undefined;
}

function allowedNames(rules: ElementRules): readonly string[] {
  return namesOf(rules)
    .filter(({ type }) => !isForbidden(rules, type))
    .map(({ name }) => name);
}

/** Types that are named in a message, at most: an extension's value has fifty. */
const MOST_NAMED = 20;
/** Of more, these are named. */
const FAMILIAR: ReadonlySet<string> = new Set(['String', 'Boolean', 'CodeableConcept']);

function choiceText(value: Json, choice: ElementRules, name: string): string {
  const { length } = choice.name;
  const stem = `${choice.name}[x]`;
  const what =
    name === choice.name ? `lacks the type of ${stem} in its name` : `is of no type that ${stem} may have`;
  const names = allowedNames(choice);
  const present = names.find((one) => isPresent(value, one));
  if (present !== undefined) return `${what}, and stands beside ${present}: remove it`;
  const types = names.map((one) => one.slice(length));
  const typed = name.slice(length);
  const near = nearestName(typed, types, farOf(typed));
  const sorted = near === undefined ? types : [near, ...types.filter((one) => one !== near)];
  const isLong = sorted.length > MOST_NAMED;
  const listed = isLong ? sorted.filter((one) => one === near || FAMILIAR.has(one)) : sorted.slice(0, -1);
  const last = isLong ? `another of its ${sorted.length} types` : choice.name + sorted.at(-1);
  const others = listed.map((one) => choice.name + one).join(', ');
  return `${what}: write ${others === '' ? '' : `${others} or `}${last}`;
}

/** Something beside an element that has no such thing: an object, or a text such as the id of an element. */
function besideText(name: string, content: readonly ElementRules[]): string {
  const isObject = content.some((rules) =>
    namesOf(rules).some((one) => one.name === name && !isPrimitiveType(one.type.code)),
  );
  return isObject
    ? `remove it, or correct its name: what belongs to ${name} is written in ${name} itself`
    : `remove it, or correct its name: ${name} has neither an id nor extensions here`;
}

function nameText(name: string, content: readonly ElementRules[]): string {
  const names = content.flatMap((rules) => (rules.max === 0 ? [] : allowedNames(rules)));
  const meant = nearestName(name, names, farOf(name)) ?? meantBy(name, names);
  return meant === undefined
    ? 'remove it, or correct its name'
    : `correct its name, if ${meant} is meant, or remove it`;
}

/** Edits after which a name is taken for another: of short ones nearly all are near to one another. */
function farOf({ length }: string): number {
  return Math.min(3, Math.max(1, Math.floor(length / 3)));
}
