/** The thread that makes one export: opens the store for itself, writes the files, and says how far it has come. */
import { parentPort, workerData } from 'node:worker_threads';
import { partText, type Subset } from '../../api/subset.ts';
import { type Definitions, loadBaseDefinitions } from '../../fhir/definitions.ts';
import { AdapterError, ruleOf } from '../../fhir/outcome.ts';
import { inKeyedFiles } from '../../research/export/keyed-files.ts';
import { runExport } from '../../research/export/run.ts';
import type { BulkTransform, TransformModule } from '../../research/export/transform.ts';
import { openPostgresStore } from '../../store/postgres/store.ts';
import { openSqliteStore } from '../../store/sqlite/store.ts';
import type { ExtractedVersion, Store } from '../../store/store.ts';
import type { ExportTask, FromThread, ToThread } from './task.ts';

const task = workerData as ExportTask;
const port = parentPort!;

function tell(message: FromThread): void {
  port.postMessage(message);
}

/** @returns whether to go on */
function asked(message: FromThread): Promise<boolean> {
  return new Promise((resolve) => {
    port.once('message', ({ goesOn }: ToThread) => resolve(goesOn));
    tell(message);
  });
}

function openStore(definitions: Definitions): Promise<Store> {
  const { store } = task;
  return 'file' in store
    ? openSqliteStore({ file: store.file, definitions })
    : openPostgresStore({ url: store.url, definitions, connections: 1 });
}

async function transformed(): Promise<BulkTransform | undefined> {
  if (!task.transform) return undefined;
  const { bulkTransform } = (await import(task.transform.module)) as TransformModule;
  const make = async () => await bulkTransform(task.transform!.settings);
  return await make().catch((error: unknown) => {
    if (error instanceof AdapterError && error.retry === 'permanent') throw new NotSetUp(error);
    throw error;
  });
}

/** What is wrong with the settings of the transform: for whoever runs the adapter to mend. */
class NotSetUp extends Error {
  readonly fault: AdapterError;

  constructor(fault: AdapterError) {
    super('an export cannot be de-identified');
    this.fault = fault;
  }
}

function shapeWith(definitions: Definitions, transform: BulkTransform | undefined) {
  const { elements } = task.asked;
  const subset: Subset = { summary: 'false', elements: elements && [...elements] };
  return (version: ExtractedVersion): string | undefined => {
    if (!transform) return partText(version, subset, definitions);
    const { resource: held, personId } = version;
    const resource = held && transform.apply({ resource: held, personId });
    return resource && partText({ resource, text: JSON.stringify(resource) }, subset, definitions);
  };
}

async function make(): Promise<void> {
  const definitions = loadBaseDefinitions();
  const transform = await transformed();
  const store = await openStore(definitions);
  try {
    const { viewer, transform: _, store: __, ...run } = task;
    const progress = await runExport({
      ...{ asked: run.asked, asOfMs: run.asOfMs, folder: run.folder, linesPerFile: run.linesPerFile },
      from: run.from,
      store: store.seenBy(viewer),
      shape: shapeWith(definitions, transform),
      goneAs: ({ type, id, personId }) => (transform ? transform.gone?.(type, id, personId) : id),
      keep: (reached) => asked({ kind: 'keep', progress: reached }),
      finished: async (type, count) => void (await asked({ kind: 'finished', type, count })),
      now: () => performance.now(),
      ...(run.keepEveryMs === undefined ? {} : { keepEveryMs: run.keepEveryMs }),
    });
    const files = transform && progress && (await inKeyedFiles(run.folder, run.linesPerFile, progress.files));
    tell({ kind: 'end', progress: progress && files ? { ...progress, files } : progress });
  } finally {
    await store.close();
  }
}

/** What was thrown may hold a value: only what is known of it is told. */
function failure(error: unknown): FromThread {
  const { code } = error as { code?: unknown };
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return failed('export-disk', 'There was no room for the files of the export.');
  if (error instanceof NotSetUp)
    return failed(
      ruleOf(error.fault.outcome.issue[0]!),
      'This adapter is not set up to de-identify: whoever runs it finds in its log what to mend.',
    );
  if (!(error instanceof AdapterError))
    return failed(undefined, 'The export has failed by a fault of the adapter.');
  const rule = ruleOf(error.outcome.issue[0]!);
  return { ...failed(rule, 'The store could not be read.'), isTransient: error.retry !== 'permanent' };
}

function failed(rule: string | undefined, why: string): Extract<FromThread, { kind: 'failed' }> {
  return { kind: 'failed', isTransient: false, rule, why };
}

await make().catch((error: unknown) => tell(failure(error)));
port.close();
