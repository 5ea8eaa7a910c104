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
  const people = await Promise.all(
    subjectsOfFollowUps(batch).map((subject) => store.personOf(subject.slice(subject.indexOf('/') + 1))),
  );
  const earlier = await Promise.all(
    [...new Set(people)].map((person) => store.readPerson(person, 'QuestionnaireResponse')), // ids of one person are read once
  );
  return [...named, ...earlier.flat()].map((version) => version.resource);
}
