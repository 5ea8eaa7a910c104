/** Measures views: compiled against interpreted ones, and a flat view of a file against DuckDB's own reader of JSON. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { loadBaseDefinitions } from '../src/fhir/definitions.ts';
import { compileView } from '../src/research/view/compile.ts';
import { parquetSink } from '../src/research/view/parquet-sink.ts';
import { ndjsonResources, runView } from '../src/research/view/run.ts';
import { compare, compareBatches, type Result } from './measure.ts';
import { interpreted } from './views-interpreted.ts';

const COUNT = 20_000;
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

function patient(at: number): unknown {
  return {
    resourceType: 'Patient',
    id: `p${at}`,
    active: at % 3 !== 0,
    gender: at % 2 ? 'female' : 'male',
    birthDate: `19${10 + (at % 90)}-0${1 + (at % 9)}-11`,
    name: [
      { use: 'official', family: `Family${at}`, given: ['Ann', 'Bea'] },
      { use: 'nickname', given: ['Annie'] },
    ],
    telecom: [
      { system: 'phone', value: `0100 ${at}` },
      { system: 'email', value: `p${at}@example.org` },
    ],
    address: [{ line: ['1 Hedge Row'], city: 'Leeds', postalCode: 'LS1 4AP' }],
  };
}

function compiledRows(view: unknown): (resource: unknown) => unknown[][] {
  const compiled = compileView(view, loadBaseDefinitions());
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.outcome));
  return (resource) => {
    const rows: unknown[][] = [];
    compiled.value.rows(resource, (row) => rows.push([...row]));
    return rows;
  };
}

function compareInterpreted(): Result {
  const patients = Array.from({ length: 100 }, (_, i) => patient(i));
  const [ours, other] = [compiledRows(LOOPED), interpreted(LOOPED)];
  const result = compare(
    'views/interpreted',
    () => patients.forEach(ours),
    () => patients.forEach(other),
    { rounds: 7, calls: 20, warmUpMs: 1000 },
  );
  return { ...result, goal: 5, note: '100 patients an operation' };
}

async function compareDuckDb(folder: string): Promise<Result> {
  const file = join(folder, 'patients.ndjson');
  writeFileSync(file, Array.from({ length: COUNT }, (_, i) => `${JSON.stringify(patient(i))}\n`).join(''));
  const view = compileView(FLAT, loadBaseDefinitions());
  if (!view.ok) throw new Error(JSON.stringify(view.outcome));
  const connection = await (await DuckDBInstance.create()).connect();
  const ours = async (): Promise<number> =>
    (await runView(view.value, ndjsonResources(file), parquetSink(join(folder, 'ours.parquet')))).rows;
  const other = async (): Promise<number> => {
    await connection.run(`COPY (SELECT id, gender, birthDate, active, name[1].family AS family, address[1].postalCode AS postcode
      FROM read_json('${file}', format = 'newline_delimited')) TO '${join(folder, 'other.parquet')}' (FORMAT parquet)`);
    return COUNT;
  };
  await ours();
  await other();
  const result = await compareBatches('views/duckdb', ours, other, 7, 'resources/s');
  connection.closeSync();
  return { ...result, goal: 0.5, note: `${COUNT} patients from NDJSON into Parquet; DuckDB uses every core` };
}

export async function measureViews(): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-views-'));
  try {
    return [compareInterpreted(), await compareDuckDb(folder)];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) for (const result of await measureViews()) console.log(JSON.stringify(result));
