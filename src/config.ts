/** Turns hedgerow.config.json and the environment into a checked configuration; the only reader of process.env. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { z } from 'zod';
import { locatedApiAccess } from './config/api-access.ts';
import { locatedNhs } from './config/nhs.ts';
import { locatedResearch } from './config/research.ts';
import { configSchema, SANDBOX_PORT } from './config-schema.ts';
import { targetSchema } from './config-targets.ts';
import { type Checked, issueOf, outcomeOf, refuse } from './fhir/outcome.ts';

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
  const whole = withServices(config);
  return { ok: true, value: { ...located(whole, options), demo: !found, ...sandboxOf(config, found) } };
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

/** Services and directories that are taken in from are sources; the maps of the shipped ones need not be named. */
function withServices<T extends Pick<Config, 'sources' | 'nhs' | 'directories'>>(config: T): T {
  const { sources, nhs, directories } = config;
  const wanted = [
    ...(nhs?.ers ? [{ folder: 'mappings/e-rs', ownerOrg: nhs.ers.ownerOrg }] : []),
    ...(directories.some(({ source }) => source === 'open-referral-uk')
      ? [{ folder: 'mappings/open-referral-uk', ownerOrg: 'local' }]
      : []),
  ];
  const isThere = ({ folder }: { readonly folder: string }): boolean =>
    sources.some((one) => basename(one.folder) === basename(folder));
  return { ...config, sources: [...sources, ...wanted.filter((one) => !isThere(one))] };
}

/** Without a file the sandbox EHR is the only target. */
function sandboxOf(config: Pick<Config, 'targets' | 'sandbox'>, found: boolean): Pick<Config, 'sandbox'> {
  return found || config.targets.length > 0 ? {} : { sandbox: config.sandbox ?? { port: SANDBOX_PORT } };
}

/** Folders and files as absolute paths; a source's is looked for here first, then among the shipped ones. */
function located<
  T extends Pick<Config, 'dataDir' | 'inboxDir' | 'sources' | 'nhs' | 'access' | 'export' | 'research'>,
>(config: T, { cwd, root }: { cwd: string; root: string }): T {
  return {
    ...config,
    dataDir: resolve(cwd, config.dataDir),
    inboxDir: resolve(cwd, config.inboxDir),
    sources: config.sources.map((source) => {
      const here = resolve(cwd, source.folder);
      return { ...source, folder: existsSync(here) ? here : resolve(root, source.folder) };
    }),
    ...(config.export.folder === undefined
      ? {}
      : { export: { ...config.export, folder: resolve(cwd, config.export.folder) } }),
    ...(config.nhs ? { nhs: locatedNhs(config.nhs, cwd) } : {}),
    ...(config.access ? { access: locatedApiAccess(config.access, cwd) } : {}),
    ...(config.research ? { research: locatedResearch(config.research, cwd) } : {}),
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
    diagnostics: `The environment variable ${name} is empty: set it to the secret that the configuration takes from it.`,
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
