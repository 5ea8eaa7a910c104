/** Turns a cron expression into the times of a schedule's turns: the same for all processes on a database, whatever their clocks say. */
import { createTask, validateDetailed } from 'node-cron';

const MINUTE_MS = 60_000;
/** A turn that nobody began is made up for so long. */
export const LONGEST_LOOK_BACK_MS = 25 * 3_600_000;
const FIELDS = 5;
const HINT =
  'Write minute, hour, day of month, month and day of week, such as "30 2 * * *" for half past two every night, or "0 3 * * 0" for three on Sundays.';

/** When the turns of a schedule are. */
export interface TurnTimes {
  /** @returns the latest turn after `afterMs`, up to `untilMs`, epoch ms; none further back than `LONGEST_LOOK_BACK_MS` */
  latest(afterMs: number, untilMs: number): number | undefined;
}

/** @returns what is wrong with a cron expression, and what to write; undefined where nothing is */
export function cronFault(expression: string): string | undefined {
  const count = expression.trim().split(/\s+/).length;
  if (count !== FIELDS) return `"${expression}" has ${count} parts, not ${FIELDS}. ${HINT}`;
  const { valid, errors } = validateDetailed(expression.trim());
  if (valid) return undefined;
  const faults = errors.map(({ field, value = '', message }) => `${field} "${value}": ${message}`);
  return `"${expression}" is no schedule (${faults.join('; ')}). ${HINT}`;
}

/** @returns whether this is the name of a time zone that is known here, such as Europe/London */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * The package tells which minutes match; its timers are not used, since they go by this process's clock.
 * @param expression without faults (`cronFault`) @param timeZone that its hours are in
 */
export function turnTimesOf(expression: string, timeZone: string): TurnTimes {
  const task = createTask(expression.trim(), () => {}, { timezone: timeZone });
  return {
    latest(afterMs, untilMs) {
      const first = Math.max(afterMs, untilMs - LONGEST_LOOK_BACK_MS);
      for (let atMs = Math.floor(untilMs / MINUTE_MS) * MINUTE_MS; atMs > first; atMs -= MINUTE_MS)
        if (task.match(new Date(atMs))) return atMs;
      return undefined;
    },
  };
}
