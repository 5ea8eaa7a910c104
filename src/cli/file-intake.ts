/** Takes dropped files through the pipeline, with one progress bar over all that are in hand. */
import { basename } from 'node:path';
import type { Pipeline } from '../pipeline.ts';
import type { LoadedSource } from '../source/load.ts';
import { readFileRecords } from '../source/read-file.ts';
import type { IntakeSummary } from '../source/tally.ts';
import { type Progress, recordsExpected } from './progress.ts';
import type { Row } from './summary.ts';

export class FileIntake {
  /** the first files, for the summary table */
  readonly firstRows: Row[] = [];
  /** resolves when the first files have been read */
  readonly firstRead: Promise<void>;
  readonly #pipeline: Pipeline;
  readonly #progress: Progress;
  readonly #clock: () => number;
  /** first files not read yet */
  #awaited: number;
  #inHand = 0;
  #done = 0;
  #refused = 0;
  #resolveFirst: () => void;

  /** @param first files whose records the progress expects already; their bar stays until the last of them is read */
  constructor(pipeline: Pipeline, progress: Progress, clock: () => number, first: number) {
    this.#pipeline = pipeline;
    this.#progress = progress;
    this.#clock = clock;
    this.#awaited = first;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.firstRead = promise;
    this.#resolveFirst = resolve;
  }

  get isFirst(): boolean {
    return this.#awaited > 0;
  }

  async read(source: LoadedSource, path: string, signal: AbortSignal): Promise<IntakeSummary> {
    this.#inHand++;
    try {
      if (!this.isFirst) this.#progress.expect(await recordsExpected(path));
      const summary = await this.#ingest(source, path, signal);
      if (this.isFirst) this.firstRows.push({ name: `${source.manifest.name}/${basename(path)}`, summary });
      return summary;
    } finally {
      this.#inHand--;
      this.#awaited = Math.max(0, this.#awaited - 1);
      if (!this.isFirst) this.#resolveFirst();
      if (this.#inHand === 0 && !this.isFirst) this.end();
    }
  }

  /** Takes the bar away. */
  end(): void {
    this.#progress.end();
    this.#done = 0;
    this.#refused = 0;
  }

  async #ingest(source: LoadedSource, path: string, signal: AbortSignal): Promise<IntakeSummary> {
    const file = basename(path);
    let before = { read: 0, refused: 0 };
    const records = readFileRecords(source, path, { nowMs: this.#clock(), signal });
    return await this.#pipeline.ingest(source.manifest.name, 'file', records, {
      file,
      signal,
      onProgress: ({ read, refused }) => {
        this.#done += read - before.read;
        this.#refused += refused - before.refused;
        before = { read, refused };
        this.#progress.show(file, this.#done, this.#refused);
      },
    });
  }
}
