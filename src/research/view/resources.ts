/** Turns NDJSON into resources, or into faults with the number of their line. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { LONGEST_LINE, lineBlocks } from './lines.ts';

/**
 * Reads the resources of an NDJSON file, plain or `.gz`; empty lines are passed over.
 * @yields a resource, or an AdapterError (rule `view-line`, with the number of the line) in place of one that cannot be read
 * @throws when the file cannot be opened or unpacked
 */
export async function* ndjsonResources(path: string): AsyncGenerator<unknown> {
  for await (const block of resourceBlocks(path)) yield* block;
}

/** @yields the resources of a block, to be gone through before the next is asked for, as `ndjsonResources` has them */
export async function* resourceBlocks(path: string): AsyncGenerator<Iterable<unknown>> {
  const place = { line: 0 };
  for await (const block of lineBlocks(path)) yield resourcesIn(block, place);
}

/** @param place number of the last line before these; it is kept up to date */
export function* resourcesIn(
  lines: Iterable<string | undefined>,
  place: { line: number },
): Generator<unknown, void, undefined> {
  for (const text of lines) {
    place.line++;
    if (text === undefined) yield badLine(place.line, `is longer than ${LONGEST_LINE} bytes`);
    else if (text.trim() !== '') yield resourceOf(text, place.line);
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

/** @param what is wrong with it */
export function badLine(line: number, what: string): AdapterError {
  const diagnostics = `Line ${line} ${what}; each line holds one FHIR resource.`;
  return new AdapterError('permanent', issueOf({ rule: 'view-line', code: 'structure', diagnostics }));
}
