/** The words `export` and `report`. */
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Config } from '../../config.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { FORMATS, type Format, writeTables } from '../../research/write-tables.ts';
import type { Words } from '../words.ts';
import { makeFromStore } from './make.ts';
import { writeReports } from './report.ts';

interface ExportWords {
  readonly views?: boolean;
  readonly out: string;
  readonly format: Format;
  readonly tables?: string;
}
interface ReportWords {
  readonly out: string;
  readonly measures?: string;
  readonly title?: string;
}

export function addResearchWords(program: Command, { withConfig, configured }: Words): void {
  const exporting: Command = withConfig(program.command('export'))
    .description('Write research tables in which nobody can be recognised: see docs/research-tables.md.')
    .option('--views', 'write the tables made of views (required)')
    .option('--out <folder>', 'folder to write to: new, or one that an export has written', 'research')
    .addOption(new Option('--format <format>', 'form of the files').choices(FORMATS).default('csv'))
    .option('--tables <names>', 'only these tables, parted by commas')
    .addHelpText('after', HELP)
    .action(async (options: ExportWords) => {
      if (!options.views) exporting.error("error: say what to export: '--views'");
      await answered(() => exportViews(configured(options), options));
    });
  withConfig(program.command('report'))
    .description('Write a report with charts of the tables of counts: one page that opens in any browser.')
    .option('--out <file>', 'page to write; its tables go into a folder beside it', 'report.html')
    .option('--measures <file>', 'write FHIR MeasureReports of the same numbers, too')
    .option('--title <text>', 'title of the page')
    .addHelpText('after', HELP)
    .action((options: ReportWords) => answered(() => report(configured(options), options)));
}

const HELP = '\nExit code: 0 written, 1 not, and then nothing is left behind.';

const SURROUNDINGS = {
  clock: Date.now,
  progress: (type: string) => void process.stderr.write(`Reading ${type} …\n`),
};

async function exportViews(config: Config, { out, format, tables }: ExportWords): Promise<void> {
  const names = tables?.split(',').map((name) => name.trim());
  const folder = resolve(out);
  const written = await makeFromStore(
    config,
    { interaction: '$export-views', names },
    SURROUNDINGS,
    (made, about) => writeTables(made, folder, format, about),
  );
  for (const { name, rows } of written) process.stdout.write(`${name}: ${rows} rows\n`);
  process.stdout.write(`Written to ${folder}; manifest.json says how they were made.\n`);
}

async function report(config: Config, { out, measures, title }: ReportWords): Promise<void> {
  const path = resolve(out);
  const options = {
    ...{ out: path, title, measures: measures === undefined ? undefined : resolve(measures) },
    organisations: [...new Set(config.sources.map(({ ownerOrg }) => ownerOrg))],
  };
  await makeFromStore(config, { interaction: '$report', kind: 'aggregate' }, SURROUNDINGS, (made, about) =>
    writeReports(made, about, options),
  );
  process.stdout.write(`Written: ${path}\n`);
}

async function answered(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    for (const issue of error.outcome.issue) process.stderr.write(`${issue.diagnostics}\n`);
    process.exitCode = 1;
  }
}
