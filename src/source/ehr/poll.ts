/** Reads what changed at an EHR since the last look, type by type, in windows that overlap, page by page. */
import { issueOf, outcomeOf } from '../../fhir/outcome.ts';
import { pageOf } from './entry.ts';
import type { ProgressBook } from './progress.ts';
import { type Received, type ReceiveOptions, receiveChanges, type Trouble } from './receive.ts';
import { Window } from './window.ts';

export interface PollOptions extends ReceiveOptions {
  readonly types: readonly string[];
  /** `history` tells of deletions too; not every EHR has it */
  readonly by: 'search' | 'history';
  /** how far each window reaches back before the last change seen: changes may become visible late */
  readonly overlapMs: number;
  readonly pageSize: number;
  /** where to begin when nothing was taken in yet, epoch ms; default: now, by the EHR's clock */
  readonly sinceMs?: number | undefined;
  /** ask for the Provenance of each change with it */
  readonly withProvenance: boolean;
  readonly progress: ProgressBook;
}

/** Pages of one window at most; a window of more is one that never ends. */
const MOST_PAGES = 10_000;

/**
 * Takes in everything that changed. What was read is committed page by page; the window of a type begins anew where a
 * page could not be had.
 * @returns what became of it, or the first trouble; other types are read all the same
 */
export async function pollOnce(options: PollOptions, signal: AbortSignal): Promise<Received | Trouble> {
  let total: Received = { committed: 0, refused: 0, replayed: 0 };
  let trouble: Trouble | undefined;
  for (const type of options.types) {
    if (signal.aborted) break;
    const done = await pollType(options, type, signal);
    if ('outcome' in done) trouble ??= done;
    else total = added(total, done);
  }
  return trouble ?? total;
}

export function added(a: Received, b: Received): Received {
  return {
    committed: a.committed + b.committed,
    refused: a.refused + b.refused,
    replayed: a.replayed + b.replayed,
  };
}

async function pollType(
  options: PollOptions,
  type: string,
  signal: AbortSignal,
): Promise<Received | Trouble> {
  const { client, progress, clock } = options;
  const types = new Set([type]);
  const mark = (await progress.read()).marks[type];
  const startMs = mark ?? options.sinceMs ?? clock();
  let total: Received = { committed: 0, refused: 0, replayed: 0 };
  let latestMs = mark ?? options.sinceMs;
  const window = new Window({ ...options, type }, startMs - options.overlapMs);
  let url: string | undefined = window.address;
  const seen = new Set<string>();
  while (url !== undefined) {
    if (seen.has(url) || seen.size >= MOST_PAGES) return endless(client.name, type);
    seen.add(url);
    const asked = await client.get(url, signal);
    if (!asked.ok) return asked;
    const page = asked.status === 200 ? pageOf(asked.body, types) : undefined;
    if (!page?.ok) return { waitMs: undefined, outcome: page?.outcome ?? notThere(client.name, type) };
    const done = await receiveChanges(options, page.value.changes, page.value.provenance, signal);
    if ('outcome' in done) return done;
    total = added(total, done);
    // a time yet to come would hide everything until then
    const nowMs = asked.serverMs ?? clock();
    latestMs ??= nowMs;
    for (const { updatedMs } of page.value.changes)
      latestMs = Math.max(latestMs, Math.min(updatedMs ?? 0, nowMs));
    url = window.after(page.value, asked.serverMs ?? nowMs - options.overlapMs);
  }
  if (latestMs !== undefined && window.isWhole) await progress.set('marks', type, latestMs);
  return total;
}

function endless(name: string, type: string): Trouble {
  const diagnostics = `The pages of ${type} at ${name} lead back to one another, or have no end: the window is read anew.`;
  return {
    waitMs: undefined,
    outcome: outcomeOf(issueOf({ code: 'structure', rule: 'ehr-endless', diagnostics })),
  };
}

function notThere(name: string, type: string): Trouble['outcome'] {
  const diagnostics = `${name} does not know ${type}, or not how to say what changed: correct "types" or "by" of its "receive".`;
  return outcomeOf(issueOf({ code: 'not-supported', rule: 'ehr-not-there', diagnostics }));
}
