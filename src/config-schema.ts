/** What hedgerow.config.json may say, with defaults and a sentence for each setting. */
import { z } from 'zod';
import { STORED_TYPES } from './fhir/definitions.ts';
import { REFERRAL_ACTORS } from './referral/states.ts';

export const SANDBOX_PORT = 8081;

const speaksForSchema = z
  .array(z.enum(REFERRAL_ACTORS))
  .min(1)
  .optional()
  .describe('Parties whose steps of a referral it may tell (docs/referral-states.md); default all');

const receiveSchema = z.strictObject({
  mode: z
    .enum(['poll', 'subscribe'])
    .default('poll')
    .describe('poll looks at intervals; subscribe takes hooks at /subscriptions/{target} too'),
  types: z.array(z.enum(STORED_TYPES)).min(1).default(['Patient', 'ServiceRequest', 'Task']),
  by: z
    .enum(['search', 'history'])
    .default('search')
    .describe('How changes are asked for; history tells of deletions too, where the server has it'),
  everySeconds: z.number().positive().default(30).describe('Seconds between looks'),
  overlapSeconds: z
    .number()
    .min(0)
    .default(300)
    .describe('How far a look reaches back before the last change seen'),
  pageSize: z.int().min(1).max(1_000).default(100),
  since: z.iso.datetime({ offset: true }).optional().describe('Where to begin; default: at the first start'),
  withProvenance: z.boolean().default(false).describe('Ask for the Provenance of each change with it'),
  ownerOrg: z.string().min(1).default('local').describe('Organisation that owns what was made there'),
  secretEnv: z.string().optional().describe('Name of the environment variable with the secret of hooks'),
  secretHeader: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9-]*$/)
    .default('X-Hedgerow-Secret'),
  callbackUrl: z
    .url()
    .optional()
    .describe(
      'Address of /subscriptions/{target} as the server sees it; with it the Subscriptions are made there',
    ),
  payload: z.enum(['empty', 'id-only', 'full-resource']).default('empty'),
  topic: z.url().optional().describe('Topic to subscribe to, for servers of the Subscriptions backport'),
});

const sendSchema = z.strictObject({
  practices: z
    .array(z.string().regex(/^[A-Za-z0-9]{3,10}$/, 'an ODS code'))
    .min(1)
    .optional()
    .describe('ODS codes: only people whose general practice or managing organisation is one of these'),
  types: z
    .array(z.string().regex(/^[A-Z][A-Za-z]+$/, 'a resource type'))
    .min(1)
    .optional()
    .describe('Resource types that go there; Patient always goes with them'),
  codedOnly: z
    .boolean()
    .default(false)
    .describe('Codes, numbers and dates only: free text is left out, and what says nothing without it'),
});

const receiptsSchema = z.strictObject({
  by: z
    .enum(['http', 'task'])
    .default('http')
    .describe('What says that a delivery was filed: the answer to it, or a Task that comes back from there'),
  types: z
    .array(z.string().regex(/^[A-Z][A-Za-z]+$/, 'a resource type'))
    .min(1)
    .default(['ServiceRequest']),
  raiseAfterHours: z
    .number()
    .positive()
    .default(72)
    .describe('Sent and not filed for so long: an item on the worklist'),
});

export const targetSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and hyphens')
    .describe('Name of the target; never changes'),
  url: z.url().describe('Base URL of the FHIR R4 server'),
  ids: z
    .enum(['client', 'server'])
    .default('client')
    .describe('Who names resources: client = PUT with our id, server = POST with If-None-Exist'),
  twins: z
    .enum(['report', 'entered-in-error', 'delete'])
    .default('report')
    .describe(
      'What becomes of the younger of two copies at a server that names resources: left and put on the worklist, marked, or deleted; one that was changed there is only ever reported',
    ),
  requiresVerifiedNhsNumber: z
    .boolean()
    .default(true)
    .describe('Send only people whose NHS number is verified (hr-8)'),
  allowRestricted: z
    .boolean()
    .default(false)
    .describe('Send restricted people, without address, telecom and GP'),
  purpose: z
    .enum(['share-with-gp', 'refer', 'research'])
    .default('share-with-gp')
    .describe('Consent that covers this target'),
  send: sendSchema.optional().describe('Which people, types and content go there; default all'),
  receipts: receiptsSchema.optional().describe('Keep what the target makes of a delivery; default not kept'),
  concurrency: z.int().min(1).max(64).default(8).describe('People delivered at once'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for one answer, in milliseconds'),
  speaksFor: speaksForSchema,
  bearerTokenEnv: z.string().optional().describe('Name of the environment variable with a bearer token'),
  receive: receiveSchema.optional().describe('Take changes that are made there; without it none are'),
});

const sourceSchema = z.strictObject({
  folder: z.string().describe('Folder with source.json, schemas and maps, such as mappings/spreadsheet'),
  ownerOrg: z
    .string()
    .min(1)
    .default('local')
    .describe('Organisation that owns the records: its ODS code where it has one'),
  speaksFor: speaksForSchema,
});

const SIGNATURE_HEADER = 'Hedgerow-Signature';

const alertsSchema = z.strictObject({
  webhook: z
    .strictObject({
      url: z.url(),
      secretEnv: z
        .string()
        .describe('Name of the environment variable with the secret that notices are signed with'),
      signatureHeader: z
        .string()
        .regex(/^[A-Za-z][A-Za-z0-9-]*$/)
        .default(SIGNATURE_HEADER),
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
  payloadDays: days.describe('Days that the records of sources are kept as they came; a remap needs them'),
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
  everyHours: z.number().positive().default(24).describe('Hours between runs'),
});

const reconcileSchema = z.strictObject({
  target: z.string().describe('Name of the target'),
  everyHours: z.number().positive().default(24).describe('Hours between runs'),
  heal: z
    .array(z.enum(['missing', 'twin', 'changed', 'extra']))
    .default([])
    .describe(
      'Drift that is put right without asking; changed: what was changed there alone is written over',
    ),
  perSecond: z.number().positive().max(1_000).default(10).describe('Requests to the target in a second'),
});

export const configSchema = z.strictObject({
  $schema: z.string().optional(),
  host: z.string().default('127.0.0.1').describe('Address to listen on'),
  port: z.int().min(0).max(65_535).default(8080),
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
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});
