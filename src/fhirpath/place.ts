/** Turns the path of an element into the types of its values. */
import type { Definitions } from '../fhir/definitions.ts';
import { choiceName } from './types.ts';

/**
 * @param path path or id of an element, or the name of a type: `Patient.contact`, `Questionnaire.item.item`, `Observation.value[x]`,
 *   `Observation.valueQuantity`, `Patient.identifier:nhsNumber.system`, `HumanName`
 * @returns its types, several for a choice: `Patient.contact` for an inline backbone, also where another element points to it;
 *   undefined where the definitions do not say; types that they do not have are left out
 */
export function typesAt(definitions: Definitions, path: string): readonly string[] | undefined {
  if (definitions.type(path)) return [path];
  const cut = path.lastIndexOf('.');
  const owners = cut < 0 ? undefined : typesAt(definitions, path.slice(0, cut));
  const found = owners?.flatMap((owner) => typesOfStep(definitions, owner, path.slice(cut + 1)));
  const types = new Set(found?.filter((type) => definitions.type(type)));
  return types.size === 0 ? undefined : [...types];
}

/** The name of a slice says nothing of the type; that of a choice in JSON says which it is. */
function typesOfStep(definitions: Definitions, owner: string, step: string): readonly string[] {
  const name = step.replace(/:.*$/, '').replace(/\[x\]$/, '');
  const element = definitions.element(owner, name);
  if (!element) return [];
  return element.name === name
    ? element.types
    : element.types.filter((type) => choiceName(element.name, type) === name);
}
