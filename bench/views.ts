/** Measures views: compiled against interpreted ones, a flat view of a file against DuckDB's own reader of JSON, and a million questionnaire responses. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { type CompiledView, compileView } from '../src/research/view/compile.ts';
import { parquetSink } from '../src/research/view/parquet-sink.ts';
import { runViewOverFile } from '../src/research/view/run.ts';
import { compare, compareBatches, median, type Result, rounded } from './measure.ts';
import { patientAt, responseAt, writeLines } from './views-data.ts';
import { interpreted } from './views-interpreted.ts';

const INTERPRETED_GOAL = 5;
const DUCKDB_GOAL = 0.5;
/** Of memory and of time a row, from the smaller file to the larger. */
const MOST_GROWTH = 1.2;

const FLAT = {
  resource: 'Patient',
  select: [
    {
      column: [
        { name: 'id', path: 'id' },
        { name: 'gender', path: 'gender' },
        { name: 'birth_date', path: 'birthDate' },
        { name: 'active', path: 'active' },
        { name: 'family', path: 'name.first().family' },
        { name: 'postcode', path: 'address.first().postalCode' },
      ],
    },
  ],
};
const LOOPED = {
  resource: 'Patient',
  select: [
    {
      column: [
        { name: 'id', path: 'id' },
        { name: 'family', path: "name.where(use = 'official').family.first()" },
      ],
    },
    {
      forEach: 'telecom',
      column: [
        { name: 'system', path: 'system' },
        { name: 'value', path: 'value' },
      ],
    },
  ],
};

interface Sizes {
  /** lines of the flat view */
  readonly flat: number;
  readonly rounds: number;
  /** responses, for growth and for memory */
  readonly few: number;
  readonly some: number;
  readonly many: number;
}

/** @returns `views/interpreted`, `views/duckdb`, `views.million` and `views.growth` */
export async function benchViews(smoke: boolean): Promise<readonly Result[]> {
  const many = Number(process.env.BENCH_VIEWS_RESOURCES ?? 1_000_000);
  const sizes = smoke
    ? { flat: 2_000, rounds: 1, few: 100, some: 200, many: 2_000 }
    : { flat: 500_000, rounds: 5, few: 10_000, some: 100_000, many };
  const folder = mkdtempSync(join(tmpdir(), 'bench-views-'));
  try {
    return [
      compareInterpreted(smoke),
      await compareDuckDb(folder, sizes),
      ...(await measureMillion(folder, sizes)),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compiled(view: unknown): CompiledView {
  const result = compileView(view, loadBaseDefinitions());
  if (!result.ok) throw new Error(JSON.stringify(result.outcome));
  return result.value;
}

function compareInterpreted(smoke: boolean): Result {
  const patients = Array.from({ length: 100 }, (_, i) => patientAt(i));
  const view = compiled(LOOPED);
  const ours = (resource: unknown): unknown[][] => {
    const rows: unknown[][] = [];
    view.rows(resource, (row) => rows.push([...row]));
    return rows;
  };
  const other = interpreted(LOOPED);
  const result = compare(
    'views/interpreted',
    () => patients.forEach(ours),
    () => patients.forEach(other),
    smoke ? { rounds: 1, calls: 1 } : { rounds: 7, calls: 20, warmUpMs: 1_000 },
  );
  return { ...result, goal: INTERPRETED_GOAL, note: '100 patients an operation' };
}

async function compareDuckDb(folder: string, { flat, rounds }: Sizes): Promise<Result> {
  const file = join(folder, 'patients.ndjson');
  writeLines(file, flat, patientAt);
  const view = compiled(FLAT);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  const ours = async (): Promise<number> =>
    (await runViewOverFile(view, file, parquetSink(join(folder, 'ours.parquet')))).rows;
  const other = async (): Promise<number> => {
    await connection.run(`COPY (SELECT id, gender, birthDate, active, name[1].family AS family, address[1].postalCode AS postcode
      FROM read_json('${file}', format = 'newline_delimited')) TO '${join(folder, 'other.parquet')}' (FORMAT parquet)`);
    return flat;
  };
  await ours();
  await other();
  const result = await compareBatches('views/duckdb', ours, other, rounds, 'resources/s');
  connection.closeSync();
  instance.closeSync();
  rmSync(file);
  return {
    ...result,
    goal: DUCKDB_GOAL,
    note: `${flat} patients from NDJSON into Parquet; both use every core`,
  };
}

interface Ran {
  readonly seconds: number;
  readonly rows: number;
  readonly megabytes: number;
}

/** Each in a process of its own, so that its memory is its own. */
async function ran(folder: string, count: number, threads = ''): Promise<Ran> {
  const file = join(folder, `responses-${count}.ndjson`);
  const args = [join(import.meta.dirname, 'views-run.ts'), file, join(folder, 'rows.parquet'), threads];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Ran;
}

async function measureMillion(folder: string, { rounds, few, some, many }: Sizes): Promise<Result[]> {
  for (const count of [few, some, many])
    writeLines(join(folder, `responses-${count}.ndjson`), count, responseAt);
  const [less, million] = [await ran(folder, some), await ran(folder, many)];
  const pairs: { readonly first: number; readonly last: number }[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++)
    pairs.push({ first: perRow(await ran(folder, few, '0')), last: perRow(await ran(folder, many, '0')) });
  return [
    {
      name: 'views.million',
      ratio: rounded(million.megabytes / less.megabytes, 3),
      ours: rounded(million.megabytes, 1),
      other: rounded(less.megabytes, 1),
      unit: 'MB',
      most: MOST_GROWTH,
      note: `most memory, ${many} questionnaire responses over ${some}; ${million.rows} rows from NDJSON into Parquet in ${rounded(million.seconds, 1)} s`,
    },
    {
      name: 'views.growth',
      ratio: rounded(median(pairs.map(({ first, last }) => last / first)), 3),
      ours: rounded(median(pairs.map(({ last }) => last)), 2),
      other: rounded(median(pairs.map(({ first }) => first)), 2),
      unit: 'µs/row',
      most: MOST_GROWTH,
      note: `time a row in one thread, ${many} questionnaire responses over ${few}`,
    },
  ];
}

function perRow({ seconds, rows }: Ran): number {
  return (seconds * 1_000_000) / rows;
}

if (import.meta.main)
  for (const result of await benchViews(process.argv.includes('--smoke')))
    console.log(JSON.stringify(result));
