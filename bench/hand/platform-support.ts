/** Turns support of the platform into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { collection } from './parts.ts';
import {
  activityFacts,
  addActivity,
  addOnward,
  addOrganisation,
  addWorker,
  goalFacts,
  needOf,
  onwardFacts,
} from './platform-parts.ts';
import type { SupportRecord } from './platform-records.ts';
import { type SupportFacts, supportEntries } from './support.ts';
import { codeOf, codes } from './tables.ts';

const CATEGORY = codes('platform/category');
const STATE = codes('platform/support-state');

export function platformSupport({ support, worker }: SupportRecord): Bundle {
  const activity = support.activity && activityFacts(support.activity);
  const facts: SupportFacts = {
    key: support.id,
    personKey: support.clientId,
    referralKey: support.referralId,
    contactKey: support.contactId,
    kind: codeOf(CATEGORY, support.category),
    kindText: support.categoryText,
    status: codeOf(STATE, support.state),
    date: support.on,
    needs: support.concerns?.map(needOf) ?? [],
    activity,
    providerKey: support.provider?.id,
    workerKey: worker?.id,
    whatMatters: support.whatMatters,
    reviewDate: support.reviewOn,
    goals: support.goals?.map(goalFacts) ?? [],
    onward: support.onward?.map(onwardFacts) ?? [],
    note: support.remarks,
  };
  const entries = supportEntries(facts);
  if (support.onward)
    for (const [at, onward] of support.onward.entries()) addOnward(onward, facts.onward[at]!, facts, entries);
  if (activity) addActivity(support.activity!, activity, entries);
  addOrganisation(support.provider, entries);
  addWorker(worker, entries);
  return collection(entries);
}
