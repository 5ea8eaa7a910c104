/** What a report is made from: tables of counts in which small numbers are suppressed already, and what they are about. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import {
  type ColumnRole,
  isSuppressed,
  type SmallNumbers,
  SUPPRESSED,
  type Suppressed,
} from '../disclosure/table.ts';
import { inWords } from './code-words.ts';

export interface ReportColumn {
  readonly name: string;
  readonly type: string;
  readonly role: ColumnRole;
  readonly description: string;
}

export interface ReportTable {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly columns: readonly ReportColumn[];
  /** a cell is a text, a number, null, or a suppressed one */
  readonly rows: readonly (readonly unknown[])[];
}

/** A number of people that may be suppressed. */
export type Told = number | Suppressed;

/** What the reader has to know of the people and the time that the tables speak of. */
export interface ReportAbout {
  readonly title: string;
  /** days as `2025-04-01`, both in it */
  readonly period: { readonly start: string; readonly end: string };
  readonly organisations: readonly string[];
  /** day on which it was made */
  readonly madeOn: string;
  readonly population: {
    /** who is in the tables, in one sentence */
    readonly description: string;
    readonly people: Told;
    readonly leftOut: readonly { readonly reason: string; readonly people: Told }[];
  };
  readonly smallNumbers: SmallNumbers;
}

/** @returns the number of a cell, where one is told */
export function numberOf(cell: unknown): number | undefined {
  return typeof cell === 'number' && Number.isFinite(cell) ? cell : undefined;
}

/** @returns the number of a cell, or that it is suppressed; undefined where it is not known */
export function toldOf(cell: unknown): Told | undefined {
  return isSuppressed(cell) ? SUPPRESSED : numberOf(cell);
}

/** A row by the names of its columns. */
export type Row = Readonly<Record<string, unknown>>;

/** The tables by name, codes told by their names; one that is not there has no rows. */
export class Tables {
  readonly #byName: ReadonlyMap<string, ReportTable>;
  readonly #total: string;

  /** @throws AdapterError where a table tells a number that should have been suppressed: nothing is made of it */
  constructor(tables: readonly ReportTable[], { smallNumbers, population }: ReportAbout) {
    const least = leastTold(smallNumbers);
    this.#total = smallNumbers.total ?? TOTAL;
    for (const table of tables) refuseSmall(table, least);
    for (const { people } of [population, ...population.leftOut])
      refuseSmallNumber(people, least, POPULATION);
    this.#byName = new Map(tables.map((table) => [table.name, inWords(table)]));
  }

  find(name: string): ReportTable | undefined {
    return this.#byName.get(name);
  }

  /** @returns the rows without those that add up the others */
  rows(name: string): Row[] {
    const table = this.find(name);
    if (table === undefined) return [];
    const isTotal = (cells: readonly unknown[]): boolean =>
      table.columns.some(({ role }, at) => role === 'dimension' && cells[at] === this.#total);
    return table.rows.flatMap((cells) =>
      isTotal(cells) ? [] : [Object.fromEntries(table.columns.map((column, at) => [column.name, cells[at]]))],
    );
  }
}

/** Suppression is done before; that a small number has come this far is a fault that must not be published. */
function refuseSmall({ name, columns, rows }: ReportTable, least: number): void {
  const counts = columns.flatMap(({ role }, at) => (role === 'count' || role === 'denominator' ? [at] : []));
  for (const cells of rows)
    for (const at of counts) refuseSmallNumber(cells[at], least, `${name}.${columns[at]!.name}`);
}

/** A number that is told may have been rounded down. */
function leastTold({ below, roundTo }: SmallNumbers): number {
  return Math.min(below, Math.round(below / roundTo) * roundTo);
}

const TOTAL = 'All';
const POPULATION = 'population.people';

function refuseSmallNumber(cell: unknown, least: number, place: string): void {
  const count = numberOf(cell);
  if (count === undefined || count <= 0 || count >= least) return;
  throw new AdapterError(
    'permanent',
    issueOf({
      rule: 'report-small-number',
      code: 'security',
      expression: place,
      diagnostics: `${place} tells a number below ${least}; suppress small numbers before a report is made of them.`,
    }),
  );
}
