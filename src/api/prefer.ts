/** Turns the Prefer header of a request into what its client would like: what comes back, how strict, whether at once. */
import type { Request } from 'express';

/** What a client prefers; undefined where it did not say, or said what FHIR does not know. */
export interface Preferences {
  readonly returns: 'minimal' | 'representation' | 'OperationOutcome' | undefined;
  readonly handling: 'strict' | 'lenient' | undefined;
  /** `respond-async` */
  readonly isAsync: boolean;
}

const RETURNS = ['minimal', 'representation', 'OperationOutcome'] as const;
const HANDLING = ['strict', 'lenient'] as const;

const NONE: Preferences = { returns: undefined, handling: undefined, isAsync: false };

/**
 * @returns preferences; of one that is named twice the first counts, as RFC 7240 has it
 * @source FHIR R4, 3.1.0.1.7 (return), 3.1.1.4.2 (handling), async.html; RFC 7240, 2
 */
export function preferOf(request: Pick<Request, 'get'>): Preferences {
  const header = request.get('prefer');
  if (header === undefined) return NONE;
  const given = new Map<string, string>();
  for (const one of header.split(',')) {
    const [preference = ''] = one.split(';', 1); // what follows are parameters of the preference
    const [name = '', value = ''] = preference.split('=').map((part) => part.trim());
    const key = name.toLowerCase();
    if (!given.has(key)) given.set(key, value.replace(/^"(.*)"$/, '$1').toLowerCase());
  }
  const wordOf = <Word extends string>(name: string, words: readonly Word[]): Word | undefined =>
    words.find((word) => word.toLowerCase() === given.get(name));
  return {
    returns: wordOf('return', RETURNS),
    handling: wordOf('handling', HANDLING),
    isAsync: given.has('respond-async'),
  };
}
