/** Turns the interactions of @medplum/fhir-router into records of the sandbox EHR, one SQLite transaction for each FHIR transaction. */
import { randomUUID } from 'node:crypto';
import {
  applyPatch,
  badRequest,
  type Operation,
  OperationOutcomeError,
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
import type { Bundle, BundleEntry, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import { assertType, type Records } from './records.ts';
import { searchSql } from './search-sql.ts';
import type { Tables, VersionRow } from './tables.ts';

const MOST_HISTORY = 1000;

/** What all repositories of one file share. */
interface Shared {
  readonly tables: Tables;
  readonly records: Records;
  /** settles when the transaction under way ends; the connection is one, so everyone else waits */
  busy: Promise<void> | undefined;
}

class SandboxRepository extends FhirRepository {
  readonly #shared: Shared;
  readonly #inTransaction: boolean;

  constructor(shared: Shared, inTransaction: boolean) {
    super();
    this.#shared = shared;
    this.#inTransaction = inTransaction;
  }

  override setMode(_mode: RepositoryMode): void {}

  override generateId(): string {
    return randomUUID();
  }

  override createResource<T extends Resource>(
    resource: T,
    options?: CreateResourceOptions,
  ): Promise<WithId<T>> {
    const id = options?.assignedId && resource.id ? resource.id : randomUUID();
    return this.#write((records) => records.put({ ...resource, id }, undefined));
  }

  override updateResource<T extends Resource>(
    resource: T,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    return this.#write((records) => records.put(resource, options?.ifMatch) as WithId<T>);
  }

  override deleteResource(type: string, id: string, options?: DeleteResourceOptions): Promise<void> {
    return this.#write((records) => records.remove(type, id, options?.ifMatch));
  }

  override patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    return this.#write((records) => {
      if (!Array.isArray(patch))
        throw new OperationOutcomeError(badRequest('Only JSON Patch is supported here'));
      const patched = records.read<T>(type, id);
      if (applyPatch(patched, patch).some(Boolean))
        throw new OperationOutcomeError(badRequest('The patch does not apply'));
      return records.put(patched, options?.ifMatch) as WithId<T>;
    });
  }

  override async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    await this.#turn();
    return this.#shared.records.read<T>(type, id);
  }

  override async readReference<T extends Resource>(reference: Reference<T>): Promise<WithId<T>> {
    const [type, id, ...rest] = reference.reference?.split('/') ?? [];
    if (!type || !id || rest.length > 0)
      throw new OperationOutcomeError(badRequest('Not a reference of this server'));
    return this.readResource<T>(type, id);
  }

  override readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(references.map((one) => this.readReference<T>(one).catch((error: Error) => error)));
  }

  override async readVersion<T extends Resource>(type: string, id: string, vid: string): Promise<WithId<T>> {
    await this.#turn();
    return this.#shared.records.readVersion<T>(type, id, vid);
  }

  override async readHistory<T extends Resource>(
    type: string,
    id: string,
    options?: ReadHistoryOptions,
  ): Promise<Bundle<WithId<T>>> {
    await this.#turn();
    const limit = Math.min(options?.limit ?? MOST_HISTORY, MOST_HISTORY);
    const { total, versions } = this.#shared.records.history(type, id, limit, options?.offset ?? 0);
    const entry = versions.map((version) => historyEntry<T>(type, id, version));
    return { resourceType: 'Bundle', type: 'history', total, entry };
  }

  override async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    await this.#turn();
    assertType(request.resourceType);
    const { tables, records } = this.#shared;
    const { from, values, order, limit, offset } = searchSql(request);
    const [counted] = tables.rows(`SELECT count(*) AS total ${from}`, values);
    const sql = `SELECT r.content ${from} ORDER BY ${order} LIMIT ? OFFSET ?`;
    const rows = tables.rows(sql, [...values, limit, offset]);
    return {
      resourceType: 'Bundle',
      type: 'searchset',
      total: Number(counted?.total),
      entry: rows.map((row) => ({
        resource: records.handOut<T>(String(row.content)),
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
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#shared.busy = promise;
    const { records } = this.#shared;
    records.begin();
    try {
      const result = await callback(new SandboxRepository(this.#shared, true) as this);
      records.commit();
      return result;
    } catch (error) {
      records.rollback();
      throw error;
    } finally {
      this.#shared.busy = undefined;
      resolve();
    }
  }

  async #turn(): Promise<void> {
    while (!this.#inTransaction && this.#shared.busy) await this.#shared.busy;
  }

  /** Runs a synchronous write as one SQLite transaction, or as part of the one under way. */
  async #write<T>(change: (records: Records) => T): Promise<T> {
    const { records } = this.#shared;
    if (this.#inTransaction) return change(records);
    await this.#turn();
    records.begin();
    try {
      const result = change(records);
      records.commit();
      return result;
    } catch (error) {
      records.rollback();
      throw error;
    }
  }
}

/** @returns a repository over one SQLite file; several requests may use it at once */
export function createRepository(tables: Tables, records: Records): FhirRepository {
  return new SandboxRepository({ tables, records, busy: undefined }, false);
}

function historyEntry<T extends Resource>(type: string, id: string, row: VersionRow): BundleEntry<WithId<T>> {
  return {
    ...(row.deleted ? {} : { resource: JSON.parse(row.content) as WithId<T> }),
    request: { method: row.deleted ? 'DELETE' : 'PUT', url: `${type}/${id}` },
    response: {
      status: row.version === 1 ? '201' : '200',
      etag: `W/"${row.version}"`,
      lastModified: new Date(row.updated_ms).toISOString(),
    },
  };
}
