/** Turns what the engine throws into the adapter's error: whether it could not write now, or the statement itself is wrong. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/** Primary result codes after which the same write may succeed later: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN. */
const PASSING = new Set([5, 6, 8, 10, 13, 14]);

/** @returns an AdapterError as it is; any other error as one that says whether the write may be tried again */
export function storeError(error: unknown): AdapterError {
  if (error instanceof AdapterError) return error;
  const { errcode, code } = error as { errcode?: number; code?: string };
  const closed = code === 'ERR_INVALID_STATE';
  const passing =
    code === 'EIO' || code === 'ENOSPC' || (errcode !== undefined && PASSING.has(errcode & 0xff));
  if (!closed && !passing) return engineFault(error);
  return new AdapterError(
    'transient',
    issueOf({
      severity: 'fatal',
      code: closed ? 'exception' : 'no-store',
      rule: closed ? 'store-closed' : 'store-not-writable',
      diagnostics: closed
        ? 'The store is closed; start the adapter again and send the records again.'
        : `The store cannot write (${errcode === undefined ? code : `SQLite result ${errcode}`}); nothing of this batch was kept. Free disk space or check the data folder's permissions, then send it again.`,
    }),
    error,
  );
}

function engineFault(error: unknown): AdapterError {
  const text = error instanceof Error ? error.name : typeof error;
  return new AdapterError(
    'permanent',
    issueOf({
      severity: 'fatal',
      code: 'exception',
      rule: 'store-fault',
      diagnostics: `The store met a fault of its own (${text}); nothing of this batch was kept. Report it with the log's stack trace.`,
    }),
    error,
  );
}
