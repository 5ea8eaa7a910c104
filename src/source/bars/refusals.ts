/** Names what a receiver refuses for reasons that lie outside of a message, and the ids that every answer carries. */
import type { BarsFault } from '../../nhs/bars/errors.ts';
import { HEADERS } from '../../nhs/bars/headers.ts';

/** Both ids are answered as they came, where they came. */
export function idsIn(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const ids: Record<string, string> = {};
  for (const name of [HEADERS.requestId, HEADERS.correlationId]) {
    const value = headers[name];
    if (value !== undefined && /^[\w.:-]{1,64}$/.test(value)) ids[name] = value;
  }
  return ids;
}

/** To its sender a success. */
export const DUPLICATE: BarsFault = {
  code: 'REC_CONFLICT',
  issue: 'duplicate',
  diagnostics: 'The message has been processed already: nothing is left to do.',
};
export const OTHER_MESSAGE: BarsFault = {
  code: 'REC_BAD_REQUEST',
  issue: 'invariant',
  diagnostics: 'X-Request-Id was used for another message: every message has one of its own.',
};
export const OTHER_BUNDLE: BarsFault = {
  code: 'REC_BAD_REQUEST',
  issue: 'invariant',
  diagnostics: 'Bundle.id was used for a message that says something else: every message has one of its own.',
  expression: 'Bundle.id',
};
/** Never sent: it says why a message was not worked. */
export const GONE: BarsFault = {
  code: 'REC_NOT_FOUND',
  issue: 'not-found',
  diagnostics: 'The message was erased before it was worked: whom it is about was erased here.',
};
export const NOT_ALLOWED: BarsFault = {
  code: 'REC_UNAUTHORIZED',
  issue: 'forbidden',
  diagnostics:
    'The organisation in nhsd-end-user-organisation may not use this service: ask its provider to be allowed.',
};
export const LATE: BarsFault = {
  code: 'REC_TIMEOUT',
  issue: 'timeout',
  diagnostics:
    'The message is still being worked: send it again under the same ids, to learn what became of it.',
};
export const LATE_ANSWER: BarsFault = {
  code: 'REC_TIMEOUT',
  issue: 'timeout',
  diagnostics: 'It could not be looked up in time: ask again later.',
};
export const BUSY: BarsFault = {
  code: 'REC_TOO_MANY_REQUESTS',
  issue: 'throttled',
  diagnostics: 'Too many messages wait here: send this one again later, under the same ids.',
};
export const UNEXPECTED: BarsFault = {
  code: 'REC_SERVER_ERROR',
  issue: 'exception',
  diagnostics: 'The message could not be worked: send it again under the same ids.',
};
