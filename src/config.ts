/** Turns hedgerow.config.json and the environment into a checked configuration; the only reader of process.env. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { z } from 'zod';
import { STORED_TYPES } from './fhir/definitions.ts';
import { type Checked, issueOf, outcomeOf, refuse } from './fhir/outcome.ts';
import { REFERRAL_ACTORS } from './referral/states.ts';

const SANDBOX_PORT = 8081;

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

const targetSchema = z.strictObject({
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

const configSchema = z.strictObject({
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

export type TargetConfig = z.infer<typeof targetSchema>;

/** @returns a target with what it leaves out set to its default @throws ZodError */
export function targetOf(target: z.input<typeof targetSchema>): TargetConfig {
  return targetSchema.parse(target);
}

/** Checked configuration. Folders are absolute; `demo` is true when there was no file to read. */
export type Config = Omit<z.infer<typeof configSchema>, '$schema'> & { readonly demo: boolean };

/** Command-line values that win over file and environment. */
export interface Overrides {
  readonly host?: string;
  readonly port?: number;
  readonly dataDir?: string;
  readonly inboxDir?: string;
}

/**
 * Reads the configuration: defaults, then the file, then HEDGEROW_HOST, HEDGEROW_PORT, HEDGEROW_DATA_DIR,
 * HEDGEROW_INBOX_DIR, HEDGEROW_SANDBOX_PORT (which also turns the sandbox EHR on) and HEDGEROW_LOG_LEVEL, then the command line.
 * Without a file it is demo mode: the sandbox EHR is the only target.
 * @param path of the file; default hedgerow.config.json in `cwd`
 * @param root folder of the installed adapter, where the shipped mappings are
 */
export function loadConfig(options: {
  path?: string;
  cwd: string;
  root: string;
  overrides?: Overrides;
}): Checked<Config> {
  const file = resolve(options.cwd, options.path ?? 'hedgerow.config.json');
  const found = existsSync(file);
  if (!found && options.path !== undefined) {
    return refuse({
      code: 'not-found',
      rule: 'config-file',
      diagnostics: `There is no configuration file ${options.path}: write one, or leave --config out for demo mode.`,
    });
  }
  const raw = found ? readConfigFile(file) : ({ ok: true, value: {} } as const);
  if (!raw.ok) return raw;
  const parsed = configSchema.safeParse({
    ...raw.value,
    ...fromEnvironment(process.env),
    ...defined(options.overrides ?? {}),
  });
  if (!parsed.success) return { ok: false, outcome: outcomeOf(...parsed.error.issues.map(issueIn(file))) };
  const { $schema: _, ...config } = parsed.data;
  return { ok: true, value: { ...located(config, options), demo: !found, ...sandboxOf(config, found) } };
}

function readConfigFile(file: string): Checked<object> {
  try {
    return { ok: true, value: JSON.parse(readFileSync(file, 'utf8')) as object };
  } catch (error) {
    return refuse({
      code: 'structure',
      rule: 'config-json',
      diagnostics: `${file} is not JSON: ${(error as Error).message}`,
    });
  }
}

function issueIn(file: string): (issue: z.core.$ZodIssue) => OperationOutcomeIssue {
  return ({ path, message }) =>
    issueOf({
      rule: 'config-value',
      expression: path.join('.') || 'config',
      diagnostics: `${file}: ${path.join('.') || 'the file'}: ${message}`,
    });
}

/** Without a file the sandbox EHR is the only target. */
function sandboxOf(config: Pick<Config, 'targets' | 'sandbox'>, found: boolean): Pick<Config, 'sandbox'> {
  return found || config.targets.length > 0 ? {} : { sandbox: config.sandbox ?? { port: SANDBOX_PORT } };
}

/** Folders as absolute paths; a source's is looked for here first, then among the shipped ones. */
function located<T extends Pick<Config, 'dataDir' | 'inboxDir' | 'sources'>>(
  config: T,
  { cwd, root }: { cwd: string; root: string },
): T {
  return {
    ...config,
    dataDir: resolve(cwd, config.dataDir),
    inboxDir: resolve(cwd, config.inboxDir),
    sources: config.sources.map((source) => {
      const here = resolve(cwd, source.folder);
      return { ...source, folder: existsSync(here) ? here : resolve(root, source.folder) };
    }),
  };
}

/** @returns the secret that a configuration names by its environment variable; undefined when it names none */
export function secretOf(name: string | undefined): Checked<string | undefined> {
  if (name === undefined) return { ok: true, value: undefined };
  const value = process.env[name];
  if (value) return { ok: true, value };
  return refuse({
    code: 'security',
    rule: 'config-secret',
    diagnostics: `The environment variable ${name} is empty: set it to the token that the target gave you.`,
  });
}

/**
 * Which PostgreSQL holds the store. A variable that the file names must have a value: nothing is put elsewhere by mistake.
 * @returns its URL; undefined for the embedded store
 */
export function databaseUrlOf({
  databaseUrlEnv,
}: Pick<Config, 'databaseUrlEnv'>): Checked<string | undefined> {
  const name = databaseUrlEnv ?? 'DATABASE_URL';
  const value = process.env[name];
  if (!value && databaseUrlEnv === undefined) return { ok: true, value: undefined };
  if (value && /^postgres(ql)?:\/\//.test(value) && URL.canParse(value)) return { ok: true, value };
  return refuse({
    code: 'value',
    rule: 'config-database-url',
    diagnostics: `The environment variable ${name} holds no URL of a PostgreSQL: set it to one, such as postgres://user@host:5432/hedgerow, or take it out for the embedded store.`,
  });
}

/** @returns JSON Schema of the configuration file, for editors */
export function configJsonSchema(): unknown {
  return z.toJSONSchema(configSchema, { io: 'input' });
}

function fromEnvironment(env: NodeJS.ProcessEnv): Record<string, unknown> {
  return defined({
    host: env.HEDGEROW_HOST,
    port: env.HEDGEROW_PORT === undefined ? undefined : Number(env.HEDGEROW_PORT),
    dataDir: env.HEDGEROW_DATA_DIR,
    inboxDir: env.HEDGEROW_INBOX_DIR,
    logLevel: env.HEDGEROW_LOG_LEVEL,
    sandbox:
      env.HEDGEROW_SANDBOX_PORT === undefined ? undefined : { port: Number(env.HEDGEROW_SANDBOX_PORT) },
  });
}

function defined<T extends object>(values: T): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
