/** Starts the adapters of a cell: within this process, by the cell's clock, or in processes of their own. */
import { pino } from 'pino';
import { type Adapter, openAdapter } from '../../src/cli/adapter.ts';
import { type LoadedParts, loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { DATABASE_ENV } from './cell-store.ts';
import type { Place, Running } from './matrix-cell.ts';
import type { Stage } from './matrix-table.ts';
import { listening, run } from './process.ts';

let loaded: LoadedParts | undefined;
/** Between looks whether a turn of the cell's clock is due. */
const LOOK_MS = 20;

/** @param config default that of the place */
export async function startHere(place: Place, path = place.config): Promise<Adapter> {
  const config = loadConfig({ path, cwd: ROOT, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loaded ?? loadParts(config.value, ROOT);
  if ('ok' in parts && !parts.ok) throw new Error(JSON.stringify(parts.outcome));
  loaded = 'ok' in parts ? parts.value : parts;
  const clock = (): number => Date.now() + place.clock.offsetMs;
  const write = (line: string): void => {
    if (line.includes('changes could not be taken in')) place.warned.times += 1;
  };
  const log = pino({ level: 'warn' }, { write });
  const about = { config: config.value, parts: loaded, clock, log, token: 'token', lookMs: LOOK_MS };
  return await openAdapter(about);
}

/** @param dieAt where it kills itself */
export async function startThere(
  { config }: Place,
  dieAt?: Stage,
): Promise<Running & { process: ReturnType<typeof run> }> {
  const isWatched = dieAt === 'commit' || dieAt === 'claim' || dieAt === 'settle';
  const preload = isWatched ? ['--import', './test/faults/die-at.ts'] : [];
  const env = { [DATABASE_ENV]: process.env[DATABASE_ENV] ?? '', ...(dieAt ? { DIE_AT: dieAt } : {}) };
  const adapter = run([...preload, 'src/main.ts', 'start', '--config', config], { env });
  return { url: await listening(adapter), stop: () => adapter.stop(), process: adapter };
}
