/** Turns the state of the terminology server into what the status page says of it. */
import type { TerminologyState } from '../wire/terminology-server.ts';
import { type Moment, momentOf } from './moment.ts';

export interface TerminologyView {
  readonly state: string;
  /** absent where nothing has failed since the start */
  readonly failure: { readonly reason: string; readonly at: Moment } | undefined;
  readonly sent: number;
  /** answered from what is kept */
  readonly kept: number;
  readonly held: number;
  /** questions that were left without an answer, for whatever reason */
  readonly unanswered: number;
}

const STATES = {
  closed: 'Asked when a code cannot be told here',
  open: 'Left alone for a while after several failures: codes are taken as they are, and counted',
  'half-open': 'Tried again after several failures',
} as const;

/** @returns undefined where no server is configured */
export function terminologyView(state: TerminologyState | undefined): TerminologyView | undefined {
  if (!state) return undefined;
  const { circuit, lastFailure, held, counts } = state;
  return {
    state: STATES[circuit],
    failure: lastFailure && { reason: lastFailure.reason, at: momentOf(lastFailure.atMs) },
    sent: counts.sent,
    kept: counts.kept,
    held,
    unanswered: counts.unknown + counts.failed + counts.skipped,
  };
}
