/** What a person decides of two versions that stand against each other. */
import type { Identified, ResourceKey } from './resources.ts';

/** Whose change counts where both changed the same; `merge`: by element, or as somebody wrote it. */
export type Choice = 'ours' | 'theirs' | 'merge';

/** What one resource becomes. */
export interface Decided {
  readonly resource: ResourceKey;
  readonly content: Identified;
  /** digest of the version here that was decided against: where it is another by now, nobody has decided */
  readonly against: string;
}

/** What settles a conflict: it is committed with the record that was refused, and closes its item. */
export interface Decision {
  /** id of the worklist item */
  readonly work: string;
  /** who decided: the author of what the resource becomes */
  readonly actor: string;
  readonly choice: Choice | 'entered-in-error';
  /** the last is that of the item; those before were decided earlier, of other resources of the same record */
  readonly made: readonly Decided[];
}
