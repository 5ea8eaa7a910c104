/** One look at a directory under way: its pages, the services that it misses, and how far it has come. */
import { startReading } from '../kind-reader.ts';
import type { ReadRecord } from '../record.ts';
import { type DirectoryTrouble, trouble } from './client.ts';
import type { DirectoryOptions, Taken } from './options.ts';
import { type Page, pageOf } from './page.ts';
import { type KnownPage, keepProgress, type Progress, type Run, short } from './progress.ts';
import { createServiceReader, type ReadServices } from './services.ts';

/** Services that could not be read and are remembered one by one; where more cannot, the directory is not well. */
const MOST_MISSED = 1_000;

/** What the pages so far came to is in `progress`, and on disk. */
export class Sweep {
  readonly seen: Set<string>;
  readonly counts = { pages: 0, taken: 0, refused: 0 };
  readonly signal: AbortSignal;
  progress: Progress;
  /** why a service could not be read: it is asked for again at the next look */
  missed: DirectoryTrouble | undefined;
  /** services were listed without an id */
  isNameless = false;
  /** services were told of as changed */
  hasChanged = false;
  readonly #options: DirectoryOptions;
  /** services that earlier looks could not read */
  readonly #missedBefore: readonly string[];
  readonly #services: ReturnType<typeof createServiceReader>;

  constructor(options: DirectoryOptions, progress: Progress, signal: AbortSignal) {
    this.#options = options;
    this.signal = signal;
    this.progress = progress;
    this.seen = new Set(progress.run?.seen);
    this.#missedBefore = progress.missedIds ?? [];
    this.#services = createServiceReader({
      ...options,
      reading: startReading(options.reader, { nowMs: options.clock() }),
    });
  }

  /** Tells of what an earlier look had committed, or was about to, when it was cut off. */
  async tellPending(): Promise<void> {
    const { pending = [] } = this.progress;
    if (pending.length === 0) return;
    await this.tell(pending);
    await this.keep({ pending: undefined });
  }

  async tell(keys: readonly string[]): Promise<void> {
    this.hasChanged = true;
    await this.#options.onChanged?.(keys);
  }

  /** Commits records, and tells of them; what comes in between is made up for by the next look. */
  async takeIn(records: readonly ReadRecord[]): Promise<Taken> {
    const keys = records.flatMap(({ key }) => key ?? []);
    await this.keep({ pending: keys });
    const taken = await this.#options.take(records);
    await this.tell(keys);
    this.progress = { ...this.progress, pending: undefined };
    return taken;
  }

  async #takeRead({ records, stamps }: ReadServices): Promise<void> {
    if (records.length > 0) {
      const { committed, refused } = await this.takeIn(records);
      this.counts.taken += committed;
      this.counts.refused += refused;
    }
    await this.#services.keepStamps(stamps);
  }

  /** Asks again for the services that earlier looks could not read: behind everything else, since one of them may end this. */
  async readMissed(): Promise<void> {
    const before = this.#missedBefore;
    if (before.length === 0 || this.signal.aborted) return;
    const listed = before.map((id) => ({ id, lastModified: undefined, service: {} }));
    const read = await this.#services.read(listed, this.signal, Number.POSITIVE_INFINITY);
    this.missed ??= read.missed;
    await this.#takeRead(read);
    const since = (this.progress.missedIds ?? []).filter((id) => !before.includes(id));
    // What was not come to goes first at the next look: no service stands before another for ever.
    await this.keep({ missedIds: [...read.unasked, ...since, ...read.missedIds] });
  }

  /** @returns why it could not be read to its end */
  async go(begun: Run): Promise<DirectoryTrouble | undefined> {
    let run = begun;
    let before: string | undefined;
    for (;;) {
      if (this.signal.aborted) return trouble('directory-stopped', `${this.#options.name} is read on later.`);
      if (run.page > this.#options.maxPages) return this.#fresh(endless(this.#options));
      const read = await this.#page(run);
      if ('outcome' in read) return read;
      if (read.digest !== undefined && read.digest === before && !read.isLast)
        return this.#fresh(endless(this.#options));
      before = read.digest;
      this.counts.pages += 1;
      run = { ...run, page: run.page + 1, next: read.next, seen: [...this.seen] };
      // The last page is read again where the look is cut off behind it: there is none after it to go on with.
      if (read.isLast) return this.#forgetBeyond(run);
      await this.keep({ run });
    }
  }

  /** What was on pages that are no more would be taken for unchanged when they are there again. */
  #forgetBeyond({ isFull, page }: Run): undefined {
    if (!isFull) return;
    const pages = Object.entries(this.progress.pages).filter(([number]) => Number(number) < page);
    this.progress = { ...this.progress, pages: Object.fromEntries(pages) };
  }

  /** Brings to disk how far it has come. */
  async keep(more: Partial<Progress>): Promise<void> {
    const { name, store, clock } = this.#options;
    this.progress = { ...this.progress, ...more };
    await keepProgress(name, store, this.progress, clock());
  }

  /** A run that can come to no end is not gone on with. */
  async #fresh(why: DirectoryTrouble): Promise<DirectoryTrouble> {
    await this.keep({ run: undefined });
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
    const answer = await client.get(run.next ?? this.#address(run), known, this.signal);
    if ('outcome' in answer) return answer;
    if (answer.state === 'gone')
      return trouble('directory-no-page', `${name} has no /services: check its address.`);
    if (answer.state === 'unchanged') {
      if (!known)
        return trouble('directory-answer', `${name} says that nothing changed, and was not asked that.`);
      for (const id of known.ids) this.seen.add(id);
      return { isLast: known.isLast, next: known.next };
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
    const { missedIds = [] } = this.progress;
    const known = new Set(missedIds); // asked for behind the pages
    const read = await this.#services.read(
      page.services.filter(({ id }) => !known.has(id)),
      this.signal,
    );
    await this.#takeRead(read);
    const missed = [...missedIds, ...read.missedIds];
    if (missed.length <= MOST_MISSED) this.progress = { ...this.progress, missedIds: missed };
    else return { stops: read.missed };
    if (read.stops) await this.keep({});
    if (page.nameless > 0) this.isNameless = true;
    if (page.nameless > 0)
      this.missed ??= trouble(
        'directory-nameless',
        `${this.#options.name} lists services without an id: they cannot be taken in.`,
      );
    if (read.missed) this.missed ??= read.missed;
    return read;
  }

  /** A list without times tells nothing of what lies within its services: the same page may hide a change. */
  #remember(number: number, page: Page, stamp: Omit<KnownPage, 'ids' | 'isLast' | 'next'> | undefined): void {
    const tells =
      this.#options.detail === 'list' ||
      page.services.every(({ lastModified }) => lastModified !== undefined);
    const { [number]: _, ...others } = this.progress.pages as Record<number, KnownPage>;
    const own = { ids: page.services.map(({ id }) => short(id)), isLast: page.isLast, next: page.next };
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
