/** What a commit asks about how things go on: what may follow what is stored, and what must agree with what stands beside it. */
import type { OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { Identified, ResourceKey } from './resources.ts';

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
}

/** One resource of a record. */
export interface Change {
  /** as the record says it */
  readonly incoming: Identified;
  /** current content; undefined where it is new */
  readonly before: Identified | undefined;
  /** content to be; undefined while only parts of it are known */
  readonly after: Identified | undefined;
}

/** What is stored beside a record, as far as `CourseRules.beside` asked for it. */
export interface BesideRecord {
  resource(key: ResourceKey): Identified | undefined;
  tasksOn(key: ResourceKey): readonly Identified[];
}

export interface Judgement {
  /** an error refuses the record; a warning becomes a worklist item, as the record's own do */
  readonly issues: readonly OperationOutcomeIssue[];
  /** content that a resource had between `before` and `after`, in order: kept as history, never delivered */
  readonly between: ReadonlyMap<ResourceKey, readonly Identified[]>;
  /** what does not fit what is stored beside the record, by what it is about; undefined where it fits again */
  readonly standing: ReadonlyMap<ResourceKey, OperationOutcomeIssue | undefined>;
}
