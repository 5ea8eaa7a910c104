/** What words of the command line have in common: how they find a configuration, and how they ask for a job and print what it tells. */
import type { Command } from 'commander';
import type { Config } from '../config.ts';
import { type JobCommand, runJobCommand } from './again/command.ts';

/** What a group of words is added with. */
export interface Words {
  /** adds the options that name a configuration */
  withConfig(command: Command): Command;
  /** Reads the configuration that the options name, or ends the process. */
  configured(options: object): Config;
}

/** Adds the option that `JobCommand.json` is. */
export function withEvents(command: Command): Command {
  return command.option('--json', 'print events, one JSON object a line');
}

/** Asks for a job; its exit code becomes that of the process. @param asked undefined members are left out */
export type RunJob = (name: string, asked: object, options: object, json?: boolean) => Promise<void>;

/** @returns what asks the running adapter for jobs, or does them beside its store */
export function jobsOf({ configured }: Words, textOf: JobCommand['textOf']): RunJob {
  return async (name, asked, options, json = false) => {
    const command = { name, asked, json, textOf };
    process.exitCode = await runJobCommand(configured(options), command, process, Date.now);
  };
}
