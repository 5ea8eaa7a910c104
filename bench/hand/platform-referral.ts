/** Turns a referral of the platform into a Bundle. */
import type { Bundle, Identifier } from '@medplum/fhirtypes';
import { collection, type Entries } from './parts.ts';
import { relatedPersonOf } from './people.ts';
import { conditionOf, isKnown, type Need } from './plan.ts';
import {
  addConsents,
  addOnward,
  addOrganisation,
  addWorker,
  nameOf,
  needOf,
  onwardFacts,
  telecomOf,
} from './platform-parts.ts';
import { addPerson } from './platform-person.ts';
import type { Referral, ReferralRecord, Relative } from './platform-records.ts';
import { type ReferralFacts, referralEntries } from './referral.ts';
import { codeOf, codes } from './tables.ts';

const TYPE = codes('platform/referral-type');
const STATE = codes('platform/state');
const REASON = codes('platform/reason');
const URGENCY = codes('platform/urgency');
const CHANNEL = codes('platform/channel');
const DOMAIN = codes('platform/domain');
const RELATION = codes('platform/relation');

export function platformReferral(record: ReferralRecord): Bundle {
  const { referral, client, referredBy, worker } = record;
  const needs = referral.concerns?.map(needOf) ?? [];
  const facts = factsOf(record, needs);
  const entries = referralEntries(facts);
  if (referredBy?.relative) addRelative(referredBy.relative, client.id, entries);
  addConsents(record.consents, client.id, entries);
  for (const need of needs)
    if (isKnown(need)) entries.push({ resource: conditionOf(need, referral.id, client.id) });
  if (record.onward) {
    const parent = { personKey: client.id, referralKey: referral.id, workerKey: worker?.id };
    for (const onward of record.onward) addOnward(onward, onwardFacts(onward), parent, entries);
  }
  addPerson(client, entries);
  addWorker(referredBy?.professional, entries);
  addWorker(worker, entries);
  addOrganisation(record.service, entries);
  return collection(entries);
}

function factsOf(record: ReferralRecord, needs: readonly Need[]): ReferralFacts {
  const { referral } = record;
  return {
    key: referral.id,
    personKey: record.client.id,
    identifiers: identifiersOf(referral),
    intent: TYPE.get(referral.type),
    status: STATE.get(referral.state),
    statusReason: codeOf(REASON, referral.stateReason),
    statusReasonText: referral.stateReasonText,
    statusDate: referral.stateSince,
    acceptedDate: referral.acceptedAt,
    authored: referral.createdAt,
    priority: codeOf(URGENCY, referral.urgency),
    source: codeOf(CHANNEL, referral.channel),
    sourceText: referral.channelText,
    needs,
    determinants: referral.domains?.map((domain) => DOMAIN.get(domain)) ?? [],
    whatMatters: referral.whatMatters,
    expectation: referral.hopes,
    note: referral.remarks,
    requester: requesterOf(record),
    serviceKey: record.service?.id,
    workerKey: record.worker?.id,
    oldKey: referral.handedOverFrom,
  };
}

function identifiersOf({ id, ubrn }: Referral): Identifier[] {
  const own: Identifier = { system: 'https://hedgerow.example/fhir/Id/platform/referral', value: id };
  return ubrn === undefined ? [own] : [{ system: 'https://fhir.nhs.uk/Id/UBRN', value: ubrn }, own];
}

function requesterOf({ referredBy, client }: ReferralRecord): string | undefined {
  if (referredBy?.self === true) return `Patient:person:${client.id}`;
  if (referredBy?.relative) return `RelatedPerson:relative:${referredBy.relative.id}`;
  return referredBy?.professional && `PractitionerRole:worker:${referredBy.professional.id}`;
}

function addRelative(relative: Relative, personKey: string, entries: Entries): void {
  const related = relatedPersonOf(
    relative.id,
    personKey,
    codeOf(RELATION, relative.relation),
    relative.relationText,
  );
  const name = nameOf(relative.firstName, relative.lastName);
  if (name) related.name = [name];
  if (relative.contact) {
    const telecom = telecomOf(relative.contact, undefined, undefined);
    if (telecom.length > 0) related.telecom = telecom;
  }
  entries.push({ resource: related });
}
