/** Runs the benchmarks, prints their table and writes bench/results.json; `--smoke` runs each once, small, to see that it works. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { benchDelivery } from './delivery.ts';
import { benchFhirPath } from './fhirpath.ts';
import { benchIngest } from './ingest.ts';
import { benchIntake } from './intake.ts';
import { benchMapping } from './mapping.ts';
import { benchMapLoad } from './mapping-load.ts';
import type { Result } from './measure.ts';
import { benchStart } from './start.ts';
import { benchValidation } from './validation.ts';
import { benchCompile } from './validation-compile.ts';

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
};

const results: Result[] = [];
for (const [name, run] of Object.entries(BENCHES)) {
  if (only.length === 0 || only.includes(name)) results.push(...(await run(smoke)));
}

const table = new Table({
  head: ['Measure', 'Ratio', 'Goal', 'Ours', 'Other', 'Unit', 'Note'],
  style: { head: [], border: [] },
  wordWrap: true,
  colWidths: [44, 10, 10, 12, 12, 14, 60],
});
for (const { name, ratio, goal, ours, other, unit, note } of results) {
  table.push([
    name,
    String(ratio),
    goal === undefined ? '' : `${ratio >= goal ? '≥' : 'below'} ${goal}`,
    String(ours),
    String(other),
    unit,
    note ?? '',
  ]);
}
console.log(table.toString());
// the file always holds them all: a run of some only prints
if (!smoke && only.length === 0)
  writeFileSync(join(import.meta.dirname, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
