/** Goes through all that the store has and compares it with a target, in pages that are remembered; heals what it is told to. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Drift, DriftKind, Resend, WalkedResource } from '../../store/store.ts';
import { compareHeld } from '../../target/fhir/compare.ts';
import type { FhirClient } from '../../target/fhir/fhir-client.ts';
import type { Workshop } from './workshop.ts';

export interface ReconcileWish {
  readonly target: string;
  /** what is to be put right; `twin` only where the server names resources */
  readonly heal?: readonly DriftKind[] | undefined;
  /** requests to the target in a second; default 10 */
  readonly perSecond?: number | undefined;
  /** begin anew, whatever an earlier run has looked at */
  readonly fresh?: boolean | undefined;
}

export type DriftCounts = Readonly<Record<DriftKind, number>>;

export type ReconcileEvent =
  | ({ readonly event: 'drift' } & Omit<Drift, 'foundMs'>)
  | { readonly event: 'looked'; readonly resources: number }
  /** the target could not be asked: what was looked at is remembered */
  | { readonly event: 'unreachable'; readonly rule: string; readonly resources: number }
  | { readonly event: 'interrupted'; readonly mapped: number }
  | {
      readonly event: 'reconciled';
      readonly resources: number;
      readonly drift: DriftCounts;
      readonly healed: number;
    };

/** How far a run has come. */
interface Progress {
  after: number;
  resources: number;
  healed: number;
  drift: Record<DriftKind, number>;
}

const PER_SECOND = 10;
const WALKED = 200;

export async function* reconcileTarget(
  shop: Workshop,
  wish: ReconcileWish,
  actor: string,
  signal: AbortSignal,
): AsyncGenerator<ReconcileEvent> {
  const { store, clock } = shop;
  const place = shop.placeOf(wish.target);
  if (!place) {
    yield { event: 'unreachable', rule: 'reconcile-unknown-target', resources: 0 };
    return;
  }
  const job = `reconcile ${wish.target}`;
  const kept = wish.fresh ? undefined : await store.job(job);
  const progress: Progress = kept === undefined ? newProgress() : (JSON.parse(kept) as Progress);
  const run = new Run(shop, wish, actor, signal, paced(place.client, wish.perSecond ?? PER_SECOND, signal));
  for (;;) {
    const page = await store.walk(progress.after, WALKED);
    for (const one of page) {
      if (signal.aborted) {
        await store.keepJob(job, JSON.stringify(progress), clock());
        return yield { event: 'interrupted', mapped: progress.resources };
      }
      const refused = yield* run.look(one, progress);
      if (refused !== undefined) {
        await store.keepJob(job, JSON.stringify(progress), clock());
        return yield { event: 'unreachable', rule: refused, resources: progress.resources };
      }
      progress.after = one.place;
    }
    if (page.length < WALKED) break;
    await store.keepJob(job, JSON.stringify(progress), clock());
    yield { event: 'looked', resources: progress.resources };
  }
  await store.keepJob(job, undefined, clock());
  const { resources, drift, healed } = progress;
  yield { event: 'reconciled', resources, drift, healed };
}

function newProgress(): Progress {
  return { after: 0, resources: 0, healed: 0, drift: { missing: 0, twin: 0, changed: 0, extra: 0 } };
}

class Run {
  readonly #shop: Workshop;
  readonly #wish: ReconcileWish;
  readonly #actor: string;
  readonly #signal: AbortSignal;
  readonly #client: FhirClient;
  readonly #routes: (resource: never) => readonly string[];

  constructor(shop: Workshop, wish: ReconcileWish, actor: string, signal: AbortSignal, client: FhirClient) {
    this.#shop = shop;
    this.#wish = wish;
    this.#actor = actor;
    this.#signal = signal;
    this.#client = client;
    this.#routes = shop.pipelineOf().rules.route;
  }

  /** A person is compared whole, at the first resource of theirs. @returns the rule that says why the target could not be asked */
  async *look(one: WalkedResource, progress: Progress): AsyncGenerator<ReconcileEvent, string | undefined> {
    const { store, placeOf, clock } = this.#shop;
    const { target } = this.#wish;
    const compared = await store.compared(target, one);
    const first = compared.versions[0];
    if (!first || `${first.type}/${first.id}` !== one.key) return undefined;
    const { gate, ids } = placeOf(target)!;
    const place = { client: this.#client, ids, remoteKeys: new Map<string, string>() };
    const isRouted = (resource: unknown): boolean => this.#routes(resource as never).includes(target);
    const answer = await compareHeld({ store, place, gate, isRouted, signal: this.#signal }, compared);
    if (!answer.ok) return answer.outcome.issue[0]?.details?.coding?.[0]?.code ?? 'target-unreachable';
    const found = answer.found.map((drift): Drift => ({ ...drift, foundMs: clock() }));
    const looked = compared.versions.map(({ type, id }) => `${type}/${id}` as const);
    await store.keepDrift(target, looked, found);
    progress.resources += looked.length;
    for (const { key, kind, detail } of found) {
      progress.drift[kind] += 1;
      yield { event: 'drift', key, kind, detail };
    }
    progress.healed += await this.#heal(found);
    return undefined;
  }

  async #heal(found: readonly Drift[]): Promise<number> {
    const { target, heal = [] } = this.#wish;
    const { store, clock, wake, placeOf } = this.#shop;
    const isServer = placeOf(target)!.ids === 'server';
    const wanted = found.filter(({ kind }) => heal.includes(kind) && (kind !== 'twin' || isServer));
    if (wanted.length === 0) return 0;
    const healed = await store.resend(target, wanted.map(cureOf), this.#actor, clock());
    if (healed > 0) wake();
    return healed;
  }
}

/** What was changed there alone is written over, as it was seen; what was changed on both sides goes the way of a conflict. */
function cureOf({ key, kind, detail }: Drift): Resend {
  if (kind === 'missing' || kind === 'twin') return { key, how: 'anew' };
  if (kind === 'extra' || detail.by !== 'there') return { key, how: 'look' };
  return {
    key,
    how: 'over',
    ...(detail.remoteId === undefined ? {} : { remoteId: detail.remoteId }),
    ...(detail.remoteVersion === undefined ? {} : { remoteVersion: detail.remoteVersion }),
  };
}

/** @returns the client, which sends at most so many requests in a second */
function paced(client: FhirClient, perSecond: number, signal: AbortSignal): FhirClient {
  let next = 0;
  return {
    ...client,
    send: async (request, own) => {
      const now = performance.now();
      const wait = Math.max(0, next - now);
      next = Math.max(now, next) + 1000 / perSecond;
      if (wait > 0) await pause(wait, undefined, { signal }).catch(() => {}); // an end is seen by whoever asked
      return await client.send(request, own);
    },
  };
}
