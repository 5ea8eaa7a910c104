/** Turns codes in tables into what they are called: a reader of a report has no code lists. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CodeSystem } from '@medplum/fhirtypes';

const PROFILES = join(import.meta.dirname, '..', '..', '..', 'profiles');

/** CodeSystems of ours, by the column that has their codes. */
const SYSTEMS: Readonly<Record<string, string>> = {
  score: 'score',
  instrument: 'instrument',
  determinant: 'determinant',
  determinant_code: 'determinant',
  need_code: 'need',
  kind_code: 'support-kind',
};

/** @source NHS Data Dictionary, ETHNIC CATEGORY CODE 2001 */
const ETHNIC_CATEGORY: Readonly<Record<string, string>> = {
  A: 'White: British',
  B: 'White: Irish',
  C: 'White: any other White background',
  D: 'Mixed: White and Black Caribbean',
  E: 'Mixed: White and Black African',
  F: 'Mixed: White and Asian',
  G: 'Mixed: any other mixed background',
  H: 'Asian or Asian British: Indian',
  J: 'Asian or Asian British: Pakistani',
  K: 'Asian or Asian British: Bangladeshi',
  L: 'Asian or Asian British: any other Asian background',
  M: 'Black or Black British: Caribbean',
  N: 'Black or Black British: African',
  P: 'Black or Black British: any other Black background',
  R: 'Other ethnic groups: Chinese',
  S: 'Other ethnic groups: any other ethnic group',
  Z: 'Not stated',
  '99': 'Not known',
};

const read = new Map<string, Readonly<Record<string, string>>>([['ethnic_category', ETHNIC_CATEGORY]]);

function wordsFor(column: string): Readonly<Record<string, string>> {
  const known = read.get(column);
  if (known) return known;
  const system = SYSTEMS[column];
  const words = system === undefined ? {} : displaysOf(system);
  read.set(column, words);
  return words;
}

function displaysOf(system: string): Readonly<Record<string, string>> {
  const file = join(PROFILES, `CodeSystem-${system}.json`);
  const { concept = [] } = JSON.parse(readFileSync(file, 'utf8')) as CodeSystem;
  return Object.fromEntries(concept.map(({ code = '', display }) => [code, display ?? code]));
}

/** What of a table is looked at here. */
interface Coded {
  readonly columns: readonly { readonly name: string; readonly role: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

/** Columns whose codes are of the list that another column of the row names. */
const NAMED_BY: Readonly<Record<string, string>> = { name: 'kind', group: 'dimension' };

/** @returns the table, with the names of codes that are known here; what is no code of them stays */
export function inWords<Table extends Coded>(table: Table): Table {
  const { columns, rows } = table;
  const namedBy = columns.map(({ name }) => columns.findIndex((one) => one.name === NAMED_BY[name]));
  return {
    ...table,
    rows: rows.map((cells) =>
      cells.map((cell, at) => {
        if (typeof cell !== 'string' || columns[at]!.role !== 'dimension') return cell;
        const by = namedBy[at]!;
        const words = wordsFor(by < 0 ? columns[at]!.name : String(cells[by]));
        return Object.hasOwn(words, cell) ? words[cell] : cell;
      }),
    ),
  };
}
