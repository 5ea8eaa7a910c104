/** Reads a directory page by page into records of its source: what changed since the last look, or all of it, which also finds what is gone. */
import type { Store } from '../../store/store.ts';
import { type KindReader, startReading } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';
import type { DirectoryClient, DirectoryTrouble } from './client.ts';
import { trouble } from './client.ts';
import { closeGone, type GoneOptions } from './gone.ts';
import { type Page, pageOf } from './page.ts';
import { type KnownPage, keepProgress, type Progress, type Run, readProgress, short } from './progress.ts';
import { createServiceReader, type ReadServices } from './services.ts';

/** Counts of what was committed of records that were handed over. */
export interface Taken {
  readonly committed: number;
  readonly refused: number;
}

export interface DirectoryOptions {
  readonly client: DirectoryClient;
  readonly name: string;
  readonly reader: KindReader;
  readonly store: Pick<
    Store,
    'job' | 'keepJob' | 'answers' | 'sourceRecord' | 'storedRecords' | 'mapUse' | 'runOnce' | 'sharedNowMs'
  >;
  /** takes records to durable commit */
  readonly take: (records: readonly ReadRecord[]) => Promise<Taken>;
  /** called with the keys of the services that changed, or are gone, once they are on disk */
  readonly onChanged?: ((keys: readonly string[]) => Promise<void>) | undefined;
  readonly perPage: number;
  readonly maxPages: number;
  readonly detail: 'each' | 'list';
  readonly modifiedAfter: boolean;
  readonly overlapMs: number;
  readonly fullEveryMs: number;
  /** share of the services known that may be gone at once */
  readonly mostGone: number;
  readonly clock: () => number;
}

/** What became of a look. */
export interface Looked {
  readonly isFull: boolean;
  readonly pages: number;
  readonly taken: number;
  readonly refused: number;
  /** marked as not in operation, since the directory has them no more */
  readonly gone: number;
}

/**
 * Looks once, or goes on with the look that was cut off. Pages are kept as they are taken in, so nothing is lost and
 * nothing read twice but the page under way.
 * @param wantsFull sweeps all of it now, whenever it was done last
 * @returns what became of it, or why the directory could not be read to its end: the next look goes on there
 */
export async function lookAtDirectory(
  options: DirectoryOptions,
  signal: AbortSignal,
  wantsFull = false,
): Promise<Looked | DirectoryTrouble> {
  const { store, name, clock } = options;
  const progress = await readProgress(name, store);
  const run = progress.run ?? newRun(options, progress, wantsFull);
  const sweep = new Sweep(options, { ...progress, run }, signal);
  const ended = await sweep.go(run);
  if (ended) return ended;
  const gone = run.isFull ? await closeGone(goneOptions(options, sweep.seen)) : { closed: 0 };
  const stopped = 'outcome' in gone ? gone : sweep.missed;
  const done = stopped ? {} : { sinceMs: run.startedMs - options.overlapMs };
  await keepProgress(
    name,
    store,
    {
      ...sweep.progress,
      ...done,
      ...(run.isFull && !stopped ? { fullMs: run.startedMs } : {}),
      run: undefined,
    },
    clock(),
  );
  if (stopped) return stopped;
  return { isFull: run.isFull, ...sweep.counts, gone: 'closed' in gone ? gone.closed : 0 };
}

function newRun(options: DirectoryOptions, { sinceMs, fullMs }: Progress, wantsFull: boolean): Run {
  const nowMs = options.clock();
  const isDue = fullMs === undefined || nowMs - fullMs >= options.fullEveryMs;
  const isFull = wantsFull || isDue || !options.modifiedAfter || sinceMs === undefined;
  return { isFull, startedMs: nowMs, page: 1, seen: [] };
}

function goneOptions(options: DirectoryOptions, seen: ReadonlySet<string>): GoneOptions {
  const { manifest: _, ...reader } = options.reader;
  return { ...options, source: reader.source, kind: reader.kind, seen };
}

/** One look under way. */
class Sweep {
  readonly seen: Set<string>;
  readonly counts = { pages: 0, taken: 0, refused: 0 };
  progress: Progress;
  /** a service that could not be read: it is asked for again at the next look */
  missed: DirectoryTrouble | undefined;
  readonly #options: DirectoryOptions;
  readonly #signal: AbortSignal;
  readonly #services: ReturnType<typeof createServiceReader>;

  constructor(options: DirectoryOptions, progress: Progress, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.progress = progress;
    this.seen = new Set(progress.run?.seen);
    this.#services = createServiceReader({
      ...options,
      reading: startReading(options.reader, { nowMs: options.clock() }),
    });
  }

  /** @returns why it could not be read to its end */
  async go(begun: Run): Promise<DirectoryTrouble | undefined> {
    let run = begun;
    let before: string | undefined;
    for (;;) {
      if (this.#signal.aborted)
        return trouble('directory-stopped', `${this.#options.name} is read on later.`);
      if (run.page > this.#options.maxPages) return this.#fresh(endless(this.#options));
      const read = await this.#page(run);
      if ('outcome' in read) return read;
      if (read.digest !== undefined && read.digest === before && !read.isLast)
        return this.#fresh(endless(this.#options));
      before = read.digest;
      this.counts.pages += 1;
      run = { ...run, page: run.page + 1, next: read.next, seen: [...this.seen] };
      this.progress = { ...this.progress, run };
      if (read.isLast) return this.#forgetBeyond(run);
      await this.#keep();
    }
  }

  /** What was on pages that are no more would be taken for unchanged when they are there again. */
  #forgetBeyond({ isFull, page }: Run): undefined {
    if (!isFull) return;
    const pages = Object.entries(this.progress.pages).filter(([number]) => Number(number) < page);
    this.progress = { ...this.progress, pages: Object.fromEntries(pages) };
  }

  async #keep(): Promise<void> {
    const { name, store, clock } = this.#options;
    await keepProgress(name, store, this.progress, clock());
  }

  /** A run that can come to no end is not gone on with. */
  async #fresh(why: DirectoryTrouble): Promise<DirectoryTrouble> {
    this.progress = { ...this.progress, run: undefined };
    await this.#keep();
    return why;
  }

  async #page(
    run: Run,
  ): Promise<
    | { readonly isLast: boolean; readonly next?: string | undefined; readonly digest?: string }
    | DirectoryTrouble
  > {
    const { client, name } = this.#options;
    const known = run.isFull ? this.progress.pages[run.page] : undefined;
    const answer = await client.get(run.next ?? this.#address(run), known, this.#signal);
    if ('outcome' in answer) return answer;
    if (answer.state === 'gone')
      return trouble('directory-no-page', `${name} has no /services: check its address.`);
    if (answer.state === 'unchanged') {
      if (!known)
        return trouble('directory-answer', `${name} says that nothing changed, and was not asked that.`);
      for (const id of known.ids) this.seen.add(id);
      return { isLast: known.isLast };
    }
    const page = pageOf(name, answer.body, run.page);
    if ('outcome' in page) return page;
    if (page.totalPages !== undefined && page.totalPages > this.#options.maxPages)
      return this.#fresh(endless(this.#options));
    const isSame = known?.digest === answer.digest;
    const { stops, missed } = isSame ? {} : await this.#takeIn(page);
    if (stops) return stops;
    for (const { id } of page.services) this.seen.add(short(id));
    if (run.isFull)
      this.#remember(run.page, page, missed ? undefined : { ...answer.stamp, digest: answer.digest });
    return { isLast: page.isLast, next: page.next, digest: page.services.length > 0 ? answer.digest : '' };
  }

  #address({ page, isFull }: Run): string {
    const { perPage } = this.#options;
    const { sinceMs } = this.progress;
    const since =
      isFull || sinceMs === undefined
        ? ''
        : `&modified_after=${encodeURIComponent(new Date(sinceMs).toISOString())}`;
    return `services?page=${page}&per_page=${perPage}${since}`;
  }

  /** @returns why the directory is not to be asked on, or why single services were missed */
  async #takeIn(page: Page): Promise<Partial<Pick<ReadServices, 'stops' | 'missed'>>> {
    const read = await this.#services.read(page.services, this.#signal);
    if (read.records.length > 0) {
      const { committed, refused } = await this.#options.take(read.records);
      this.counts.taken += committed;
      this.counts.refused += refused;
      await this.#services.keepStamps(read.stamps);
      await this.#options.onChanged?.(read.records.flatMap(({ key }) => key ?? []));
    }
    if (page.nameless > 0)
      this.missed ??= trouble(
        'directory-nameless',
        `${this.#options.name} lists services without an id: they cannot be taken in.`,
      );
    if (read.missed) this.missed ??= read.missed;
    return read;
  }

  /** A list without times tells nothing of what lies within its services: the same page may hide a change. */
  #remember(number: number, page: Page, stamp: Omit<KnownPage, 'ids' | 'isLast'> | undefined): void {
    const tells =
      this.#options.detail === 'list' ||
      page.services.every(({ lastModified }) => lastModified !== undefined);
    const { [number]: _, ...others } = this.progress.pages as Record<number, KnownPage>;
    const own = { ids: page.services.map(({ id }) => short(id)), isLast: page.isLast };
    this.progress = {
      ...this.progress,
      pages: stamp && tells ? { ...others, [number]: { ...stamp, ...own } } : others,
    };
  }
}

function endless({ name, maxPages }: DirectoryOptions): DirectoryTrouble {
  return trouble(
    'directory-endless',
    `${name} gives page after page without an end, or more than ${maxPages}: check its paging, or raise maxPages.`,
  );
}
