/** Runs the benchmarks, prints their table and writes bench/results.json; `--smoke` runs each once, small, to see that it works, `--keep` puts the figures of some in place of their earlier ones. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import { benchApi } from './api.ts';
import { benchBars } from './bars.ts';
import { benchDelivery } from './delivery.ts';
import { benchExport } from './export.ts';
import { benchFhirPath } from './fhirpath.ts';
import { benchIngest } from './ingest.ts';
import { benchIntake } from './intake.ts';
import { benchMapping } from './mapping.ts';
import { benchMapLoad } from './mapping-load.ts';
import { type Result, rounded } from './measure.ts';
import { benchOutbox } from './outbox.ts';
import { benchPds } from './pds.ts';
import { leavePlaces } from './places.ts';
import { benchReplicas } from './replicas.ts';
import { benchRestart } from './restart.ts';
import { benchStart } from './start.ts';
import { benchValidation } from './validation.ts';
import { benchCompile } from './validation-compile.ts';
import { benchViews } from './views.ts';

const smoke = process.argv.includes('--smoke');
const only = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

const BENCHES: Readonly<Record<string, (smoke: boolean) => Promise<readonly Result[]>>> = {
  mapping: benchMapping,
  'mapping-load': benchMapLoad,
  fhirpath: benchFhirPath,
  validation: benchValidation,
  'validation-compile': benchCompile,
  start: benchStart,
  ingest: benchIngest,
  intake: benchIntake,
  delivery: benchDelivery,
  outbox: benchOutbox,
  replicas: benchReplicas,
  restart: benchRestart,
  pds: benchPds,
  bars: benchBars,
  api: benchApi,
  views: benchViews,
  export: benchExport,
};

const results: Result[] = [];
for (const [name, run] of Object.entries(BENCHES)) {
  if (only.length > 0 && !only.includes(name)) continue;
  results.push(...(await run(smoke)));
}
await leavePlaces();

const table = new Table({
  head: ['Measure', 'Ratio', 'Goal', 'Ours', 'Other', 'Unit', 'Note'],
  style: { head: [], border: [] },
  wordWrap: true,
  colWidths: [44, 10, 10, 12, 12, 14, 60],
});
for (const result of results) {
  const { name, ratio, ours, other, unit, note } = result;
  table.push([name, String(ratio), goalOf(result), String(ours), String(other), unit, note ?? '']);
}
console.log(table.toString());
console.log(`load of the machine, over 1, 5 and 15 minutes: ${loadavg().map((load) => rounded(load, 1))}`);
// the file always holds them all: a run of some only prints, or takes the place of its own
if (!smoke && (only.length === 0 || process.argv.includes('--keep'))) write(results);

function goalOf({ ratio, goal, most }: Result): string {
  if (most !== undefined) return `${ratio <= most ? '≤' : 'above'} ${most}`;
  return goal === undefined ? '' : `${ratio >= goal ? '≥' : 'below'} ${goal}`;
}

function write(fresh: readonly Result[]): void {
  const file = join(import.meta.dirname, 'results.json');
  const names = new Set(fresh.map((one) => one.name));
  const isAdded = only.length > 0 && existsSync(file);
  const earlier = isAdded ? (JSON.parse(readFileSync(file, 'utf8')) as Result[]) : [];
  const all = [...earlier.filter((one) => !names.has(one.name)), ...fresh];
  writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`);
}
