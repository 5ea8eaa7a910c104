/** Turns a fault and a stage into the plan of a cell: how the fault begins, how it is felt, and how it is lifted. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { pino } from 'pino';
import { type Adapter, openAdapter } from '../../src/cli/adapter.ts';
import { type LoadedParts, loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';
import { loopbackCertificate } from '../servers/certificate.ts';
import { limitDisk } from './disk-limit.ts';
import { triedAgain } from './ledger.ts';
import { type CellPlan, DEADLINE_MS, felt, type Place, type Running } from './matrix-cell.ts';
import type { Stage } from './matrix-table.ts';
import { atStage, type StoreStage } from './moments.ts';
import { listening, pause, run, until } from './process.ts';
import type { Trouble } from './proxy.ts';

export type OutStage = Exclude<Stage, 'back-leg'>;

const DAY_MS = 86_400_000;
const PATIENCE_MS = 60_000;

let loaded: LoadedParts | undefined;
/** One for all cells: what is trusted is set for the whole process. */
const tls = loopbackCertificate();

async function startHere(place: Place): Promise<Adapter> {
  const config = loadConfig({ path: place.config, cwd: ROOT, root: ROOT });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  const parts = loaded ?? loadParts(config.value, ROOT);
  if ('ok' in parts && !parts.ok) throw new Error(JSON.stringify(parts.outcome));
  loaded = 'ok' in parts ? parts.value : parts;
  const clock = (): number => Date.now() + place.clock.offsetMs;
  const log = pino({ level: 'silent' });
  return await openAdapter({ config: config.value, parts: loaded, clock, log, token: 'token' });
}

interface Fault {
  begin(place: Place): unknown;
  isFelt(place: Place): boolean;
  lift(place: Place): unknown;
}

/** An adapter in this process, struck as the first record comes to the stage. */
function hereWith(stage: OutStage, fault: Fault, start: CellPlan['start'] = startHere): CellPlan {
  return {
    start,
    async strike(place, running) {
      await reach(stage, place, () => fault.begin(place));
      place.goOn();
      await felt(() => fault.isFelt(place));
      await fault.lift(place);
      return running;
    },
  };
}

/** Resolves once the stage was reached and the fault has begun. */
async function reach(stage: OutStage, { ehr, intake }: Place, begin: () => unknown): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const strike = async (): Promise<void> => await Promise.resolve(begin()).then(() => resolve(), reject);
  const proxy = stage === 'send' ? ehr : stage === 'intake' ? intake : undefined;
  let undo = (): void => {};
  if (proxy) {
    let isStruck = false;
    await proxy.trouble(() => {
      if (!isStruck) void strike();
      isStruck = true;
      return undefined;
    });
  } else undo = atStage(stage as StoreStage, strike);
  await promise;
  undo();
}

/** Trouble between the adapter and its target. */
export function onTheWayOut(stage: OutStage, trouble: Trouble): CellPlan {
  return hereWith(stage, {
    begin: ({ ehr }) => ehr.trouble(trouble),
    isFelt: ({ database }) => triedAgain(database) > 0,
    lift: ({ ehr }) => ehr.trouble(undefined),
  });
}

/** A target slower than the adapter waits: thirty seconds, to scale. */
export function slowTarget(stage: OutStage): CellPlan {
  return onTheWayOut(stage, { kind: 'slow', ms: 3 * DEADLINE_MS });
}

export function refusedTls(stage: OutStage): CellPlan {
  setDefaultCACertificates([...getCACertificates('bundled'), tls.cert]);
  return { ...onTheWayOut(stage, { kind: 'refuse-tls' }), tls };
}

/** @param byMs how far the machine's clock is wrong while the fault lasts */
export function wrongClock(stage: OutStage, byMs = DAY_MS): CellPlan {
  let sinceMs = 0;
  return hereWith(stage, {
    begin: ({ clock }) => {
      clock.offsetMs += byMs;
      sinceMs = performance.now();
    },
    isFelt: ({ sender }) => sender.isDone && performance.now() - sinceMs > 300,
    lift: ({ clock }) => {
      clock.offsetMs -= byMs;
    },
  });
}

export function fullDisk(stage: OutStage): CellPlan {
  let limit: ReturnType<typeof limitDisk> | undefined;
  const start = async (place: Place): Promise<Running> => {
    limit = limitDisk(`${place.folder}/data`);
    return await startHere(place);
  };
  const fault: Fault = {
    begin: () => limit?.fill(),
    isFelt: ({ sender }) => sender.unanswered > 0,
    lift: () => {
      limit?.free();
      limit?.end();
    },
  };
  return hereWith(stage, fault, start);
}

/** The source's connection ends while its records, or the answer to them, are on the way. */
export function sourceDown(stage: 'intake' | 'commit'): CellPlan {
  const trouble: Trouble = { kind: stage === 'intake' ? 'cut-request' : 'lose-answer' };
  return {
    start: startHere,
    async strike(place, running) {
      await place.intake.trouble(trouble);
      place.goOn();
      await felt(() => place.sender.unanswered > 1);
      await place.intake.trouble(undefined);
      return running;
    },
  };
}

async function startThere(
  { config }: Place,
  dieAt?: OutStage,
): Promise<Running & { process: ReturnType<typeof run> }> {
  const isWatched = dieAt && dieAt !== 'send' && dieAt !== 'intake';
  const preload = isWatched ? ['--import', './test/faults/die-at.ts'] : [];
  const env: Record<string, string> = dieAt ? { DIE_AT: dieAt } : {};
  const process = run([...preload, 'src/main.ts', 'start', '--config', config], { env });
  return { url: await listening(process), stop: () => process.stop(), process };
}

/** kill -9 as the first record comes to the stage; another process goes on. */
export function killedAdapter(stage: OutStage): CellPlan {
  let first: Awaited<ReturnType<typeof startThere>> | undefined;
  return {
    start: async (place) => {
      first = await startThere(place, stage);
      return first;
    },
    async strike(place) {
      const { child } = first!.process;
      const kill = (kind: 'cut-request' | 'lose-answer') => (): Trouble => {
        child.kill('SIGKILL');
        return { kind };
      };
      if (stage === 'intake') await place.intake.trouble(kill('cut-request'));
      // what was sent has arrived and was applied; the adapter never hears of it
      if (stage === 'send') await place.ehr.trouble(kill('lose-answer'));
      await until('the adapter to die', PATIENCE_MS, () => child.signalCode ?? undefined);
      await Promise.all([place.ehr.trouble(undefined), place.intake.trouble(undefined)]);
      place.goOn();
      return await startThere(place);
    },
  };
}

/** A second adapter is started on the same data folder: it must end by itself, and the first one go on. */
export function secondAdapter(): CellPlan {
  return {
    start: startThere,
    async strike(place, running) {
      const second = run(['src/main.ts', 'start', '--config', place.config]);
      place.goOn();
      if ((await second.ended()) === 0) throw new Error('a second adapter ran on the same data folder');
      await pause(50);
      return running;
    },
  };
}
