/** Runs a compiled view over resources that stream by, into a sink, in constant memory. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import type { CompiledView } from './compile.ts';
import type { OpenSink } from './sink.ts';

/** Most characters of one line: a resource is far smaller. */
const LINE = 16 * 1024 * 1024;

export interface RunOptions {
  /** a line or resource that cannot be read or evaluated ends the run (default), or is left out and told */
  readonly onFault?: 'end' | 'leave-out';
  /** told of each that is left out */
  readonly report?: (issue: OperationOutcomeIssue) => void;
}

export interface Ran {
  readonly resources: number;
  readonly rows: number;
  readonly leftOut: number;
}

/**
 * Rows of a resource are written once all of them are known: one that fails leaves none behind.
 * @throws AdapterError where a fault ends the run, or the sink's own error; nothing is left of the target then
 */
export async function runView(
  view: CompiledView,
  resources: AsyncIterable<unknown> | Iterable<unknown>,
  openSink: OpenSink,
  { onFault = 'end', report }: RunOptions = {},
): Promise<Ran> {
  const sink = await openSink(view.columns);
  const rows: unknown[][] = [];
  const ran = { resources: 0, rows: 0, leftOut: 0 };
  const keep = (row: readonly unknown[]): unknown => rows.push([...row]);
  try {
    for await (const resource of resources) {
      rows.length = 0;
      ran.resources++;
      const fault = resource instanceof AdapterError ? resource : faultIn(view, resource, keep);
      if (fault) {
        if (onFault === 'end') throw fault;
        for (const issue of fault.outcome.issue) report?.(issue);
        ran.leftOut++;
        continue;
      }
      for (const row of rows) sink.row(row);
      ran.rows += rows.length;
      const full = sink.drain();
      if (full) await full;
    }
    await sink.finish();
    return ran;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}

function faultIn(
  view: CompiledView,
  resource: unknown,
  keep: (row: readonly unknown[]) => void,
): AdapterError | undefined {
  try {
    view.rows(resource, keep);
    return undefined;
  } catch (error) {
    if (error instanceof AdapterError) return error;
    throw error;
  }
}

/**
 * Reads the resources of an NDJSON file, plain or `.gz`; empty lines are passed over.
 * @yields a resource, or an AdapterError (rule `view-line`, with the number of the line) in place of one that cannot be read
 * @throws when the file cannot be opened or unpacked
 */
export async function* ndjsonResources(path: string): AsyncGenerator<unknown> {
  const file = createReadStream(path);
  const bytes = path.endsWith('.gz') ? pipeline(file, createGunzip(), () => {}) : file;
  let line = 0;
  for await (const text of linesOf(bytes as AsyncIterable<Buffer>)) {
    line++;
    if (text === undefined) yield badLine(line, `is longer than ${LINE} characters`);
    else if (text.trim() !== '') yield resourceOf(text, line);
  }
}

function resourceOf(text: string, line: number): unknown {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'resourceType' in value) return value;
    return badLine(line, 'is no resource: it has no resourceType');
  } catch {
    return badLine(line, 'is no JSON');
  }
}

function badLine(line: number, what: string): AdapterError {
  const diagnostics = `Line ${line} ${what}; each line holds one FHIR resource.`;
  return new AdapterError('permanent', issueOf({ rule: 'view-line', code: 'structure', diagnostics }));
}

/** @yields each line; undefined for one that is too long */
async function* linesOf(bytes: AsyncIterable<Buffer>): AsyncGenerator<string | undefined> {
  const decoder = new TextDecoder();
  let rest = '';
  let isTooLong = false;
  for await (const chunk of bytes) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop()!;
    for (const text of lines) {
      yield isTooLong || text.length > LINE ? undefined : text;
      isTooLong = false;
    }
    if (rest.length > LINE) {
      rest = '';
      isTooLong = true;
    }
  }
  if (isTooLong || rest !== '') yield isTooLong ? undefined : rest;
}
