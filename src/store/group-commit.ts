/** Turns commits that are asked for at the same time into shared transactions, each caller's records in their order. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { AdapterError } from '../fhir/outcome.ts';
import { Crowd } from './crowd.ts';
import type { CommitRecord, CommitResult, CommitRules, ReceiptStart, RefusedRecord, Store } from './store.ts';

type AnyRecord = CommitRecord | RefusedRecord;

/** A sender that waits for its answer sends again well within it; who waits for one that does not, waits for so long. */
const MOST_WAIT_MS = 10;

export interface GroupCommit {
  /**
   * @param whole the records' receipt, where these are all of it: it is opened and finished with them
   * @returns one result a record, in order
   * @throws AdapterError as `Store.commit`: earlier batches of a long call stay, what failed was not kept
   */
  commit(records: readonly AnyRecord[], whole?: ReceiptStart): Promise<readonly CommitResult[]>;
}

interface Call {
  readonly records: readonly AnyRecord[];
  readonly whole: ReceiptStart | undefined;
  /** of the records committed so far */
  readonly results: CommitResult[];
  readonly resolve: (results: readonly CommitResult[]) => void;
  readonly reject: (reason: unknown) => void;
  failed: boolean;
}

/** A call's share of one batch. */
interface Share {
  readonly call: Call;
  readonly records: readonly AnyRecord[];
}

/**
 * Commits what callers hand over: a call goes in the next turn of the event loop, calls that come while a batch is being
 * written go together in the one after. Where many callers were served at once, a batch waits for as many again.
 * @param clock epoch ms
 * @param options.maxBatch records in one transaction, default 500
 * @param options.mostWaitMs longest pause between two calls that a batch waits through, default 10
 */
export function createGroupCommit(
  store: Pick<Store, 'commit'>,
  rules: CommitRules,
  clock: () => number,
  options: { readonly maxBatch?: number; readonly mostWaitMs?: number } = {},
): GroupCommit {
  let calls: Call[] = [];
  let running = false;
  const crowd = new Crowd(options.mostWaitMs ?? MOST_WAIT_MS);

  const drain = async (): Promise<void> => {
    running = true;
    while (calls.length > 0) {
      await nextTurn(); // requests read in one turn of the loop share a transaction
      await crowd.gathered(calls.length);
      const shares = takeShares(calls, options.maxBatch ?? 500);
      // counted before anybody is told: who is told may call again at once
      const told = (): void => crowd.served(shares.length, calls.length - shares.length);
      await commitShares(store, rules, clock(), shares, told);
      calls = calls.filter(isUnfinished);
    }
    running = false;
  };

  return {
    commit: (records, whole) =>
      new Promise((resolve, reject) => {
        if (records.length === 0) return resolve([]);
        calls.push({ records, whole, results: [], resolve, reject, failed: false });
        crowd.came(calls.length);
        if (!running) void drain();
      }),
  };
}

function isUnfinished(call: Call): boolean {
  return !call.failed && call.results.length < call.records.length;
}

function takeShares(calls: readonly Call[], maxBatch: number): Share[] {
  const shares: Share[] = [];
  let room = maxBatch;
  for (const call of calls) {
    if (room === 0) break;
    const done = call.results.length;
    const records = call.records.slice(done, done + room);
    shares.push({ call, records });
    room -= records.length;
  }
  return shares;
}

/** @param beforeTold called when the batch is on the disk, or was not taken, and no caller knows */
async function commitShares(
  store: Pick<Store, 'commit'>,
  rules: CommitRules,
  nowMs: number,
  shares: readonly Share[],
  beforeTold: () => void = () => {},
): Promise<void> {
  const records = shares.flatMap((share) => share.records);
  try {
    const results = await store.commit(records, rules, nowMs, shares.flatMap(wholeOf));
    beforeTold();
    let at = 0;
    for (const { call, records: own } of shares) {
      call.results.push(...results.slice(at, at + own.length));
      at += own.length;
      if (call.results.length === call.records.length) call.resolve(call.results);
    }
  } catch (error) {
    beforeTold();
    const faulty = !(error instanceof AdapterError) || error.retry === 'permanent';
    // a fault in one caller's record must not fail the others
    if (faulty && shares.length > 1)
      for (const share of shares) await commitShares(store, rules, nowMs, [share]);
    else for (const { call } of shares) fail(call, error);
  }
}

/** The receipt goes with the records when they go all at once. */
function wholeOf({ call, records }: Share): ReceiptStart[] {
  return call.whole && records.length === call.records.length ? [call.whole] : [];
}

function fail(call: Call, error: unknown): void {
  call.failed = true;
  call.reject(error);
}
