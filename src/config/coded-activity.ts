/** What hedgerow.config.json may say of coded activity: which entries are made, where lists go, and when. */
import { z } from 'zod';
import { NATIONAL_RULES } from '../referral/coded/rule.ts';
import { cronFault, isTimeZone } from '../store/turn-times.ts';
import { serviceUrlSchema } from './service-url.ts';

const path = z.string().min(1);
const ruleSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('Names the rule; never changes'),
  type: z.string().regex(/^[A-Z][A-Za-z]+$/, 'a resource type'),
  when: path.describe('FHIRPath: true of the resources that give an entry'),
  code: z
    .strictObject({
      code: z.string().describe('SNOMED CT concept id'),
      display: z.string().min(1),
      descriptionId: z.string().optional().describe('SNOMED CT description id, where systems file by it'),
    })
    .optional()
    .describe('What is filed; without it, codeFrom'),
  codeFrom: path.optional().describe('FHIRPath of Codings: the first that is a SNOMED CT concept is filed'),
  date: path.describe('FHIRPath of the date: when it happened, not when it was typed in'),
  author: path.describe('FHIRPath of References to who made it, the best first'),
  value: path.optional().describe('FHIRPath of a Quantity or a number: a score'),
  as: z.enum(['Procedure', 'Observation', 'Condition']).describe('What the entry is in FHIR'),
  lasting: z
    .boolean()
    .default(false)
    .describe('What has happened has happened: a later version that no longer fits takes nothing back'),
  keepsFirstDay: z
    .boolean()
    .default(false)
    .describe(
      'The date is a stamp that later versions move: only an earlier day takes the place of the first',
    ),
});

const waySchema = z.discriminatedUnion('to', [
  z.strictObject({
    to: z.literal('folder'),
    folder: z.string().min(1).describe('Each practice gets a folder of its own in it'),
    format: z.enum(['csv', 'fhir']).default('csv'),
    bom: z.boolean().default(false).describe('CSV begins with a byte order mark, as some programs need'),
  }),
  z.strictObject({
    to: z.literal('server'),
    url: serviceUrlSchema.describe('Base URL of a FHIR R4 server: each list is one Bundle there'),
    bearerTokenEnv: z.string().optional().describe('Name of the environment variable with a bearer token'),
    deadlineMs: z.int().min(100).default(30_000).describe('Longest wait for one answer, in milliseconds'),
  }),
]);

const cron = z.string().superRefine((text, context) => {
  const message = cronFault(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

export const codedActivitySchema = z.strictObject({
  rules: z
    .array(ruleSchema)
    .min(1)
    .default([...NATIONAL_RULES])
    .describe(
      'Which entries are made (docs/coded-activity.md); default the national referral and declined codes',
    ),
  practices: z
    .array(z.string().regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code'))
    .min(1)
    .optional()
    .describe('ODS codes that lists are made for; default every practice'),
  since: z.iso
    .date()
    .optional()
    .describe(
      'What happened on earlier days is not listed; default the day of the first start with this section',
    ),
  consentScopes: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Codes of Consent.scope that count, as of targets; default any'),
  out: z
    .array(waySchema)
    .default([])
    .describe('Where lists are put at each turn; without it they are only fetched'),
  schedule: cron.default('0 6 * * *').describe('When lists are made and put out, as cron has it'),
  timeZone: z
    .string()
    .refine(isTimeZone, 'is no time zone that is known here: write one such as Europe/London')
    .default('Europe/London')
    .describe('Time zone of the schedule, and of the days of lists'),
  receiptsFolder: z
    .string()
    .min(1)
    .optional()
    .describe('Folder that files of receipts are read from; they are moved to done or refused in it'),
  raiseAfterHours: z
    .number()
    .positive()
    .default(72)
    .describe('Listed and not filed for so long: an item on the worklist'),
});

export type CodedActivityConfig = z.infer<typeof codedActivitySchema>;
