/** The command line: one word a job, each with a help text that a newcomer understands. */
import { randomBytes } from 'node:crypto';
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Config, loadConfig, type Overrides } from '../config.ts';
import { AdapterError } from '../fhir/outcome.ts';
import { addAgainWords } from './again/add-words.ts';
import { apiKeyText } from './api-key.ts';
import { addAuditWords } from './audit/words.ts';
import { addCodedActivityWords } from './coded/words.ts';
import { type ConvertOptions, convert } from './convert/convert.ts';
import { type ConvertMapOptions, convertMap } from './convert/convert-map.ts';
import { explainMap } from './convert/explain-map.ts';
import { type RunMapOptions, runMapFile } from './convert/run-map.ts';
import { type CopyOptions, copy, migrate } from './databases.ts';
import { addDirectoryWords } from './directory/words.ts';
import { addHealthWord } from './health.ts';
import { boundHeap } from './heap.ts';
import { ROOT } from './load.ts';
import { addMeshWords } from './nhs/mesh-words.ts';
import { ods } from './nhs/ods.ts';
import { addOpenApiWords } from './openapi.ts';
import { status } from './operate.ts';
import { addResearchWords } from './research/words.ts';
import { start } from './start.ts';
import { addProfiles, listProfiles, removeProfiles } from './validate/profiles.ts';
import { type ValidateOptions, validate } from './validate/validate.ts';

boundHeap();
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // the reader, such as `head`, has seen enough
  throw error;
});

interface CommonOptions extends Overrides {
  readonly config?: string;
}

type ConvertWords = CommonOptions & Partial<ConvertOptions>;

/** Ends the process with the faults of a configuration that cannot be used. */
function configured(options: CommonOptions): Config {
  const { config: path, host, port, dataDir, inboxDir } = options;
  const config = loadConfig({
    cwd: process.cwd(),
    root: ROOT,
    overrides: { host, port, dataDir, inboxDir },
    ...(path === undefined ? {} : { path }),
  });
  if (config.ok) return config.value;
  for (const issue of config.outcome.issue) process.stderr.write(`${issue.diagnostics}\n`);
  process.exit(1);
}

function port(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0 || number > 65_535)
    throw new InvalidArgumentError('a port is a number from 0 to 65535');
  return number;
}

const program = new Command('hedgerow')
  .description(
    'FHIR R4 interoperability adapter for social prescribing: referrals, link worker contacts and outcome questionnaires, to and from EHRs.',
  )
  .showHelpAfterError();

const withConfig = (command: Command): Command =>
  command
    .option('-c, --config <file>', 'configuration file (default: hedgerow.config.json, else demo mode)')
    .option('--data-dir <folder>', 'folder of the embedded store (default: ./data)');

withConfig(program.command('start', { isDefault: true }))
  .description(
    'Run the adapter. Without a configuration file it runs as a demonstration with made-up people and a sandbox EHR.',
  )
  .option('--host <address>', 'address to listen on (default: 127.0.0.1)')
  .option('-p, --port <number>', 'port to listen on (default: 8080)', port)
  .option('--inbox-dir <folder>', 'folder with one drop folder a source (default: ./inbox)')
  .action(async (options: CommonOptions) => {
    process.exitCode = await start(configured(options), process.stdout, Date.now);
  });

const convertCommand: Command = withConfig(program.command('convert'))
  .argument('<file>')
  .description('Print a source file as FHIR, or what is wrong with it. Starts no server and stores nothing.')
  .option('-s, --source <name>', 'source whose maps to use, such as spreadsheet or platform (required)')
  .option('-k, --kind <name>', 'kind of record, such as referral (default: by file name, sheet or columns)')
  .option(
    '--explain',
    'print instead, for each element, the fields and the rules of the maps that it comes from',
  )
  .option('--back', 'the file is a FHIR Bundle: print the records of the source that it comes to')
  .option(
    '--records <file>',
    "with --back: the source's records as they were read, which tell the keys that ids were made of",
  )
  .addHelpText(
    'after',
    '\nThe FHIR Bundle goes (with --back the record, or one a line) goes to standard output, the OperationOutcome to standard error.\nExit code: 0 all converted, 2 some records were refused, 1 nothing could be read.',
  )
  .action(async (file: string, { source, ...options }: ConvertWords) => {
    // no requiredOption: those of a command are asked of the commands within it too
    if (source === undefined)
      convertCommand.error("error: required option '-s, --source <name>' not specified");
    process.exitCode = await convert(file, { ...options, source }, configured(options), process, Date.now);
  });

const mapCommand = program.command('map').description('Work with map files.');

for (const command of [mapCommand.command('convert <file>'), convertCommand.command('map <file>')]) {
  command
    .description('Print a map (FHIR Mapping Language) as a StructureMap, or a StructureMap as a map.')
    .addOption(
      new Option('--to <form>', 'form to print (default: the one that the file is not in)').choices([
        'json',
        'text',
      ]),
    )
    .addOption(new Option('--fhir <version>', 'version of the JSON').choices(['R4', 'R5']).default('R4'))
    .addHelpText('after', '\nExit code: 0 converted, 2 the map has faults, 1 the file could not be read.')
    .action((file: string, options: ConvertMapOptions) => {
      process.exitCode = convertMap(file, options, process);
    });
}

mapCommand
  .command('explain <file>')
  .description(
    'Say what a map does and what is wrong with it. Maps, ConceptMaps and schemas beside it are found.',
  )
  .option('--code', 'print the JavaScript that it is compiled to')
  .option('--group <name>', 'group that it starts with (default: its first)')
  .addHelpText('after', '\nExit code: 0 it compiles, 2 it has faults, 1 the file could not be read.')
  .action((file: string, options: { code?: boolean; group?: string }) => {
    process.exitCode = explainMap(file, options, process);
  });

mapCommand
  .command('run <map> <record>')
  .description('Run a map on a record (JSON, or NDJSON with one record a line) and print what comes of it.')
  .option('--group <name>', 'group that it starts with (default: its first)')
  .option('--explain', 'print instead, for each element, the fields and the rules that it comes from')
  .addHelpText(
    'after',
    '\nMaps, ConceptMaps and schemas beside the map are found. Of NDJSON the results are one a line, null for a record that stopped the map.\nExit code: 0 all mapped, 2 the map has faults or some records gave errors, 1 a file could not be read.',
  )
  .action((map: string, record: string, options: RunMapOptions) => {
    process.exitCode = runMapFile(map, record, options, process);
  });

withConfig(program.command('validate <path...>'))
  .description(
    'Check FHIR resources and say what to change: files, folders (all .json, .ndjson and .jsonl below), NDJSON with one resource a line, - for standard input.',
  )
  .option(
    '--profile <url>',
    'profile that every resource must conform to, besides those that it claims; may repeat',
    (url: string, before: string[] = []) => [...before, url],
  )
  .addOption(
    new Option(
      '--format <form>',
      'table, lines (one an issue), or json (NDJSON: one OperationOutcome a resource, with file and line in extensions)',
    )
      .choices(['table', 'json', 'lines'])
      .default('table'),
  )
  .option('--errors-only', 'leave out warnings and what is only information')
  .option('-q, --quiet', 'print no summary')
  .addHelpText(
    'after',
    '\nThe resources of a Bundle are checked together. The summary goes to standard output, with --format json to standard error.\nExit code: 0 no errors (warnings allowed), 2 errors found, 1 something could not be read.',
  )
  .action(async (paths: string[], options: CommonOptions & ValidateOptions) => {
    process.exitCode = await validate(paths, options, configured(options), process, Date.now);
  });

const profilesCommand = program
  .command('profiles')
  .description('Work with FHIR packages: profiles and terminology that resources are checked against.');

withConfig(profilesCommand.command('add <package>'))
  .description(
    'Install a FHIR package (.tgz as published, or a folder) into the data folder. Faults are named, and nothing is installed.',
  )
  .option('--name <name>', 'name of the package, for a folder without package.json')
  .option('--version <version>', 'version of the package, for a folder without package.json')
  .addHelpText('after', '\nExit code: 0 installed, 2 the package has faults.')
  .action(async (path: string, options: CommonOptions & { name?: string; version?: string }) => {
    process.exitCode = await addProfiles(path, options, configured(options), process);
  });

withConfig(profilesCommand.command('list'))
  .description('Show the installed packages, what they hold and what is missing.')
  .action((options: CommonOptions) => {
    process.exitCode = listProfiles(configured(options), process);
  });

withConfig(profilesCommand.command('remove <name#version>'))
  .description('Take a package out of the data folder.')
  .action((id: string, options: CommonOptions) => {
    process.exitCode = removeProfiles(id, configured(options), process);
  });

withConfig(program.command('status'))
  .description('Show what was read, stored and delivered, and what needs a person.')
  .option('--json', 'as JSON')
  .action(async (options: CommonOptions & { json?: boolean }) => {
    process.exitCode = await status(configured(options), options.json === true, process.stdout);
  });

withConfig(program.command('ods <code>'))
  .description(
    'Show what is known of an organisation by its ODS code: status, roles, network, and who took over from it.',
  )
  .option('--json', 'as JSON')
  .addHelpText(
    'after',
    '\nExit code: 0 known, 2 ODS knows no such code, 1 ODS could not be asked and nothing is kept.',
  )
  .action(async (code: string, options: CommonOptions & { json?: boolean }) => {
    process.exitCode = await ods(code, options, configured(options), process, Date.now);
  });

program
  .command('api-key')
  .description(
    'Make an API key for a client of the API. It is shown once; its digest goes into the configuration.',
  )
  .action(() => {
    process.stdout.write(apiKeyText(randomBytes));
  });

addHealthWord(program, process, { withConfig, configured });
addOpenApiWords(program, process);
for (const add of [
  addAgainWords,
  addAuditWords,
  addMeshWords,
  addCodedActivityWords,
  addDirectoryWords,
  addResearchWords,
])
  add(program, { withConfig, configured });

withConfig(program.command('migrate'))
  .description(
    'Bring the schema of the PostgreSQL that DATABASE_URL names up to date, and say what was applied. A start does the same.',
  )
  .action(async (options: CommonOptions) => {
    process.exitCode = await migrate(configured(options), process.stdout, Date.now);
  });

withConfig(program.command('copy'))
  .description(
    'Copy the embedded store into an empty PostgreSQL while no adapter runs on it. All of it is copied and checked, or nothing.',
  )
  .option('--from <store>', 'sqlite (that of the data folder), or sqlite:PATH', 'sqlite')
  .option('--to <store>', 'postgres (that DATABASE_URL names), or its URL', 'postgres')
  .action(async (options: CommonOptions & CopyOptions) => {
    process.exitCode = await copy(options, configured(options), process.stdout, Date.now);
  });

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof AdapterError)) throw error;
  for (const issue of error.outcome.issue) process.stderr.write(`${issue.diagnostics}\n`);
  process.exitCode = 1;
}
