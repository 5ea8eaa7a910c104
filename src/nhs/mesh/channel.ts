/** What documents and files are sent and received through: one MESH mailbox of ours, durable on both sides. */
import type { OperationOutcome } from '@medplum/fhirtypes';
import type { Checked } from '../../fhir/outcome.ts';
import type { ResourceKey } from '../../store/resources.ts';

/** A file to send. Nothing of it but its ids is ever logged. */
export interface Outgoing {
  /** receiving mailbox, or `GPPROVIDER_…` where MESH is to find the practice; at most 100 characters */
  readonly to: string;
  /** at most 300 characters */
  readonly workflowId: string;
  /** ours, unique in the mailbox, at most 300 characters, without person data: the same again is the same message */
  readonly localId: string;
  /**
   * Mex-LocalID where it must say something else, as GP Connect wants our ODS code there; default `localId`. Reports that
   * name no message id are then not linked, and a message in doubt cannot be looked for by it
   */
  readonly mexLocalId?: string | undefined;
  /** at most 500 characters; may hold person data */
  readonly subject?: string | undefined;
  readonly fileName?: string | undefined;
  /** such as application/fhir+xml */
  readonly contentType: string;
  /** at least one byte */
  readonly content: Uint8Array;
  /** the same for a message, what updates it, and what answers it */
  readonly conversation: string;
  /** what it speaks of, here */
  readonly about?: ResourceKey | undefined;
  readonly version?: number | undefined;
  readonly personId?: string | undefined;
  readonly ownerOrg: string;
}

/**
 * How far a message has come. `waiting`: kept, and sent as soon as MESH can be reached. `uploading`: begun, chunks are
 * still to go. `unsure`: it was sent and no answer came, so it may be there; it is looked for, then a person is asked.
 * `sent`: MESH has all of it. `collected`: its receiver took it. `failed`: it will not arrive as it is.
 * `replaced`: its sender went another way (`MeshChannel.replace`).
 */
export type Progress = 'waiting' | 'uploading' | 'unsure' | 'sent' | 'collected' | 'failed' | 'replaced';

export interface Sent {
  readonly localId: string;
  readonly progress: Progress;
  /** id that MESH gave it */
  readonly messageId?: string | undefined;
  /** why it waits, is in doubt, or failed */
  readonly outcome?: OperationOutcome | undefined;
}

/** What became of a message that was sent. */
export interface Report extends Sent {
  readonly progress: 'sent' | 'unsure' | 'collected' | 'failed';
  readonly conversation: string;
  readonly about?: ResourceKey | undefined;
  readonly ownerOrg: string;
  /** MESH's code, such as EPL-153 or 14 */
  readonly code?: string | undefined;
}

/** A message that is about to leave. */
export interface Leaving extends Pick<Report, 'localId' | 'conversation' | 'about' | 'ownerOrg'> {
  /** a person has it sent again: where it may not go, whoever says so tells that person why */
  readonly isAgain: boolean;
}

/**
 * Is asked right before the first byte of a message leaves, however long it has waited: consent may have been withdrawn.
 * What it throws is asked again.
 * @returns false when it may not go, and then never does; undefined when it is none of its own
 */
export type LeavingHandler = (message: Leaving) => Promise<boolean | undefined>;

/** A message that was received. It is on disk, and acknowledged to MESH or about to be. */
export interface Received {
  readonly messageId: string;
  readonly workflowId: string;
  /** mailbox that sent it */
  readonly from: string;
  readonly to: string;
  /** Mex-LocalID of its sender */
  readonly localId?: string | undefined;
  readonly subject?: string | undefined;
  readonly fileName?: string | undefined;
  readonly contentType?: string | undefined;
  readonly bytes: number;
  /** All of it in memory: for documents. */
  read(): Promise<Uint8Array>;
  /**
   * @param name of the file, in place of `fileName`; signs that could lead elsewhere are left out
   * @returns path of a file with its content, which is there until the handler has ended
   */
  file(name?: string): Promise<string>;
}

/**
 * Takes a message in. What it does must be durable when it resolves, and the same when it is done twice: after a crash it
 * is called again. A refusal puts the message on the worklist, where it stays with its content. What it throws is tried again.
 */
export type MessageHandler = (message: Received, signal: AbortSignal) => Promise<Checked<unknown>>;

/** Is told of each step of each message, at least once; what it throws is told again. It looks at `localId` or `about` for whether it is its own. */
export type ReportHandler = (report: Report) => Promise<void>;

export interface MeshChannel {
  /** as configured; `channel` of its messages in `store.messages` */
  readonly name: string;
  /** id of the mailbox */
  readonly mailbox: string;
  /**
   * Keeps a message, then sends it. Resolves when MESH has answered or cannot be reached: what is kept goes by itself from
   * then on, also after a restart, and is never posted twice unasked.
   * @returns how far it came; or a refusal, where a header cannot be sent and nothing is kept
   * @throws AdapterError when the store cannot write
   */
  send(message: Outgoing, signal: AbortSignal): Promise<Checked<Sent>>;
  /** @returns how far a message has come; undefined when there is none */
  sent(localId: string): Promise<Sent | undefined>;
  /**
   * Gives a message up, for its sender went another way: what has not begun is not sent, and its worklist item is closed.
   * @returns true when it surely never arrives; false when there is none, or some of it may have left
   */
  replace(localId: string): Promise<boolean>;
  /**
   * Registers who takes messages of a workflow, such as acknowledgements; before `start`.
   * @throws AdapterError when another takes them
   */
  onMessage(workflowId: string, handler: MessageHandler): void;
  /** Registers who is told what became of messages; before `start`. */
  onReport(handler: ReportHandler): void;
  /** Registers who is asked whether a message may leave; before `start`. */
  onLeaving(handler: LeavingHandler): void;
  /** @returns mailboxes of an organisation that take a workflow */
  lookUp(odsCode: string, workflowId: string, signal: AbortSignal): Promise<Checked<readonly Endpoint[]>>;
  /** @returns mailboxes that take a workflow */
  search(workflowId: string, signal: AbortSignal): Promise<Checked<readonly Endpoint[]>>;
}

/** A mailbox that takes a workflow. */
export interface Endpoint {
  readonly mailbox: string;
  readonly name: string | undefined;
}
