/** Turns a batch of records into a look-up of what its resources refer to, for rules that look beyond one record. */
import type { Resource } from '@medplum/fhirtypes';
import { type Beyond, bySubject, NOTHING_BEYOND } from './journey.ts';
import { stageOf } from './questionnaire-rules.ts';

type Identified = Resource & { id: string };
/** Resources of one record. */
export type Resources = readonly { readonly resource: Identified; readonly partial: boolean }[];

/** Types that the domain rules ask for by reference. */
const LOOKED_AT = /^(EpisodeOfCare|Patient|Appointment|QuestionnaireResponse)\//;

/** @returns keys (`Type/id`) that the rules may ask for and that the batch itself does not hold in full */
export function missingFrom(batch: readonly Resources[]): string[] {
  const here = new Set<string>();
  const wanted = new Set<string>();
  for (const { resource, partial } of batch.flat()) {
    if (!partial) here.add(`${resource.resourceType}/${resource.id}`);
    collectReferences(resource, wanted);
  }
  return [...wanted].filter((key) => !here.has(key));
}

/** @returns subjects (`Patient/id`) of follow-ups, whose baselines hr-4 asks for */
export function subjectsOfFollowUps(batch: readonly Resources[]): string[] {
  const subjects = batch.flat().flatMap(({ resource }) => {
    if (resource.resourceType !== 'QuestionnaireResponse') return [];
    const stage = stageOf(resource);
    return stage === undefined || stage === 'baseline' ? [] : (resource.subject?.reference ?? []);
  });
  return [...new Set(subjects)];
}

/**
 * @param batch records on their way in; the later of two full resources with one id wins
 * @param stored what the store holds of `missingFrom`
 */
export function relatedIn(batch: readonly Resources[], stored: readonly (Resource | undefined)[]): Beyond {
  const byKey = new Map<string, Resource>();
  for (const resource of stored) if (resource) byKey.set(`${resource.resourceType}/${resource.id}`, resource);
  for (const { resource, partial } of batch.flat()) {
    if (!partial) byKey.set(`${resource.resourceType}/${resource.id}`, resource);
  }
  const responses = bySubject(byKey.values());
  return {
    resource: (key) => byKey.get(key),
    responsesOf: (subject) => responses.get(subject) ?? NOTHING_BEYOND.responsesOf(subject),
  };
}

function collectReferences(value: object, found: Set<string>): void {
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object' && item !== null) collectReferences(item, found);
    return;
  }
  const node = value as Record<string, unknown>;
  for (const key of Object.keys(node)) {
    const member = node[key];
    if (typeof member === 'object' && member !== null) collectReferences(member, found);
    else if (key === 'reference' && typeof member === 'string' && LOOKED_AT.test(member)) found.add(member);
  }
}
