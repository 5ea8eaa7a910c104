/** Turns a record's resources, and what is known beyond them, into what a rule may look at. */
import type { QuestionnaireResponse, Resource, ResourceType } from '@medplum/fhirtypes';

/** A resource under its final id. */
export type Identified = Resource & { readonly id: string };
type OfType<T extends ResourceType> = Extract<Resource, { resourceType: T }>;

/** What is known beyond a record, as far as it is at hand. */
export interface Beyond {
  /** a resource by `Type/id` */
  resource(key: string): Resource | undefined;
  /** questionnaire responses of a subject (`Patient/id`), in other records or the same */
  responsesOf(subject: string): readonly QuestionnaireResponse[];
}

/** Where a record stands alone. */
export const NOTHING_BEYOND: Beyond = { resource: () => undefined, responsesOf: () => [] };

/** What a rule may look at beside its own resource. */
export interface Journey {
  /** resources of a type in the record */
  all<T extends ResourceType>(type: T): OfType<T>[];
  /** a resource of the record, by reference (`Type/id`) */
  inRecord<T extends ResourceType>(type: T, reference: string | undefined): OfType<T> | undefined;
  /** of the record and beyond */
  responsesOf(subject: string | undefined): readonly QuestionnaireResponse[];
  /** as known beyond the record, else as in it */
  find<T extends ResourceType>(type: T, reference: string | undefined): OfType<T> | undefined;
}

export function journeyOf(resources: readonly Identified[], beyond: Beyond): Journey {
  const byKey = new Map<string, Resource>(resources.map((one) => [`${one.resourceType}/${one.id}`, one]));
  const ofType = <T extends ResourceType>(type: T, resource: Resource | undefined): OfType<T> | undefined =>
    resource?.resourceType === type ? (resource as OfType<T>) : undefined;
  return {
    all: (type) => resources.flatMap((one) => ofType(type, one) ?? []),
    inRecord: (type, reference) => ofType(type, byKey.get(reference ?? '')),
    find: (type, reference) =>
      reference === undefined ? undefined : ofType(type, beyond.resource(reference) ?? byKey.get(reference)),
    responsesOf: (subject) =>
      subject === undefined
        ? []
        : [
            ...resources
              .flatMap((one) => ofType('QuestionnaireResponse', one) ?? [])
              .filter((one) => one.subject?.reference === subject),
            ...beyond.responsesOf(subject),
          ],
  };
}
