/** Turns what an export is of into its files: walks through the store as it was, and says now and again how far it has come. */
import type { ExtractedVersion, SeenStore } from '../../store/store.ts';
import { type ExportAsked, type ExportProgress, NOT_BEGUN, partsOf } from './asked.ts';
import { ExportFiles } from './files.ts';

export interface ExportRun {
  readonly store: Pick<SeenStore, 'extract'>;
  readonly asked: ExportAsked;
  readonly asOfMs: number;
  readonly folder: string;
  readonly linesPerFile: number;
  readonly from: ExportProgress;
  /** @returns JSON text of what goes out of a version that is there; undefined: nothing does */
  readonly shape: (version: ExtractedVersion) => string | undefined;
  /** @returns the id by which a deleted one is told; undefined: it is not */
  readonly goneAs: (version: ExtractedVersion) => string | undefined;
  /** Told after what it says is on disk. @returns whether to go on: somebody else may have the export now */
  readonly keep: (progress: ExportProgress) => Promise<boolean>;
  /** Told when a type has been gone through, with how many of it went out. */
  readonly finished: (type: string, count: number) => Promise<void>;
  /** milliseconds of any clock that goes on */
  readonly now: () => number;
  /** what a restart has to do again at most */
  readonly keepEveryMs?: number;
}

const KEEP_EVERY_MS = 1_000;
/** A page holds about so much. */
const PAGE_BYTES = 4_000_000;
const FIRST_COUNT = 200;
const MOST_COUNT = 2_000;

/** @returns how it ended; undefined where somebody else has the export, or nobody wants it any more */
export async function runExport(run: ExportRun): Promise<ExportProgress | undefined> {
  const { folder, linesPerFile, from } = run;
  const resumed = await ExportFiles.resume(folder, linesPerFile, from.files);
  // begun elsewhere, in a folder that is not here: what was then is what is now
  const files = resumed ?? (await ExportFiles.resume(folder, linesPerFile, []))!;
  const walk = new Walk(run, files, resumed ? from : NOT_BEGUN);
  try {
    return (await walk.all()) ? walk.progress : undefined;
  } finally {
    await files.close();
  }
}

class Walk {
  readonly #run: ExportRun;
  readonly #files: ExportFiles;
  #part: number;
  #after: number;
  #resources: number;
  #keptMs: number;
  #count = FIRST_COUNT;

  constructor(run: ExportRun, files: ExportFiles, { part, after, resources }: ExportProgress) {
    this.#run = run;
    this.#files = files;
    this.#part = part;
    this.#after = after;
    this.#resources = resources;
    this.#keptMs = run.now();
  }

  get progress(): ExportProgress {
    const { list: files } = this.#files;
    return { part: this.#part, after: this.#after, resources: this.#resources, files };
  }

  /** @returns whether it went through to the end */
  async all(): Promise<boolean> {
    const { asked, finished } = this.#run;
    const parts = partsOf(asked);
    while (this.#part < parts.length) {
      const { type } = parts[this.#part]!;
      if (!(await this.#through(parts[this.#part]!))) return false;
      this.#part++;
      this.#after = 0;
      if (parts[this.#part]?.type === type) continue;
      await finished(type, this.#countOf(type)); // after a restart perhaps once more, never not at all
      if (!(await this.#keep(undefined))) return false;
    }
    await this.#files.add('OperationOutcome', 'error', this.#errors());
    return await this.#keep(undefined);
  }

  #countOf(type: string): number {
    const own = this.#files.list.filter((file) => file.type === type && file.kind === 'output');
    return own.reduce((sum, { count }) => sum + count, 0);
  }

  async #through(part: ReturnType<typeof partsOf>[number]): Promise<boolean> {
    const { store, asked, asOfMs, now, keepEveryMs = KEEP_EVERY_MS } = this.#run;
    const { type, people } = part;
    const only = asked.only?.[type];
    const pageAfter = (after: number) =>
      store.extract({
        ...{ type, asOfMs, count: this.#count, after, withDeleted: asked.sinceMs !== undefined },
        ...(asked.sinceMs === undefined ? {} : { sinceMs: asked.sinceMs }),
        ...(people === undefined ? {} : { people }),
        ...(only === undefined ? {} : { only }),
      });
    for (let coming = pageAfter(this.#after); ; ) {
      const { versions, next } = await coming;
      // the next page is on its way while this one is written
      if (next !== undefined) coming = pageAfter(next);
      coming.catch(() => undefined); // awaited above, unless the export ends before
      await this.#write(type, versions);
      if (next === undefined) break;
      this.#after = next;
      if (now() - this.#keptMs >= keepEveryMs && !(await this.#keep(type))) return false;
    }
    return true;
  }

  async #write(type: string, versions: readonly ExtractedVersion[]): Promise<void> {
    const lines: string[] = [];
    const gone: string[] = [];
    let bytes = 0;
    for (const version of versions) {
      const text = version.state === 'current' ? this.#run.shape(version) : undefined;
      if (text !== undefined) {
        lines.push(text);
        bytes += text.length;
      } else if (version.state !== 'current') {
        const id = this.#run.goneAs(version);
        if (id !== undefined) gone.push(id);
      }
    }
    await this.#files.add(type, 'output', lines);
    if (gone.length > 0) await this.#files.add(type, 'deleted', [deletedText(type, gone)]);
    this.#resources += lines.length;
    if (lines.length > 0) {
      const fitting = Math.floor(PAGE_BYTES / (bytes / lines.length));
      this.#count = Math.max(1, Math.min(MOST_COUNT, fitting, this.#count * 2));
    }
  }

  async #keep(type: string | undefined): Promise<boolean> {
    await this.#files.settle(type);
    const goesOn = await this.#run.keep(this.progress);
    this.#keptMs = this.#run.now();
    return goesOn;
  }

  /** Written once, at the end: a restart behind it has them already. */
  #errors(): string[] {
    if (this.#files.list.some(({ kind }) => kind === 'error')) return [];
    return this.#run.asked.notes.map((issue) =>
      JSON.stringify({ resourceType: 'OperationOutcome', issue: [issue] }),
    );
  }
}

/** @source Bulk Data Access 2.0, Response - Complete Status: deleted */
function deletedText(type: string, ids: readonly string[]): string {
  const entry = ids.map((id) => ({ request: { method: 'DELETE', url: `${type}/${id}` } }));
  return JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry });
}
