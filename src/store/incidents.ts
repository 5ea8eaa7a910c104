/** What an operator is told of: that something is wrong, once, and once more when it is over. */

/** Something that is wrong, from when it was noticed until it is over. */
export interface Incident {
  readonly id: string;
  /** what it is one of: `target-down:ehr` */
  readonly cause: string;
  readonly target: string | undefined;
  /** a sentence for the operator; names no person */
  readonly detail: string;
  readonly openedMs: number;
  readonly closedMs: number | undefined;
}

/** A notice that nobody has taken yet. */
export interface Notice {
  readonly incident: Incident;
  readonly of: 'opened' | 'closed';
}

export interface IncidentStore {
  /** Opens an incident, unless one of its cause is open. @returns whether it is new */
  open(incident: Pick<Incident, 'cause' | 'target' | 'detail'>, nowMs: number): Promise<boolean>;
  /** @returns whether there was one to close */
  close(cause: string, nowMs: number): Promise<boolean>;
  openCauses(): Promise<readonly Incident[]>;
  /** Takes due notices for a while, so that of several replicas one sends them. */
  takeNotices(nowMs: number, leaseMs: number): Promise<readonly Notice[]>;
  told(notice: Notice): Promise<void>;
  /** Says after how long a notice that nobody took is tried again. */
  putOff(notice: Notice, nowMs: number, waitMs: number): Promise<void>;
  /** how long the oldest delivery to a target has been in line that is neither made nor waits for a person or consent */
  longestWaitMs(target: string, nowMs: number): Promise<number | undefined>;
}
