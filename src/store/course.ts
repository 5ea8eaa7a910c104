/** What a commit asks about how things go on: what may follow what is stored, and what must agree with what stands beside it. */
import type { Stored as BesideRecord, Change, JudgedRecord as Judgement } from '../referral/judge-record.ts';
import type { Identified, ResourceKey } from './resources.ts';

export type { BesideRecord, Change, Judgement };

/** What may follow what is stored. All are pure: they run inside the transaction. */
export interface CourseRules {
  /** types that it looks at */
  readonly types: ReadonlySet<string>;
  /** @returns the resource as it is meant, knowing what is stored of it: of the same type and id */
  read(incoming: Identified, known: Identified | undefined): Identified;
  /** @returns what has to be seen beside a resource of a record: resources, and all Tasks whose focus is one of `tasksOn` */
  beside(incoming: Identified): {
    readonly keys: readonly ResourceKey[];
    readonly tasksOn: readonly ResourceKey[];
  };
  /** Judges a record by all that it holds of `types`. */
  judge(changes: readonly Change[], stored: BesideRecord, record: RecordName): Judgement;
}

/** Which record it is. */
export interface RecordName {
  readonly source: string;
  readonly kind: string;
  readonly key: string;
  /** a client of the API asks for it */
  readonly client?: object;
}
