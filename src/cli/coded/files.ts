/** Turns files of receipts in a folder into kept receipts; each file is moved to done, or to refused with what is wrong beside it. */
import type { Stats } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Logger } from 'pino';
import { receiptsIn } from '../../api/coded-receipts.ts';
import { receivedJson } from '../../api/coded-routes.ts';
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import type { EntryReceipt } from '../../store/coded-entries.ts';
import type { Store } from '../../store/store.ts';

const MEDIA: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.ndjson': 'application/x-ndjson',
};
/** A file that was changed so lately may not be whole: whoever writes it may rest for a while. */
const WHOLE_MS = 60_000;
const LONGEST = 10_000_000;

interface Taking {
  readonly store: Pick<Store, 'codedEntries'>;
  readonly clock: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly onReceipts: (receipts: readonly EntryReceipt[]) => Promise<void>;
}

/** A file that is read twice, since a process died over it, changes nothing the second time. @returns how many were read */
export async function takeReceiptFiles(folder: string, taking: Taking): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => entry.isFile() && MEDIA[extname(entry.name).toLowerCase()] !== undefined)
    .map(({ name }) => name)
    .sort();
  let read = 0;
  for (const name of names) if (await takeFile(folder, name, taking)) read += 1;
  return read;
}

/** What is wrong with one file keeps no other waiting: it stays, and is read again. */
async function takeFile(folder: string, name: string, taking: Taking): Promise<boolean> {
  try {
    return await takeWhole(folder, name, taking);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    // another process was quicker
    if (code !== 'ENOENT')
      taking.log.warn({ code }, 'a file of receipts could not be taken; it is tried again');
    return false;
  }
}

async function takeWhole(folder: string, name: string, taking: Taking): Promise<boolean> {
  const { store, clock, log, onReceipts } = taking;
  const path = join(folder, name);
  const before = await stat(path);
  if (clock() - changedMs(before) < WHOLE_MS) return false;
  if (before.size > LONGEST) return await putAway(folder, name, TOO_LONG, clock());
  const text = await readFile(path, 'utf8');
  const after = await stat(path);
  if (after.size !== before.size || changedMs(after) !== changedMs(before)) return false;
  const receipts = await receiptsIn(text, MEDIA[extname(name).toLowerCase()]!, clock());
  if (!receipts.ok) {
    log.warn('a file of receipts could not be read: what is wrong stands beside it in "refused"');
    return await putAway(folder, name, receipts.outcome, clock());
  }
  const results = await store.codedEntries.receive(receipts.value, clock());
  await onReceipts(receipts.value);
  const { taken, same, refused } = receivedJson(receipts.value, results);
  log.info({ taken, same, refused: refused.length }, 'receipts of coded activity were read');
  const unknown = refused.length === 0 ? undefined : outcomeOf(...refused.map(unknownIssue));
  return await putAway(folder, name, unknown, clock(), taken + same > 0 || refused.length === 0);
}

/** A copy may keep the time of what it was copied from: when it came to be here counts too. */
function changedMs({ mtimeMs, ctimeMs }: Stats): number {
  return Math.max(mtimeMs, ctimeMs);
}

function unknownIssue(one: object): ReturnType<typeof issueOf> {
  const { entry_id: id, action, result } = one as { entry_id: string; action: string; result: string };
  const why =
    result === 'unknown'
      ? 'no list has such an entry'
      : 'it is filed already, and a rejection comes too late';
  return issueOf({
    rule: 'coded-receipt',
    code: 'not-found',
    diagnostics: `Entry ${id}, ${action}: ${why}.`,
  });
}

const TOO_LONG = outcomeOf(
  issueOf({
    rule: 'coded-receipt',
    code: 'too-long',
    diagnostics: 'The file is too long: send it in parts.',
  }),
);

async function putAway(
  folder: string,
  name: string,
  outcome: OperationOutcome | undefined,
  nowMs: number,
  isDone = outcome === undefined,
): Promise<boolean> {
  const where = join(folder, isDone ? 'done' : 'refused');
  await mkdir(where, { recursive: true });
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
  const path = join(where, `${stamp}-${name.slice(-150)}`);
  if (outcome) await writeFile(`${path}.outcome.json`, `${JSON.stringify(outcome, undefined, 2)}\n`);
  await rename(join(folder, name), path);
  return true;
}
