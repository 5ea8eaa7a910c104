/** Exports the patients of a store into a folder, in a process of its own: `node run-export.ts {folder} {file or URL of the store}`; prints its memory in megabytes at each page, then how many resources there were. */
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { NOT_BEGUN } from '../../../src/research/export/asked.ts';
import { runExport } from '../../../src/research/export/run.ts';
import { openPostgresStore } from '../../../src/store/postgres/store.ts';
import { openSqliteStore } from '../../../src/store/sqlite/store.ts';
import { SEES_ALL } from '../../../src/store/viewer.ts';
import { heldMegabytes } from '../held-memory.ts';

const [folder = '', at = ''] = process.argv.slice(2);
const definitions = loadBaseDefinitions();
const store = at.startsWith('postgres')
  ? await openPostgresStore({ url: at, definitions, connections: 1 })
  : await openSqliteStore({ file: at, definitions });
const progress = await runExport({
  ...{ store: store.seenBy(SEES_ALL), folder, linesPerFile: 100_000, from: NOT_BEGUN, asOfMs: Date.now() },
  asked: { request: '', level: 'system', types: ['Patient'], notes: [] },
  shape: ({ text }) => text,
  goneAs: () => undefined,
  keep: async () => {
    console.log(heldMegabytes());
    return true;
  },
  finished: async () => undefined,
  now: () => performance.now(),
  keepEveryMs: 0,
});
console.log(progress?.resources);
await store.close();
