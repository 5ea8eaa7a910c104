/** Puts a list of coded entries where a practice takes it: a folder of its own, or a FHIR server. The same list again is the same file. */
import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AdapterError, issueOf, type RetryClass } from '../../fhir/outcome.ts';
import type { CodedBatch } from '../../store/coded-entries.ts';
import { writeWhole } from '../../wire/durable-file.ts';
import type { Exchange } from '../../wire/exchange.ts';
import { send } from '../../wire/http.ts';
import { classify } from '../../wire/retry-class.ts';
import { csvOf } from './csv.ts';
import { bundleOfBatch } from './fhir.ts';

export type ListFormat = 'csv' | 'fhir';

/** Where lists go. */
export type Way =
  | { readonly to: 'folder'; readonly folder: string; readonly format: ListFormat; readonly bom: boolean }
  | {
      readonly to: 'server';
      readonly url: string;
      readonly deadlineMs: number;
      readonly token?: string | undefined;
    };

/** @returns what a way is known by, whatever else is configured of it: where and in which form lists go */
export function wayName(way: Way): string {
  return way.to === 'folder' ? `folder ${way.format} ${way.folder}` : `server ${way.url}`;
}

export function textOfBatch(batch: CodedBatch, format: ListFormat, withBom = false): string {
  return format === 'csv' ? csvOf(batch, withBom) : `${JSON.stringify(bundleOfBatch(batch), undefined, 2)}\n`;
}

/** @returns `Y01234-2026-03-08-1f0a2b3c.csv`: practice, day, and the beginning of the list's id */
export function fileNameOf({ practice, day, id }: CodedBatch, format: ListFormat): string {
  return `${practice}-${day}-${id.slice(0, 8)}.${format === 'csv' ? 'csv' : 'json'}`;
}

/**
 * @throws AdapterError where the folder or the server does not take it: it is tried again at the next turn; ambiguous where
 *   it may be there all the same
 */
export async function putOut(
  batch: CodedBatch,
  way: Way,
  wire: { readonly exchange: Exchange; readonly signal: AbortSignal },
): Promise<void> {
  if (way.to === 'folder') return await intoFolder(batch, way);
  const headers = {
    'content-type': 'application/fhir+json',
    ...(way.token === undefined ? {} : { authorization: `Bearer ${way.token}` }),
  };
  // under the list's own id: sent twice, it is there once
  const url = `${way.url.replace(/\/$/, '')}/Bundle/${batch.id}`;
  const body = JSON.stringify(bundleOfBatch(batch));
  const { deadlineMs } = way;
  const answer = await send({ method: 'PUT', url, headers, body }, { deadlineMs, ...wire, reads: 'status' });
  if (!answer.ok) throw new AdapterError(answer.retry, answer.outcome.issue[0]!);
  if (answer.status >= 200 && answer.status < 300) return;
  const diagnostics = `The server of coded activity answered ${answer.status} to a list: check its address, and what it lets in. The list is sent again.`;
  throw new AdapterError(
    classify(answer.status),
    issueOf({ rule: 'coded-put', code: 'exception', diagnostics }),
  );
}

/** The manifest is there last: a list without one is not whole. */
async function intoFolder(batch: CodedBatch, way: Extract<Way, { to: 'folder' }>): Promise<void> {
  const name = fileNameOf(batch, way.format);
  const folder = join(way.folder, batch.practice);
  const text = textOfBatch(batch, way.format, way.bom);
  let retry: RetryClass = 'transient';
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 }); // people's data
    await writeWhole(join(folder, name), text);
    retry = 'ambiguous'; // a manifest may have its name though that is not on the disk yet
    await writeWhole(join(folder, `${name}.sha256`), `${hash('sha256', text, 'hex')}  ${name}\n`);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    const diagnostics = `A list of coded activity could not be written to ${folder} (${code}): make room, or let the adapter write there. It is written at the next turn.`;
    throw new AdapterError(retry, issueOf({ rule: 'coded-folder', code: 'exception', diagnostics }), error);
  }
}
