/** Turns the adapter's store and the sandbox EHR's file into what each holds, to be compared once both have stopped. */
import { DatabaseSync } from 'node:sqlite';
import type { Resource } from '@medplum/fhirtypes';
import { canonicalJson } from '../../src/fhir/digest.ts';

const VERSION = /\/_history\/\d+"/g;

/** One resource as held. */
export interface Held {
  readonly versions: number;
  readonly isDeleted: boolean;
  /**
   * canonical, without what each side has of its own: `meta`, and versions in references; '' when deleted
   */
  readonly content: string;
}

/** @returns resources by `Type/id` */
export function heldByAdapter(file: string): Map<string, Held> {
  return heldIn(
    file,
    `SELECT type, id, version AS versions, state <> 'current' AS deleted, content FROM resource`,
  );
}

/** @returns resources by `Type/id`; versions are counted, not believed */
export function heldBySandbox(file: string): Map<string, Held> {
  return heldIn(
    file,
    `SELECT type, id, deleted, content,
       1 + (SELECT count(*) FROM older_version WHERE resource_key = resource.key) AS versions FROM resource`,
  );
}

export interface HeldRow {
  readonly type: string;
  readonly id: string;
  readonly versions: number;
  readonly deleted: number;
  readonly content: string | null;
}

function heldIn(file: string, sql: string): Map<string, Held> {
  return heldOf(rows<HeldRow>(file, sql));
}

/** @returns resources by `Type/id` @throws Error when one is there twice */
export function heldOf(rows: readonly HeldRow[]): Map<string, Held> {
  const held = new Map<string, Held>();
  for (const row of rows) {
    const key = `${row.type}/${row.id}`;
    if (held.has(key)) throw new Error(`${key} is there twice`);
    const isDeleted = row.deleted === 1;
    held.set(key, { versions: row.versions, isDeleted, content: isDeleted ? '' : shared(row.content!) });
  }
  return held;
}

/** @returns `kind/key` of every source record, as often as it is stored */
export function storedRecords(file: string): string[] {
  return rows<{ name: string }>(file, `SELECT kind || '/' || record_key AS name FROM source_record`).map(
    (row) => row.name,
  );
}

/** @returns deliveries that are still in line, in whatever state */
export function undelivered(file: string): number {
  return rows<{ n: number }>(file, 'SELECT count(*) AS n FROM outbox')[0]!.n;
}

/** A delivery that waits for a person, or for consent. */
export interface Stuck {
  /** `Type/id` */
  readonly key: string;
  readonly state: 'parked' | 'held';
  /** our rule that stopped it */
  readonly rule: string;
}

export function stuckDeliveries(file: string): Stuck[] {
  return rows<Stuck>(
    file,
    `SELECT type || '/' || id AS key, state, json_extract(outcome, '$.issue[0].details.coding[0].code') AS rule
     FROM outbox WHERE state IN ('parked', 'held')`,
  );
}

function rows<T>(file: string, sql: string): T[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return database.prepare(sql).all() as T[];
  } finally {
    database.close();
  }
}

function shared(json: string): string {
  return canonicalJson({ ...(JSON.parse(json) as Resource), meta: undefined }).replaceAll(VERSION, '"');
}
