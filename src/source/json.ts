/** Turns JSON text from outside into a value, within bounds of size and depth, or says where it is unfit. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import { type Checked, issueOf, refuse } from '../fhir/outcome.ts';
import { type JsonFault, scanJson } from './json-scan.ts';
import { READ_LIMITS } from './limits.ts';

export interface JsonBounds {
  /** size in UTF-8 */
  readonly maxBytes: number;
  /** arrays and objects within one another */
  readonly maxDepth: number;
}

/** A JSON value, and what was odd about its text. */
export interface ParsedJson {
  readonly value: unknown;
  /** line of each item, from 1, where the value is an array; empty otherwise */
  readonly itemLines: readonly number[];
  /** length in characters of each item's text */
  readonly itemLengths: readonly number[];
  readonly warnings: readonly OperationOutcomeIssue[];
}

/** Parses JSON, bounded by `READ_LIMITS` unless told otherwise. @returns the value, or the refusal of `parseJsonDocument` */
export function parseJson(text: string, bounds: Partial<JsonBounds> = {}): Checked<unknown> {
  const { maxBytes = READ_LIMITS.jsonBytes, maxDepth = READ_LIMITS.depth } = bounds;
  const parsed = parseJsonDocument(text, { maxBytes, maxDepth });
  return parsed.ok ? { ok: true, value: parsed.value.value } : parsed;
}

/**
 * Parses JSON after a scan that cannot overflow the stack.
 * @param parse makes the value of a text that is within bounds
 * @returns the value; or one refusal: `read-too-long` (too-long), `read-json-depth` (too-costly), or for the first
 *   fault of the text `read-json-syntax`, `read-json-key`, `read-nul`, `read-json-text` (structure), by line and column
 */
export function parseJsonDocument(
  text: string,
  bounds: JsonBounds,
  parse: (text: string) => unknown = JSON.parse,
): Checked<ParsedJson> {
  // A character is at least a byte; only a text that may be too long by bytes is measured.
  const tooLong =
    text.length > bounds.maxBytes ||
    (text.length * 3 > bounds.maxBytes && Buffer.byteLength(text) > bounds.maxBytes);
  if (tooLong) return refuseTooLong('the JSON text', bounds.maxBytes);
  if (!text.isWellFormed())
    return refuse({
      rule: 'read-json-text',
      code: 'structure',
      diagnostics: 'the JSON text holds half of a surrogate pair; write it as UTF-8',
    });
  const scan = scanJson(text, bounds.maxDepth);
  if ('rule' in scan) return refuseFault(text, scan);
  const lines = linesAt(text, scan.items);
  return {
    ok: true,
    value: {
      value: parse(text),
      itemLines: lines.slice(0, -1),
      itemLengths: scan.items.slice(1).map((end, i) => end - scan.items[i]!),
      warnings: scan.duplicates.slice(0, 1).map((at) => duplicateIssue(text, at)),
    },
  };
}

/** @param what "the JSON text", "line 12" @returns refusal `read-too-long` */
export function refuseTooLong(what: string, maxBytes: number): ReturnType<typeof refuse> {
  const diagnostics = `${what} is longer than ${maxBytes.toLocaleString('en-GB')} bytes: send it in smaller parts`;
  return refuse({ rule: 'read-too-long', code: 'too-long', diagnostics });
}

function refuseFault(text: string, fault: JsonFault): ReturnType<typeof refuse> {
  return refuse({
    rule: fault.rule,
    code: fault.rule === 'read-json-depth' ? 'too-costly' : 'structure',
    diagnostics: `${positionOf(text, fault.at)}: ${fault.hint}`,
  });
}

function duplicateIssue(text: string, at: number): OperationOutcomeIssue {
  const diagnostics = `${positionOf(text, at)}: an object has this name twice; the last one was taken`;
  return issueOf({ severity: 'warning', rule: 'read-json-duplicate', code: 'structure', diagnostics });
}

/** @returns "line 3, column 14", both from 1 */
function positionOf(text: string, at: number): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
}

function linesAt(text: string, offsets: readonly number[]): number[] {
  let line = 1;
  let newline = text.indexOf('\n');
  return offsets.map((offset) => {
    while (newline >= 0 && newline < offset) {
      line++;
      newline = text.indexOf('\n', newline + 1);
    }
    return line;
  });
}
