/** One batch of records on its way into the store: what it reads, what it has yet to write, and the numbers it may give. */
import type { Latest } from '../../sayings.ts';
import type { SearchIndex } from '../../search-index.ts';
import type { CommitRecord, CommitRules, RefusedRecord } from '../../store.ts';
import { selectLatestOf } from '../contribution-rows.ts';
import { takeNumbers } from '../counter-rows.ts';
import type { Names } from '../index-rows.ts';
import type { Step } from '../statement.ts';
import { Pending } from './pending.ts';
import type { Planning } from './planned.ts';
import { CommitView } from './view.ts';

/** What every step of a commit needs. */
export interface CommitContext {
  readonly names: Names;
  readonly index: SearchIndex;
  readonly rules: CommitRules;
  readonly nowMs: number;
  /** told when something was taken out that is to be found nowhere */
  readonly onHidden?: () => void;
}

export type AnyRecord = CommitRecord | RefusedRecord;

export class Batch implements Planning {
  readonly context: CommitContext;
  readonly rules: CommitRules;
  readonly pending: Pending;
  view = new CommitView();
  #nextRid = 0;
  #nextRecordId = 0;
  readonly #records: readonly AnyRecord[];
  /** place of the record under way */
  #at = 0;
  #isStale = false;

  constructor(context: CommitContext, records: readonly AnyRecord[]) {
    this.context = context;
    this.rules = context.rules;
    this.pending = new Pending(context.names, context.nowMs);
    this.#records = records;
  }

  /** Takes numbers first: whoever else commits waits from there on, so that what is read stays so. */
  *open(): Step<void> {
    const good = this.#records.filter((record): record is CommitRecord => !('outcome' in record));
    if (good.length > 0) {
      const resources = good.reduce((sum, record) => sum + record.resources.length + 1, 0); // each may have a Provenance
      this.#nextRid = yield* takeNumbers('resource', resources);
      this.#nextRecordId = yield* takeNumbers('source_record', good.length);
      this.context.names.forgetFresh();
    }
    yield* this.#load();
  }

  *#load(): Step<void> {
    this.view = new CommitView();
    yield* this.view.load(this.#records.slice(this.#at), this.context.names, this.rules);
  }

  /** @param at place of the record that is next */
  *next(at: number): Step<void> {
    this.#at = at;
    if (!this.#isStale) return;
    this.#isStale = false;
    yield* this.pending.flush();
    yield* this.#load();
  }

  /** Work on the tables themselves, which may move what was read: it is read again, now and before the next record. */
  *directly(work: () => Step<void>): Step<void> {
    yield* this.pending.flushForOthers();
    yield* work();
    yield* this.#load();
    this.#isStale = true;
  }

  *latestOf(type: string, id: string, saying: number, exceptRecordId: number): Step<Latest | undefined> {
    yield* this.pending.flush();
    return yield* selectLatestOf(type, id, saying, exceptRecordId);
  }

  takeRid(): number {
    return this.#nextRid++;
  }

  takeRecordId(): number {
    return this.#nextRecordId++;
  }
}
