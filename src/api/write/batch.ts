/** Turns the entries of a batch, each for itself, or of a transaction, all or none, into the Bundle that answers them. */
import type { Bundle, BundleEntry } from '@medplum/fhirtypes';
import { AdapterError } from '../../fhir/outcome.ts';
import type { Identified } from '../../store/store.ts';
import type { Preferences } from '../prefer.ts';
import { entryOf, refusedEntry, statusLine } from './answer.ts';
import {
  type AskedWrite,
  type Attempt,
  refuseWith,
  type WriteParts,
  type Writer,
  type Written,
} from './asked.ts';
import type { AskedEntry } from './bundle.ts';
import { perform } from './perform.ts';
import type { ReadAnswer, ReadAsked } from './read-within.ts';

export interface Answering {
  readonly writer: Writer;
  readonly prefer: Pick<Preferences, 'returns'>;
  /** of a transaction: what the client says of how its versions come to be */
  readonly provenance?: Identified | undefined;
  readonly read: (asked: ReadAsked) => Promise<ReadAnswer>;
  /** told of each write that was done */
  readonly onWritten: (written: Written) => void;
}

/** Entries under way at once, so that they share transactions of the store. */
const AT_ONCE = 16;

/** @returns answers in the order of the entries; what went wrong with one is said in its place @source FHIR R4, 3.1.0.11.1 */
export async function answerBatch(
  parts: WriteParts,
  answering: Answering,
  entries: readonly AskedEntry[],
): Promise<Bundle> {
  const answers: BundleEntry[] = [];
  const waiting = entries.entries();
  const work = async (): Promise<void> => {
    for (const [at, entry] of waiting) answers[at] = await answerAlone(parts, answering, entry);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return {
    resourceType: 'Bundle',
    type: 'batch-response',
    ...(answers.length > 0 ? { entry: answers } : {}),
  };
}

async function answerAlone(parts: WriteParts, answering: Answering, entry: AskedEntry): Promise<BundleEntry> {
  const { writer, prefer, read, onWritten } = answering;
  if (entry.kind === 'refused') return refusedEntry(entry.refusal);
  try {
    if (entry.kind === 'read') return readEntry(await read(entry.read));
    const done = await perform(parts, writer, [entry.write]);
    if (!done.ok) return refusedEntry(done);
    onWritten(done.value[0]!);
    return entryOf(writer, done.value[0]!, prefer);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return refusedEntry({ status: error.retry === 'permanent' ? 500 : 503, outcome: error.outcome }); // the store cannot write
  }
}

const ORDER = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2 } as const;

/**
 * Deletes, creates, updates and patches, in this order, and reads after them.
 * @returns the answer; or the refusal of all, which names the entry @source FHIR R4, 3.1.0.11.2
 */
export async function answerTransaction(
  parts: WriteParts,
  answering: Answering,
  entries: readonly AskedEntry[],
): Promise<Attempt<Bundle>> {
  const { writer, prefer, read, onWritten, provenance } = answering;
  const writes: { readonly at: number; readonly write: AskedWrite }[] = [];
  for (const [at, entry] of entries.entries()) {
    if (entry.kind === 'refused') return entry.refusal;
    if (entry.kind === 'write') writes.push({ at, write: entry.write });
  }
  writes.sort((a, b) => ORDER[a.write.method] - ORDER[b.write.method]);
  const answers: BundleEntry[] = [];
  const done = await perform(
    parts,
    writer,
    writes.map(({ write }) => write),
    provenance,
  );
  if (!done.ok) return done;
  for (const [nth, { at }] of writes.entries()) {
    onWritten(done.value[nth]!);
    answers[at] = entryOf(writer, done.value[nth]!, prefer);
  }
  for (const [at, entry] of entries.entries())
    if (entry.kind === 'read') answers[at] = readEntry(await read(entry.read));
  return {
    ok: true,
    value: {
      resourceType: 'Bundle',
      type: 'transaction-response',
      ...(answers.length > 0 ? { entry: answers } : {}),
    },
  };
}

function readEntry({ status, body, etag, lastModified }: ReadAnswer): BundleEntry {
  const response = {
    status: statusLine(status),
    ...(etag === undefined ? {} : { etag }),
    // the header knows whole seconds only
    ...(lastModified === undefined
      ? {}
      : { lastModified: body?.meta?.lastUpdated ?? new Date(lastModified).toISOString() }),
  };
  if (body?.resourceType === 'OperationOutcome') return { response: { ...response, outcome: body } };
  if (status >= 400) return refusedEntry(refuseWith(status, NO_ANSWER));
  return { ...(body ? { resource: body } : {}), response };
}

const NO_ANSWER = {
  code: 'not-found',
  rule: 'api-unknown-route',
  diagnostics: 'There is no such FHIR interaction here; /metadata lists what is served.',
} as const;
