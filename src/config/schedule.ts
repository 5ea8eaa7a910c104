/** What hedgerow.config.json may say of when something runs by itself. */
import { z } from 'zod';
import { cronFault, isTimeZone } from '../store/turn-times.ts';

export const cronSchema = z
  .string()
  .superRefine((text, context) => {
    const message = cronFault(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .describe(
    'When it runs: minute, hour, day of month, month and day of week, as cron has them. Of several processes on one database one runs each turn',
  );

export const timeZoneSchema = z
  .string()
  .refine(isTimeZone, 'is no time zone that is known here: write one such as Europe/London or UTC')
  .default('Europe/London')
  .describe('Time zone of the schedule');
