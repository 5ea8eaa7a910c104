/** What delivery asks of a place that takes resources: an EHR, an NHS service, a case system's webhook. */
import type { OperationOutcome, OperationOutcomeIssue } from '@medplum/fhirtypes';
import type { RetryClass } from '../fhir/outcome.ts';
import type { Identified, OutboxEntry, TargetLink } from '../store/store.ts';

/** One entry with what it needs to be sent. */
export interface Delivery {
  readonly entry: OutboxEntry;
  /** the version to send; undefined for a delete */
  readonly resource: Identified | undefined;
  readonly digest: string;
  /** where the target already holds it, as far as we know */
  readonly link: TargetLink | undefined;
  /**
   * Contents of ours that the target may hold instead: the version last delivered and those tried since, as they
   * were sent. Asked for only when the target's copy differs, to tell our own earlier writing from someone else's.
   */
  readonly earlier?: () => Promise<readonly Identified[]>;
}

/**
 * What the target said of one delivery. `recordLocked` waits long, and says nothing of other records; `conflict` needs reconcile; `waits` was not sent,
 * since something before it in the same call failed.
 */
export type Delivered =
  | {
      readonly ok: true;
      readonly link: TargetLink;
      /** delivered, yet something is odd: twins at the target */
      readonly report?: OperationOutcomeIssue;
      /** its receipt is kept, whatever is configured of receipts: it comes later, and not for every delivery */
      readonly filing?: 'sent';
    }
  | {
      readonly ok: false;
      readonly retry: RetryClass | 'conflict' | 'recordLocked' | 'waits';
      readonly retryAfterMs?: number;
      /** this refusal is of a later request: an earlier one of the same call may have been applied */
      readonly inDoubt?: boolean;
      readonly outcome: OperationOutcome;
    };

export interface Target {
  readonly name: string;
  /**
   * Sends deliveries of one person, in order; several may travel as one transaction.
   * @returns one answer for each, in the same order; never throws for what the network or the target does
   */
  deliver(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Delivered[]>;
  /**
   * Asks whether the target holds a resource of which no link is known. Left out where nothing can be asked.
   * @returns its id there, undefined when it holds none, or why the target could not be asked
   */
  find?(
    delivery: Delivery,
    signal: AbortSignal,
  ): Promise<
    { readonly ok: true; readonly remoteId: string | undefined } | Extract<Delivered, { ok: false }>
  >;
  close(): Promise<void>;
}
