/** Turns a store into research tables: who may be in them, without who they are; and counts, of which small ones are withheld. */
import type { Definitions } from '../fhir/definitions.ts';
import { AdapterError, type Checked } from '../fhir/outcome.ts';
import type { SeenStore, Store } from '../store/store.ts';
import { SEES_ALL } from '../store/viewer.ts';
import { asPerson } from './as-person.ts';
import { type Cohort, type CohortSettings, isWithin, readCohort } from './cohort.ts';
import { compileDeidentifier, type Deidentifier, letsWordsOut } from './deidentify/deidentify.ts';
import type { Keys } from './deidentify/keys.ts';
import type { Rules } from './deidentify/rules.ts';
import { Anonymity, type AnonymityReport, type AnonymitySettings } from './disclosure/k-anonymity.ts';
import { suppressTables } from './disclosure/suppress.ts';
import type { CountTable, ShownTable, SmallNumbers } from './disclosure/table.ts';
import type { Held } from './held.ts';
import type { OptOutSettings } from './opt-outs.ts';
import { type Places, withPlace } from './places/places.ts';
import { basesOf, type TableSet } from './tables/load.ts';
import type { DerivedTable } from './tables/table-file.ts';
import { type TableSettings, Workbench } from './tables/workbench.ts';
import { OneRun } from './view/one-run.ts';
import { heldIn } from './walk.ts';

export interface MakeSettings {
  readonly optOut: OptOutSettings | undefined;
  /** people whose opt-out cannot be looked up */
  readonly withoutNumber: 'in' | 'out';
  /** whether organisations are named by their ODS codes */
  readonly organisations: 'hidden' | 'named';
  /** whom counts are about: those who agreed, or everybody but restricted people */
  readonly counted: 'consented' | 'everyone';
  readonly smallNumbers: SmallNumbers;
  readonly kAnonymity: AnonymitySettings;
  readonly tables: TableSettings;
}

export interface MakeOptions {
  readonly store: Pick<Store, 'seenBy'>;
  readonly definitions: Definitions;
  readonly tables: TableSet;
  /** of the derived tables; those that they are made of are made too */
  readonly names: readonly string[];
  readonly rules: Rules;
  readonly keys: Keys;
  readonly places: Places | undefined;
  readonly settings: MakeSettings;
  readonly nowMs: number;
  /** addresses of this service, with a slash at the end: what is referred to there is in the store */
  readonly ownBases?: readonly string[];
  /** folder for what is kept meanwhile: on a disk of this machine that nobody else reads */
  readonly folder: string;
  /** told of each type before it is read */
  readonly progress?: (type: string) => void;
}

/** A table that may be given away. */
export type MadeTable =
  | { readonly kind: 'row'; readonly table: DerivedTable; rows(): Iterable<readonly unknown[]> }
  | { readonly kind: 'aggregate'; readonly table: DerivedTable; readonly shown: ShownTable };

export interface Made {
  readonly tables: readonly MadeTable[];
  readonly cohort: Pick<Cohort, 'size' | 'leftOut' | 'optOuts'>;
  /** undefined where no table of people is among those that were asked for */
  readonly anonymity: AnonymityReport | undefined;
}

/** Table that says by what somebody might be known. */
const PEOPLE = 'patients';
const PERSON = 'patient_key';

/**
 * Makes tables and hands them on while they are there.
 * @throws AdapterError where anything is wrong: then `use` was not called, and nothing is left
 */
export async function makeTables<T>(options: MakeOptions, use: (made: Made) => Promise<T>): Promise<T> {
  const { tables, names, settings, folder } = options;
  const asked = names.map((name) => tables.derived.get(name)!);
  const rows = Workbench.open(folder, tables, settings.tables);
  const counts = Workbench.open(folder, tables, settings.tables);
  try {
    const making = await Making.begin(options);
    const ofKind = (kind: DerivedTable['kind']): string[] =>
      asked.flatMap((table) => (table.kind === kind ? [table.name] : []));
    const [rowNames, countNames] = [ofKind('row'), ofKind('aggregate')];
    await making.fill({ rows, counts, rowNames, countNames });
    const anonymity = rowNames.length > 0 ? leaveOutAlike(rows, options) : undefined;
    rows.derive(rowNames);
    counts.derive(countNames);
    const shown = shownOf(counts, asked, settings.smallNumbers);
    const made = asked.map(
      (table): MadeTable =>
        table.kind === 'row'
          ? { kind: 'row', table, rows: () => rows.rows(table.name) }
          : { kind: 'aggregate', table, shown: shown.get(table.name)! },
    );
    return await use({ tables: made, cohort: making.cohort, anonymity });
  } finally {
    rows.close();
    counts.close();
  }
}

interface Benches {
  readonly rows: Workbench;
  readonly counts: Workbench;
  readonly rowNames: readonly string[];
  readonly countNames: readonly string[];
}

class Making {
  readonly cohort: Cohort;
  readonly #options: MakeOptions;
  readonly #counted: Cohort;
  readonly #deidentifier: Deidentifier;
  readonly #seen: Pick<SeenStore, 'extract'>;

  static async begin(options: MakeOptions): Promise<Making> {
    const { store, settings, nowMs } = options;
    const seen = store.seenBy(SEES_ALL);
    const cohortOf = (needsConsent: boolean): Promise<Cohort> => {
      const walk = (type: string) => heldIn(seen, { type, asOfMs: nowMs });
      const people = { patients: walk('Patient'), consents: walk('Consent') };
      return readCohort({ ...cohortSettings(options), needsConsent }, people, nowMs);
    };
    const cohort = await cohortOf(true);
    const counted = settings.counted === 'everyone' ? await cohortOf(false) : cohort;
    return new Making(options, seen, cohort, counted);
  }

  private constructor(
    options: MakeOptions,
    seen: Pick<SeenStore, 'extract'>,
    cohort: Cohort,
    counted: Cohort,
  ) {
    const { rules, definitions, keys, nowMs, ownBases = [] } = options;
    this.#options = options;
    this.#seen = seen;
    this.cohort = cohort;
    this.#counted = counted;
    const values = valuesOf(rules, options.settings);
    const given = { keys, people: cohort, nowMs, values, ownBases };
    this.#deidentifier = whole(compileDeidentifier(rules, definitions, given));
  }

  /** Goes through the store once, type by type. */
  async fill({ rows, counts, rowNames, countNames }: Benches): Promise<void> {
    const { tables, nowMs, progress } = this.#options;
    const people = rowNames.length > 0 ? [PEOPLE] : [];
    const lines = {
      rows: await linesInto(rows, tables, basesOf(tables, [...people, ...rowNames])),
      counts: await linesInto(counts, tables, basesOf(tables, countNames)),
    };
    const types = new Set([...lines.rows, ...lines.counts].map(({ type }) => type));
    for (const type of [...types].sort()) {
      progress?.(type);
      const ofType = (all: readonly Line[]): readonly Line[] => all.filter((line) => line.type === type);
      const own = { rows: ofType(lines.rows), counts: ofType(lines.counts) };
      for await (const held of heldIn(this.#seen, { type, asOfMs: nowMs })) this.#take(held, own);
    }
    for (const { finish } of [...lines.rows, ...lines.counts]) await finish();
  }

  #take(held: Held, own: { readonly rows: readonly Line[]; readonly counts: readonly Line[] }): void {
    const { places, nowMs } = this.#options;
    const placed = places ? withPlace(held, places, nowMs) : held;
    if (own.rows.length > 0 && isWithin(this.cohort, placed)) {
      const left = this.#deidentifier.apply(placed);
      if (left) for (const { run } of own.rows) void run.take(left.resource);
    }
    if (own.counts.length > 0 && isWithin(this.#counted, placed)) {
      const counted = asPerson(placed, this.#counted);
      if (counted) for (const { run } of own.counts) void run.take(counted.resource);
    }
  }
}

/** One base table that is filled. */
interface Line {
  readonly type: string;
  readonly run: OneRun;
  finish(): Promise<void>;
}

async function linesInto(bench: Workbench, tables: TableSet, names: Iterable<string>): Promise<Line[]> {
  const lines: Line[] = [];
  for (const name of names) {
    const { view } = tables.base.get(name)!;
    const sink = await bench.sinkOf(name)(view.columns);
    const run = new OneRun(view, {});
    run.into(sink);
    lines.push({ type: view.resource, run, finish: () => sink.finish() });
  }
  return lines;
}

/** Takes out those whom too few others look like, or refuses. */
function leaveOutAlike(rows: Workbench, { tables, settings }: MakeOptions): AnonymityReport | undefined {
  const people = tables.derived.get(PEOPLE);
  if (!people) return undefined;
  rows.derive([PEOPLE]);
  const names = people.columns.map(({ name }) => name);
  const anonymity = new Anonymity(settings.kAnonymity, names);
  for (const row of rows.rows(PEOPLE)) anonymity.add(row);
  const report = anonymity.report();
  const key = names.indexOf(PERSON);
  const alone: string[] = [];
  for (const row of rows.rows(PEOPLE)) if (!anonymity.mayTell(row)) alone.push(String(row[key]));
  rows.leaveOut(alone);
  return report;
}

/** Tables of counts are looked at together: what one withholds must not follow from another. */
function shownOf(
  counts: Workbench,
  asked: readonly DerivedTable[],
  smallNumbers: SmallNumbers,
): ReadonlyMap<string, ShownTable> {
  const tables = asked
    .filter(({ kind }) => kind === 'aggregate')
    .map(({ name, columns }): CountTable => ({ name, columns, rows: [...counts.rows(name)] }));
  return new Map(suppressTables(tables, smallNumbers).map((table) => [table.name, table]));
}

/** Who agreed to codes without narrative is in where the rules let no words out. */
export function cohortSettings({
  rules,
  definitions,
  settings: { optOut, withoutNumber },
}: {
  readonly rules: Rules;
  readonly definitions: Definitions;
  readonly settings: Pick<MakeSettings, 'optOut' | 'withoutNumber'>;
}): CohortSettings {
  return { optOut, withoutNumber, codedOnly: letsWordsOut(rules, definitions) ? 'out' : 'in' };
}

/** @returns values of the rules as the settings have them; rules of one's own may know nothing of them */
export function valuesOf(
  { values }: Rules,
  { organisations }: Pick<MakeSettings, 'organisations'>,
): Rules['values'] {
  return 'organisations' in values ? { organisations } : {};
}

function whole<T>(checked: Checked<T>): T {
  if (checked.ok) return checked.value;
  throw new AdapterError('permanent', checked.outcome.issue[0]!);
}
