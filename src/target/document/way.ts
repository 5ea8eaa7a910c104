/** What a way that a document can go is asked for: MESH, a FHIR server, a folder for printing. */
import type { OperationOutcome } from '@medplum/fhirtypes';

/** A document as it is kept before its first byte leaves, and sent however often it is tried. */
export interface KeptDocument {
  /** the same for a document, whichever way it goes */
  readonly reference: string;
  readonly title: string;
  /** R4 document, canonical JSON */
  readonly bundle: string;
  /** the person, and the organisation that it goes to */
  readonly addressee: {
    readonly odsCode?: string | undefined;
    readonly nhsNumber?: string | undefined;
    readonly birthDate?: string | undefined;
    readonly familyName?: string | undefined;
    readonly personName: string;
    readonly location: string;
  };
  readonly version: number;
  /** it holds codes, numbers and dates only */
  readonly isCodedOnly: boolean;
  /** reference of the document that it takes the place of */
  readonly replaces?: string | undefined;
}

/** One document on one way. */
export interface Errand {
  /** ours, unique, the same however often it is tried; holds nothing of the person */
  readonly id: string;
  readonly document: KeptDocument;
  readonly about: `${string}/${string}`;
  readonly personId?: string | undefined;
  readonly ownerOrg: string;
  /** which of the configured ways it goes, from 0: what each of them sends has ids of its own */
  readonly way: number;
}

/** `remoteId`: what its receiver's answer names. `answered`: it is filed, or nobody will say more. */
export type Gone =
  | { readonly state: 'sent' | 'answered'; readonly remoteId?: string | undefined }
  | { readonly state: 'rejected'; readonly outcome: OperationOutcome }
  /** not sent, or perhaps sent: the way knows it by its id when it is tried again */
  | { readonly state: 'again'; readonly waitMs: number; readonly outcome: OperationOutcome };

export interface Way {
  /** `mesh`, `fhir`, `folder`: for messages to people */
  readonly kind: string;
  /** Sends, or goes on with what was begun: the same id again is the same document, never a second one. */
  send(errand: Errand, signal: AbortSignal): Promise<Gone>;
  /** Gives up what has not begun. @returns true when it surely never arrives */
  stop(id: string): Promise<boolean>;
  /** false: its receiver is not asked to say that a document is filed; default true */
  readonly asksWhetherFiled?: boolean;
  /** Copies that lie here, and not with a receiver: those of an erased person are taken away. */
  readonly copies?: Copies;
}

export interface Copies {
  /** @returns ids of errands */
  list(): Promise<readonly string[]>;
  remove(id: string): Promise<void>;
}
