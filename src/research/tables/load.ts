/** Loads the tables that there are: views of the standard, tables derived from them, and reference lists; shipped ones, and one's own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { type Checked, issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { csvRows } from '../../source/csv-rows.ts';
import { READ_LIMITS } from '../../source/limits.ts';
import { type CompiledView, compileView } from '../view/compile.ts';
import { type DerivedTable, readTableFile } from './table-file.ts';

/** A list that tables are held against, such as the thresholds of scores. All its columns are text. */
export interface ReferenceTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** A view of the standard. */
export interface BaseTable {
  readonly name: string;
  /** JSON of the ViewDefinition */
  readonly definition: ShippedView;
  readonly view: CompiledView;
}

/** What of a ViewDefinition's JSON is read here. */
export interface ShippedView {
  readonly resourceType: 'ViewDefinition';
  readonly name: string;
  readonly resource: string;
  readonly url?: string;
  readonly title?: string;
  readonly description?: string;
}

export interface TableSet {
  readonly base: ReadonlyMap<string, BaseTable>;
  readonly reference: ReadonlyMap<string, ReferenceTable>;
  /** each behind those that it depends on */
  readonly derived: ReadonlyMap<string, DerivedTable>;
}

/** Made from the settings of a run, not from a file. */
export const SETTING_TABLES = ['setting', 'population'] as const;

const VIEW = '.view.json';
const SQL = '.sql';

/**
 * @param folders the shipped one, then one's own: a table of a later folder stands in the place of an earlier one's
 * @returns the tables; or all that is wrong with them: rules `table-file`, `table-name`, `table-missing`, `table-circle`, and those of views
 */
export async function loadTables(
  folders: readonly string[],
  definitions: Definitions,
): Promise<Checked<TableSet>> {
  const loading = new Loading(definitions);
  for (const folder of folders) await loading.take(folder);
  return loading.end();
}

class Loading {
  readonly #definitions: Definitions;
  readonly #issues: OperationOutcomeIssue[] = [];
  readonly #base = new Map<string, BaseTable>();
  readonly #reference = new Map<string, ReferenceTable>();
  readonly #derived = new Map<string, DerivedTable>();

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  async take(folder: string): Promise<void> {
    for (const file of namesIn(folder)) {
      const text = (): string => readFileSync(join(folder, file), 'utf8');
      if (file.endsWith(VIEW)) this.#takeView(file, text());
      else if (file.endsWith(SQL)) this.#takeSql(file, text());
    }
    const lists = join(folder, 'reference');
    for (const file of namesIn(lists).filter((one) => one.endsWith('.csv')))
      await this.#takeList(file.slice(0, -'.csv'.length), readFileSync(join(lists, file), 'utf8'));
  }

  end(): Checked<TableSet> {
    const derived = this.#inOrder();
    for (const name of this.#sharedNames())
      this.#fault('table-name', name, 'more than one table has this name: rename the file');
    if (this.#issues.length > 0) return { ok: false, outcome: outcomeOf(...this.#issues) };
    return { ok: true, value: { base: this.#base, reference: this.#reference, derived } };
  }

  #takeView(file: string, text: string): void {
    const definition = jsonIn(text);
    if (definition === undefined) return this.#fault('table-file', file, 'this is no JSON');
    const compiled = compileView(definition, this.#definitions);
    if (!compiled.ok) {
      for (const issue of compiled.outcome.issue)
        this.#issues.push({ ...issue, diagnostics: `${file}: ${issue.diagnostics}` });
      return;
    }
    const name = file.slice(0, -VIEW.length);
    if (compiled.value.name !== name)
      return this.#fault('table-name', file, `the view must have the name ${name}, as its file has`);
    this.#base.set(name, { name, definition: definition as ShippedView, view: compiled.value });
  }

  #takeSql(file: string, text: string): void {
    const read = readTableFile(file.slice(0, -SQL.length), text);
    if (read.ok) this.#derived.set(read.value.name, read.value);
    else this.#issues.push(...read.outcome.issue);
  }

  async #takeList(name: string, text: string): Promise<void> {
    const [columns, ...rows] = await cellsOf(text);
    if (columns === undefined || !columns.every((one) => /^[a-z][a-z0-9_]*$/.test(one)))
      return this.#fault('table-file', `${name}.csv`, 'the first line names the columns in small letters');
    const wrong = rows.findIndex((row) => row.length !== columns.length);
    if (wrong >= 0)
      return this.#fault(
        'table-file',
        `${name}.csv`,
        `row ${wrong + 1} has not as many values as there are columns`,
      );
    this.#reference.set(name, { name, columns, rows });
  }

  /** Engines make no difference between capital and small letters. */
  #sharedNames(): ReadonlySet<string> {
    const kinds = [this.#base, this.#reference, this.#derived];
    const names = [...SETTING_TABLES, ...kinds.flatMap((kind) => [...kind.keys()])].map((name) =>
      name.toLowerCase(),
    );
    return new Set(names.filter((name, at) => names.indexOf(name) !== at));
  }

  /** @returns the derived tables, each behind what it depends on */
  #inOrder(): Map<string, DerivedTable> {
    const ordered = new Map<string, DerivedTable>();
    const under: string[] = [];
    const visit = (table: DerivedTable): void => {
      if (ordered.has(table.name)) return;
      if (under.includes(table.name))
        return this.#fault(
          'table-circle',
          `${table.name}.sql`,
          `it depends on itself, by ${under.join(', ')}`,
        );
      under.push(table.name);
      for (const name of table.depends) {
        const other = this.#derived.get(name);
        if (other) visit(other);
        else if (!this.#isThere(name))
          this.#fault('table-missing', `${table.name}.sql`, `it depends on ${name}, which is not there`);
      }
      under.pop();
      ordered.set(table.name, table);
    };
    for (const table of this.#derived.values()) visit(table);
    return ordered;
  }

  #isThere(name: string): boolean {
    return (
      this.#base.has(name) ||
      this.#reference.has(name) ||
      (SETTING_TABLES as readonly string[]).includes(name)
    );
  }

  #fault(rule: string, file: string, what: string): void {
    this.#issues.push(
      issueOf({ rule, code: 'structure', expression: file, diagnostics: `${file}: ${what}.` }),
    );
  }
}

/** @returns each row; one that is no CSV as a row of no values */
async function cellsOf(text: string): Promise<(readonly string[])[]> {
  const rows: (readonly string[])[] = [];
  for await (const batch of csvRows(only(text), READ_LIMITS))
    for (const row of batch) rows.push(row.ok ? row.cells : []);
  return rows;
}

async function* only(text: string): AsyncGenerator<string> {
  yield text.replace(/^\uFEFF/, '');
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** @returns names of the base tables that these tables are made of, themselves included */
export function basesOf({ base, derived }: TableSet, names: Iterable<string>): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name)) return;
    seen.add(name);
    if (base.has(name)) found.add(name);
    for (const other of derived.get(name)?.depends ?? []) visit(other);
  };
  for (const name of names) visit(name);
  return found;
}
