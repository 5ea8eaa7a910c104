/** Turns a changed configuration of a target into deliveries of what was held back from it, or went there in part. */
import type { Logger } from 'pino';
import type { TargetConfig } from '../../config.ts';
import { readSuccessors, withClosed } from '../../nhs/ods/successors.ts';
import type { Store } from '../../store/store.ts';
import { routeTo, routingDigest } from '../../target/route.ts';

type Kept = Pick<Store, 'job' | 'keepJob' | 'counts' | 'search' | 'resend' | 'replayDeliveries'>;

/** How far a target's resources have been gone through for the configuration of this digest. */
interface Progress {
  readonly digest: string;
  /** types still to go through; the first is under way */
  readonly types: readonly string[];
  readonly after?: string | undefined;
}

const PAGE = 200;

/**
 * Compares what is configured with what was before. Where it differs, all that goes there is put in line once more: the
 * target is asked first, and what it holds already is not sent. Goes on where an earlier start was stopped.
 * @returns how many deliveries were put in line
 */
export async function reroute(target: TargetConfig, store: Kept, around: ReroutingAround): Promise<number> {
  const { signal, log } = around;
  const kept = await store.job(jobOf(target));
  const digest = routingDigest(await withPractices(target, store));
  if (kept === undefined) return await keep(target, { digest, types: [] }, store, around).then(() => 0);
  let progress = JSON.parse(kept) as Progress;
  let sent = 0;
  if (progress.digest !== digest) {
    // A webhook, or a service, gets changes, not what is: only what was held back from it goes now.
    progress = { digest, types: target.kind !== 'fhir' ? [] : await typesFor(target, store) };
    // First, since what was kept as done is not done again: twice is harmless.
    sent += await store.replayDeliveries({ target: target.name, state: 'held' }, around.clock());
    await keep(target, progress, store, around);
  }
  while (progress.types.length > 0 && !signal.aborted) {
    const page = await resendPage(target, progress, store, around);
    sent += page.sent;
    progress = page.progress;
    await keep(target, progress, store, around);
  }
  if (sent > 0)
    log.info(
      { target: target.name, sent },
      'what this target gets was configured anew: it is sent what it lacks',
    );
  return sent;
}

export interface ReroutingAround {
  readonly clock: () => number;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

const jobOf = ({ name }: TargetConfig): string => `routing:${name}`;

async function keep(
  target: TargetConfig,
  progress: Progress,
  store: Kept,
  { clock }: Pick<ReroutingAround, 'clock'>,
): Promise<void> {
  await store.keepJob(jobOf(target), JSON.stringify(progress), clock());
}

/** @param progress with a type that is still to go through */
async function resendPage(
  target: TargetConfig,
  { digest, types, after }: Progress,
  store: Kept,
  { clock }: Pick<ReroutingAround, 'clock'>,
): Promise<{ readonly sent: number; readonly progress: Progress }> {
  const [type, ...later] = types as [string, ...string[]];
  const page = await store.search({ type, clauses: [], count: PAGE, ...(after ? { after } : {}) });
  const wanted = page.versions.map(({ id }) => ({ key: `${type}/${id}`, how: 'look' }) as const);
  const sent = await store.resend(target.name, wanted, 'configuration', clock());
  const isLast = page.next === undefined;
  return { sent, progress: isLast ? { digest, types: later } : { digest, types, after: page.next } };
}

/** What goes to a practice takes in that of the closed ones whose work it does. */
async function withPractices(target: TargetConfig, store: Kept): Promise<TargetConfig> {
  const practices = target.send?.practices;
  if (practices === undefined) return target;
  const all = withClosed(practices, await readSuccessors(store));
  return all === practices
    ? target
    : ({ ...target, send: { ...target.send, practices: all } } as TargetConfig);
}

async function typesFor(target: TargetConfig, store: Kept): Promise<readonly string[]> {
  const { resources } = await store.counts();
  const route = routeTo([target]);
  return resources
    .map(({ type }) => type)
    .filter((type) => route({ resourceType: type as 'Patient' }).length > 0);
}

/** Goes through the targets one after the other, beside everything else. */
export function startRerouting(
  targets: readonly TargetConfig[],
  parts: {
    readonly store: Store;
    readonly clock: () => number;
    readonly log: Logger;
    readonly wake: () => void;
  },
): { stop(): Promise<void> } {
  const { store, clock, log, wake } = parts;
  const stopping = new AbortController();
  const work = (async () => {
    for (const target of targets)
      if ((await reroute(target, store, { clock, signal: stopping.signal, log })) > 0) wake();
  })().catch(() =>
    log.warn('a changed configuration of targets could not be carried out; the next start goes on'),
  );
  return {
    stop: async () => {
      stopping.abort();
      await work;
    },
  };
}
