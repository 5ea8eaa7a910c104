/** Runs one view over files of NDJSON, such as those of a bulk export, into one file. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { loadBaseDefinitions } from '../../fhir/definitions.ts';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { type CompiledView, compileView } from '../../research/view/compile.ts';
import { ndjsonResources, type Ran, runView, runViewOverFile } from '../../research/view/run.ts';
import { type Format, sinkFor } from '../../research/write-tables.ts';
import { ROOT } from '../load.ts';
import { readJsonFile } from './json-file.ts';
import { whole } from './settings.ts';

export interface ViewRun {
  /** file of a ViewDefinition, or the name of a shipped one */
  readonly view: string;
  /** NDJSON, plain or `.gz` */
  readonly files: readonly string[];
  readonly out: string;
  readonly format: Format;
  /** what cannot be read is left out, and told */
  readonly leaveOut: boolean;
  readonly report: (issue: OperationOutcomeIssue) => void;
}

/** @throws AdapterError where the view is wrong, a file cannot be read, or a fault is not to be left out: then no file is written */
export async function runViewFiles({ view, files, out, format, leaveOut, report }: ViewRun): Promise<Ran> {
  for (const file of files) if (!existsSync(file)) throw noFile(file);
  const compiled = compiledView(view);
  const options = { onFault: leaveOut ? 'leave-out' : 'end', report } as const;
  const [only, ...others] = files;
  if (only !== undefined && others.length === 0)
    return await runViewOverFile(compiled, only, sinkFor(format, out), options);
  return await runView(compiled, resourcesOf(files), sinkFor(format, out), options);
}

function compiledView(view: string): CompiledView {
  const shipped = join(ROOT, 'views', `${view}.view.json`);
  const isShipped = /^[a-z_]+$/.test(view) && !existsSync(view) && existsSync(shipped);
  const json = readJsonFile(isShipped ? shipped : view, 'a ViewDefinition');
  return whole(compileView(json, loadBaseDefinitions()));
}

async function* resourcesOf(files: readonly string[]): AsyncGenerator<unknown> {
  for (const file of files) yield* ndjsonResources(file);
}

function noFile(file: string): AdapterError {
  const diagnostics = `There is no file ${file}: name files of NDJSON, one resource a line.`;
  return new AdapterError('permanent', issueOf({ rule: 'view-file', code: 'not-found', diagnostics }));
}
