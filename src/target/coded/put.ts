/** Puts lists of coded entries out, every way once: consent is asked again for what waited, and a way that took a list gets it no second time. */
import { AdapterError, issueOf } from '../../fhir/outcome.ts';
import { readSuccessors } from '../../nhs/ods/successors.ts';
import type { CodedBatch, CodedEntry, UnputList } from '../../store/coded-entries.ts';
import type { Store } from '../../store/store.ts';
import type { Exchange } from '../../wire/exchange.ts';
import type { CodedActivity } from './coded-activity.ts';
import { putOut, type Way, wayName } from './out.ts';
import type { FiledPerson } from './person.ts';

export interface Putting {
  readonly store: Pick<Store, 'codedEntries' | 'personOf' | 'job'>;
  readonly coded: CodedActivity;
  readonly clock: () => number;
  readonly ways: readonly Way[];
  readonly exchange: Exchange;
  /** makes the next list of a practice and day */
  readonly next: (practice: string, day: string) => Promise<CodedBatch | undefined>;
  /** the last day that is over */
  readonly untilDay: string;
}

const UNPUT = 100;

/** @throws AdapterError where lists could not be put out, after all others were */
export async function putAll(
  options: Putting,
  signal: AbortSignal,
): Promise<{ lists: number; entries: number }> {
  const { store, next } = options;
  let [lists, entries] = [0, 0];
  const failed: AdapterError[] = [];
  const shut = new Map<string, string>();
  const put = async (make: () => Promise<CodedBatch | undefined>): Promise<void> => {
    try {
      const batch = await make();
      if (!batch) return;
      await putOne(options, batch, { signal, shut });
      lists += 1;
      entries += batch.entries.length;
    } catch (error) {
      failed.push(error instanceof AdapterError ? error : unforeseen(error));
    }
  };
  for (let after: UnputList | undefined, isLast = false; !isLast && !signal.aborted; ) {
    const page = await store.codedEntries.unput(UNPUT, after);
    for (const { id } of page) if (!signal.aborted) await put(() => askedAgain(options, id));
    after = page.at(-1);
    isLast = page.length < UNPUT;
  }
  for (const { practice, day } of await dueNow(options))
    if (!signal.aborted) await put(() => next(practice, day));
  if (!signal.aborted) await tellOfWays(options, shut);
  if (failed.length > 0) throw failedOf(failed);
  return { lists, entries };
}

/** A way that did not take a list is told of until a turn in which it took every one. */
async function tellOfWays({ store, ways, clock }: Putting, shut: ReadonlyMap<string, string>): Promise<void> {
  for (const name of ways.map(wayName)) {
    const why = shut.get(name);
    if (why === undefined) await store.codedEntries.outAgain(name);
    else await store.codedEntries.raiseNotOut(name, why, clock());
  }
}

/** What waits for a practice that has closed is the successor's first: it then belongs to a list that may not have been due. */
async function dueNow({ store, untilDay }: Putting): Promise<readonly { practice: string; day: string }[]> {
  const due = await store.codedEntries.due({ untilDay });
  const successors = await readSuccessors(store);
  const heirs = due.flatMap(({ practice, day }) => {
    const heir = successors.get(practice);
    return heir === undefined ? [] : [{ practice: heir, day }];
  });
  const known = new Set(due.map(({ practice, day }) => `${practice} ${day}`));
  return [...heirs.filter(({ practice, day }) => !known.has(`${practice} ${day}`)), ...due];
}

/**
 * A list that nobody can have yet: who may not be listed any more, or belongs elsewhere by now, goes back and is listed where
 * and when they may. What one way took already, or may have taken, is out, and only kept from what is sent from now on.
 */
async function askedAgain(options: Putting, id: string): Promise<CodedBatch | undefined> {
  const { store, coded, clock } = options;
  const batch = await store.codedEntries.batch(id);
  if (!batch) return undefined;
  const people = new Map<string, FiledPerson>();
  for (const { personId } of batch.entries)
    if (!people.has(personId)) people.set(personId, await coded.filedAs(await store.personOf(personId)));
  const isStill = (entry: CodedEntry): boolean => isListable(entry, people.get(entry.personId)!);
  const gone = batch.entries.filter((entry) => !isStill(entry));
  if (gone.length === 0) return batch;
  await store.codedEntries.release(
    id,
    gone.map(({ fact }) => fact),
  );
  for (const personId of new Set(gone.map((entry) => entry.personId))) {
    const current = await store.personOf(personId);
    for (const one of new Set([current, personId])) await coded.refresh(one);
  }
  const entries = batch.entries.filter(isStill);
  if (entries.length > 0) return { ...batch, entries };
  await store.codedEntries.put(id, clock());
  return undefined;
}

/** What is to be taken out of a record is taken out, whatever the person says of sharing. */
function isListable({ action, practice, content }: CodedEntry, filed: FiledPerson): boolean {
  if (action === 'remove') return true;
  const isThem = filed.person?.nhsNumber === content.person?.nhsNumber;
  return filed.blocked === undefined && filed.practice === practice && isThem;
}

/** The same list a way did not take goes there again under the same name; those that took it are passed over. */
async function putOne(
  { store, ways, exchange, clock }: Putting,
  batch: CodedBatch,
  { signal, shut }: { readonly signal: AbortSignal; readonly shut: Map<string, string> },
): Promise<void> {
  const took = new Set(await store.codedEntries.waysOf(batch.id));
  let failure: unknown;
  for (const way of ways) {
    const name = wayName(way);
    if (took.has(name)) continue;
    try {
      await putBegun(store, batch.id, name, () => putOut(batch, way, { exchange, signal }));
      took.add(name);
      await store.codedEntries.putBy(batch.id, [...took]);
    } catch (error) {
      shut.set(name, (error instanceof AdapterError ? error : unforeseen(error)).message);
      failure ??= error; // one way that is shut closes no other
    }
  }
  if (failure !== undefined) throw failure;
  await store.codedEntries.put(batch.id, clock());
}

/** From its first byte on a way may have the list, though its answer is lost or this process ends: only a refusal says it has not. */
async function putBegun(
  { codedEntries }: Putting['store'],
  batch: string,
  way: string,
  put: () => Promise<void>,
): Promise<void> {
  const isFirst = await codedEntries.begin(batch, way);
  try {
    await put();
  } catch (error) {
    const isRefused = error instanceof AdapterError && error.retry !== 'ambiguous';
    // refused now says nothing of an earlier time
    if (isFirst && isRefused) await codedEntries.notBegun(batch, way);
    throw error;
  }
}

function unforeseen(error: unknown): AdapterError {
  const what = error instanceof Error ? error.name : 'unknown';
  const diagnostics = `A list of coded entries could not be made or put out (${what}); the next turn tries again.`;
  return new AdapterError('transient', issueOf({ rule: 'coded-put', code: 'exception', diagnostics }), error);
}

function failedOf(failed: readonly AdapterError[]): AdapterError {
  const [first] = failed;
  const diagnostics = `${failed.length} lists of coded activity could not be made or put out; the next turn does. ${first!.message}`;
  return new AdapterError(
    first!.retry,
    issueOf({ rule: 'coded-put', code: 'exception', diagnostics }),
    first,
  );
}
