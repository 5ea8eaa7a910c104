/** Checks FHIR resources in files, folders and streams, and says of each fault where it is and what to change. */
import type { OperationOutcomeIssue, Resource } from '@medplum/fhirtypes';
import type { Config } from '../../config.ts';
import { hasErrors, issueOf } from '../../fhir/outcome.ts';
import { checkWhole, settled } from '../../validation/check-whole.ts';
import type { AskCodes } from '../../validation/pending.ts';
import type { Validator } from '../../validation/validator.ts';
import { loadValidator, ROOT } from '../load.ts';
import type { Streams } from '../streams.ts';
import { openTerms } from './terms.ts';
import { filesOf, type Given, resourcesIn } from './validate-files.ts';
import { type Found, isError, type ReportFormat, reportOf, Tally } from './validate-report.ts';

export interface ValidateOptions {
  /** canonicals of profiles that every resource must conform to, besides those that it claims */
  readonly profile?: readonly string[];
  readonly format?: ReportFormat;
  /** leave out warnings and what is only information */
  readonly errorsOnly?: boolean;
  /** print no summary */
  readonly quiet?: boolean;
}

/** Where the command reads and writes; a terminal on standard error shows progress. */
export interface ValidateStreams extends Streams {
  readonly stdin: AsyncIterable<Uint8Array>;
  /** false from `write`: it holds enough for now, and says when that is written by `drain` */
  readonly stdout: Streams['stdout'] & {
    readonly columns?: number;
    once(event: 'drain', then: () => void): unknown;
  };
  readonly stderr: Streams['stderr'] & { readonly isTTY?: boolean };
}

const WIDTH = 120;
const PROGRESS_EVERY_MS = 250;

/** @returns 0 no errors (warnings allowed), 2 errors found, 1 something could not be read */
export async function validate(
  paths: readonly string[],
  options: ValidateOptions,
  config: Config,
  streams: ValidateStreams,
  clock: () => number,
): Promise<number> {
  const files = filesOf(paths);
  if (!files.ok) return complaint(streams, files.outcome.issue);
  const { validator, faults } = loadValidator(config, ROOT);
  if (hasErrors(faults)) return complaint(streams, faults);
  const unknown = (options.profile ?? []).filter((url) => !validator.knows(url));
  if (unknown.length > 0) return complaint(streams, unknown.map(unknownProfile));
  const terms = openTerms(config, clock);
  const tally = new Tally();
  try {
    return await checkAll(files.value, { validator, ask: terms.ask, options, streams, tally, clock });
  } finally {
    terms.close();
    clearProgress(streams);
    // where the report is JSON, every line on standard output is
    const summary = options.format === 'json' ? streams.stderr : streams.stdout;
    if (!options.quiet) summary.write(`${tally}\n`);
  }
}

/** One run of the command. */
interface Job {
  readonly validator: Validator;
  readonly ask: AskCodes | undefined;
  readonly options: ValidateOptions;
  readonly streams: ValidateStreams;
  readonly tally: Tally;
  readonly clock: () => number;
}

async function checkAll(files: readonly string[], job: Job): Promise<number> {
  const { streams, tally, options } = job;
  let isUnread = false;
  let shownMs = job.clock();
  for (const file of files) {
    try {
      for await (const given of resourcesIn(file, streams.stdin)) {
        const found = await check(given, job);
        tally.add(found);
        clearProgress(streams);
        await report(found, options, streams);
        if (job.clock() - shownMs < PROGRESS_EVERY_MS) continue;
        shownMs = job.clock();
        showProgress(streams, `${tally.resources} resources checked, at ${file}`);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === undefined) throw error;
      isUnread = true;
      streams.stderr.write(`Cannot read ${file}: ${code}.\n`);
    }
  }
  return isUnread ? 1 : tally.errors > 0 ? 2 : 0;
}

async function check({ file, line, value }: Given, { validator, ask, options }: Job): Promise<Found> {
  if (!value.ok) return { file, line, resources: 0, issues: value.outcome.issue };
  const resource = value.value;
  if (!isResource(resource)) return { file, line, resources: 0, issues: [NO_RESOURCE] };
  const whole = checkWhole(validator, resource, options.profile);
  return { file, line, resources: whole.resources, issues: await settled(whole, ask) };
}

function isResource(value: unknown): value is Resource {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { resourceType?: unknown }).resourceType === 'string'
  );
}

const NO_RESOURCE = issueOf({
  code: 'structure',
  rule: 'validate-resource',
  diagnostics: 'This is no FHIR resource: a resource is a JSON object with resourceType.',
});

/** Waits for a reader that is slower than the checks: what it has not read yet would be held here. */
async function report(
  found: Found,
  { format = 'table', errorsOnly = false }: ValidateOptions,
  { stdout }: ValidateStreams,
): Promise<void> {
  const issues = errorsOnly ? found.issues.filter(isError) : found.issues;
  if (errorsOnly && issues.length === 0) return;
  const text = reportOf({ ...found, issues }, format, stdout.columns ?? WIDTH);
  if (text === '' || stdout.write(text) !== false) return;
  await new Promise<void>((resolve) => void stdout.once('drain', resolve));
}

function unknownProfile(url: string): OperationOutcomeIssue {
  const diagnostics = `The profile ${url} is not known here: correct its URL, or add its package with "profiles add".`;
  return issueOf({ code: 'not-found', rule: 'validate-profile', diagnostics });
}

/** Goes back to the start of the line and clears it. */
const CLEAR = '\r\u001b[K';

function showProgress({ stderr }: ValidateStreams, text: string): void {
  if (stderr.isTTY) stderr.write(`${CLEAR}${text}`);
}

function clearProgress({ stderr }: ValidateStreams): void {
  if (stderr.isTTY) stderr.write(CLEAR);
}

function complaint({ stderr }: Streams, issues: readonly OperationOutcomeIssue[]): number {
  for (const issue of issues) stderr.write(`${issue.diagnostics ?? issue.code}\n`);
  return 1;
}
