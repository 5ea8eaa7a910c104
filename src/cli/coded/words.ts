/** Adds the word `coded-activity` to the command line: lists of coded entries for a practice, reports of them, and receipts. */
import { readFileSync } from 'node:fs';
import { extname } from 'node:path';
import Table from 'cli-table3';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { type CodedReport, REASON_TEXTS } from '../../target/coded/report.ts';
import type { JobEvent } from '../jobs.ts';
import { jobsOf, type RunJob, type Words, withEvents } from '../words.ts';
import type { CodedEvent } from './jobs.ts';

interface ListWords {
  readonly practice?: string;
  readonly day?: string;
  readonly batch?: string;
  readonly format?: string;
  readonly bom?: boolean;
  readonly preview?: boolean;
  readonly json?: boolean;
}

interface ReportWords {
  readonly as: string;
  readonly of?: string;
  readonly reasons?: boolean;
}

const FORMAT = new Option('--format <form>', 'csv, or fhir (a collection)')
  .choices(['csv', 'fhir'])
  .default('csv');

export function addCodedActivityWords(program: Command, words: Words): void {
  const { withConfig } = words;
  const run = jobsOf(words, textOf);
  const coded: Command = withEvents(withConfig(program.command('coded-activity')))
    .description(
      'Make the next list of coded entries of a practice and day, and print it: each entry is in one list, once.',
    )
    .option('--practice <ods>', 'ODS code of the practice')
    .option('--day <day>', 'day on which it happened, such as 2026-03-08')
    .option('--batch <id>', 'print a list once more that was made before')
    .addOption(FORMAT)
    .option('--bom', 'CSV begins with a byte order mark')
    .option('--preview', 'show what the list would have; nothing is listed')
    .action(async ({ practice, day, batch, format, bom, preview, json, ...options }: ListWords) => {
      if (batch !== undefined) return await run('coded-batch', { batch, format, bom }, options, json);
      if (practice === undefined || day === undefined)
        coded.error('error: name --practice and --day, or --batch');
      await run('coded-activity', { practice, day, format, bom, preview }, options, json);
    });
  addReportWords(withConfig(coded.command('report')), run);
  addReceiptsWords(withConfig(coded.command('receipts')), run);
}

function addReportWords(command: Command, run: RunJob): void {
  command
    .description('Show what is not in GP records yet, or not out of them, by practice, reason and age.')
    .addOption(
      new Option('--as <form>', 'table, csv (one line an entry) or json')
        .choices(['table', 'csv', 'json'])
        .default('table'),
    )
    .option('--of <ods>', 'only this practice')
    .option(
      '--reasons',
      'with what practices wrote when they rejected an entry (csv, json): it may speak of people',
    )
    .action(async ({ as: format, of: practice, reasons, ...options }: ReportWords) =>
      run('coded-report', { format, practice, reasons }, options),
    );
}

function addReceiptsWords(command: Command, run: RunJob): void {
  command
    .argument('<file>', 'CSV, JSON or NDJSON', receiptsFile)
    .description('Take receipts of a practice: which entries it filed, and which it rejected, and why.')
    .action(async (asked: object, options: object) => run('coded-receipts', asked, options));
}

function receiptsFile(path: string): { text: string; media: string } {
  try {
    const media = extname(path).toLowerCase() === '.csv' ? 'text/csv' : 'application/json';
    return { text: readFileSync(path, 'utf8'), media };
  } catch (error) {
    throw new InvalidArgumentError(`it cannot be read: ${(error as Error).message}`);
  }
}

function textOf(given: JobEvent): string {
  const event = given as CodedEvent;
  switch (event.event) {
    case 'list':
    case 'text':
      return event.text;
    case 'nothing':
      return 'Nothing new.\n';
    case 'groups':
      return `${tableOf(event)}\n`;
    case 'received':
      return `${event.taken} taken, ${event.same} known already, ${event.refused.length} refused\n${event.refused.map((one) => `  ${JSON.stringify(one)}\n`).join('')}`;
  }
}

function tableOf({ groups, total }: Pick<CodedReport, 'groups' | 'total'>): string {
  if (total === 0) return 'Everything is in the record.';
  const table = new Table({
    head: [
      'Practice',
      'Why it is not in the record',
      'Entries',
      '< 1 day',
      '< 7',
      '< 28',
      'longer',
      'Oldest',
    ],
    style: { head: [], border: [] },
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right', 'right', 'left'],
  });
  for (const { practice, reason, entries, ages, oldestMs } of groups)
    table.push([
      practice || '–',
      REASON_TEXTS[reason],
      String(entries),
      ...ages.map(String),
      new Date(oldestMs).toISOString().slice(0, 10),
    ]);
  return table.toString();
}
