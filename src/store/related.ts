/** Turns a batch of records into what the store knows that the rules may ask for about it. */
import type { Resource } from '@medplum/fhirtypes';
import { missingFrom, type Resources, subjectsOfFollowUps } from '../validation/domain/related.ts';
import type { ResourceKey, Store } from './store.ts';

/** @returns what the batch refers to and does not hold in full, and earlier questionnaires of who is followed up in it */
export async function storedRelated(
  store: Pick<Store, 'readMany' | 'readPerson' | 'personOf'>,
  batch: readonly Resources[],
): Promise<readonly (Resource | undefined)[]> {
  const named = await store.readMany(missingFrom(batch) as ResourceKey[]);
  const earlier = await Promise.all(
    subjectsOfFollowUps(batch).map(async (subject) =>
      store.readPerson(
        await store.personOf(subject.slice(subject.indexOf('/') + 1)),
        'QuestionnaireResponse',
      ),
    ),
  );
  return [...named, ...earlier.flat()].map((version) => version.resource);
}
