/** Keeps the store in step with one directory: looks at intervals, one process at a time. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
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
  const stopping = new AbortController();
  const { signal } = stopping;
  let line: Promise<unknown> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const next = line.then(work);
    line = next.catch(() => {});
    return next;
  };
  const round = async (): Promise<void> => {
    const waitMs = await inTurn(async () => {
      await takeTurn(options, signal);
      return await untilNextTurn(options);
    });
    // It may have been stopped while it waited for the time of the database.
    if (!signal.aborted) timer = setTimeout(() => void round(), Math.min(waitMs, LONGEST_TIMER_MS));
  };
  return {
    name: options.name,
    start: () => void round(),
    look: (wantsFull) => inTurn(() => lookOnce(options, signal, wantsFull)),
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await line;
    },
  };
}

/** A timer of more than 2^31 ms ends at once; a turn that is not due is not begun. */
const LONGEST_TIMER_MS = 86_400_000;

/** Turns are counted from the epoch, so that all processes on one database mean the same, and one of them looks. */
async function takeTurn(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { name, store, clock, everyMs } = options;
  if (signal.aborted) return;
  try {
    const nowMs = await store.sharedNowMs(clock());
    const dueMs = Math.floor(nowMs / everyMs) * everyMs;
    await store.runOnce(`directory ${name}`, { dueMs, nowMs: clock() }, async () => {
      await lookOnce(options, signal);
    });
  } catch (error) {
    options.onTrouble(failed(name, error));
  }
}

async function untilNextTurn({ store, clock, everyMs }: WatchOptions): Promise<number> {
  const nowMs = await store.sharedNowMs(clock()).catch(() => clock());
  return Math.ceil(everyMs - (nowMs % everyMs));
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
