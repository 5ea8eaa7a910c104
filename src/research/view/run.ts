/** Runs a compiled view over resources that stream by, into a sink, in constant memory. */
import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { CompiledView } from './compile.ts';
import { runInThreads } from './in-threads.ts';
import { OneRun, type Ran, type RunOptions } from './one-run.ts';
import { resourceBlocks } from './resources.ts';
import type { OpenSink, ViewSink } from './sink.ts';

export type { Ran, RunOptions } from './one-run.ts';
export { ndjsonResources } from './resources.ts';

/** From this many bytes on threads are worth their start. */
const LARGE = 32 * 1024 * 1024;
/** More hardly find work: one thread reads for them all. */
const MOST_THREADS = 8;

/**
 * Rows of a resource are written once all of them are known: one that fails leaves none behind.
 * @param resources an AdapterError among them is a fault in place of a resource
 * @throws AdapterError where a fault ends the run, the sink's own error, or the reason of the signal; nothing is left of the target then
 */
export function runView(
  view: CompiledView,
  resources: AsyncIterable<unknown> | Iterable<unknown>,
  openSink: OpenSink,
  options: RunOptions = {},
): Promise<Ran> {
  return running(view, openSink, options, async (run) => {
    for await (const resource of resources) {
      const full = run.take(resource);
      if (full) await full;
    }
  });
}

export interface FileRunOptions extends RunOptions {
  /** default: one for each core where the file is large; 0: none beside this one */
  readonly threads?: number;
}

/**
 * Runs a view over an NDJSON file, plain or `.gz`. Rows stand in the order of the lines, however many threads make them.
 * @throws as `runView`, and when the file cannot be read
 */
export function runViewOverFile(
  view: CompiledView,
  path: string,
  openSink: OpenSink,
  options: FileRunOptions = {},
): Promise<Ran> {
  return running(view, openSink, options, async (run, sink) => {
    const threads = options.threads ?? (await threadsFor(path));
    if (threads > 0 && sink.made && view.recipe)
      return await runInThreads({ path, threads, recipe: view.recipe, made: sink.made, run, options });
    for await (const block of resourceBlocks(path))
      for (const resource of block) {
        const full = run.take(resource);
        if (full) await full;
      }
  });
}

async function threadsFor(path: string): Promise<number> {
  const { size } = await stat(path);
  return size < LARGE ? 0 : Math.min(availableParallelism(), MOST_THREADS);
}

async function running(
  view: CompiledView,
  openSink: OpenSink,
  options: RunOptions,
  feed: (run: OneRun, sink: ViewSink) => Promise<void>,
): Promise<Ran> {
  options.signal?.throwIfAborted();
  const run = new OneRun(view, options);
  const sink = await openSink(view.columns, (column) => run.misfit(column));
  try {
    run.into(sink);
    await feed(run, sink);
    options.signal?.throwIfAborted();
    await sink.finish();
    return run.ran;
  } catch (error) {
    await sink.abort();
    throw error;
  }
}
