/** Who reads from outside, and what they are let see: the store's statements hold to it, not those who ask them. */
import type { SearchClause } from './search-query.ts';

export interface Viewer {
  /**
   * Organisations whose rows are seen: what they own, and what their records have said something of. What belongs to
   * nobody and is a directory's (organisations, services, questionnaires) is seen by all. undefined: all, for whoever runs the adapter
   */
  readonly organisations: readonly string[] | undefined;
  /**
   * Types that are seen, each with sets of conditions of which one must hold; an empty set holds always.
   * undefined: every type, all of it
   */
  readonly types: ReadonlyMap<string, readonly (readonly SearchClause[])[]> | undefined;
  /** sees what has a confidentiality label R or V, and all that belongs to people who have; default false */
  readonly seesRestricted?: boolean;
  /** what it is read for, as the configuration has it (`share-with-gp`, `refer`, `research`): the person's consent must cover it then. undefined: the organisation's own work on its own records */
  readonly purpose: string | undefined;
  /** labels and consents that hide are looked through, in an emergency; the reason is in the audit */
  readonly breaksGlass: boolean;
}

/** Sees everything: the adapter itself. */
export const SEES_ALL: Viewer = {
  organisations: undefined,
  types: undefined,
  purpose: undefined,
  breaksGlass: true,
};
