/** Runs the adapter until it is told to stop: drop folders, progress, summary, and a clean end. */
import { mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Logger, pino } from 'pino';
import { isLoopbackHost } from '../config/service-url.ts';
import type { Config } from '../config.ts';
import { AdapterError, ruleOf } from '../fhir/outcome.ts';
import { type FileDrop, watchFolder } from '../source/file-drop.ts';
import type { LoadedSource } from '../source/load.ts';
import type { IntakeSummary } from '../source/tally.ts';
import { type Adapter, openAdapter } from './adapter.ts';
import { modeOf } from './api-access.ts';
import { dropDemoFiles } from './demo.ts';
import { FileIntake } from './file-intake.ts';
import { withSmallYoungSpace } from './heap.ts';
import { type LoadedParts, loadParts, ROOT } from './load.ts';
import { takeLock } from './lock.ts';
import { createProgress, recordsExpected } from './progress.ts';
import { deliveryTable, intakeTable, refusalLines } from './summary.ts';

/** Longest wait for the sandbox to hold everything before the first summary is printed. */
const FIRST_DELIVERY_MS = 60_000;

/** @returns the exit code, once a signal has stopped the adapter */
export async function start(config: Config, out: NodeJS.WriteStream, clock: () => number): Promise<number> {
  const startedMs = clock();
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 }); // people's data
  const lock = takeLock(config.dataDir);
  if (!lock.ok) return failed(lock.outcome.issue);
  try {
    const parts = await withSmallYoungSpace(() => loadParts(config, ROOT));
    if (!parts.ok) return failed(parts.outcome.issue);
    const log = pino(
      { level: out.isTTY && config.logLevel === 'info' ? 'warn' : config.logLevel, base: null },
      pino.destination(2),
    );
    for (const issue of parts.value.warnings) log.warn({ rule: ruleOf(issue) }, issue.diagnostics);
    const adapter = await openAdapter({ config, parts: parts.value, clock, log, token: lock.value.token });
    lock.value.announce(adapter.controlUrl);
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
  const signal = stopSignal(clock);
  const sources = [...parts.sources.values()];
  const first = config.demo && (await adapter.store.latestRecords(1)).length === 0;
  const demo = first
    ? dropDemoFiles(
        sources.map((source) => ({ name: source.manifest.name, folder: source.folder })),
        config.inboxDir,
      )
    : new Map<string, readonly string[]>();
  const files = [...demo].flatMap(([source, names]) =>
    names.map((name) => join(config.inboxDir, source, name)),
  );
  const progress = createProgress(out, clock);
  for (const file of files) progress.expect(await recordsExpected(file));
  const expected = files.length;
  const intake = new FileIntake(adapter.pipeline, progress, clock, expected);
  const drops = sources.map((source) => watch(config, source, intake, surroundings));
  if (expected > 0) await Promise.race([intake.firstRead, signal]);
  if (expected > 0) out.write(await firstSummary(intake, adapter, clock, signal));
  await signal;
  intake.end();
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
      const isFirst = intake.isFirst;
      const summary = await intake.read(source, path, signal);
      if (!isFirst && !signal.aborted)
        out.write(`${fileLine(source.manifest.name, basename(path), summary).join('\n')}\n`);
      return summary;
    },
  });
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
  const refusals = intake.firstRows.flatMap((row) => row.summary.refusals);
  const refused = intake.firstRows.reduce((sum, row) => sum + row.summary.receipt.refused, 0);
  return [
    '',
    intakeTable(intake.firstRows),
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
    ...entranceLines(config),
    '',
  ];
  return `${lines.join('\n')}\n`;
}

/** Who enters the API, in a line. */
function entranceLines(config: Config): readonly string[] {
  const mode = modeOf(config);
  if (mode === 'open') {
    return isLoopbackHost(config.host)
      ? ['  Open          to everybody on this machine, without credentials, and to nobody else.']
      : [
          '  Closed        open in demo mode to requests made on this machine alone; others need a configuration with clients (docs/api-access.md).',
        ];
  }
  if (mode === 'closed')
    return [
      '  Closed        no client is configured, so nobody reads or posts by the API (docs/api-access.md).',
    ];
  return [`  Clients       ${config.access?.clients.map(({ id }) => id).join(', ')}`];
}

/** npm passes a Ctrl-C on to a process that has had it from the terminal already: both are one. */
const SAME_PRESS_MS = 1_000;

/** Resolves at the first SIGINT or SIGTERM; a later one ends the process at once, as a crash would: nothing is lost by it. */
function stopSignal(clock: () => number): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    const stop = (): void => {
      firstMs ??= clock();
      if (clock() - firstMs > SAME_PRESS_MS) process.exit(130);
      resolve();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
  });
}

function failed(issues: readonly { diagnostics?: string; code?: string }[]): number {
  for (const issue of issues) process.stderr.write(`${issue.diagnostics ?? issue.code}\n`);
  return 1;
}
