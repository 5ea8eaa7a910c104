/** Bulk exports of clients as they are kept: what was asked for, who works at it, and how far it has come. */
import type { Viewer } from './viewer.ts';

/** What a client asked for. */
export interface NewExport {
  /** not to be guessed */
  readonly id: string;
  readonly client: string;
  readonly ownerOrg: string;
  /** what the client could see when it asked */
  readonly viewer: Viewer;
  /** JSON text */
  readonly asked: string;
  /** what is exported is as it was then */
  readonly asOfMs: number;
}

/** `running`: from the asking on until it ends. `withdrawn`: its files told of somebody who was erased or restricted since. */
export type ExportState = 'running' | 'finished' | 'failed' | 'withdrawn';

export interface KeptExport extends NewExport {
  readonly state: ExportState;
  /** JSON text; undefined while nothing is on disk */
  readonly progress: string | undefined;
  /** why it failed, for the client; names no person */
  readonly fault: string | undefined;
  readonly askedMs: number;
  readonly endedMs: number | undefined;
  /** until when the files are kept; undefined while it runs */
  readonly untilMs: number | undefined;
}

/** An export that this process alone works at, until its lease ends. */
export interface ClaimedExport extends KeptExport {
  readonly holder: string;
}

export interface ExportLimits {
  /** exports that run at once, of one client and of all */
  readonly ofClient: number;
  readonly ofAll: number;
}

export interface ExportEnd {
  readonly state: 'finished' | 'failed';
  readonly progress?: string;
  readonly fault?: string;
  /** milliseconds that it can be asked for from now on */
  readonly keepMs: number;
}

/** Leases go by the time that processes share. */
export interface ExportStore {
  /** @returns whether it is kept; else of whom too many run already */
  make(one: NewExport, limits: ExportLimits, nowMs: number): Promise<'made' | 'client' | 'all'>;
  get(id: string): Promise<KeptExport | undefined>;
  /** @returns ids of all that have files, or may come to have some */
  ids(): Promise<readonly string[]>;
  /** The one that was asked for first, of those that run and that nobody is at. @returns undefined where there is none */
  claim(nowMs: number, leaseMs: number): Promise<ClaimedExport | undefined>;
  /**
   * Says that it is still being worked at, and how far it has come.
   * @param progress undefined: as it was
   * @returns false where the claim is lost, or the export was taken away
   */
  keep(
    claimed: Pick<ClaimedExport, 'id' | 'holder'>,
    progress: string | undefined,
    nowMs: number,
    leaseMs: number,
  ): Promise<boolean>;
  /** @returns false as `keep` */
  end(claimed: Pick<ClaimedExport, 'id' | 'holder'>, end: ExportEnd, nowMs: number): Promise<boolean>;
  /** Leaves it to whoever comes next. */
  release(claimed: Pick<ClaimedExport, 'id' | 'holder'>): Promise<void>;
  /** @returns whether there was one */
  remove(id: string): Promise<boolean>;
  /** Takes those out whose time is over. @returns their ids */
  removeOver(nowMs: number): Promise<readonly string[]>;
  /** Gives back claims whose lease ran out, or all of them. */
  recover(nowMs: number, everything: boolean): Promise<number>;
  /** Waits until every commit that has begun to take its place in the order of commits has ended. */
  settled(): Promise<void>;
}
