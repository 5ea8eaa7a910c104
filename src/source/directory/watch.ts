/** Keeps the store in step with one directory: looks at intervals, one process at a time. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { openWatch } from '../watch.ts';
import type { DirectoryTrouble } from './client.ts';
import { type DirectoryOptions, type Looked, lookAtDirectory } from './run.ts';

export interface WatchOptions extends DirectoryOptions {
  /** between two looks, of all processes on the database together */
  readonly everyMs: number;
  readonly onTrouble: (outcome: OperationOutcome) => void;
  readonly onLooked?: (looked: Looked) => void;
}

export interface DirectoryWatch {
  readonly name: string;
  /** Begins with the turn that is due. */
  start(): void;
  /** Looks now, after what is under way; another process that is at it is not disturbed. */
  look(wantsFull?: boolean): Promise<Looked | DirectoryTrouble>;
  /** Ends the look under way behind its page, and makes no other. */
  stop(): Promise<void>;
}

/** Asks nothing before `start`. @param options.clock tells time; waiting is by the process's own timers */
export function watchDirectory(options: WatchOptions): DirectoryWatch {
  const { name, everyMs, store, clock, onTrouble } = options;
  const { start, stop, inTurn, signal } = openWatch({
    ...{ turn: `directory ${name}`, everyMs, store, clock },
    async look(ending) {
      await lookOnce(options, ending);
      return undefined;
    },
    onFailed: (error) => onTrouble(failed(name, error)),
  });
  return { name, start, stop, look: (wantsFull) => inTurn(() => lookOnce(options, signal, wantsFull)) };
}

async function lookOnce(
  options: WatchOptions,
  signal: AbortSignal,
  wantsFull = false,
): Promise<Looked | DirectoryTrouble> {
  try {
    const done = await lookAtDirectory(options, signal, wantsFull);
    if ('outcome' in done) {
      if (!signal.aborted) options.onTrouble(done.outcome);
    } else options.onLooked?.(done);
    return done;
  } catch (error) {
    const outcome = failed(options.name, error);
    options.onTrouble(outcome);
    return { outcome };
  }
}

/** What was thrown is named, not repeated. */
function failed(name: string, error: unknown): OperationOutcome {
  const kind = error instanceof Error ? error.name : 'unknown';
  return outcomeOf(
    issueOf({
      code: 'exception',
      rule: 'directory-failed',
      diagnostics: `${name} could not be taken in (${kind}); it is read again.`,
    }),
  );
}
