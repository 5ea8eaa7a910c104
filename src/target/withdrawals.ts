/** Tells where a person's refusal or withdrawal of consent has arrived, target by target. */
import type { Consent } from '@medplum/fhirtypes';
import { concerns, isWithdrawal } from '../referral/consent.ts';
import type { ResourceKey, Store } from '../store/store.ts';
import { agreedFor } from './route.ts';

/** One withdrawal at one target that holds a copy of the person. */
export interface WithdrawalState {
  readonly consent: ResourceKey;
  readonly target: string;
  /** waiting: it is on its way. failed: it needs a person, see the worklist */
  readonly state: 'waiting' | 'confirmed' | 'failed';
  readonly confirmedMs: number | undefined;
}

/** @returns a row for each withdrawal and target; none for a target that holds nothing of the person */
export async function withdrawalsOf(
  store: Pick<Store, 'readPerson' | 'links' | 'blocked'>,
  targets: readonly (Parameters<typeof agreedFor>[0] & { readonly name: string })[],
  personId: string,
): Promise<readonly WithdrawalState[]> {
  const patients = await store.readPerson(personId, 'Patient');
  const consents = (await store.readPerson(personId, 'Consent')).filter(
    ({ resource }) => resource && isWithdrawal(resource as Consent),
  );
  const found: WithdrawalState[] = [];
  for (const one of targets) {
    const { name: target } = one;
    const held = await store.links(
      target,
      patients.map(({ id }): ResourceKey => `Patient/${id}`),
    );
    if (held.length === 0) continue;
    const own = consents.filter(({ resource }) => concerns(resource as Consent, agreedFor(one)));
    const keys = own.map(({ id }): ResourceKey => `Consent/${id}`);
    const [links, blocked] = await Promise.all([store.links(target, keys), store.blocked(target, keys)]);
    for (const { id, version } of own) {
      const consent: ResourceKey = `Consent/${id}`;
      const link = links.find((one) => one.id === id && one.version >= version);
      const isStuck = blocked.some(({ key }) => key === consent);
      const state = link ? 'confirmed' : isStuck ? 'failed' : 'waiting';
      found.push({ consent, target, state, confirmedMs: link?.deliveredMs });
    }
  }
  return found;
}
