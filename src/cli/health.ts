/** Turns the word `health` into a question to the adapter that runs on a data folder: for containers and services that start again what no longer answers. */
import type { Command } from 'commander';
import type { Config, Overrides } from '../config.ts';
import { readLock } from './lock.ts';
import type { Streams } from './streams.ts';

const LONGEST_WAIT_MS = 5_000;

export interface HealthOptions {
  /** whether it can work, too */
  readonly ready?: boolean;
}

/**
 * Asks where the adapter says that commands of this machine reach it, so whatever address, port and scheme serve others.
 * @returns 0 where it answers that all is well; else 1
 */
export async function health(
  { dataDir }: Pick<Config, 'dataDir'>,
  { ready = false }: HealthOptions,
  { stdout, stderr }: Pick<Streams, 'stdout' | 'stderr'>,
): Promise<number> {
  const url = readLock(dataDir)?.url;
  if (url === undefined) {
    stderr.write(`No adapter runs on ${dataDir}, or it is not listening yet.\n`);
    return 1;
  }
  const path = ready ? '/ready' : '/health';
  try {
    const answer = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(LONGEST_WAIT_MS) });
    (answer.ok ? stdout : stderr).write(`${await answer.text()}\n`);
    return answer.ok ? 0 : 1;
  } catch {
    stderr.write(`The adapter at ${url} does not answer.\n`);
    return 1;
  }
}

type Words = Overrides & HealthOptions & { readonly config?: string };

export function addHealthWord(
  program: Command,
  streams: Streams,
  {
    withConfig,
    configured,
  }: {
    readonly withConfig: (command: Command) => Command;
    readonly configured: (options: Words) => Config;
  },
): void {
  withConfig(program.command('health'))
    .description('Ask the adapter that runs on the data folder whether it lives.')
    .option('--ready', 'whether it can work, too: sources, maps, store')
    .addHelpText('after', '\nExit code: 0 all is well, 1 it says that it is not, or does not answer.')
    .action(async (options: Words) => {
      process.exitCode = await health(configured(options), options, streams);
    });
}
