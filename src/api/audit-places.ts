/** Takes out of accesses what was read beside a restricted person: it may say where they are. */
import { OF_NO_PERSON } from '../referral/consent.ts';
import type { AccessQuery, KeptAccess } from '../store/accesses.ts';
import type { ResourceKey } from '../store/resources.ts';
import type { Store } from '../store/store.ts';

/**
 * What was read beside a restricted person is not named with them, nor are they found by it.
 * @param query that the accesses were found by
 */
export async function withoutPlaces(
  store: Pick<Store, 'restricted'>,
  found: readonly KeptAccess[],
  query?: Pick<AccessQuery, 'entities'>,
): Promise<KeptAccess[]> {
  const isByPlace = query?.entities?.some((keys) => keys.some(isOfNoPerson)) ?? false;
  const known = new Map<string, boolean>();
  const shown: KeptAccess[] = [];
  for (const access of found) {
    const { keys = [], persons = [] } = access;
    const isRestricted = await anyRestricted(store, persons, known);
    if (!isRestricted) shown.push(access);
    else if (!isByPlace) shown.push({ ...access, keys: keys.filter((key) => !isOfNoPerson(key)) });
  }
  return shown;
}

async function anyRestricted(
  store: Pick<Store, 'restricted'>,
  persons: readonly string[],
  known: Map<string, boolean>,
): Promise<boolean> {
  for (const person of persons)
    if (!known.has(person)) known.set(person, (await store.restricted(person)).length > 0);
  return persons.some((person) => known.get(person));
}

function isOfNoPerson(key: ResourceKey): boolean {
  return OF_NO_PERSON.has(key.split('/', 1)[0]!);
}
