/** Accesses to the API: what the audit keeps of each, by ids and codes alone, and how they are looked up again. */
import type { AccessAction } from './audit-chain.ts';
import type { ResourceKey } from './resources.ts';

/** An access that is over, but for its answer. */
export interface NewAccess {
  /** organisation of the client; '' where nobody was let in */
  readonly ownerOrg: string;
  /** name of the client; '' where nobody was let in */
  readonly client: string;
  readonly action: AccessAction;
  /** HTTP status of the answer */
  readonly status: number;
  /** FHIR restful-interaction codes, or names of operations with their dollar sign */
  readonly interactions: readonly string[];
  /** id of the request, as its answer names it */
  readonly request: string;
  /** resources that were read or written */
  readonly keys: readonly ResourceKey[];
  /** of the keys, those of which it is known that they are there, and whose they are: person by key; the others are looked up */
  readonly whose?: ReadonlyMap<ResourceKey, string | undefined>;
  /** names of the parameters that were searched by, without values */
  readonly params: readonly string[];
  /** what the client reads for, where it is one that reads for something */
  readonly purpose: string | undefined;
  /** why labels and consent were looked through, in the client's own words: kept apart, so that an erasure reaches it */
  readonly reason: string | undefined;
}

/** What a row of the chain says beside who and when. */
export interface AccessDetail {
  readonly status: number;
  readonly interactions: readonly string[];
  readonly request: string;
  /** absent where they are too many to name */
  readonly keys?: readonly ResourceKey[];
  /** how many were asked for that are not there: what was asked for by an address may be a value, and is not named */
  readonly unknown?: number;
  /** of the keys, where they are not named: how many, and a digest of them in order */
  readonly count?: number;
  readonly digest?: string;
  /** persons concerned, at the time; absent where there are none, or more than 1,000 */
  readonly persons?: readonly string[];
  readonly params?: readonly string[];
  readonly purpose?: string;
  /** labels and consent were looked through */
  readonly glass?: true;
  /** digest of salt and reason; a reason is kept where what was touched leads to somebody, so that an erasure finds it */
  readonly reason?: string;
}

/** A row of the chain, read again. */
export interface KeptAccess extends AccessDetail {
  readonly seq: number;
  readonly atMs: number;
  readonly ownerOrg: string;
  readonly client: string;
  readonly action: AccessAction;
  /** the words of the reason, while they are kept, and their salt */
  readonly words: string | undefined;
  readonly salt: string | undefined;
}

/** Conditions that all hold. */
export interface AccessQuery {
  /** organisations whose clients' accesses are seen; undefined: all */
  readonly organisations: readonly string[] | undefined;
  /** half-open, of which each holds */
  readonly lowMs?: number;
  readonly highMs?: number;
  readonly client?: string;
  /** of each list any was touched, or was whose it was */
  readonly entities?: readonly (readonly ResourceKey[])[];
  /** any of them */
  readonly actions?: readonly AccessAction[];
  /** of each list any was done: letters, hyphens and a dollar sign alone */
  readonly interactions?: readonly (readonly string[])[];
  /** page size, from 1 */
  readonly count: number;
  /** seq of the last row of the page before: pages go from the newest to the oldest */
  readonly before?: number;
}

export interface AccessStore {
  /**
   * Adds to the chain, in one transaction, in their order. Once it is told of they outlive the process; with `isOnDisk`
   * also the machine's power, without it they reach the disk within a tenth of a second.
   * @throws AdapterError when they were not kept
   */
  record(accesses: readonly NewAccess[], nowMs: number, isOnDisk: boolean): Promise<void>;
  /** Writes what some of the rows are found by that were added since; a search does so for all of them first. @returns whether there are more */
  index(): Promise<boolean>;
  /** newest first */
  search(query: AccessQuery): Promise<readonly KeptAccess[]>;
  read(seq: number, organisations: readonly string[] | undefined): Promise<KeptAccess | undefined>;
  /** @returns the first row whose kept reason is not the one that the chain has a digest of; undefined where all are */
  brokenReason(): Promise<number | undefined>;
}
