/** What a test tells the MESH server on this machine, and what it sees of it. */
import type { IncomingMessage } from 'node:http';

/** What is done to one request. `lost`: it counts, and its answer never comes; `cut`: it never arrives; `half`: its answer ends in the middle. */
export type Fault =
  | 'lost'
  | 'cut'
  | 'half'
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: object };

export interface Asked {
  readonly method: string;
  /** below /messageexchange, without the query */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

export interface Stored {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly workflow: string;
  readonly headers: IncomingMessage['headers'];
  readonly chunks: (Buffer | undefined)[];
  readonly report?: Readonly<Record<string, string>>;
  readonly atMs: number;
  status: 'uploading' | 'accepted' | 'acknowledged' | 'gone';
}

export interface MeshOptions {
  readonly clock: () => number;
  readonly mailboxes: Readonly<
    Record<
      string,
      { readonly password: string; readonly ods?: string; readonly workflows?: readonly string[] }
    >
  >;
  readonly sharedKey: string;
  /** by address: what becomes of a message to `GPPROVIDER_…` */
  readonly practices?: Readonly<Record<string, { readonly mailbox: string } | { readonly code: string }>>;
  /** how long a report of the routing takes; default 0 */
  readonly reportMs?: number;
  readonly fault?: (asked: Asked) => Fault | undefined;
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface MeshServer {
  readonly url: string;
  readonly messages: readonly Stored[];
  readonly asked: readonly Asked[];
  /** looks at an inbox that came too soon after one before */
  readonly tooSoon: readonly string[];
  /** Puts a message into an inbox, as from somebody else. @returns its id */
  put(to: string, content: Uint8Array, headers?: Readonly<Record<string, string>>): string;
  /** Puts a report into the sender's inbox. */
  report(
    about: { readonly id?: string; readonly localId?: string; readonly to: string },
    code: string,
  ): string;
  /** @returns content of a message, decompressed */
  contentOf(message: Stored): Buffer;
  setFault(fault: MeshOptions['fault']): void;
  close(): Promise<void>;
}
