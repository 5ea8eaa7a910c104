/** The topics that can be subscribed to: which versions of which resources are news, and whom an event is about. */
import type { Encounter, Observation, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { StoredType } from '../../fhir/definitions.ts';
import type { ResourceKey } from '../../store/resources.ts';

const BASE = 'https://hedgerow.example/fhir/SubscriptionTopic';

/** What an event is about. */
export interface Focus {
  readonly focus: ResourceKey;
  /** the version that is news, where it is of another resource than the focus */
  readonly context?: ResourceKey;
}

export interface Topic {
  readonly url: string;
  readonly title: string;
  readonly description: string;
  /** type of what its events are about: filters are searches of it */
  readonly focusType: StoredType;
  /** types whose versions are looked at */
  readonly types: readonly StoredType[];
  /** @returns undefined where a version is no news */
  eventOf(version: Versions): Focus | undefined;
}

/** A version, and what was before it. */
export interface Versions {
  readonly after: Resource;
  /** undefined where there was none, or it is not kept any more */
  readonly before: Resource | undefined;
  /** there was none before, or it was deleted */
  readonly isNew: boolean;
}

const REFERRAL_STATUS: Topic = {
  url: `${BASE}/referral-status-changed`,
  title: 'Referral status changed',
  description:
    'A referral (ServiceRequest) is new or has another status, or the Task that fulfils it has another status or business status. The focus is the ServiceRequest.',
  focusType: 'ServiceRequest',
  types: ['ServiceRequest', 'Task'],
  eventOf({ after, before }) {
    if (after.resourceType === 'ServiceRequest') {
      if ((before as ServiceRequest | undefined)?.status === after.status) return undefined;
      return { focus: `ServiceRequest/${after.id}` };
    }
    if (after.resourceType !== 'Task' || standingOf(after) === standingOf(before as Task | undefined))
      return undefined;
    const referral = referralOf(after);
    return referral && { focus: referral, context: `Task/${after.id}` };
  },
};

const CONTACT_ADDED: Topic = {
  url: `${BASE}/contact-added`,
  title: 'Contact added',
  description:
    'A contact with a person (Encounter) was recorded, whether it took place or was missed. The focus is the Encounter.',
  focusType: 'Encounter',
  types: ['Encounter'],
  eventOf({ after, isNew }) {
    if (after.resourceType !== 'Encounter' || !isNew || after.status === 'entered-in-error') return undefined;
    return { focus: `Encounter/${(after as Encounter).id}` };
  },
};

const SCORE_RECORDED: Topic = {
  url: `${BASE}/score-recorded`,
  title: 'Score recorded',
  description:
    'The score of a questionnaire (Observation of the category survey) was recorded, or its value or status is another. The focus is the Observation.',
  focusType: 'Observation',
  types: ['Observation'],
  eventOf({ after, before }) {
    if (after.resourceType !== 'Observation' || !isSurvey(after)) return undefined;
    if (before && scoreOf(after) === scoreOf(before as Observation)) return undefined;
    return { focus: `Observation/${after.id}` };
  },
};

export const TOPICS: readonly Topic[] = [REFERRAL_STATUS, CONTACT_ADDED, SCORE_RECORDED];

/** @param canonical with a version or without */
export function topicOf(canonical: string): Topic | undefined {
  return TOPICS.find((one) => one.url === canonical.replace(/\|.*$/, ''));
}

function standingOf(task: Task | undefined): string {
  return JSON.stringify([task?.status, task?.businessStatus]);
}

function scoreOf({ status, valueQuantity, valueString }: Observation): string {
  return JSON.stringify([status, valueQuantity, valueString]);
}

function isSurvey({ category = [] }: Observation): boolean {
  return category.some(({ coding = [] }) => coding.some(({ code }) => code === 'survey'));
}

/** A Task's focus is what it fulfils; some name it as what it is based on. */
function referralOf({ focus, basedOn = [] }: Task): ResourceKey | undefined {
  for (const { reference } of [focus ?? {}, ...basedOn]) {
    const id = /^ServiceRequest\/([A-Za-z0-9.-]{1,64})/.exec(reference ?? '')?.[1];
    if (id !== undefined) return `ServiceRequest/${id}`;
  }
  return undefined;
}
