/** What the records of a batch write, kept together until the batch ends or somebody has to read it: each table is written once. */
import type { AuditRow } from '../../audit-chain.ts';
import type { NewWork } from '../../work-items.ts';
import { appendAudit, type ChainEnd } from '../audit-rows.ts';
import { putContributions, putSayings } from '../contribution-rows.ts';
import { deleteIndexRows, type IndexChange, insertIndexRows, type Names, type RowOf } from '../index-rows.ts';
import { enqueue, type NewEntry } from '../outbox-rows.ts';
import { putPersonLinks } from '../person-rows.ts';
import { insertRecordPatients, insertRecords } from '../record-rows.ts';
import { type IndexedRow, insertHistory, putResources, type ResourceRow } from '../resource-rows.ts';
import { putLabels, settleAgreed } from '../seal-rows.ts';
import { putOwnLinks } from '../standing-rows.ts';
import type { SqlValue, Step } from '../statement.ts';
import { insertRefusedPayloads, putWork } from '../work-rows.ts';
import type { Said } from './view.ts';

/** Rows by what must be unique among them. */
type Keyed = Map<string, readonly SqlValue[]>;

export class Pending {
  readonly #names: Names;
  readonly #nowMs: number;
  #chainEnd: ChainEnd | undefined;
  readonly records: Keyed = new Map();
  readonly recordPatients: SqlValue[][] = [];
  readonly #resources = new Map<number, IndexedRow>();
  /** persons whose Consents are written */
  readonly #agreeing = new Set<string>();
  readonly #history: ResourceRow[] = [];
  readonly #gone: RowOf[] = [];
  readonly #fresh: RowOf[] = [];
  readonly contributions: Keyed = new Map();
  readonly #sayings = new Map<string, { type: string; id: string; said: Said }>();
  readonly links: Keyed = new Map();
  /** what targets hold since they said it themselves */
  readonly targetLinks: Keyed = new Map();
  readonly deliveries: NewEntry[] = [];
  readonly #work = new Map<string, NewWork>();
  readonly payloads: Keyed = new Map();
  readonly audit: Omit<AuditRow, 'seq'>[] = [];

  constructor(names: Names, nowMs: number) {
    this.#names = names;
    this.#nowMs = nowMs;
  }

  /** A resource's first version, or one in place of another, with the search rows that it changes. */
  *putResource(row: ResourceRow, before: ResourceRow | undefined, index: IndexChange): Step<void> {
    if (this.#resources.has(row.rid)) yield* this.flush(); // its search rows go in order
    if (before) this.#history.push(before);
    if (row.type === 'Consent')
      for (const one of [row, before]) if (one?.person_id) this.#agreeing.add(one.person_id);
    this.#resources.set(row.rid, { ...row, present: index.present });
    for (const one of index.gone) this.#gone.push({ rid: row.rid, row: one });
    for (const one of index.fresh) this.#fresh.push({ rid: row.rid, row: one });
  }

  putSaying(type: string, id: string, said: Said): void {
    this.#sayings.set(`${type}/${id}/${said.saying}`, { type, id, said });
  }

  /** An item that is opened twice is opened twice: what stands in it decides whether it opens again. */
  *openWork(item: NewWork): Step<void> {
    if (this.#work.has(item.id)) yield* this.flush();
    this.#work.set(item.id, item);
  }

  /** Writes everything, so that statements see it. */
  *flush(): Step<void> {
    yield* insertRecords(taken(this.records));
    yield* insertRecordPatients(this.recordPatients.splice(0));
    yield* insertHistory(this.#history.splice(0));
    const resources = [...this.#resources.values()];
    this.#resources.clear();
    yield* putResources(resources);
    yield* putLabels(resources);
    yield* settleAgreed(this.#agreeing);
    this.#agreeing.clear();
    yield* deleteIndexRows(this.#names, this.#gone.splice(0));
    yield* insertIndexRows(this.#names, this.#fresh.splice(0));
    yield* putContributions(taken(this.contributions));
    yield* putSayings([...this.#sayings.values()].map(sayingRow));
    this.#sayings.clear();
    yield* putPersonLinks(taken(this.links));
    yield* putOwnLinks(taken(this.targetLinks));
    yield* enqueue(this.deliveries.splice(0), this.#nowMs);
    yield* putWork([...this.#work.values()], this.#nowMs);
    this.#work.clear();
    yield* insertRefusedPayloads(taken(this.payloads));
    if (this.audit.length > 0) this.#chainEnd = yield* appendAudit(this.audit.splice(0), this.#chainEnd);
  }

  /** Writes everything before statements that write audit rows of their own. */
  *flushForOthers(): Step<void> {
    yield* this.flush();
    this.#chainEnd = undefined;
  }
}

function sayingRow({ type, id, said }: { type: string; id: string; said: Said }): SqlValue[] {
  const { saying, digest, partial, sourceTimeMs, recordId, resource } = said;
  return [type, id, saying, digest, partial ? 1 : 0, sourceTimeMs, recordId, JSON.stringify(resource)];
}

function taken(rows: Keyed): (readonly SqlValue[])[] {
  const all = [...rows.values()];
  rows.clear();
  return all;
}
