/** Counts how many rows look alike by what might be known of somebody, and leaves out those that too few others look like. */
import { createHash } from 'node:crypto';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

export interface AnonymitySettings {
  /** fewest rows that look alike; default 5 */
  readonly k: number;
  /** columns by which somebody might be known: quasi-identifiers */
  readonly columns: readonly string[];
  /** what is done about rows that fewer look like; default `suppress` */
  readonly otherwise: 'suppress' | 'refuse' | 'report';
  /** column that groups should differ in: where all of a group have one value, it is known of each of them */
  readonly sensitive?: string | undefined;
  /** fewest values of it in a group; default 2 */
  readonly l?: number;
}

export interface AnonymityReport {
  readonly k: number;
  readonly columns: readonly string[];
  readonly rows: number;
  readonly groups: number;
  /** rows of the smallest group; undefined where there are no rows */
  readonly smallest: number | undefined;
  readonly groupsBelow: number;
  readonly rowsBelow: number;
  /** groups that have fewer than `l` values of the sensitive column; undefined where none is named */
  readonly groupsAlike: number | undefined;
  readonly rowsAlike: number | undefined;
  readonly otherwise: AnonymitySettings['otherwise'];
}

interface Group {
  rows: number;
  /** no more than `l` of them */
  readonly values: Set<string>;
}

/** Takes all rows once, then says of each whether it may be told. Memory is by group, not by row. */
export class Anonymity {
  readonly #settings: AnonymitySettings;
  readonly #places: readonly number[];
  readonly #sensitive: number | undefined;
  readonly #groups = new Map<string, Group>();
  #rows = 0;

  /** @param columns of the table @throws AdapterError rule `k-anonymity-column` where one that is named is not there */
  constructor(settings: AnonymitySettings, columns: readonly string[]) {
    this.#settings = settings;
    this.#places = settings.columns.map((name) => placeOf(name, columns));
    this.#sensitive = settings.sensitive === undefined ? undefined : placeOf(settings.sensitive, columns);
  }

  add(row: readonly unknown[]): void {
    this.#rows++;
    const key = this.#keyOf(row);
    let group = this.#groups.get(key);
    if (!group) {
      group = { rows: 0, values: new Set() };
      this.#groups.set(key, group);
    }
    group.rows++;
    if (this.#sensitive !== undefined && group.values.size < (this.#settings.l ?? 2))
      group.values.add(JSON.stringify(row[this.#sensitive] ?? null));
  }

  /** @returns whether a row may be told: enough others look like it, or only a report is wanted */
  mayTell(row: readonly unknown[]): boolean {
    if (this.#settings.otherwise === 'report') return true;
    const group = this.#groups.get(this.#keyOf(row));
    return group !== undefined && !this.#isBelow(group) && !this.#isAlike(group);
  }

  /** @throws AdapterError rule `k-anonymity` where the settings refuse a table with such rows */
  report(): AnonymityReport {
    const { k, columns, otherwise, sensitive } = this.#settings;
    const report = { groupsBelow: 0, rowsBelow: 0, groupsAlike: 0, rowsAlike: 0 };
    let smallest: number | undefined;
    for (const group of this.#groups.values()) {
      smallest = Math.min(smallest ?? group.rows, group.rows);
      if (this.#isBelow(group)) {
        report.groupsBelow++;
        report.rowsBelow += group.rows;
      } else if (this.#isAlike(group)) {
        report.groupsAlike++;
        report.rowsAlike += group.rows;
      }
    }
    if (otherwise === 'refuse' && report.groupsBelow + report.groupsAlike > 0) throw this.#refusal();
    const alike = sensitive === undefined ? { groupsAlike: undefined, rowsAlike: undefined } : {};
    return {
      k,
      columns,
      rows: this.#rows,
      groups: this.#groups.size,
      smallest,
      ...report,
      ...alike,
      otherwise,
    };
  }

  #isBelow({ rows }: Group): boolean {
    return rows < this.#settings.k;
  }

  #isAlike({ values }: Group): boolean {
    return this.#sensitive !== undefined && values.size < (this.#settings.l ?? 2);
  }

  /** A digest, so that a group takes the same room however long its values are. */
  #keyOf(row: readonly unknown[]): string {
    const text = JSON.stringify(this.#places.map((at) => row[at] ?? null));
    return text.length <= 44 ? text : createHash('sha256').update(text).digest('base64');
  }

  #refusal(): AdapterError {
    const { k, columns } = this.#settings;
    const diagnostics = `Some people are alike with fewer than ${k - 1} others in ${columns.join(', ')}: nothing was written. Make these columns coarser in the rules, leave one out of the view, or set research.kAnonymity.otherwise to "suppress".`;
    return new AdapterError('permanent', issueOf({ rule: 'k-anonymity', code: 'security', diagnostics }));
  }
}

function placeOf(name: string, columns: readonly string[]): number {
  const at = columns.indexOf(name);
  if (at >= 0) return at;
  const diagnostics = `The table has no column ${name}, which research.kAnonymity names: it has ${columns.join(', ')}.`;
  throw new AdapterError(
    'permanent',
    issueOf({ rule: 'k-anonymity-column', code: 'not-found', diagnostics }),
  );
}
