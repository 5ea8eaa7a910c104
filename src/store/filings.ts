/** What the receiving side made of a delivery: filed into the record there, amended, or rejected. */
import type { ResourceKey } from './resources.ts';

/** sent: it is there, and nobody has said what became of it */
export type FilingState = 'sent' | 'filed' | 'amended' | 'rejected';

export interface Filing {
  readonly target: string;
  readonly resource: ResourceKey;
  /** our version that was sent last */
  readonly version: number;
  readonly state: FilingState;
  /** what says so: the answer to the request, or a Task that came back */
  readonly by: 'http' | 'task';
  readonly sentMs: number;
  /** when the state came */
  readonly atMs: number;
}

export interface FilingStore {
  /** @returns what each target made of a resource; targets that give no receipts are left out */
  of(resource: ResourceKey): Promise<readonly Filing[]>;
  /** Keeps what came back. @returns false when nothing of it was sent there */
  note(
    filing: {
      readonly target: string;
      readonly resource: ResourceKey;
      readonly state: Exclude<FilingState, 'sent'>;
    },
    nowMs: number,
  ): Promise<boolean>;
  /**
   * Puts what was sent before `sentBeforeMs` and never filed on the worklist, each once, whichever replica asks.
   * @returns how many items are new
   */
  raiseUnfiled(target: string, sentBeforeMs: number, nowMs: number): Promise<number>;
}
