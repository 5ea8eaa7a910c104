/** Turns hedgerow.config.json and the environment into a checked configuration; the only reader of process.env. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { z } from 'zod';
import { type Checked, issueOf, outcomeOf, refuse } from './fhir/outcome.ts';

const SANDBOX_PORT = 8081;

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
  concurrency: z.int().min(1).max(64).default(8).describe('People delivered at once'),
  deadlineMs: z.int().min(100).default(10_000).describe('Longest wait for one answer, in milliseconds'),
  bearerTokenEnv: z.string().optional().describe('Name of the environment variable with a bearer token'),
});

const sourceSchema = z.strictObject({
  folder: z.string().describe('Folder with source.json, schemas and maps, such as mappings/spreadsheet'),
  ownerOrg: z
    .string()
    .min(1)
    .default('local')
    .describe('Organisation that owns the records: its ODS code where it has one'),
});

const terminologySchema = z.strictObject({
  url: z.url().describe('Base URL of a FHIR R4 terminology server, asked for codes that cannot be told here'),
  timeoutMs: z.int().min(100).default(5_000).describe('Longest wait for one answer, in milliseconds'),
  concurrency: z.int().min(1).max(64).default(8).describe('Questions sent at once'),
  keepHours: z.number().min(0).default(24).describe('How long an answer is kept'),
});

const configSchema = z.strictObject({
  $schema: z.string().optional(),
  host: z.string().default('127.0.0.1').describe('Address to listen on'),
  port: z.int().min(0).max(65_535).default(8080),
  dataDir: z.string().default('data').describe('Folder of the embedded store'),
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
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

export type TargetConfig = z.infer<typeof targetSchema>;
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
