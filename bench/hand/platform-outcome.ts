/** Turns a closure of the platform into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { addEnd, type ClosureFacts, closureEntries, type ResultFacts } from './outcome.ts';
import { collection } from './parts.ts';
import { addConsents, addWorker, goalFacts } from './platform-parts.ts';
import type { OutcomeRecord } from './platform-records.ts';
import { codeOf, codes } from './tables.ts';

const STATE = codes('platform/state');
const REASON = codes('platform/reason');
const RESULT = codes('platform/result');
const DOMAIN = codes('platform/domain');
const CHANGE = codes('platform/change');

export function platformOutcome({ closure, worker, consents }: OutcomeRecord): Bundle {
  const facts: ClosureFacts = {
    key: closure.id,
    personKey: closure.clientId,
    referralKey: closure.referralId,
    status: codeOf(STATE, closure.state),
    statusReason: codeOf(REASON, closure.stateReason),
    statusReasonText: closure.stateReasonText,
    date: closure.closedAt,
    firstContact: closure.firstContactAt,
    lastContact: closure.lastContactAt,
    contactCount: closure.contacts,
    results: resultsOf(closure.results),
    goals: closure.goals?.map(goalFacts) ?? [],
    ownWords: closure.ownWords,
    gpAction: closure.gpAction,
    practiceKey: closure.practiceId,
    workerKey: worker?.id,
    note: closure.remarks,
  };
  const entries = closureEntries(facts);
  addConsents(consents, closure.clientId, entries);
  addEnd(facts, entries);
  addWorker(worker, entries);
  return collection(entries);
}

function resultsOf(results: OutcomeRecord['closure']['results'] = []): ResultFacts[] {
  return results.map(({ id, outcome, domain, change, detail }) => ({
    key: id,
    code: codeOf(RESULT, outcome),
    determinant: codeOf(DOMAIN, domain),
    change: codeOf(CHANGE, change),
    text: detail,
  }));
}
