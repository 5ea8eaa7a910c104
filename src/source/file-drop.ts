/** Turns files that appear in a folder into intakes: each is read once it is whole, then moved out of the way. */
import { type Dirent, type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AdapterError } from '../fhir/outcome.ts';
import type { LoadedSource } from './load.ts';
import { type DropSummary, putAway } from './put-away.ts';

/** A folder under watch. */
export interface FileDrop {
  /** Resolves when no file is being read any more; one in hand stays in the folder and is read again at the next start. */
  stop(): Promise<void>;
}

/** The part of a pino logger that is used; nothing logged holds a file's name, which may be a person's. */
export interface DropLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface DropOptions {
  /** `inbox/<source>`; files are read from it, folders within it are left alone */
  readonly folder: string;
  readonly source: LoadedSource;
  /**
   * Takes a file to durable commit. When the signal aborts it ends early, at a batch's end.
   * @throws when nothing can be stored for now: the file stays and is tried again
   */
  readonly ingest: (path: string, signal: AbortSignal) => Promise<DropSummary>;
  /** epoch ms */
  readonly clock: () => number;
  readonly log?: DropLog;
  /** how often to look when the operating system tells of nothing; default 500 */
  readonly pollMs?: number;
}

/** A file counts as whole when neither size nor time have changed for so long. */
const STABLE_MS = 200;
const RETRY_MS = 5_000;

/** Watches a folder for files; those already there are read first. */
export function watchFolder(options: DropOptions): FileDrop {
  const drop = new FolderDrop(options);
  const running = drop.run();
  return {
    async stop() {
      drop.abort();
      await running;
    },
  };
}

/** A file as it was last seen. */
interface Sighting {
  readonly size: number;
  readonly mtimeMs: number;
  /** when it may be read, if it does not change before */
  readonly readyMs: number;
}

class FolderDrop {
  readonly #options: DropOptions;
  readonly #aborted = new AbortController();
  #sightings = new Map<string, Sighting>();
  #watcher: FSWatcher | undefined;
  #wake: () => void = () => {};
  #isGone = false;

  constructor(options: DropOptions) {
    this.#options = options;
  }

  abort(): void {
    this.#aborted.abort();
    this.#wake();
  }

  async run(): Promise<void> {
    while (!this.#aborted.signal.aborted) {
      const ready = await this.#look();
      for (const name of ready) if (!this.#aborted.signal.aborted) await this.#take(name);
      // What came while files were read is looked at at once.
      if (ready.length === 0) await this.#rest();
    }
    this.#watcher?.close();
  }

  /** @returns names of whole files, oldest first */
  async #look(): Promise<string[]> {
    const files = await this.#files();
    if (!files) return [];
    this.#watcher ??= this.#startWatcher();
    const nowMs = this.#options.clock();
    const sightings = new Map<string, Sighting>();
    for (const { name, size, mtimeMs } of files) {
      const before = this.#sightings.get(name);
      const isSame = before?.size === size && before.mtimeMs === mtimeMs;
      sightings.set(name, isSame ? before : { size, mtimeMs, readyMs: nowMs + STABLE_MS });
    }
    this.#sightings = sightings;
    const ready = [...sightings].filter(([, sighting]) => sighting.readyMs <= nowMs);
    return ready.sort(([a, x], [b, y]) => x.mtimeMs - y.mtimeMs || (a < b ? -1 : 1)).map(([name]) => name);
  }

  /** @returns undefined while the folder is not there: a share may be away for a while */
  async #files(): Promise<{ name: string; size: number; mtimeMs: number }[] | undefined> {
    const { folder } = this.#options;
    try {
      const entries = await readdir(folder, { withFileTypes: true });
      const found = await Promise.all(entries.filter(isDropped).map((entry) => sizeOf(folder, entry.name)));
      this.#tellGone(false);
      return found.filter((file) => file !== undefined);
    } catch (error) {
      this.#tellGone(true, error);
      this.#watcher?.close();
      this.#watcher = undefined;
      return undefined;
    }
  }

  #tellGone(isGone: boolean, error?: unknown): void {
    if (isGone === this.#isGone) return;
    this.#isGone = isGone;
    const fields = { source: this.#sourceName, ...codeOf(error) };
    if (isGone) this.#options.log?.error(fields, 'drop folder cannot be read; waiting for it');
    else this.#options.log?.info(fields, 'drop folder is there again');
  }

  async #take(name: string): Promise<void> {
    const { ingest, log, clock, folder } = this.#options;
    const { signal } = this.#aborted;
    try {
      const summary = await ingest(join(folder, name), signal);
      if (signal.aborted) return;
      const where = await putAway(folder, name, summary, clock());
      this.#sightings.delete(name);
      log?.info({ source: this.#sourceName, where, ...countsOf(summary) }, 'file read');
    } catch (error) {
      // The file stays: what of it is committed already comes out unchanged when it is read again.
      log?.error(
        { source: this.#sourceName, ...codeOf(error) },
        'file could not be taken in; it will be tried again',
      );
      const sighting = this.#sightings.get(name);
      if (sighting) this.#sightings.set(name, { ...sighting, readyMs: clock() + RETRY_MS });
    }
  }

  get #sourceName(): string {
    return this.#options.source.manifest.name;
  }

  /** Sleeps until the operating system tells of a change, a file may have become whole, or it is time to look. */
  async #rest(): Promise<void> {
    const nowMs = this.#options.clock();
    const waits = [...this.#sightings.values()].map((sighting) => Math.max(sighting.readyMs - nowMs, 1));
    const longest = Math.min(this.#options.pollMs ?? 500, ...waits);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, longest);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#aborted.signal.aborted) this.#wake();
    });
  }

  /** Not every file system tells of changes; looking every `pollMs` finds them all the same. */
  #startWatcher(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#options.folder, () => this.#wake());
      watcher.on('error', () => {
        watcher.close();
        this.#watcher = undefined;
      });
      return watcher;
    } catch {
      return undefined;
    }
  }
}

/** Leaves out what is hidden, locked (`.~lock`, `~$`) or still being copied. */
function isDropped(entry: Dirent): boolean {
  return entry.isFile() && !/^[.~]|\.(?:tmp|part|partial|crdownload|swp)$/i.test(entry.name);
}

async function sizeOf(
  folder: string,
  name: string,
): Promise<{ name: string; size: number; mtimeMs: number } | undefined> {
  try {
    const { size, mtimeMs } = await stat(join(folder, name));
    return { name, size, mtimeMs };
  } catch {
    return undefined; // gone since the folder was read
  }
}

function countsOf({ receipt }: DropSummary): object {
  return { committed: receipt.committed, unchanged: receipt.unchanged, refused: receipt.refused };
}

/** An error's words may hold a path, and with it a name: its code is enough. */
function codeOf(error: unknown): { code?: string } {
  if (error instanceof AdapterError)
    return { code: error.outcome.issue[0]?.details?.coding?.[0]?.code ?? error.retry };
  if (error instanceof Error) return { code: 'code' in error ? String(error.code) : error.name };
  return {};
}
