/** What hedgerow.config.json may say of the subscriptions of clients: where notifications may go, and how long they are tried. */
import { z } from 'zod';

export const subscriptionsSchema = z.strictObject({
  privateHosts: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9.:-]{1,253}$/, 'a host name or address alone, without scheme and port')
        .transform((host) => host.toLowerCase()),
    )
    .max(100)
    .default([])
    .describe(
      'Hosts in private networks that clients may have notifications sent to, over http too; all others have to be public, and are called over https alone',
    ),
  concurrency: z.int().min(1).max(64).default(8).describe('Subscriptions that are served at once'),
  timeoutSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(15)
    .describe('Longest wait for a subscriber whose Subscription names none'),
  failuresUntilError: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe(
      'Calls in a row that were not taken, from which on a Subscription is in error and operators are told',
    ),
  offAfterDays: z
    .number()
    .positive()
    .max(365)
    .default(14)
    .describe(
      'Days of failing after which a Subscription is turned off; until then it is tried again and again',
    ),
  keepEventDays: z
    .number()
    .positive()
    .max(365)
    .default(30)
    .describe('Days that events can be asked for by $events after they were taken'),
});

export type SubscriptionsConfig = z.infer<typeof subscriptionsSchema>;
