/** Reads a directory page by page into records of its source: what changed since the last look, or all of it, which also finds what is gone. */
import type { DirectoryTrouble } from './client.ts';
import { closeAgain, closeGone, type Gone, recordsOf } from './gone.ts';
import type { DirectoryOptions, Looked } from './options.ts';
import { type Progress, type Run, readProgress } from './progress.ts';
import { Sweep } from './sweep.ts';

export type { DirectoryOptions, Looked } from './options.ts';

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
  const nowMs = await store.sharedNowMs(clock());
  const progress = await readProgress(name, store);
  const isKept = progress.run && (progress.run.isFull || !wantsFull);
  const run = isKept ? progress.run! : newRun(options, progress, wantsFull, nowMs);
  const sweep = new Sweep(options, { ...progress, run }, signal);
  await sweep.tellPending();
  await tellAliases(options, sweep);
  const done = await readThrough(options, sweep, run, nowMs);
  if (sweep.hasChanged) await options.onEnded?.();
  return done;
}

async function readThrough(
  options: DirectoryOptions,
  sweep: Sweep,
  run: Run,
  nowMs: number,
): Promise<Looked | DirectoryTrouble> {
  const ended = await sweep.go(run);
  if (ended) return ended;
  const gone = await closedBy(options, sweep, run.isFull);
  const isWell = 'closed' in gone;
  // A clock that went back meanwhile must not leave the next look blind until it is there again.
  const startedMs = Math.min(run.startedMs, nowMs);
  await sweep.keep({
    ...(isWell ? { sinceMs: startedMs - options.overlapMs, unanswered: gone.unanswered } : {}),
    ...(isWell && run.isFull ? { fullMs: startedMs, missing: gone.missing } : {}),
    run: undefined,
  });
  await sweep.readMissed();
  if (!isWell) return gone;
  const { isFull } = run;
  return gone.trouble ?? sweep.missed ?? { isFull, ...sweep.counts, gone: gone.closed };
}

/** Where single services could not be listed, what is not on the list may well be there. */
async function closedBy(
  options: DirectoryOptions,
  sweep: Sweep,
  isFull: boolean,
): Promise<Gone | DirectoryTrouble> {
  const { missing, unanswered = [] } = sweep.progress;
  if (options.detail === 'list' && (sweep.isNameless || !isFull))
    return { closed: 0, missing: [], unanswered: [], trouble: undefined };
  const close = isFull ? closeGone : closeAgain;
  return await close(
    {
      ...options,
      seen: sweep.seen,
      missing: new Set(missing),
      unanswered,
      takeIn: (records) => sweep.takeIn(records),
    },
    sweep.signal,
  );
}

/** A time that is yet to come was kept while the clock was ahead: nothing can be told by it. */
function newRun(
  options: DirectoryOptions,
  { sinceMs, fullMs }: Progress,
  wantsFull: boolean,
  nowMs: number,
): Run {
  const isDue = fullMs === undefined || nowMs - fullMs >= options.fullEveryMs || fullMs > nowMs;
  const isFull = wantsFull || isDue || !options.modifiedAfter || sinceMs === undefined || sinceMs > nowMs;
  return { isFull, startedMs: nowMs, page: 1, seen: [] };
}

const PAGE = 100;

/** Where another source is named for the first time, all that stands here already is known to it by its keys too. */
async function tellAliases(options: DirectoryOptions, sweep: Sweep): Promise<void> {
  const wanted = JSON.stringify([...options.alsoOf].sort());
  if (wanted === (sweep.progress.aliased ?? '[]')) return;
  const keys: string[] = [];
  for await (const { key } of recordsOf(options)) keys.push(key);
  for (let at = 0; at < keys.length; at += PAGE) await sweep.tell(keys.slice(at, at + PAGE));
  await sweep.keep({ aliased: wanted });
}
