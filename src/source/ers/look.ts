/** Takes in what e-RS holds for one service: the referrals on its lists, and how those taken in before stand now. */
import type { Task } from '@medplum/fhirtypes';
import type { Store } from '../../store/store.ts';
import { type KindReader, readObject, startReading, unread } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';
import { heldOf, letGo } from './holding.ts';
import { type Listed, type ListsOptions, listed } from './listed.ts';
import { raiseOver, settleOver } from './over.ts';
import { isOver, requestKey, standingOf, statusHere, wherever } from './standing.ts';

/** Name of the source, as mappings/e-rs/source.json has it. */
export const ERS_SOURCE = 'e-rs';
export const ERS_KIND = 'referral';

export interface LookOptions extends ListsOptions {
  readonly store: ListsOptions['store'] & Pick<Store, 'search' | 'read' | 'job' | 'keepJob'>;
  readonly reader: KindReader;
  readonly service: ListsOptions['service'] & { readonly name?: string | undefined };
  readonly numbersAreVerified: boolean;
  /** takes the records to disk, with a receipt of their own */
  readonly ingest: (records: AsyncIterable<ReadRecord>) => Promise<{ committed: number; refused: number }>;
}

export interface Looked {
  readonly committed: number;
  readonly refused: number;
  /** referrals that another source has brought, and that are left to it */
  readonly elsewhere: number;
  /** that are over here, whatever e-RS says of them */
  readonly over: number;
  /** that could not be asked for, and are asked for at the next turn */
  readonly waiting: number;
}

/** What is known of a service between two looks: referrals that may still change, and when each was last on a list. */
interface Progress {
  readonly open: readonly string[];
  readonly listedMs?: Readonly<Record<string, number>>;
  /** that its lists named at the last look, whichever service reads them */
  readonly on?: readonly string[];
}

/** States after which a referral is not asked for again @source e-RS API, eRS-ReferralState-1 */
const ENDED: ReadonlySet<string> = new Set(['CANCELLED_REFERRAL', 'REJECTED', 'TRIAGE_RESPONSE']);
/** A referral that has been on no list for so long is not followed any more: it comes again where it is listed again. */
const FOLLOWED_MS = 400 * 86_400_000;

/** @returns what became of it; a list or referral that could not be had is told, and asked for again next time */
export async function lookAtService(options: LookOptions, signal: AbortSignal): Promise<Looked> {
  const { service, store, clock } = options;
  const job = `e-rs ${service.id}`;
  const before = JSON.parse((await store.job(job)) ?? '{"open":[]}') as Progress;
  const onLists = await listed(options, signal);
  const { names, isWhole } = onLists;
  const known = [...new Set([...names.keys(), ...before.open])];
  // Before they are read: whoever ends now may find them on no list at the next turn.
  await store.keepJob(job, JSON.stringify({ ...before, open: known }), clock());
  const wanted = await heldOf(options, known, onLists, new Set(before.on));
  const look = new Look(options, onLists, new Set(wanted));
  const { committed, refused } = await options.ingest(look.records(wanted, signal));
  const listedMs = Object.fromEntries(
    [...look.still]
      .sort()
      .map((ubrn) => [ubrn, names.has(ubrn) ? clock() : (before.listedMs?.[ubrn] ?? clock())] as const)
      .filter(([, atMs]) => clock() - atMs < FOLLOWED_MS),
  );
  const on = [...new Set([...names.keys(), ...(isWhole ? [] : (before.on ?? []))])];
  const progress: Progress = { open: Object.keys(listedMs), listedMs, on };
  await store.keepJob(job, JSON.stringify(progress), clock());
  await letGo(
    options,
    wanted.filter((ubrn) => listedMs[ubrn] === undefined),
  );
  const { elsewhere, over } = look;
  return { committed, refused, elsewhere, over, waiting: wanted.length - look.answered };
}

/** The referrals of one look, one after the other. */
class Look {
  /** those that may still change */
  readonly still: Set<string>;
  elsewhere = 0;
  over = 0;
  answered = 0;
  readonly #options: LookOptions;
  readonly #listed: Listed;

  constructor(options: LookOptions, listed: Listed, still: Set<string>) {
    this.#options = options;
    this.#listed = listed;
    this.still = still;
  }

  async *records(wanted: readonly string[], signal: AbortSignal): AsyncGenerator<ReadRecord> {
    for (const ubrn of wanted) {
      if (signal.aborted) return;
      const where = await wherever(this.#options.store, ubrn);
      if (where === 'elsewhere') {
        this.still.delete(ubrn);
        this.elsewhere += 1;
        this.answered += 1;
        await settleOver(this.#options, ubrn);
        continue;
      }
      const isTwin = where === 'both';
      const status = await statusHere(this.#options.store, ubrn);
      if (!isTwin && isOver(status)) {
        await this.#leave(ubrn, status);
        continue;
      }
      const name = this.#listed.names.get(ubrn);
      const read = await readReferral(this.#options, ubrn, name, { signal, isTwin, status });
      if (read === 'busy') return; // the others wait for the next turn
      if (read === 'waits') continue;
      this.answered += 1;
      // A twin is looked at once more: whether it has been taken back here.
      if (read.isEnded && !isTwin) this.still.delete(ubrn);
      yield read.record;
    }
  }

  /** Nothing follows an end, whatever e-RS says of it; but where it goes on listing it, somebody looks. */
  async #leave(ubrn: string, status: Task['status'] | undefined): Promise<void> {
    this.over += 1;
    this.answered += 1;
    const { names, isWhole } = this.#listed;
    if (names.has(ubrn)) return await raiseOver(this.#options, ubrn, requestKey(ubrn), status);
    if (!isWhole) return;
    await settleOver(this.#options, ubrn);
    this.still.delete(ubrn);
  }
}

interface Asking {
  readonly signal: AbortSignal;
  readonly isTwin: boolean;
  /** of its Task here */
  readonly status: Task['status'] | undefined;
}

async function readReferral(
  { client, reader, service, numbersAreVerified, onTrouble, clock }: LookOptions,
  ubrn: string,
  name: string | undefined,
  { signal, isTwin, status }: Asking,
): Promise<'busy' | 'waits' | { readonly record: ReadRecord; readonly isEnded: boolean }> {
  const reading = startReading(reader, { nowMs: clock() });
  const answer = await client.referral(ubrn, signal);
  if (!answer.ok && answer.retry !== 'permanent') {
    onTrouble(answer.outcome);
    return answer.waitMs === undefined ? 'waits' : 'busy';
  }
  if (!answer.ok) {
    // What it does not know is asked for again only where a list names it again.
    const isEnded = answer.status === 404 || answer.status === 410;
    return { record: unread(reading, answer.outcome, undefined, { ubrn }, ubrn), isEnded };
  }
  const known = service.name ?? name;
  const state = stateIn(answer.value);
  const isEnded = state !== undefined && ENDED.has(state);
  const stands = isTwin ? 'entered-in-error' : isEnded ? undefined : standingOf(status, state);
  const payload = {
    ubrn,
    ...(numbersAreVerified ? { numberVerified: true } : {}),
    ...(stands === undefined ? {} : { stands }),
    service: { id: service.id, ...(known === undefined ? {} : { name: known }) },
    referralRequest: answer.value,
  };
  return { record: readObject(reading, payload, undefined), isEnded };
}

/** @returns the code of its state */
function stateIn({ extension }: Readonly<Record<string, unknown>>): string | undefined {
  const parts = arrayOf(extension).flatMap((one) => arrayOf(one.extension));
  const [state] = parts.flatMap(({ url, valueCoding }) => {
    const { code } = (valueCoding ?? {}) as { code?: unknown };
    return url === 'state' && typeof code === 'string' ? [code] : [];
  });
  return state;
}

function arrayOf(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'object' && one !== null) : [];
}
