/** Turns a referral and all that belongs to it into the summary for the person's GP practice, or for who referred them. */
import type { Observation, Patient, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import type { Definitions } from '../../fhir/definitions.ts';
import { verifiedNhsNumber } from '../../fhir/verified-number.ts';
import { codedOnly } from '../coded-only.ts';
import { OF_NO_PERSON } from '../consent.ts';
import { isRestricted, withoutWhereabouts } from '../restriction.ts';
import { actionsOf, noticesOf } from './actions.ts';
import { contactsOf } from './contacts.ts';
import type { Closure, Summary, SummaryTrigger } from './content.ts';
import { type Gathered, gatheredOf, partyOf, practiceOf } from './gathered.ts';
import { headlineOf, titleOf } from './headline.ts';
import { scoreCourses } from './outcomes.ts';
import { goalsOf, supportOf, taskOf } from './support.ts';
import {
  conceptInFull,
  type Displays,
  groupedNumber,
  hasCode,
  nameIn,
  nameOfConcept,
  notesOf,
  ukDate,
} from './words.ts';

export interface SummaryInput {
  /** `ServiceRequest/id` of the referral */
  readonly requestKey: string;
  /** as the person's consent lets them go, the referral among them, each once */
  readonly resources: readonly Resource[];
  readonly trigger: SummaryTrigger;
  /** the person agreed to codes only */
  readonly isCodedOnly: boolean;
  readonly displays: Displays;
  readonly definitions: Definitions;
}

/** @returns undefined where the referral or the person is not among the resources: then there is nothing to tell of */
export function summaryOf(input: SummaryInput): Summary | undefined {
  const gathered = gatheredOf(input.resources.flatMap((one) => allowedOf(one, input)));
  const request = gathered.at({ reference: input.requestKey });
  if (request?.resourceType !== 'ServiceRequest') return undefined;
  const patient = gathered.at(request.subject) as Patient | undefined;
  if (patient === undefined) return undefined;
  const body = {
    ...partsOf(gathered, request, patient, input),
    ...peopleIn(gathered, request, patient, input),
  };
  const named = { ...body, trigger: input.trigger, title: titleOf(input.trigger, body.closure) };
  return { ...named, headline: headlineOf(named) };
}

/** What is left out of the resources can be in no document made of them: said twice, since it must never go wrong once. */
function allowedOf(resource: Resource, { isCodedOnly, definitions }: SummaryInput): Resource[] {
  // names of places and of those who work there are nobody's narrative
  const isOfPerson = !OF_NO_PERSON.has(resource.resourceType);
  const coded = isCodedOnly && isOfPerson ? codedOnly(definitions, resource) : resource;
  if (coded === undefined) return [];
  return [isRestricted(coded) ? withoutWhereabouts(coded) : coded];
}

function peopleIn(
  gathered: Gathered,
  request: ServiceRequest,
  patient: Patient,
  { displays }: SummaryInput,
): Pick<Summary, 'person' | 'linkWorker' | 'referrer' | 'practice' | 'isRestricted'> {
  const episode = gathered
    .of('EpisodeOfCare')
    .find(({ referralRequest }) => referralRequest?.some((one) => gathered.at(one)?.id === request.id));
  const performers = request.performer ?? [];
  const worker =
    episode?.careManager ?? performers.find(({ reference }) => reference?.startsWith('PractitionerRole/'));
  const number = verifiedNhsNumber(patient);
  const born = ukDate(patient.birthDate);
  const died = ukDate(patient.deceasedDateTime);
  const practice = practiceOf(gathered, patient);
  return {
    isRestricted: isRestricted(patient),
    person: {
      name: nameIn(patient.name) ?? 'Name not recorded',
      ...(number === undefined ? {} : { nhsNumber: groupedNumber(number) }),
      ...(born === undefined ? {} : { born }),
      ...(died === undefined ? {} : { died }),
    },
    linkWorker: {
      ...partyOf(
        gathered,
        performers.find(({ reference }) => reference?.startsWith('Organization/')),
        displays,
      ),
      ...partyOf(gathered, worker, displays),
    },
    referrer: partyOf(gathered, request.requester, displays),
    practice: practice ? partyOf(gathered, { reference: `Organization/${practice.id}` }, displays) : {},
  };
}

type Parts = Omit<
  Summary,
  'trigger' | 'title' | 'headline' | 'person' | 'linkWorker' | 'referrer' | 'practice' | 'isRestricted'
>;

function partsOf(
  gathered: Gathered,
  request: ServiceRequest,
  patient: Patient,
  { requestKey, displays, isCodedOnly }: SummaryInput,
): Parts {
  const task = taskOf(gathered, request);
  const observations = gathered.of('Observation');
  const closure = closureOf(gathered, task, requestKey, displays);
  const plans = gathered.of('CarePlan');
  const episode = gathered
    .of('EpisodeOfCare')
    .find(({ referralRequest }) => referralRequest?.some(({ reference }) => reference === requestKey));
  return {
    isCodedOnly,
    actions: actionsOf(gathered, displays),
    notices: [
      ...(patient.deceasedDateTime ? ['The person has died.'] : []),
      ...noticesOf(gathered, displays),
    ],
    ...dates(ukDate(request.authoredOn), ukDate(episode?.period?.start)),
    reasons: reasonsOf(gathered, request, displays),
    whatMatters: unique([
      ...notesOf(request.note, 'what-matters', 'expectation'),
      ...plans.flatMap(({ note }) => notesOf(note, 'what-matters')),
    ]),
    support: supportOf(gathered, requestKey, displays),
    contacts: contactsOf(gathered, new Set([requestKey]), displays),
    scores: scoreCourses(observations, displays),
    outcomes: unique(observations.flatMap((one) => outcomeLine(one, displays))),
    ownWords: unique(observations.flatMap(({ note }) => notesOf(note, 'own-words'))),
    goals: goalsOf(gathered, displays),
    plan: unique(plans.flatMap(({ note }) => notesOf(note, undefined))),
    ...(closure === undefined ? {} : { closure }),
  };
}

function dates(
  referred: string | undefined,
  accepted: string | undefined,
): Pick<Summary, 'referred' | 'accepted'> {
  return { ...(referred === undefined ? {} : { referred }), ...(accepted === undefined ? {} : { accepted }) };
}

const DETERMINANT = 'https://hedgerow.example/fhir/CodeSystem/determinant';

/** Needs by their codes, with the words of whoever referred; a determinant alone is no need. */
function reasonsOf(gathered: Gathered, request: ServiceRequest, displays: Displays): readonly string[] {
  const said = (request.reasonCode ?? []).filter(
    ({ coding = [] }) => coding.length === 0 || coding.some(({ system }) => system !== DETERMINANT),
  );
  const conditions = (request.reasonReference ?? []).flatMap((one) => {
    const found = gathered.at(one);
    return found?.resourceType === 'Condition' && found.code ? [found.code] : [];
  });
  const all = said.length > 0 ? said : conditions;
  return unique(all.flatMap((concept) => conceptInFull(concept, displays) ?? []));
}

const OUTCOME = /\/CodeSystem\/(?:outcome|determinant)$/;
const CHANGE = 'https://hedgerow.example/fhir/CodeSystem/change';

/** `Loneliness: improved`, of outcomes that were found at closure. */
function outcomeLine({ code, valueCodeableConcept, status }: Observation, displays: Displays): string[] {
  const isOutcome = code.coding?.some(({ system }) => OUTCOME.test(system ?? ''));
  const change = ['improved', 'unchanged', 'worsened'].find((one) =>
    hasCode(valueCodeableConcept, CHANGE, one),
  );
  if (!isOutcome || change === undefined || status === 'cancelled') return [];
  const name = nameOfConcept(code, displays) ?? 'An outcome';
  return [`${name}: ${change}${code.text && code.text !== name ? ` (${code.text})` : ''}`];
}

const ENDED: Readonly<Record<string, string>> = {
  completed: 'Completed',
  failed: 'Ended early',
  rejected: 'Not accepted by the service',
  cancelled: 'Cancelled',
};

function closureOf(
  gathered: Gathered,
  task: Task | undefined,
  requestKey: string,
  displays: Displays,
): Closure | undefined {
  const state = task === undefined ? undefined : ENDED[task.status];
  if (task === undefined || state === undefined) return undefined;
  const { statusReason } = task;
  const names = (statusReason?.coding ?? []).flatMap(
    (one) => nameOfConcept({ coding: [one] }, displays) ?? [],
  );
  const reason = [...new Set(names), ...(statusReason?.text ? [statusReason.text] : [])].join(': ');
  const episode = gathered
    .of('EpisodeOfCare')
    .find(({ referralRequest }) => referralRequest?.some(({ reference }) => reference === requestKey));
  const date = ukDate(episode?.period?.end ?? task.executionPeriod?.end ?? task.lastModified);
  return { state, ...(reason ? { reason } : {}), ...(date === undefined ? {} : { date }) };
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
