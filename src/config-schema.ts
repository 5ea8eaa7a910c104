/** What hedgerow.config.json may say, with defaults and a sentence for each setting. */
import { z } from 'zod';
import { apiAccessFaults, apiAccessSchema } from './config/api-access.ts';
import { corsSchema } from './config/cors.ts';
import { activitiesSchema, directorySchema } from './config/directory.ts';
import { exportSchema } from './config/export.ts';
import { nhsSchema } from './config/nhs.ts';
import { researchSchema } from './config/research.ts';
import { cronSchema, timeZoneSchema } from './config/schedule.ts';
import { subscriptionsSchema } from './config/subscriptions.ts';
import { signatureHeaderSchema, speaksForSchema, targetSchema } from './config-targets.ts';

export const SANDBOX_PORT = 8081;

const sourceSchema = z.strictObject({
  folder: z.string().describe('Folder with source.json, schemas and maps, such as mappings/spreadsheet'),
  ownerOrg: z
    .string()
    .min(1)
    .default('local')
    .describe('Organisation that owns the records: its ODS code where it has one'),
  speaksFor: speaksForSchema,
});

const alertsSchema = z.strictObject({
  webhook: z
    .strictObject({
      url: z.url(),
      secretEnv: z
        .string()
        .describe('Name of the environment variable with the secret that notices are signed with'),
      signatureHeader: signatureHeaderSchema,
    })
    .optional()
    .describe('Where notices of incidents are posted; they are always in the log'),
  targetDownMinutes: z
    .number()
    .positive()
    .default(10)
    .describe('How long a target may fail before somebody is told'),
  targetDownFailures: z.int().min(1).default(100).describe('Failures in a row before somebody is told'),
  oldestHours: z
    .number()
    .positive()
    .default(24)
    .describe('How long a delivery may wait before somebody is told'),
  everySeconds: z.number().positive().default(30).describe('Seconds between looks'),
});

const terminologySchema = z.strictObject({
  url: z.url().describe('Base URL of a FHIR R4 terminology server, asked for codes that cannot be told here'),
  timeoutMs: z.int().min(100).default(5_000).describe('Longest wait for one answer, in milliseconds'),
  concurrency: z.int().min(1).max(64).default(8).describe('Questions sent at once'),
  keepHours: z.number().min(0).default(24).describe('How long an answer is kept'),
});

const days = z.number().min(1).optional();
const retentionSchema = z.strictObject({
  payloadDays: days.describe(
    'Days that the records of sources are kept as they came (a remap needs them); also what the next three default to',
  ),
  messageDays: days.describe(
    'Days that messages to and from NHS services, documents among them, are kept as they went or came, once settled',
  ),
  codedEntryDays: days.describe('Days that settled coded entries are kept with names'),
  answerDays: days.describe('Days that answers of services are kept beyond the time for which they counted'),
  historyDays: days.describe('Days that superseded versions are kept'),
  historyVersions: z
    .int()
    .min(0)
    .default(1)
    .describe('Superseded versions of a resource that stay, however old'),
  receiptDays: days.describe('Days that receipts of finished intakes are kept'),
  resolvedWorkDays: days.describe('Days that resolved items of the worklist are kept'),
  auditDays: days.describe('Days until rows of the audit move to a file in the data folder'),
  auditRows: z.int().min(1).optional().describe('Rows of the audit that stay in the store at most'),
  maxMegabytes: z
    .number()
    .positive()
    .optional()
    .describe('Size of the embedded store above which payloads and history go sooner, down to a day'),
  schedule: cronSchema.default('30 2 * * *'),
  timeZone: timeZoneSchema,
});

const reconcileSchema = z.strictObject({
  target: z.string().describe('Name of the target'),
  schedule: cronSchema.default('0 3 * * *'),
  timeZone: timeZoneSchema,
  heal: z
    .array(z.enum(['missing', 'twin', 'changed', 'extra']))
    .default([])
    .describe(
      'Drift that is put right without asking; changed: what was changed there alone is written over',
    ),
  perSecond: z.number().positive().max(1_000).default(10).describe('Requests to the target in a second'),
});

const configMembers = z.strictObject({
  $schema: z.string().optional(),
  host: z.string().default('127.0.0.1').describe('Address to listen on'),
  port: z.int().min(0).max(65_535).default(8080),
  access: apiAccessSchema
    .optional()
    .describe(
      'Who enters the API (docs/api-access.md). Without it nobody does: health and what services call stay open, and pages on this machine',
    ),
  cors: corsSchema.prefault({}).describe('Pages of other origins that call the FHIR API'),
  dataDir: z.string().default('data').describe('Folder of the embedded store'),
  databaseUrlEnv: z
    .string()
    .optional()
    .describe(
      'Name of the environment variable with the URL of a PostgreSQL (15 or newer) that holds the store; default DATABASE_URL, and the embedded store where that is empty',
    ),
  inboxDir: z.string().default('inbox').describe('Folder with one drop folder a source'),
  sources: z.array(sourceSchema).default([
    { folder: 'mappings/spreadsheet', ownerOrg: 'local' },
    { folder: 'mappings/platform', ownerOrg: 'local' },
  ]),
  targets: z.array(targetSchema).default([]),
  sandbox: z
    .strictObject({ port: z.int().min(0).max(65_535).default(SANDBOX_PORT) })
    .optional()
    .describe('Run the sandbox EHR on a second port and deliver to it; demo mode turns it on'),
  terminology: terminologySchema
    .optional()
    .describe('Without it, codes that cannot be told here are not checked, and counted as such'),
  alerts: alertsSchema
    .prefault({})
    .describe('Nothing is dropped, however long it waits: an operator is told instead, once an incident'),
  retention: retentionSchema
    .optional()
    .describe('How long things are kept; without it everything is. What is unsettled stays, however old'),
  reconcile: z
    .array(reconcileSchema)
    .default([])
    .describe('Targets that are compared with the store now and then'),
  directories: z
    .array(directorySchema)
    .default([])
    .describe('Directories of activities (Open Referral UK, HSDS 3) that are taken in'),
  activities: activitiesSchema
    .prefault({})
    .describe('What an activity is held to before somebody is referred there'),
  subscriptions: subscriptionsSchema
    .prefault({})
    .describe('Notifications that clients of the API subscribe to (docs/subscriptions.md)'),
  research: researchSchema
    .optional()
    .describe('Tables and exports for research: who is in them, and what leaves (docs/de-identification.md)'),
  export: exportSchema
    .prefault({})
    .describe('Bulk exports that clients of the API ask for (docs/bulk-export.md)'),
  nhs: nhsSchema
    .optional()
    .describe('NHS services; each needs onboarding with NHS England before it may be used for real'),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** What one setting says of another is checked here. */
export const configSchema = configMembers.superRefine(
  ({ targets, reconcile, nhs, access, host }, context) => {
    for (const { member, message } of access ? apiAccessFaults(access, host) : [])
      context.addIssue({ code: 'custom', path: ['access', member], message });
    for (const [at, { name }] of (nhs?.mesh?.mailboxes ?? []).entries())
      if (targets.some((target) => target.name === name))
        context.addIssue({
          code: 'custom',
          path: ['nhs', 'mesh', 'mailboxes', at, 'name'],
          message: 'a target has this name, and their messages could not be told apart: give it another',
        });
    for (const [at, { target }] of reconcile.entries())
      if (targets.some(({ name, kind }) => name === target && kind === 'webhook'))
        context.addIssue({
          code: 'custom',
          path: ['reconcile', at, 'target'],
          message: 'a webhook cannot be asked what it holds: leave it out',
        });
  },
);
