/** Turns the type tables into what XML needs of a type: its elements in order, which are attributes, and how values are written. */
import type { Definitions, ElementType } from '../definitions.ts';

export const FHIR_NAMESPACE = 'http://hl7.org/fhir';
export const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml';

/** One element by its name in JSON and XML: a choice has a member for each of its types. */
export interface Member {
  /** `birthDate`, `valueQuantity` */
  readonly name: string;
  /** place among the elements of its type */
  readonly order: number;
  /** type code of the value: `date`, `Quantity`, `Patient.contact`; `Resource` for any resource */
  readonly type: string;
  readonly isArray: boolean;
  readonly kind: 'primitive' | 'complex' | 'resource' | 'xhtml' | 'attribute';
  /** what a primitive is in JSON */
  readonly json: 'string' | 'number' | 'boolean';
}

export interface Shape {
  readonly type: string;
  /** a resource that is not abstract */
  readonly isResource: boolean;
  readonly members: ReadonlyMap<string, Member>;
}

const NUMBERS: ReadonlySet<string> = new Set(['decimal', 'integer', 'positiveInt', 'unsignedInt']);

const shapes = new WeakMap<Definitions, Map<string, Shape>>();

/** @param type `Patient`, `HumanName`, `Patient.contact` @returns undefined for a type that is not known */
export function shapeOf(definitions: Definitions, type: string): Shape | undefined {
  let known = shapes.get(definitions);
  if (!known) {
    known = new Map();
    shapes.set(definitions, known);
  }
  const found = known.get(type);
  if (found) return found;
  const definition = definitions.type(type);
  if (!definition || definition.kind === 'primitive-type' || definition.kind === 'logical') return undefined;
  const isOfResource = definition.kind === 'resource';
  const members = new Map<string, Member>();
  for (const element of definition.elements.values())
    for (const code of element.types) {
      const member = memberOf(definitions, element, code, { isOfResource, type, order: members.size });
      members.set(member.name, member);
    }
  const shape = { type, isResource: isOfResource && !definition.abstract, members };
  known.set(type, shape);
  return shape;
}

/** @source hl7.org/fhir/R4/xml.html: the id of an element, the url of an extension are attributes */
function memberOf(
  definitions: Definitions,
  { name: stem, isArray, isChoice }: ElementType,
  code: string,
  owner: { readonly isOfResource: boolean; readonly type: string; readonly order: number },
): Member {
  const name = isChoice ? stem + code[0]!.toUpperCase() + code.slice(1) : stem;
  const isAttribute = owner.isOfResource
    ? false
    : name === 'id' || (owner.type === 'Extension' && name === 'url');
  const json = NUMBERS.has(code) ? 'number' : code === 'boolean' ? 'boolean' : 'string';
  return {
    ...{ name, order: owner.order, type: code, isArray, json },
    kind: isAttribute ? 'attribute' : kindOf(definitions, code),
  };
}

function kindOf(definitions: Definitions, code: string): Member['kind'] {
  if (code === 'xhtml') return 'xhtml';
  const kind = definitions.type(code)?.kind;
  if (kind === 'resource') return 'resource';
  return kind === 'primitive-type' ? 'primitive' : 'complex';
}
