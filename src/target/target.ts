/** What delivery asks of a place that takes resources: an EHR, an NHS service, a case system's webhook. */
import type { OperationOutcome } from '@medplum/fhirtypes';
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
}

/** What the target said of one delivery. `recordLocked` waits long; `conflict` needs reconcile. */
export type Delivered =
  | { readonly ok: true; readonly link: TargetLink }
  | {
      readonly ok: false;
      readonly retry: RetryClass | 'conflict' | 'recordLocked';
      readonly retryAfterMs?: number;
      readonly outcome: OperationOutcome;
    };

export interface Target {
  readonly name: string;
  /**
   * Sends deliveries of one person, in order; several may travel as one transaction.
   * @returns one answer for each, in the same order; never throws for what the network or the target does
   */
  deliver(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly Delivered[]>;
  close(): Promise<void>;
}
