/** Turns the words `replay` and `remap` into a job of the running adapter, or into one beside its store, and prints what it tells. */
import type { Config } from '../../config.ts';
import { AdapterError } from '../../fhir/outcome.ts';
import { askJob, type JobEvent, jobOf } from '../jobs.ts';
import { readLock } from '../lock.ts';
import { besideStore } from './beside.ts';

interface Streams {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

export interface JobCommand {
  readonly name: string;
  /** what is asked; undefined members are left out */
  readonly asked: object;
  /** print the events as they are, one JSON object a line */
  readonly json: boolean;
  /** @returns the text of an event @param isRunning whether an adapter runs */
  readonly textOf: (event: JobEvent, isRunning: boolean) => string;
}

/** @returns 0; 1 where there is nothing to ask, or it failed; 2 where a preview must come first, or something is left to do */
export async function runJobCommand(
  config: Config,
  { name, asked, json, textOf }: JobCommand,
  { stdout, stderr }: Streams,
  clock: () => number,
): Promise<number> {
  const lock = readLock(config.dataDir);
  let code = 0;
  const print = async (events: AsyncGenerator<JobEvent>): Promise<void> => {
    for await (const event of events) {
      if (UNFINISHED.has(event.event)) code = 2;
      stdout.write(json ? `${JSON.stringify(event)}\n` : textOf(event, lock !== undefined));
    }
  };
  const job = jobOf(name, JSON.parse(JSON.stringify(asked)));
  try {
    if (!job.ok) throw new AdapterError('permanent', job.outcome.issue[0]!);
    if (lock) await print(askJob(lock, name, asked));
    else if (!(await besideStore(config, clock, (shop) => print(job.value(shop, NEVER))))) {
      stdout.write(
        `There is no store in ${config.dataDir} yet: run "start" first, or name its folder with --data-dir.\n`,
      );
      return 1;
    }
    return code;
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** Events after which something is left to do. */
const UNFINISHED: ReadonlySet<string> = new Set([
  ...['unconfirmed', 'interrupted', 'unreachable'],
  ...['no-patient', 'not-joined', 'broken'],
]);
const NEVER = new AbortController().signal;
