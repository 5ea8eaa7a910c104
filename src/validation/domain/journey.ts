/** Turns a record's resources, and what is known beyond them, into what a rule may look at. */
import type {
  OperationOutcomeIssue,
  Patient,
  QuestionnaireResponse,
  Resource,
  ResourceType,
  ServiceRequest,
} from '@medplum/fhirtypes';

/** A resource under its final id. */
export type Identified = Resource & { readonly id: string };
type OfType<T extends ResourceType> = Extract<Resource, { resourceType: T }>;

/** What is known beyond a record, as far as it is at hand. */
export interface Beyond {
  /** a resource by `Type/id` */
  resource(key: string): Resource | undefined;
  /** questionnaire responses of a subject (`Patient/id`), in other records or the same: one list a subject, which stays as it is */
  responsesOf(subject: string): readonly QuestionnaireResponse[];
  /** what speaks against the activity that a referral goes to; absent: nobody asks */
  readonly fit?:
    | ((request: ServiceRequest, patient: Patient | undefined) => OperationOutcomeIssue[])
    | undefined;
}

const NO_RESPONSES: readonly QuestionnaireResponse[] = [];

/** Where a record stands alone. */
export const NOTHING_BEYOND: Beyond = { resource: () => undefined, responsesOf: () => NO_RESPONSES };

/** What a rule may look at beside its own resource. */
export interface Journey {
  /** resources of a type in the record */
  all<T extends ResourceType>(type: T): OfType<T>[];
  /** a resource of the record, by reference (`Type/id`) */
  inRecord<T extends ResourceType>(type: T, reference: string | undefined): OfType<T> | undefined;
  /** of the record and then beyond: the same lists each time */
  responsesOf(subject: string | undefined): readonly (readonly QuestionnaireResponse[])[];
  /** as known beyond the record, else as in it */
  find<T extends ResourceType>(type: T, reference: string | undefined): OfType<T> | undefined;
  /** what speaks against the activity that a referral goes to */
  fitOf(request: ServiceRequest): OperationOutcomeIssue[];
}

export function journeyOf(resources: readonly Identified[], beyond: Beyond): Journey {
  const byKey = new Map<string, Resource>(resources.map((one) => [`${one.resourceType}/${one.id}`, one]));
  let responses: ReadonlyMap<string, readonly QuestionnaireResponse[]> | undefined;
  const ofType = <T extends ResourceType>(type: T, resource: Resource | undefined): OfType<T> | undefined =>
    resource?.resourceType === type ? (resource as OfType<T>) : undefined;
  const find: Journey['find'] = (type, reference) =>
    reference === undefined ? undefined : ofType(type, beyond.resource(reference) ?? byKey.get(reference));
  return {
    all: (type) => resources.flatMap((one) => ofType(type, one) ?? []),
    inRecord: (type, reference) => ofType(type, byKey.get(reference ?? '')),
    find,
    fitOf: (request) => beyond.fit?.(request, find('Patient', request.subject?.reference)) ?? [],
    responsesOf: (subject) => {
      if (subject === undefined) return [];
      responses ??= bySubject(resources);
      return [responses.get(subject) ?? NO_RESPONSES, beyond.responsesOf(subject)];
    },
  };
}

/** @returns questionnaire responses by their subject, in their order */
export function bySubject(
  resources: Iterable<Resource>,
): ReadonlyMap<string, readonly QuestionnaireResponse[]> {
  const found = new Map<string, QuestionnaireResponse[]>();
  for (const resource of resources) {
    const subject = resource.resourceType === 'QuestionnaireResponse' && resource.subject?.reference;
    if (!subject) continue;
    const own = found.get(subject);
    if (own) own.push(resource);
    else found.set(subject, [resource]);
  }
  return found;
}
