/** Turns a fault and a stage into the plan of a cell: how the fault begins, how it is felt, and how it is lifted. */
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { loopbackCertificate } from '../servers/certificate.ts';
import { startHere } from './cell-adapter.ts';
import { killPostgres, restartPostgres, type SmallDisk } from './cell-cluster.ts';
import { askedInVain, triedAgain, undelivered } from './cell-store.ts';
import { limitDisk } from './disk-limit.ts';
import { type CellPlan, DEADLINE_MS, felt, type Place, type Running } from './matrix-cell.ts';
import type { Stage } from './matrix-table.ts';
import { atStage } from './moments.ts';
import type { Trouble } from './proxy.ts';

const DAY_MS = 86_400_000;
const TICK_MS = 2_000;

/** One for all cells: what is trusted is set for the whole process. */
const tls = loopbackCertificate();

interface Fault {
  begin(place: Place): unknown;
  isFelt(place: Place): boolean | Promise<boolean>;
  lift(place: Place): unknown;
}

/** An adapter in this process, struck as it comes to the stage. */
function hereWith(stage: Stage, fault: Fault, start: CellPlan['start'] = startHere): CellPlan {
  return {
    engine: 'SQLite',
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
export async function reach(stage: Stage, { ehr, intake }: Place, begin: () => unknown): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const strike = async (): Promise<void> => await Promise.resolve(begin()).then(() => resolve(), reject);
  let undo = (): void => {};
  if (stage === 'commit' || stage === 'claim' || stage === 'settle') undo = atStage(stage, strike);
  else {
    let isStruck = false;
    const proxy = stage === 'intake' ? intake : ehr;
    await proxy.trouble(({ method }) => {
      if (isStruck || (stage === 'back-leg' && method !== 'GET')) return undefined;
      isStruck = true;
      void strike();
      return undefined;
    });
  }
  await promise;
  undo();
}

/** On the way out a delivery was tried in vain; on the way back the adapter says that it cannot take changes in. */
async function isNoticed(stage: Stage, { store, warned }: Place): Promise<boolean> {
  return stage === 'back-leg' ? warned.times > 0 : (await triedAgain(store)) > 0;
}

/** Trouble between the adapter and its target. */
export function onTheWayOut(stage: Stage, trouble: Trouble): CellPlan {
  return hereWith(stage, {
    begin: ({ ehr }) => ehr.trouble(trouble),
    isFelt: (place) => isNoticed(stage, place),
    lift: ({ ehr }) => ehr.trouble(undefined),
  });
}

/** Nobody listens at the case system's webhook. */
export function webhookDown(stage: Stage): CellPlan {
  return hereWith(stage, {
    begin: ({ ehr, webhook }) => (webhook ?? ehr).trouble({ kind: 'refuse' }),
    isFelt: async ({ store }) => (await triedAgain(store)) > 0,
    lift: ({ ehr, webhook }) => (webhook ?? ehr).trouble(undefined),
  });
}

/** Nobody listens where access tokens are asked for: of a person who comes meanwhile PDS cannot be asked. */
export function tokenEndpointDown(stage: Stage): CellPlan {
  return hereWith(stage, {
    begin: ({ service }) => service!.trouble({ kind: 'refuse' }),
    isFelt: async ({ store }) => (await askedInVain(store)) > 0,
    lift: ({ service }) => service!.trouble(undefined),
  });
}

/** ODS answers nobody; it is asked each minute of the cell's clock. */
export function odsDown(stage: Stage): CellPlan {
  return hereWith(stage, {
    begin: ({ service }) => service!.trouble({ kind: 'answer', status: 503 }),
    isFelt({ service, clock, sender }) {
      clock.offsetMs += TICK_MS;
      return sender.isDone && service!.troubled > 0;
    },
    lift: ({ service }) => service!.trouble(undefined),
  });
}

/** A target slower than the adapter waits: thirty seconds, to scale. */
export function slowTarget(stage: Stage): CellPlan {
  return { ...onTheWayOut(stage, { kind: 'slow', ms: 3 * DEADLINE_MS }), isLate: true };
}

export function refusedTls(stage: Stage): CellPlan {
  setDefaultCACertificates([...getCACertificates('bundled'), tls.cert]);
  return { ...onTheWayOut(stage, { kind: 'refuse-tls' }), tls };
}

/** The machine's clock is a day ahead, and the target refuses: what is put off is put off by that clock. */
export function clockAhead(stage: Stage): CellPlan {
  return hereWith(stage, {
    async begin({ clock, ehr }) {
      clock.offsetMs += DAY_MS;
      await ehr.trouble({ kind: 'answer', status: 503, retryAfterS: 2 });
    },
    isFelt: async (place) => place.sender.isDone && (await isNoticed(stage, place)),
    async lift({ clock, ehr }) {
      clock.offsetMs -= DAY_MS;
      await ehr.trouble(undefined);
    },
  });
}

/** The machine's clock is a day behind: what is due by the right one must go all the same, before it is right again. */
export function clockBehind(stage: Stage): CellPlan {
  let seen = 0;
  return hereWith(stage, {
    begin({ clock, ehr }) {
      clock.offsetMs -= DAY_MS;
      seen = ehr.seen;
    },
    isFelt: async ({ sender, ehr, store }) =>
      sender.isDone && ehr.seen > seen + 1 && (await undelivered(store)) === 0,
    lift({ clock }) {
      clock.offsetMs += DAY_MS;
    },
  });
}

export function fullDisk(stage: Stage): CellPlan {
  let limit: ReturnType<typeof limitDisk> | undefined;
  const start = async (place: Place): Promise<Running> => {
    limit = limitDisk(`${place.folder}/data`);
    return await startHere(place);
  };
  const fault: Fault = {
    begin: () => limit?.fill(),
    isFelt: ({ sender, warned }) => sender.unanswered > 0 || warned.times > 0,
    lift: () => {
      limit?.free();
      limit?.end();
    },
  };
  return hereWith(stage, fault, start);
}

/** The disk of the database server, below the adapter's tables. */
export function fullServerDisk(stage: Stage, disk: SmallDisk): CellPlan {
  const plan = hereWith(stage, {
    begin: () => disk.fill(),
    isFelt: ({ sender, warned }) => sender.unanswered > 0 || warned.times > 0,
    lift: () => disk.free(),
  });
  return { ...plan, engine: 'PostgreSQL', disk };
}

export function killedPostgres(stage: Stage): CellPlan {
  const plan = hereWith(stage, {
    begin: killPostgres,
    isFelt: ({ sender, warned }) => sender.unanswered > 0 || warned.times > 0,
    lift: restartPostgres,
  });
  return { ...plan, engine: 'PostgreSQL' };
}

/** The source's connection ends while its records, or the answer to them, are on the way. */
export function sourceDown(stage: 'intake' | 'commit'): CellPlan {
  const trouble: Trouble = { kind: stage === 'intake' ? 'cut-request' : 'lose-answer' };
  return {
    engine: 'SQLite',
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
