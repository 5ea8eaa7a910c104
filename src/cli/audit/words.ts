/** The words `audit verify` and `audit export`. */
import { type Command, InvalidArgumentError } from 'commander';
import type { JobEvent } from '../jobs.ts';
import { jobsOf, type Words, withEvents } from '../words.ts';
import type { ExportEvent, VerifyEvent } from './jobs.ts';

interface ExportOptions {
  readonly patient?: string;
  readonly client?: string;
  readonly from?: number;
  readonly until?: number;
}

export function addAuditWords(program: Command, words: Words): void {
  const audit = program.command('audit').description('Check the audit, and print who accessed what.');
  withEvents(words.withConfig(audit.command('verify')))
    .description(
      'Check that no row of the audit was changed, taken out or put in between, archives included.',
    )
    .addHelpText(
      'after',
      '\nExit code: 0 it holds, 2 it does not, and the first row that does not fit is named.',
    )
    .action((options: { json?: boolean }) =>
      jobsOf(words, verifyText)('audit-verify', {}, options, options.json),
    );
  words
    .withConfig(audit.command('export'))
    .description('Print accesses as AuditEvents, newest first, one a line (NDJSON).')
    .option(
      '--patient <id>',
      'accesses to what belongs to this Patient, or to whoever is one person with them',
    )
    .option('--client <name>', 'accesses of this client')
    .option('--from <time>', 'at this time or later, such as 2026-03-01 or 2026-03-01T09:00:00Z', momentOf)
    .option('--until <time>', 'before this time', momentOf)
    .action(({ patient, client, from: fromMs, until: untilMs, ...options }: ExportOptions) =>
      jobsOf(words, exportText)('audit-export', { patient, client, fromMs, untilMs }, options),
    );
}

function momentOf(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) throw new InvalidArgumentError('a date or time, such as 2026-03-01');
  return ms;
}

function verifyText(event: JobEvent): string {
  const told = event as VerifyEvent;
  if (told.event === 'broken') return `${told.chain}: ${told.fault}\n`;
  return `The audit holds: ${told.rows.audit} rows of changes, ${told.rows.access} rows of accesses.\n`;
}

function exportText(event: JobEvent): string {
  return `${JSON.stringify((event as ExportEvent).resource)}\n`;
}
