/** Turns a file that was read into a file out of the way, with what was refused of it written beside it. */

import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import { issueOf } from '../fhir/outcome.ts';

/** What became of a file's records. */
export interface DropSummary {
  readonly receipt: { readonly committed: number; readonly unchanged: number; readonly refused: number };
  /** the first refusals, with their place */
  readonly refusals: readonly {
    readonly file?: string | undefined;
    readonly line?: number | undefined;
    readonly outcome: OperationOutcome;
  }[];
}

/**
 * Moves `<folder>/<name>` to `done/<yyyymmdd-hhmmss>-<name>`, or to `refused/` when none of its records could be
 * taken; where any was refused, an OperationOutcome stands beside it as `<moved name>.outcome.json`.
 * @returns which of the two
 */
export async function putAway(
  folder: string,
  name: string,
  summary: DropSummary,
  nowMs: number,
): Promise<'done' | 'refused'> {
  const { committed, unchanged, refused } = summary.receipt;
  const where = refused > 0 && committed + unchanged === 0 ? 'refused' : 'done';
  await mkdir(join(folder, where), { recursive: true });
  const path = await freePath(join(folder, where, `${stampOf(nowMs)}-${fitting(name)}`));
  if (refused > 0)
    await writeFile(`${path}.outcome.json`, `${JSON.stringify(outcomeFor(summary, name), undefined, 2)}\n`);
  await rename(join(folder, name), path);
  return where;
}

/** File systems take 255 bytes a name; a stamp, a count and `.outcome.json` come on top of it. */
const LONGEST_NAME_BYTES = 200;

/** @returns the name, cut in the middle where it is too long for what is added; its extension stays */
function fitting(name: string): string {
  if (Buffer.byteLength(name) <= LONGEST_NAME_BYTES) return name;
  const extension = extname(name).slice(0, 20);
  const room = LONGEST_NAME_BYTES - Buffer.byteLength(extension);
  return `${Buffer.from(name)
    .subarray(0, room)
    .toString('utf8')
    .replace(/\ufffd+$/, '')}${extension}`;
}

/** @returns `20251026-013000`, UTC */
function stampOf(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** Two files of one name within a second both stay. */
async function freePath(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? path : path.replace(/(\.[^.]*)?$/, `-${count}$1`);
    if (!(await exists(candidate))) return candidate;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function outcomeFor({ receipt, refusals }: DropSummary, name: string): OperationOutcome {
  const issue: OperationOutcomeIssue[] = refusals.flatMap(({ file, line, outcome }) => {
    const place = `${file ?? name}${line === undefined ? '' : `:${line}`}`;
    return outcome.issue.map((one) => ({ ...one, diagnostics: `${place}: ${one.diagnostics ?? one.code}` }));
  });
  const more = receipt.refused - refusals.length;
  if (more > 0) {
    const diagnostics = `${more} more records were refused; the worklist has them all`;
    issue.push(
      issueOf({ severity: 'information', code: 'informational', rule: 'read-more-refused', diagnostics }),
    );
  }
  return { resourceType: 'OperationOutcome', issue };
}
