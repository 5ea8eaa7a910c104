/** What hedgerow.config.json may say of directories of activities, and of what an activity is held to before somebody is referred there. */
import { z } from 'zod';

export const directorySchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('Name of the directory; never changes'),
  url: z
    .url({ protocol: /^https?$/ })
    .describe('Base of the Open Referral UK API: /services stands below it'),
  source: z
    .string()
    .default('open-referral-uk')
    .describe(
      'Name of the source whose maps are used. Two directories never share one: a copy of the folder with another name serves a second',
    ),
  kind: z.string().default('service').describe('Kind of its records'),
  everySeconds: z.number().min(10).default(3_600).describe('Seconds between looks for what changed'),
  fullEveryHours: z
    .number()
    .positive()
    .default(24)
    .describe('Hours between sweeps of the whole directory: only these find what is gone'),
  modifiedAfter: z
    .boolean()
    .default(true)
    .describe(
      'Ask only for what was modified since the last look; false for an API that has no modified_after',
    ),
  overlapSeconds: z
    .number()
    .min(0)
    .default(300)
    .describe('How far each look reaches back before the last one'),
  detail: z
    .enum(['each', 'list'])
    .default('each')
    .describe('each: every changed service is read on its own; list: the list gives services in full'),
  perPage: z.int().min(1).max(1_000).default(100).describe('Services asked for at once'),
  perSecond: z
    .number()
    .positive()
    .max(50)
    .default(5)
    .describe('Requests in a second, of all processes together'),
  maxPages: z.int().min(1).default(2_000).describe('More pages than these are no end of them'),
  maxMegabytes: z.number().positive().default(16).describe('Largest answer that is read'),
  deadlineMs: z.int().min(100).default(30_000).describe('Longest wait for one answer, in milliseconds'),
  mostGone: z
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe(
      'Share of the directory that may be gone at once; where more is, nothing is closed and somebody must look',
    ),
  alsoOf: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Names of other sources whose keys of activities are those of this directory, such as platform',
    ),
  bearerTokenEnv: z
    .string()
    .optional()
    .describe('Name of the environment variable with a token, for a directory that asks for one'),
});

export const activitiesSchema = z.strictObject({
  requiredChecks: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Codes of CodeSystem quality-check that each activity must have, such as insurance; of others only what has expired is told',
    ),
  postcodes: z
    .record(
      z.string().regex(/^[EWSNK]\d{8}$/, 'a code of an area, such as E08000025'),
      z.array(z.string().min(1)),
    )
    .default({})
    .describe('By code of an area (ONS): the outward codes, sectors or postcodes within it'),
  atSending: z
    .enum(['warn', 'hold'])
    .default('warn')
    .describe(
      'What is done with a referral that does not fit when it is to be sent: it goes, and is on the worklist; or it is held',
    ),
});

export type DirectoryConfig = z.infer<typeof directorySchema>;
export type ActivitiesConfig = z.infer<typeof activitiesSchema>;
