/** Turns what PostgreSQL or the way to it reports into the adapter's error: whether it could not write now, or the statement itself is wrong. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';

/**
 * Classes and codes after which the same write may succeed later: no connection, shutting down, out of room or memory,
 * locked, read-only while it is a standby, a transaction that stood idle for too long.
 * @source PostgreSQL documentation, appendix A
 */
const PASSING = /^(08|53|57|58|55P03|25006|25P03|40|3D000|28)/;
/** Another transaction stood in the way: serialization failure, deadlock. */
const CONTENDED = /^(40001|40P01)$/;

/** @returns whether the same transaction, begun anew, may go through */
export function isWorthAnotherTry(error: unknown): boolean {
  const cause = error instanceof AdapterError ? error.cause : error;
  return CONTENDED.test(codeOf(cause) ?? '');
}

/** @returns an AdapterError as it is; any other error as one that says whether the write may be tried again */
export function storeError(error: unknown, isOpen: boolean): AdapterError {
  if (error instanceof AdapterError) return error;
  const code = codeOf(error);
  if (!isOpen) return fault('transient', 'exception', 'store-closed', CLOSED, error);
  if (code === undefined ? isConnectionLost(error) : PASSING.test(code) || isSystemCode(code))
    return fault(
      'transient',
      'no-store',
      'store-not-writable',
      notWritable(code ?? 'connection lost'),
      error,
    );
  return fault('permanent', 'exception', 'store-fault', faulty(code, error), error);
}

const CLOSED = 'The store is closed; start the adapter again and send the records again.';

const END_UNKNOWN =
  'The connection to PostgreSQL broke while it committed: all of this batch was kept, or nothing. Send it again: what was kept stays unchanged.';

function notWritable(reason: string): string {
  return `The store cannot write (PostgreSQL: ${reason}); nothing of this batch was kept. Bring the database back or free its disk, then send it again.`;
}

function faulty(code: string | undefined, error: unknown): string {
  const text = code ?? (error instanceof Error ? error.name : typeof error);
  return `The store met a fault of its own (${text}); nothing of this batch was kept. Report it with the log's stack trace.`;
}

function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** `ECONNREFUSED` and its like: of the system, not of SQL. */
function isSystemCode(code: string): boolean {
  return /^E[A-Z]{3,}$/.test(code);
}

/** The driver gives these no code. */
function isConnectionLost(error: unknown): boolean {
  return (
    error instanceof Error &&
    /^(Connection terminated|timeout e|Query read timeout|Client (has encountered|was closed))/i.test(
      error.message,
    )
  );
}

/**
 * For a commit that was not answered.
 * @throws AdapterError transient: the database may have kept all of it, or nothing; what it refused is thrown as it is
 */
export function unknownEnd(error: unknown): never {
  const code = codeOf(error);
  if (code === undefined ? !isConnectionLost(error) : !/^(08|57)/.test(code) && !isSystemCode(code))
    throw error;
  throw fault('transient', 'no-store', 'store-end-unknown', END_UNKNOWN, error);
}

function fault(
  retry: 'transient' | 'permanent',
  code: 'exception' | 'no-store',
  rule: string,
  diagnostics: string,
  cause: unknown,
): AdapterError {
  return new AdapterError(retry, issueOf({ severity: 'fatal', code, rule, diagnostics }), cause);
}
