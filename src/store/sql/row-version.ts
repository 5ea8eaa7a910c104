/** A row of the table of resources, and the version that it is. */
import type { Identified, StoredVersion } from '../store.ts';

/** A current row as it stands in the table. */
export interface ResourceRow {
  readonly rid: number;
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly last_updated_ms: number;
  readonly state: StoredVersion['state'];
  readonly owner_org: string;
  readonly person_id: string | null;
  readonly digest: string;
  readonly made: StoredVersion['made'] | null;
  readonly content: string | null;
}

/** A class, since pages of them are made: the content is parsed when it is first asked for, and most who read it send its text. */
export class RowVersion implements StoredVersion {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly lastUpdatedMs: number;
  readonly personId: string | undefined;
  readonly ownerOrg: string;
  readonly digest: string;
  readonly made: StoredVersion['made'];
  readonly state: StoredVersion['state'];
  readonly #content: string | null;
  #resource: Identified | undefined;

  constructor(row: ResourceRow) {
    this.type = row.type;
    this.id = row.id;
    this.version = row.version;
    this.lastUpdatedMs = row.last_updated_ms;
    this.personId = row.person_id ?? undefined;
    this.ownerOrg = row.owner_org;
    this.digest = row.digest;
    this.made = row.made ?? undefined;
    this.state = row.state;
    this.#content = row.content;
  }

  get text(): string | undefined {
    return this.#content ?? undefined;
  }

  get resource(): Identified | undefined {
    if (this.#content !== null) this.#resource ??= JSON.parse(this.#content) as Identified;
    return this.#resource;
  }

  /** As any version: with what it holds. */
  toJSON(): object {
    return { ...this, resource: this.resource };
  }
}
