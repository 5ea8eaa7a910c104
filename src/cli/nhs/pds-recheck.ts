/** Puts in line for PDS whom it was never asked about, and whom it was asked about long ago. */
import type { ResourceKey, Store, StoredVersion } from '../../store/store.ts';
import { PDS } from '../../target/pds/pds.ts';

const PAGE = 200;
const JOB = 'pds-recheck';

/** How far the Patients have been gone through. */
interface Progress {
  readonly after?: string;
}

/** Goes on where an earlier one was stopped. @returns how many were put in line */
export async function recheck(
  store: Pick<Store, 'search' | 'answers' | 'resend' | 'job' | 'keepJob'>,
  clock: () => number,
  signal: AbortSignal,
): Promise<number> {
  const kept = await store.job(JOB);
  let { after } = kept === undefined ? ({} as Progress) : (JSON.parse(kept) as Progress);
  let asked = 0;
  while (!signal.aborted) {
    const page = await store.search({
      type: 'Patient',
      clauses: [],
      count: PAGE,
      ...(after ? { after } : {}),
    });
    asked += await putInLine(store, page.versions, clock());
    after = page.next;
    await store.keepJob(JOB, after === undefined ? undefined : JSON.stringify({ after }), clock());
    if (after === undefined) break;
  }
  return asked;
}

async function putInLine(
  store: Pick<Store, 'answers' | 'resend'>,
  patients: readonly StoredVersion[],
  nowMs: number,
): Promise<number> {
  const due: { readonly key: ResourceKey; readonly how: 'first' | 'over' }[] = [];
  for (const { id } of patients) {
    const answer = await store.answers.get(PDS, id);
    if (answer === undefined) due.push({ key: `Patient/${id}`, how: 'first' });
    else if (answer.untilMs <= nowMs) due.push({ key: `Patient/${id}`, how: 'over' });
  }
  return due.length === 0 ? 0 : await store.resend(PDS, due, JOB, nowMs);
}
