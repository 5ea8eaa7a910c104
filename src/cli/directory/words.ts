/** Adds the word `directory` to the command line: reads a directory of activities now, and says whether a referral's activity fits. */
import type { Command } from 'commander';
import type { Config } from '../../config.ts';
import { runJobCommand } from '../again/command.ts';
import type { JobEvent } from '../jobs.ts';
import type { DirectoryEvent } from './jobs.ts';

/** @param withConfig adds the options that name a configuration @param configured reads it, or ends the process */
export function addDirectoryWords(
  program: Command,
  withConfig: (command: Command) => Command,
  configured: (options: object) => Config,
): void {
  const run = async (name: string, asked: object, options: object, json = false): Promise<void> => {
    process.exitCode = await runJobCommand(
      configured(options),
      { name, asked, json, textOf },
      process,
      Date.now,
    );
  };
  const directory = program
    .command('directory')
    .description('Work with directories of activities (Open Referral UK) and the activities of referrals.');
  withConfig(directory.command('sync <name>'))
    .description(
      'Read a directory now: what changed since the last look. Ended early, it goes on where it was.',
    )
    .option('--full', 'read all of it, which also finds what is gone')
    .option('--json', 'print events, one JSON object a line')
    .action(async (name: string, { full, json, ...options }: { full?: boolean; json?: boolean }) => {
      await run('directory-sync', { name, ...(full ? { full } : {}) }, options, json);
    });
  withConfig(directory.command('check <id>'))
    .description(
      'Say what speaks against the activity that a referral (ServiceRequest) goes to, as it is now.',
    )
    .option('--json', 'print events, one JSON object a line')
    .action(async (id: string, { json, ...options }: { json?: boolean }) => {
      await run('directory-check', { request: id }, options, json);
    });
}

function textOf(given: JobEvent): string {
  const event = given as DirectoryEvent;
  switch (event.event) {
    case 'looked':
      return `${event.name}: ${event.pages} pages, ${event.taken} services taken in, ${event.refused} refused, ${event.gone} gone.\n`;
    case 'trouble':
      return `${event.text}\n`;
    case 'busy':
      return `${event.name} is being read by another process.\n`;
    case 'misfit':
      return `${event.text} [${event.rule}]\n`;
    case 'judged':
      return event.activities === 0
        ? 'No activity of this referral is known here from a directory.\n'
        : `${event.activities} of its activities looked at, ${event.misfits} ${event.misfits === 1 ? 'thing speaks' : 'things speak'} against it.\n`;
    default:
      return '';
  }
}
