/** What the way in is made of, and a record on it. */
import type { MapSet } from '../mapping/map-set.ts';
import type { FitRules } from '../referral/activity-fit.ts';
import type { Voice } from '../referral/judge-task.ts';
import type { CommitRecord, Identified, RefusedRecord, Store } from '../store/store.ts';
import type { Claims } from '../validation/claims.ts';
import type { AskCodes } from '../validation/pending.ts';
import type { Validator } from '../validation/validator.ts';

/** Stages of the way in, for the benchmark's shares. */
export type Stage = 'map' | 'score' | 'name' | 'validate' | 'commit';

export interface PipelineParts {
  readonly maps: ReadonlyMap<string, MapSet>;
  readonly validator: Validator;
  /** profiles that mapped resources say they conform to */
  readonly claims: Claims;
  /** a terminology server, for codes that cannot be decided here */
  readonly askCodes?: AskCodes | undefined;
  /** absent where nothing is stored: only `convert` works then */
  readonly store?: Store;
  /** organisation that owns a source's records */
  readonly ownerOrg: (source: string) => string;
  /** names of the targets that a resource goes to; `origin` holds it already, `source` said it */
  readonly route: (resource: Identified, origin?: string, source?: string) => readonly string[];
  /** names of the targets that a source is; absent: none is */
  readonly ownTargets?: (source: string) => readonly string[];
  /** names of the targets that hear of a source only what concerns what they hold; absent: none */
  readonly followers?: (source: string) => readonly string[];
  /** how a source, or a target whose changes come back, tells of referrals; what is not named here may say all that a case system may */
  readonly voices?: ReadonlyMap<string, Voice>;
  readonly clock: () => number;
  /** a register of people is asked about NHS numbers: a source's own word does not make one verified */
  readonly asksRegister?: boolean;
  /** what an activity is held to before somebody is referred there; absent: nobody asks */
  readonly fit?: FitRules | undefined;
  /** called after a commit that put entries into the outbox */
  readonly onDeliveries?: () => void;
  /** called with the number of coded values that nobody could decide: they were not checked */
  readonly onUnchecked?: (count: number) => void;
  readonly onStage?: (stage: Stage, elapsedMs: number) => void;
}

/** A record on its way: ready to commit, or refused. */
export type Prepared =
  | { readonly record: CommitRecord; readonly refused?: undefined }
  | { readonly record?: undefined; readonly refused: RefusedRecord };

/** What of the records has not been refused. */
export function resourcesOf(mapped: readonly Prepared[]): CommitRecord['resources'][] {
  return mapped.flatMap((one) => (one.record ? [one.record.resources] : []));
}

/** Does a stage, and tells how long it took. */
export function timed<T>(parts: PipelineParts, stage: Stage, work: () => T): T {
  if (!parts.onStage) return work();
  const started = performance.now();
  const result = work();
  parts.onStage(stage, performance.now() - started);
  return result;
}
