/** Says of made tables how they were made, and of whom, without a number that should not be told. */
import type { AnonymityReport } from './disclosure/k-anonymity.ts';
import { tell } from './disclosure/suppress.ts';
import type { SmallNumbers } from './disclosure/table.ts';
import type { Made } from './make.ts';

/** What the manifest says beside what is in the tables. */
export interface ManifestAbout {
  /** ISO time */
  readonly madeAt: string;
  /** version of the adapter */
  readonly version: string;
  /** tells exports under one key from those under another */
  readonly key: string;
  readonly smallNumbers: SmallNumbers;
  readonly counted: 'consented' | 'everyone';
}

export interface Written {
  readonly name: string;
  readonly rows: number;
}

/** Numbers of people in it are told as those of the tables are. */
export function manifestOf(
  { cohort, anonymity, tables }: Made,
  written: readonly Written[],
  about: ManifestAbout,
): object {
  const { smallNumbers } = about;
  const leftOut = Object.entries(cohort.leftOut).map(([reason, people]) => [
    reason,
    tell(people, smallNumbers),
  ]);
  const rowsOf = new Map(written.map(({ name, rows }) => [name, rows]));
  return {
    ...about,
    people: {
      in: tell(cohort.size, smallNumbers),
      leftOut: Object.fromEntries(leftOut),
      optOuts: cohort.optOuts,
    },
    ...(anonymity ? { kAnonymity: toldOf(anonymity, smallNumbers) } : {}),
    tables: tables.map(({ kind, table }) => ({
      ...{ name: table.name, title: table.title, description: table.description, kind },
      rows: rowsOf.get(table.name),
      columns: table.columns.map(({ name, type, role, description }) => ({ name, type, role, description })),
    })),
  };
}

/** Without the numbers of people that could be subtracted from each other. */
function toldOf({ k, columns, otherwise, ...counts }: AnonymityReport, smallNumbers: SmallNumbers): object {
  const { rows, groups, rowsBelow, rowsAlike } = counts;
  return {
    ...{ k, columns, otherwise, groups },
    people: tell(rows, smallNumbers),
    peopleBelow: tell(rowsBelow, smallNumbers),
    ...(rowsAlike === undefined ? {} : { peopleAlike: tell(rowsAlike, smallNumbers) }),
  };
}
