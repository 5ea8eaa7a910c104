/** Runs the adapter until it is told to stop: drop folders, progress, summary, and a clean end. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { AdapterError } from '../fhir/outcome.ts';
import type { IntakeSummary } from '../pipeline.ts';
import { type FileDrop, watchFolder } from '../source/file-drop.ts';
import type { LoadedSource } from '../source/load.ts';
import { readFileRecords } from '../source/read-file.ts';
import { type Adapter, openAdapter } from './adapter.ts';
import { dropDemoFiles } from './demo.ts';
import { type LoadedParts, loadParts, ROOT } from './load.ts';
import { takeLock } from './lock.ts';
import { createProgress, type Progress } from './progress.ts';
import { deliveryTable, intakeTable, type Row, refusalLines } from './summary.ts';

/** Longest wait for the sandbox to hold everything before the first summary is printed. */
const FIRST_DELIVERY_MS = 60_000;

/** @returns the exit code, once a signal has stopped the adapter */
export async function start(config: Config, out: NodeJS.WriteStream, clock: () => number): Promise<number> {
  const startedMs = clock();
  mkdirSync(config.dataDir, { recursive: true });
  const lock = takeLock(config.dataDir);
  if (!lock.ok) return failed(lock.outcome.issue);
  try {
    const parts = loadParts(config, ROOT);
    if (!parts.ok) return failed(parts.outcome.issue);
    const log = pino(
      { level: out.isTTY && config.logLevel === 'info' ? 'warn' : config.logLevel, base: null },
      pino.destination(2),
    );
    const adapter = await openAdapter({ config, parts: parts.value, clock, log, token: lock.value.token });
    lock.value.announce(adapter.url);
    out.write(banner(config, adapter, parts.value, clock() - startedMs));
    await run(config, adapter, parts.value, { out, clock, log });
    return 0;
  } catch (error) {
    if (error instanceof AdapterError) return failed(error.outcome.issue);
    throw error;
  } finally {
    lock.value.release();
  }
}

/** Where the process writes, and the time it goes by. */
interface Surroundings {
  readonly out: NodeJS.WriteStream;
  readonly clock: () => number;
  readonly log: Logger;
}

/** From the first file to the last delivery, until a signal. */
async function run(
  config: Config,
  adapter: Adapter,
  parts: LoadedParts,
  surroundings: Surroundings,
): Promise<void> {
  const { out, clock } = surroundings;
  const signal = stopSignal();
  const sources = [...parts.sources.values()];
  const first = config.demo && (await adapter.store.latestRecords(1)).length === 0;
  const demo = first
    ? dropDemoFiles(
        sources.map((source) => ({ name: source.manifest.name, folder: source.folder })),
        config.inboxDir,
      )
    : new Map<string, readonly string[]>();
  const expected = [...demo.values()].flat().length;
  const intake = new FileIntake(adapter, createProgress(out, clock), clock, expected);
  const drops = sources.map((source) => watch(config, source, intake, surroundings));
  if (expected > 0) await Promise.race([intake.allRead, signal]);
  intake.quiet = false;
  if (expected > 0) out.write(await firstSummary(intake, adapter, clock, signal));
  await signal;
  out.write('\nStopping: finishing what is under way …\n');
  await Promise.all(drops.map((drop) => drop.stop()));
  await adapter.stop();
  out.write('Stopped. Everything that was accepted is on disk; the next start goes on from there.\n');
}

function watch(
  config: Config,
  source: LoadedSource,
  intake: FileIntake,
  { out, clock, log }: Surroundings,
): FileDrop {
  const folder = join(config.inboxDir, source.manifest.name);
  mkdirSync(folder, { recursive: true });
  return watchFolder({
    folder,
    source,
    clock,
    log,
    ingest: async (path, signal) => {
      const summary = await intake.read(source, path, signal);
      if (!intake.quiet) out.write(`${fileLine(source.manifest.name, basename(path), summary).join('\n')}\n`);
      return summary;
    },
  });
}

/** Files read since the start, under one progress bar while the first ones are on their way. */
class FileIntake {
  readonly rows: Row[] = [];
  readonly allRead: Promise<void>;
  /** true while the bar is shown */
  quiet = true;
  #done = 0;
  #refused = 0;
  #remaining: number;
  #resolve: () => void = () => {};
  readonly #adapter: Adapter;
  readonly #progress: Progress;
  readonly #clock: () => number;

  constructor(adapter: Adapter, progress: Progress, clock: () => number, expected: number) {
    this.#adapter = adapter;
    this.#progress = progress;
    this.#clock = clock;
    this.#remaining = expected;
    this.allRead = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  async read(source: LoadedSource, path: string, signal: AbortSignal): Promise<IntakeSummary> {
    const file = basename(path);
    const before = { done: this.#done, refused: this.#refused };
    const records = readFileRecords(source, path, { nowMs: this.#clock(), signal });
    const summary = await this.#adapter.pipeline.ingest(source.manifest.name, 'file', records, {
      file,
      onProgress: (now) => this.#progress.show(file, before.done + now.read, before.refused + now.refused),
    });
    this.#done = before.done + summary.read;
    this.#refused = before.refused + summary.receipt.refused;
    if (this.quiet) this.rows.push({ name: `${source.manifest.name}/${file}`, summary });
    this.#remaining--;
    if (this.#remaining === 0) {
      this.#progress.end();
      this.#resolve();
    }
    return summary;
  }
}

async function firstSummary(
  intake: FileIntake,
  adapter: Adapter,
  clock: () => number,
  signal: Promise<unknown>,
): Promise<string> {
  const until = clock() + FIRST_DELIVERY_MS;
  let counts = await adapter.store.counts();
  while (counts.targets.some((target) => target.waiting + target.claimed > 0) && clock() < until) {
    if (
      await Promise.race([
        signal.then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, 200, false)),
      ])
    )
      break;
    counts = await adapter.store.counts();
  }
  const refusals = intake.rows.flatMap((row) => row.summary.refusals);
  const refused = intake.rows.reduce((sum, row) => sum + row.summary.receipt.refused, 0);
  return [
    '',
    intakeTable(intake.rows),
    deliveryTable(counts),
    ...(refused === 0
      ? []
      : [
          'Rejected (kept on the worklist, to be amended and sent again):',
          ...refusalLines(refusals, refused),
        ]),
    '',
    `Look at ${adapter.url}/ or ${adapter.url}/fhir/R4/ServiceRequest. Ctrl-C stops.`,
    '',
  ].join('\n');
}

function fileLine(
  source: string,
  file: string,
  { receipt, read, deliveries, refusals }: IntakeSummary,
): string[] {
  return [
    `${source}/${file}: ${read} read, ${receipt.committed} committed, ${receipt.unchanged} unchanged, ${receipt.refused} rejected, ${deliveries} to deliver`,
    ...refusalLines(refusals, receipt.refused),
  ];
}

function banner(config: Config, adapter: Adapter, parts: LoadedParts, elapsedMs: number): string {
  const lines = [
    `Hedgerow: FHIR R4 adapter for social prescribing, listening after ${(elapsedMs / 1000).toFixed(1)} s`,
    `  Status page   ${adapter.url}/`,
    `  FHIR R4       ${adapter.url}/fhir/R4/ServiceRequest`,
    ...[...parts.sources.values()].map(
      (source) =>
        `  Drop files    ${join(config.inboxDir, source.manifest.name)}  (${[...source.kinds.keys()].join(', ')})`,
    ),
    ...(adapter.sandboxUrl ? [`  Sandbox EHR   ${adapter.sandboxUrl}`] : []),
    ...(config.demo
      ? ['  Demo mode: there is no hedgerow.config.json, so made-up people go to the sandbox EHR.']
      : [`  Targets       ${adapter.targets.join(', ') || 'none'}`]),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once, as a crash would: nothing is lost by it. */
function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    const stop = (): void => {
      resolve();
      process.once('SIGINT', () => process.exit(130));
    };
    process.once('SIGINT', stop);
    process.once('SIGTERM', stop);
  });
}

function failed(issues: readonly { diagnostics?: string; code?: string }[]): number {
  for (const issue of issues) process.stderr.write(`${issue.diagnostics ?? issue.code}\n`);
  return 1;
}
