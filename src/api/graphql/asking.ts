/** What one GraphQL query reads: resources as the client may see them, each once, within what the query may cost. */
import type { GraphQLResolveInfo } from 'graphql';
import type { Definitions } from '../../fhir/definitions.ts';
import type { Evaluate } from '../../fhirpath/evaluate.ts';
import type { Identified, ResourceKey } from '../../store/resources.ts';
import type { SeenStore } from '../../store/store.ts';
import type { Access } from '../access.ts';
import type { Cursors } from '../cursor.ts';
import type { ClauseParts } from '../search/plain.ts';
import { Budget } from './cost.ts';

/** How a field's place in the answer differs from its place in the query. @source FHIR R4 graphql.html, directives */
export interface FieldShape {
  readonly isFlat: boolean;
  readonly isSingle: boolean;
  readonly isFirst: boolean;
  /** what the names below each item end with */
  readonly suffixes: readonly string[] | undefined;
}

export interface AskingParts {
  readonly store: SeenStore;
  readonly access: Access;
  readonly definitions: Definitions;
  readonly cursors: Cursors;
  readonly clauses: ClauseParts;
}

type Path = GraphQLResolveInfo['path'];

/** @returns the names and indexes down to a field, as one text */
export function pathOf(path: Path | undefined): string {
  return path === undefined ? '' : `${pathOf(path.prev)}/${path.key}`;
}

/** The state of one query. */
export class Asking {
  readonly parts: AskingParts;
  readonly budget = new Budget();
  /** by path of the field in the answer */
  readonly shapes = new Map<string, FieldShape>();
  /** expressions of this query, compiled once for each type */
  readonly compiled = new Map<string, Evaluate>();
  /** what was read, for the audit */
  readonly keys = new Set<ResourceKey>();
  /** names of the search parameters that were used, for the audit */
  readonly params = new Set<string>();
  #waiting = new Set<ResourceKey>();
  #batch: Promise<ReadonlyMap<string, Identified>> | undefined;
  /** resources that are contained in no other */
  readonly #whole = new WeakSet<object>();
  /** by path in the answer, those that contain others */
  readonly #around = new Map<string, unknown>();
  readonly #read = new Map<ResourceKey, Promise<Identified | undefined>>();

  constructor(parts: AskingParts) {
    this.parts = parts;
  }

  /** Reads by key; what fields side by side ask for goes to the store as one. @returns undefined for what is not there, or not to be seen */
  read(type: string, id: string): Promise<Identified | undefined> {
    const key: ResourceKey = `${type}/${id}`;
    let reading = this.#read.get(key);
    if (!reading) {
      this.budget.spend('resources');
      reading = this.#join(key);
      this.#read.set(key, reading);
    }
    return reading;
  }

  /** Notes which resource stands at a place of the answer, for the references within it to what it contains. */
  standsAt(path: Path | undefined, resource: unknown): void {
    if (this.#whole.has(resource as object)) this.#around.set(pathOf(path), resource);
  }

  /** @returns the resource nearest around a place of the answer */
  resourceAround(path: Path): unknown {
    for (let at: Path | undefined = path; at; at = at.prev) {
      const found = this.#around.get(pathOf(at));
      if (found) return found;
    }
    return this.#around.get('');
  }

  /** Notes what a search has found. */
  took(resource: Identified): void {
    this.budget.spend('resources');
    this.keys.add(`${resource.resourceType}/${resource.id}`);
    this.#whole.add(resource);
  }

  async #join(key: ResourceKey): Promise<Identified | undefined> {
    this.#waiting.add(key);
    this.#batch ??= this.#next();
    const found = (await this.#batch).get(key);
    if (found) {
      this.keys.add(key);
      this.#whole.add(found);
    }
    return found;
  }

  async #next(): Promise<ReadonlyMap<string, Identified>> {
    await new Promise(setImmediate);
    const keys = [...this.#waiting];
    this.#waiting = new Set();
    this.#batch = undefined;
    const versions = await this.parts.store.readMany(keys);
    return new Map(
      versions.flatMap(({ type, id, resource }) => (resource ? [[`${type}/${id}`, resource] as const] : [])),
    );
  }
}
