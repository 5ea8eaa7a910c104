/** Turns single FHIR interactions into table rows, synchronously: what a write means, whoever runs it and in whichever transaction. */
import {
  badRequest,
  conflict,
  gone,
  notFound,
  OperationOutcomeError,
  preconditionFailed,
  type WithId,
} from '@medplum/core';
import type { OperationOutcome, Resource } from '@medplum/fhirtypes';
import { STORED_TYPES } from '../fhir/definitions.ts';
import { indexValues, referencesOf } from './index-values.ts';
import type { ResourceRow, Tables, VersionRow } from './tables.ts';

/** Resource types the sandbox knows; any other is 404, as on a real server. */
export const SANDBOX_TYPES: ReadonlySet<string> = new Set([
  ...STORED_TYPES,
  ...['Communication', 'Composition', 'DocumentReference', 'List', 'Schedule', 'Slot'],
]);

export interface RecordOptions {
  readonly clock: () => number;
  /** refuse a resource that refers to one the server does not hold, as many EHRs do */
  readonly integrity: boolean;
}

export class Records {
  readonly #tables: Tables;
  readonly #options: RecordOptions;
  /** stored JSON of the resources handed out, so that answering needs no second stringify */
  readonly #texts = new WeakMap<object, string>();
  readonly #created = new WeakSet<object>();
  /** what the transaction under way refers to: must be there when it commits */
  readonly #referred = new Set<string>();

  constructor(tables: Tables, options: RecordOptions) {
    this.#tables = tables;
    this.#options = options;
  }

  /** @returns the stored JSON of a resource that was handed out */
  textOf(resource: object): string | undefined {
    return this.#texts.get(resource);
  }

  /** @returns true when the write that handed out this resource made it */
  wasCreated(resource: object): boolean {
    return this.#created.has(resource);
  }

  begin(): void {
    this.#tables.begin();
  }

  /** References are checked here and not at each write: the entries of a transaction may refer to later ones. */
  commit(): void {
    for (const reference of this.#referred) {
      const [type, id] = reference.split('/') as [string, string];
      const row = this.#tables.find(type, id);
      if (!row || row.deleted) throw new OperationOutcomeError(conflict(`This server holds no ${reference}`));
    }
    this.#referred.clear();
    this.#tables.commit();
  }

  rollback(): void {
    this.#referred.clear();
    this.#tables.rollback();
  }

  /** Writes the next version; unchanged content makes one too, as most EHRs do. */
  put<T extends Resource>(resource: T, ifMatch: string | undefined): WithId<T> {
    const { resourceType: type, id } = resource;
    if (id === undefined || !/^[A-Za-z0-9\-.]{1,64}$/.test(id))
      throw new OperationOutcomeError(
        badRequest('An id is 1 to 64 letters, digits, "-" or "."', `${type}.id`),
      );
    const row = this.#find(type, id);
    matchVersion(row, ifMatch);
    if (this.#options.integrity) referencesOf(resource, this.#referred);
    const nowMs = this.#options.clock();
    const version = (row?.version ?? 0) + 1;
    const meta = { ...resource.meta, versionId: String(version), lastUpdated: new Date(nowMs).toISOString() };
    const stored = { ...resource, id, meta };
    const content = JSON.stringify(stored);
    if (row) this.#tables.replace(type, row, version, nowMs, content, indexValues(stored));
    else this.#tables.insert(type, id, nowMs, content, indexValues(stored));
    this.#texts.set(stored, content);
    if (!row || row.deleted) this.#created.add(stored);
    return stored;
  }

  /** Deleting what is deleted already is nothing. */
  remove(type: string, id: string, ifMatch: string | undefined): void {
    const row = this.#find(type, id);
    if (!row) throw new OperationOutcomeError(notFound);
    if (row.deleted) return;
    matchVersion(row, ifMatch);
    this.#tables.replace(type, row, row.version + 1, this.#options.clock(), '', []);
  }

  read<T extends Resource>(type: string, id: string): WithId<T> {
    const row = this.#find(type, id);
    if (!row) throw new OperationOutcomeError(notFound);
    if (row.deleted) throw new OperationOutcomeError(gone);
    return this.handOut<T>(row.content);
  }

  readVersion<T extends Resource>(type: string, id: string, vid: string): WithId<T> {
    const row = this.#find(type, id);
    const wanted = Number(vid);
    const [version] =
      row && wanted <= row.version ? this.#tables.versions(row.key, 1, row.version - wanted) : [];
    if (version?.version !== wanted) throw new OperationOutcomeError(notFound);
    if (version.deleted) throw new OperationOutcomeError(gone);
    return this.handOut<T>(version.content);
  }

  /** newest first, with the count of all versions */
  history(
    type: string,
    id: string,
    limit: number,
    offset: number,
  ): { total: number; versions: VersionRow[] } {
    const row = this.#find(type, id);
    if (!row) throw new OperationOutcomeError(notFound);
    return { total: row.version, versions: this.#tables.versions(row.key, limit, offset) };
  }

  /** Parses stored JSON, remembering its text. */
  handOut<T extends Resource>(content: string): WithId<T> {
    const resource = JSON.parse(content) as WithId<T>;
    this.#texts.set(resource, content);
    return resource;
  }

  #find(type: string, id: string): ResourceRow | undefined {
    assertType(type);
    return this.#tables.find(type, id);
  }
}

/** @throws OperationOutcomeError (404) for a resource type the sandbox does not know */
export function assertType(type: string): void {
  if (SANDBOX_TYPES.has(type)) return;
  const unknown: OperationOutcome = structuredClone(notFound);
  unknown.issue[0]!.diagnostics =
    'This server does not know that resource type; GET /metadata lists the ones it does';
  throw new OperationOutcomeError(unknown);
}

function matchVersion(row: ResourceRow | undefined, ifMatch: string | undefined): void {
  if (ifMatch === undefined) return;
  if (!row || row.deleted || String(row.version) !== ifMatch)
    throw new OperationOutcomeError(preconditionFailed);
}
