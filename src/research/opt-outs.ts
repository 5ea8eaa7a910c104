/** Turns the configured list of national data opt-outs into an answer for each person, or refuses to go on without one. */
import { stat } from 'node:fs/promises';
import { AdapterError, issueOf } from '../fhir/outcome.ts';
import { type NumberList, readNumberList } from './number-list.ts';

const DAY_MS = 86_400_000;
const OLDEST_DAYS = 21;

/** One of `list` and `notApplicable`; neither is refused. */
export interface OptOutSettings {
  /** file of NHS numbers, one a line */
  readonly list?: string | undefined;
  /** whose numbers they are: those who opted out, or those whose data may be used, as the national service returns them */
  readonly holds?: 'opted-out' | 'permitted';
  /** how old the file may be; default 21 days */
  readonly oldestDays?: number;
  /** why opt-outs do not apply; kept with the export */
  readonly notApplicable?: string | undefined;
}

export interface OptOuts {
  /** what the export says of it */
  readonly basis: string;
  /**
   * @param numbers NHS numbers of a patient @param former that they had before
   * @returns `unknown` for whoever has none that could be looked up
   */
  of(numbers: readonly string[], former: readonly string[]): 'in' | 'opted-out' | 'unknown';
}

/**
 * @param settings undefined where nothing is configured
 * @throws AdapterError rules `opt-out-missing`, `opt-out-old`, `opt-out-list`
 * @source NHS England, national data opt-out operational policy guidance
 */
export async function loadOptOuts(settings: OptOutSettings | undefined, nowMs: number): Promise<OptOuts> {
  const { list, notApplicable, holds = 'permitted', oldestDays = OLDEST_DAYS } = settings ?? {};
  if (notApplicable?.trim()) return { basis: `not applied: ${notApplicable}`, of: () => 'in' };
  if (list === undefined)
    throw refusal(
      'opt-out-missing',
      'No list of national data opt-outs is configured, so nothing is exported for research. Name it under research.optOut.list, or say under research.optOut.notApplicable why opt-outs do not apply.',
    );
  const { mtimeMs } = await stat(list).catch(() => {
    throw refusal(
      'opt-out-missing',
      'The file under research.optOut.list is not there: ask the service for the list, and put it there.',
    );
  });
  const ageDays = Math.floor((nowMs - mtimeMs) / DAY_MS);
  if (ageDays > oldestDays)
    throw refusal(
      'opt-out-old',
      `The list of national data opt-outs is ${ageDays} days old, and may be ${oldestDays}: ask the service for a new one.`,
    );
  if (ageDays < -1)
    throw refusal(
      'opt-out-old',
      'The list of national data opt-outs was last written in the future, so nobody can tell how old it is: see that the clock of this machine is right, and ask the service for a new list.',
    );
  const numbers = await readNumberList(list);
  if (numbers.count === 0)
    throw refusal(
      'opt-out-list',
      'The list of national data opt-outs holds no NHS number, so it cannot be told from one that was cut off: ask the service for the list again.',
    );
  return {
    basis: `list of ${ageDays} days (${holds})`,
    of: (own, former) => answer(own, former, numbers, holds),
  };
}

/** Who opted out under any number, one of before too, has opted out; who has two numbers is permitted only with both. */
function answer(
  own: readonly string[],
  former: readonly string[],
  numbers: NumberList,
  holds: 'opted-out' | 'permitted',
): ReturnType<OptOuts['of']> {
  if (own.length === 0) return 'unknown';
  const isIn =
    holds === 'permitted'
      ? own.every((one) => numbers.has(one))
      : ![...own, ...former].some((one) => numbers.has(one));
  return isIn ? 'in' : 'opted-out';
}

function refusal(rule: string, diagnostics: string): AdapterError {
  return new AdapterError('permanent', issueOf({ rule, code: 'security', diagnostics }));
}
