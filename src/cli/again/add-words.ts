/** Adds the words of the command line that go over what is kept: replay, remap, reconcile, decide and vacuum. */
import { readFileSync } from 'node:fs';
import { type Command, InvalidArgumentError } from 'commander';
import { type Words, withEvents } from '../words.ts';
import {
  type DecideOptions,
  decide,
  type ReconcileOptions,
  type RemapOptions,
  type ReplayOptions,
  reconcile,
  remap,
  replay,
  unlink,
  vacuum,
} from './words.ts';

export function addAgainWords(program: Command, words: Words): void {
  for (const add of [addReplay, addRemap, addReconcile, addDecide, addUnlink, addVacuum]) add(program, words);
}

function addReplay(program: Command, { withConfig, configured }: Words): void {
  withEvents(withConfig(program.command('replay')))
    .description(
      'Send parked and held deliveries again, once the reason is mended; read refused records again; or look for what was delivered, and send what is not there.',
    )
    .option('-t, --target <name>', 'only this target')
    .option('-r, --resource <type/id>', 'only this resource, such as ServiceRequest/5f0a…')
    .option('--patient <id>', 'only what belongs to the person of this Patient')
    .option('--work <id>', 'only this item of the worklist')
    .option('--error <rule>', 'only what this rule stopped, such as delivery-conflict')
    .option(
      '--from <time>',
      'only what came to a stop, or was received, at this time or later (ISO 8601)',
      moment,
    )
    .option('--until <time>', 'only what did so before this time', moment)
    .option(
      '--state <state>',
      'parked (refused by the target), held (consent, identity), refused (records), delivered',
    )
    .option('--preview', 'change nothing: show what would change of each resource')
    .option(
      '--with-todays-map',
      "map the records by today's maps; without it, the version counts that mapped them",
    )
    .option('--confirm <code>', 'with --with-todays-map: the code that its preview gave')
    .addHelpText(
      'after',
      '\nExit code: 0 done, 2 nothing was done since the preview was not confirmed, 1 it could not be done.',
    )
    .action(async (options: ReplayOptions) => {
      process.exitCode = await replay(options, configured(options), process, Date.now);
    });
}

function addRemap(program: Command, { withConfig, configured }: Words): void {
  withEvents(withConfig(program.command('remap')))
    .description(
      "Map kept source records by today's maps, where an older version mapped them; only what differs is stored and sent. Ended early, it goes on where it was.",
    )
    .option('-s, --source <name>', 'only this source')
    .option('-k, --kind <name>', 'only this kind of record')
    .option('--preview', 'change nothing: count, and show what would change of the first records')
    .option('--records <number>', 'records of each kind that a preview looks at (default: 1000)', Number)
    .action(async (options: RemapOptions) => {
      process.exitCode = await remap(options, configured(options), process, Date.now);
    });
}

function addReconcile(program: Command, { withConfig, configured }: Words): void {
  withEvents(withConfig(program.command('reconcile <target>')))
    .description(
      'Compare the store with a target, person by person: what is missing there, there twice, changed there or here, or there although it was deleted. Ended early, it goes on where it was.',
    )
    .option('--heal <kinds>', 'put right what is missing,changed,twin,extra; separated by commas')
    .option('--per-second <number>', 'requests to the target in a second (default: 10)', Number)
    .option('--fresh', 'begin anew, whatever an earlier run has looked at')
    .addHelpText(
      'after',
      '\nWhat was changed there alone is written over by --heal changed; what was changed on both sides goes the way of a conflict.\nExit code: 0 compared, 2 ended early, 1 it could not be done.',
    )
    .action(async (target: string, options: ReconcileOptions) => {
      process.exitCode = await reconcile(target, options, configured(options), process, Date.now);
    });
}

function addDecide(program: Command, { withConfig, configured }: Words): void {
  withEvents(withConfig(program.command('decide <work>')))
    .description(
      'Show a conflict of the worklist, or decide it: two versions that cannot be merged, or what a target has deleted. What only one side changed is kept whatever is chosen.',
    )
    .option('--choose <choice>', 'ours, theirs or merge; of a deletion: restore or entered-in-error')
    .option(
      '--element <path=side>',
      'with merge: whose change of an element counts, such as Patient.gender=theirs; may be given again',
      element,
      [],
    )
    .option('--content <file>', 'with merge: JSON file of what the resource becomes', jsonFile)
    .addHelpText(
      'after',
      '\nWithout --choose it shows what both sides say, which are values of a person.\nExit code: 0 shown or decided, 1 it could not be, or came too late.',
    )
    .action(async (work: string, options: DecideOptions) => {
      process.exitCode = await decide(work, options, configured(options), process, Date.now);
    });
}

function addUnlink(program: Command, { withConfig, configured }: Words): void {
  withEvents(withConfig(program.command('unlink <patient>')))
    .description(
      'Take back that a Patient is one person with others: it becomes a person of its own, with all that belongs to it, and no NHS number joins it anew.',
    )
    .addHelpText('after', '\nExit code: 0 done, 2 there was nothing to take back, 1 it could not be done.')
    .action(async (patient: string, options: { json?: boolean }) => {
      process.exitCode = await unlink(patient, options, configured(options), process, Date.now);
    });
}

function addVacuum(program: Command, { withConfig, configured }: Words): void {
  withEvents(withConfig(program.command('vacuum')))
    .description(
      'Take out of the store what has passed its time, as the configuration says, move the old part of the audit to a file, and give free room back to the disk.',
    )
    .action(async (options: { json?: boolean }) => {
      process.exitCode = await vacuum(options, configured(options), process, Date.now);
    });
}

/** @returns the elements named before, and this one */
function element(
  text: string,
  before: readonly (readonly [string, string])[],
): (readonly [string, string])[] {
  const [path = '', side = ''] = text.split('=');
  if (!/^(ours|theirs)$/.test(side))
    throw new InvalidArgumentError('an element is written as Patient.gender=ours or Patient.gender=theirs');
  return [...before, [path, side]];
}

function jsonFile(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InvalidArgumentError(`it is no JSON file that can be read: ${(error as Error).message}`);
  }
}

/** @returns epoch ms */
function moment(text: string): number {
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw new InvalidArgumentError('a time is written as 2025-03-01 or 2025-03-01T09:00:00Z');
  return ms;
}
