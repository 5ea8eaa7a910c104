/** Adds the word `directory` to the command line: reads a directory of activities now, and says whether a referral's activity fits. */
import type { Command } from 'commander';
import type { JobEvent } from '../jobs.ts';
import { jobsOf, type Words, withEvents } from '../words.ts';
import type { DirectoryEvent } from './jobs.ts';

export function addDirectoryWords(program: Command, words: Words): void {
  const { withConfig } = words;
  const run = jobsOf(words, textOf);
  const directory = program
    .command('directory')
    .description('Work with directories of activities (Open Referral UK) and the activities of referrals.');
  withEvents(withConfig(directory.command('sync <name>')))
    .description(
      'Read a directory now: what changed since the last look. Ended early, it goes on where it was.',
    )
    .option('--full', 'read all of it, which also finds what is gone')
    .action(async (name: string, { full, json, ...options }: { full?: boolean; json?: boolean }) => {
      await run('directory-sync', { name, ...(full ? { full } : {}) }, options, json);
    });
  withEvents(withConfig(directory.command('check <id>')))
    .description(
      'Say what speaks against the activity that a referral (ServiceRequest) goes to, as it is now.',
    )
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
