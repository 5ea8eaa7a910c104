/** The words `export`, `report` and `view`. */
import { resolve } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Command, Option } from 'commander';
import { type Config, secretOf } from '../../config.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import type { Made } from '../../research/make.ts';
import type { ManifestAbout, Written } from '../../research/manifest.ts';
import { writeToPostgres } from '../../research/write-postgres.ts';
import { FORMATS, type Format, writeTables } from '../../research/write-tables.ts';
import type { Words } from '../words.ts';
import { makeFromStore } from './make.ts';
import { writeReports } from './report.ts';
import { runViewFiles } from './view.ts';
import { whoIsIn } from './who-is-in.ts';

interface ExportWords {
  readonly views?: boolean;
  readonly out: string;
  readonly format: Format | 'postgres';
  readonly tables?: string;
  readonly databaseEnv: string;
  readonly schema: string;
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
    .addOption(
      new Option('--format <format>', 'form of the files').choices([...FORMATS, 'postgres']).default('csv'),
    )
    .option('--tables <names>', 'only these tables, parted by commas')
    .option(
      '--database-env <name>',
      'with --format postgres: environment variable that holds the URL of the database',
      'RESEARCH_DATABASE_URL',
    )
    .option('--schema <name>', 'with --format postgres: schema of the tables', 'research')
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
  addViewWord(program);
}

interface ViewWords {
  readonly out: string;
  readonly format: Format;
  readonly leaveOut?: boolean;
}

function addViewWord(program: Command): void {
  program
    .command('view')
    .argument('<view>', 'file of a ViewDefinition, or the name of a shipped one, such as service_request')
    .argument('<files...>', 'resources as NDJSON, plain or .gz, such as those of a bulk export')
    .description('Run a view (SQL on FHIR) over files of resources. What is in them goes out as it is.')
    .requiredOption('--out <file>', 'file to write')
    .addOption(new Option('--format <format>', 'form of the file').choices(FORMATS).default('csv'))
    .option('--leave-out', 'leave out what cannot be read, and say so, in place of ending there')
    .addHelpText('after', `${HELP} With --leave-out: 2 where something was left out.`)
    .action((view: string, files: string[], options: ViewWords) =>
      answered(() => runView(view, files, options)),
    );
}

async function runView(view: string, files: readonly string[], options: ViewWords): Promise<void> {
  const { out, format, leaveOut = false } = options;
  const report = (issue: OperationOutcomeIssue): void => void process.stderr.write(`${issue.diagnostics}\n`);
  const ran = await runViewFiles({ view, files, out: resolve(out), format, leaveOut, report });
  process.stdout.write(`${ran.rows} rows of ${ran.resources} resources: ${resolve(out)}\n`);
  if (ran.leftOut + ran.misfits > 0) process.exitCode = 2;
}

const HELP = '\nExit code: 0 written, 1 not, and then nothing is left behind.';

const SURROUNDINGS = {
  clock: Date.now,
  progress: (type: string) => void process.stderr.write(`Reading ${type} …\n`),
};

async function exportViews(config: Config, options: ExportWords): Promise<void> {
  const names = options.tables?.split(',').map((name) => name.trim());
  const { write, place } = writerOf(options);
  const asked = { interaction: '$export-views', names } as const;
  const lines = await makeFromStore(config, asked, SURROUNDINGS, async (made, about) => {
    const written = await write(made, about);
    return [
      ...written.map(({ name, rows }) => `${name}: ${rows} rows`),
      ...whoIsIn(made, about.smallNumbers),
    ];
  });
  for (const line of lines) process.stdout.write(`${line}\n`);
  process.stdout.write(`Written to ${place}; its manifest says how they were made.\n`);
}

interface Writer {
  readonly write: (made: Made, about: ManifestAbout) => Promise<readonly Written[]>;
  /** for people: never with a password */
  readonly place: string;
}

/** @throws AdapterError where the environment has no URL of a database */
function writerOf({ out, format, databaseEnv, schema }: ExportWords): Writer {
  if (format !== 'postgres') {
    const folder = resolve(out);
    return { write: (made, about) => writeTables(made, folder, format, about), place: folder };
  }
  const url = secretOf(databaseEnv);
  if (!url.ok) throw new AdapterError('permanent', url.outcome.issue[0]!);
  const place = { url: url.value!, schema };
  return {
    write: (made, about) => writeToPostgres(made, place, about),
    place: `the schema ${schema} of the database that ${databaseEnv} names`,
  };
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
