/** Tells which of several services reads a referral of e-RS: the one on whose lists it came last. */
import type { Store } from '../../store/store.ts';
import type { Listed } from './listed.ts';

/** One for all services: by booking reference, who reads it, and whether that service's lists name it. */
const JOB = 'e-rs held';

interface Holding {
  readonly service: string;
  readonly isListed: boolean;
}

export interface HoldingOptions {
  readonly store: Pick<Store, 'job' | 'keepJob'>;
  readonly service: { readonly id: string };
  readonly clock: () => number;
}

/**
 * Where the lists of two services name a referral, it stays with the one that came to name it last, so that it does not go to
 * and fro between them.
 * @param wanted booking references that this service lists or follows
 * @param wasOn those on its lists at the look before
 * @returns those that are this service's to read; the others are left to another
 */
export async function heldOf(
  { store, service: { id }, clock }: HoldingOptions,
  wanted: readonly string[],
  { names, isWhole }: Listed,
  wasOn: ReadonlySet<string>,
): Promise<readonly string[]> {
  const held = await allHeld(store);
  for (const ubrn of wanted) {
    const other = held.get(ubrn);
    const isListed = names.has(ubrn) || (!isWhole && wasOn.has(ubrn));
    const isTaken = names.has(ubrn) && !(other?.isListed && wasOn.has(ubrn));
    if (other === undefined || other.service === id || isTaken) held.set(ubrn, { service: id, isListed });
  }
  await keep(store, held, clock());
  return wanted.filter((ubrn) => held.get(ubrn)?.service === id);
}

/** @param over booking references that this service does not follow any more */
export async function letGo(
  { store, service, clock }: HoldingOptions,
  over: readonly string[],
): Promise<void> {
  if (over.length === 0) return;
  const held = await allHeld(store);
  for (const ubrn of over) if (held.get(ubrn)?.service === service.id) held.delete(ubrn);
  await keep(store, held, clock());
}

async function allHeld(store: HoldingOptions['store']): Promise<Map<string, Holding>> {
  return new Map(Object.entries(JSON.parse((await store.job(JOB)) ?? '{}') as Record<string, Holding>));
}

async function keep(
  store: HoldingOptions['store'],
  held: ReadonlyMap<string, Holding>,
  nowMs: number,
): Promise<void> {
  const state = held.size === 0 ? undefined : JSON.stringify(Object.fromEntries(held));
  await store.keepJob(JOB, state, nowMs);
}
