/** Turns the interactions of @medplum/fhir-router into rows of the sandbox EHR's tables, one SQLite transaction for each FHIR transaction. */
import { randomUUID } from 'node:crypto';
import {
  applyPatch,
  badRequest,
  conflict,
  gone,
  notFound,
  type Operation,
  OperationOutcomeError,
  preconditionFailed,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import {
  type CreateResourceOptions,
  type DeleteResourceOptions,
  FhirRepository,
  type ReadHistoryOptions,
  type RepositoryMode,
  type TransactionOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, BundleEntry, OperationOutcome, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import { STORED_TYPES } from '../fhir/definitions.ts';
import { indexValues, referencesOf } from './index-values.ts';
import { searchSql } from './search-sql.ts';
import type { ResourceRow, Tables, VersionRow } from './tables.ts';

/** Resource types the sandbox knows; any other is 404, as on a real server. */
export const SANDBOX_TYPES: ReadonlySet<string> = new Set([
  ...STORED_TYPES,
  ...['Communication', 'Composition', 'DocumentReference', 'List', 'Schedule', 'Slot'],
]);
const MOST_HISTORY = 1000;

export interface RepositoryOptions {
  readonly clock: () => number;
  /** refuse a resource that refers to one the server does not hold, as many EHRs do */
  readonly integrity: boolean;
}

/** What all repositories of one file share: the text of results, and the transaction under way. */
interface Shared {
  readonly tables: Tables;
  readonly options: RepositoryOptions;
  /** stored JSON of the resources handed out, so that answering needs no second stringify */
  readonly texts: WeakMap<object, string>;
  readonly created: WeakSet<object>;
  /** settles when the transaction under way ends; the connection is one, so everyone else waits */
  busy: Promise<void> | undefined;
}

export class SandboxRepository extends FhirRepository {
  readonly #shared: Shared;
  readonly #inTransaction: boolean;

  constructor(shared: Shared, inTransaction: boolean) {
    super();
    this.#shared = shared;
    this.#inTransaction = inTransaction;
  }

  /** @returns the stored JSON of a resource this repository handed out */
  textOf(resource: object): string | undefined {
    return this.#shared.texts.get(resource);
  }

  /** @returns true when the write that handed out this resource made its first version */
  wasCreated(resource: object): boolean {
    return this.#shared.created.has(resource);
  }

  override setMode(_mode: RepositoryMode): void {}

  override generateId(): string {
    return randomUUID();
  }

  override createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    const id = options?.assignedId && resource.id ? resource.id : randomUUID();
    return this.#write(() => this.#put({ ...resource, id }, undefined));
  }

  override updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    return this.#write(() => this.#put(resource, options?.ifMatch));
  }

  override async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    await this.#turn();
    return this.#read<T>(type, id);
  }

  override readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [type, id, ...rest] = reference.reference?.split('/') ?? [];
    if (!type || !id || rest.length > 0) throw new OperationOutcomeError(badRequest('Not a reference of this server'));
    return this.readResource<T>(type, id);
  }

  override readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(
      references.map((reference) => this.readReference<T>(reference).catch((error: Error) => error)),
    );
  }

  override async readHistory<T extends Resource>(
    type: string,
    id: string,
    options?: ReadHistoryOptions,
  ): Promise<Bundle<WithId<T>>> {
    await this.#turn();
    const row = this.#find(type, id);
    if (!row) throw new OperationOutcomeError(notFound);
    const versions = this.#shared.tables.versions(row.key, options?.limit ?? MOST_HISTORY, options?.offset ?? 0);
    const entry = versions.map((version) => historyEntry<T>(type, id, version));
    return { resourceType: 'Bundle', type: 'history', total: row.version, entry };
  }

  override async readVersion<T extends Resource>(type: string, id: string, vid: string): Promise<WithId<T>> {
    await this.#turn();
    const row = this.#find(type, id);
    const version = row && this.#shared.tables.versions(row.key, -1, 0).find((one) => String(one.version) === vid);
    if (!version) throw new OperationOutcomeError(notFound);
    if (version.deleted) throw new OperationOutcomeError(gone);
    return this.#handOut<T>(version.content);
  }

  override deleteResource(type: string, id: string, options?: DeleteResourceOptions): Promise<void> {
    return this.#write(() => {
      const row = this.#find(type, id);
      if (!row) throw new OperationOutcomeError(notFound);
      if (row.deleted) return;
      matchVersion(row, options?.ifMatch);
      this.#shared.tables.replace(type, row, row.version + 1, this.#shared.options.clock(), '', []);
    });
  }

  override patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    if (!Array.isArray(patch)) throw new OperationOutcomeError(badRequest('Only JSON Patch is supported here'));
    return this.#write(() => {
      const patched = structuredClone(this.#read<T>(type, id));
      const faults = applyPatch(patched, patch).filter(Boolean);
      if (faults.length > 0) throw new OperationOutcomeError(badRequest('The patch does not apply'));
      return this.#put(patched, options?.ifMatch);
    });
  }

  override async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    await this.#turn();
    assertType(request.resourceType);
    const { tables } = this.#shared;
    const sql = searchSql(request);
    const [counted] = tables.rows(`SELECT count(*) AS total ${sql.from}`, sql.values);
    const rows = tables.rows(`SELECT r.content ${sql.from} ORDER BY ${sql.order} LIMIT ? OFFSET ?`, [
      ...sql.values,
      sql.limit,
      sql.offset,
    ]);
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      total: Number(counted?.['total']),
      entry: rows.map((row) => ({
        resource: this.#handOut<T>(String(row['content'])),
        search: { mode: 'match' },
      })),
    };
  }

  override async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    referenceField: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: Record<string, WithId<T>[]> = {};
    for (const reference of references) {
      const filter = { code: referenceField, operator: 'eq', value: reference };
      const filters = [...(request.filters ?? []), filter] as typeof request.filters;
      found[reference] = await this.searchResources({ ...request, filters });
    }
    return found;
  }

  /** Atomic: the callback gets a repository inside the transaction, everyone else waits until it ends. */
  override async withTransaction<TResult>(
    callback: (repository: this) => Promise<TResult>,
    _options: TransactionOptions,
  ): Promise<TResult> {
    if (this.#inTransaction) return callback(this);
    await this.#turn();
    const { tables } = this.#shared;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#shared.busy = promise;
    try {
      tables.begin();
      const result = await callback(new SandboxRepository(this.#shared, true) as this);
      tables.commit();
      return result;
    } catch (error) {
      tables.rollback();
      throw error;
    } finally {
      this.#shared.busy = undefined;
      resolve();
    }
  }

  async #turn(): Promise<void> {
    if (this.#inTransaction) return;
    while (this.#shared.busy) await this.#shared.busy;
  }

  /** Runs a synchronous write as one SQLite transaction, or as part of the one under way. */
  async #write<T>(change: () => T): Promise<T> {
    if (this.#inTransaction) return change();
    await this.#turn();
    const { tables } = this.#shared;
    tables.begin();
    try {
      const result = change();
      tables.commit();
      return result;
    } catch (error) {
      tables.rollback();
      throw error;
    }
  }

  #put<T extends Resource>(resource: T, ifMatch: string | undefined): WithId<T> {
    const { tables, options, texts, created } = this.#shared;
    const { resourceType: type, id } = resource;
    if (id === undefined || !/^[A-Za-z0-9\-.]{1,64}$/.test(id))
      throw new OperationOutcomeError(badRequest('An id is 1 to 64 letters, digits, "-" or "."', `${type}.id`));
    const row = this.#find(type, id);
    matchVersion(row, ifMatch);
    if (options.integrity) this.#assertReferences(resource, `${type}/${id}`);
    const nowMs = options.clock();
    const version = (row?.version ?? 0) + 1;
    const meta = { ...resource.meta, versionId: String(version), lastUpdated: new Date(nowMs).toISOString() };
    const stored = { ...resource, id, meta };
    const content = JSON.stringify(stored);
    if (row) tables.replace(type, row, version, nowMs, content, indexValues(stored));
    else tables.insert(type, id, nowMs, content, indexValues(stored));
    texts.set(stored, content);
    if (!row || row.deleted) created.add(stored);
    return stored;
  }

  #read<T extends Resource>(type: string, id: string): WithId<T> {
    const row = this.#find(type, id);
    if (!row) throw new OperationOutcomeError(notFound);
    if (row.deleted) throw new OperationOutcomeError(gone);
    return this.#handOut<T>(row.content);
  }

  #find(type: string, id: string): ResourceRow | undefined {
    assertType(type);
    return this.#shared.tables.find(type, id);
  }

  #handOut<T extends Resource>(content: string): WithId<T> {
    const resource = JSON.parse(content) as WithId<T>;
    this.#shared.texts.set(resource, content);
    return resource;
  }

  #assertReferences(resource: Resource, self: string): void {
    for (const reference of referencesOf(resource)) {
      const [type, id] = reference.split('/') as [string, string];
      if (reference === self) continue;
      const row = this.#shared.tables.find(type, id);
      if (!row || row.deleted) throw new OperationOutcomeError(conflict(`This server holds no ${reference}`));
    }
  }
}

/** @returns a repository over these tables; several requests may use it at once */
export function createRepository(tables: Tables, options: RepositoryOptions): SandboxRepository {
  return new SandboxRepository(
    { tables, options, texts: new WeakMap(), created: new WeakSet(), busy: undefined },
    false,
  );
}

function assertType(type: string): void {
  if (SANDBOX_TYPES.has(type)) return;
  const unknown: OperationOutcome = structuredClone(notFound);
  unknown.issue[0]!.diagnostics = 'This server does not know that resource type; GET /metadata lists the ones it does';
  throw new OperationOutcomeError(unknown);
}

function matchVersion(row: ResourceRow | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  if (!row || row.deleted || String(row.version) !== ifMatch) throw new OperationOutcomeError(preconditionFailed);
}

function historyEntry<T extends Resource>(type: string, id: string, row: VersionRow): BundleEntry<WithId<T>> {
  const lastModified = new Date(row.updated_ms).toISOString();
  const method = row.deleted ? 'DELETE' : 'PUT';
  return {
    ...(row.deleted ? {} : { resource: JSON.parse(row.content) as WithId<T> }),
    request: { method, url: `${type}/${id}` },
    response: { status: row.version === 1 ? '201' : '200', etag: `W/"${row.version}"`, lastModified },
  };
}
