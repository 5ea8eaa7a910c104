/** Turns a row of the Referrals sheet into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { collection, type Entries } from './parts.ts';
import { organizationOf, relatedPersonOf } from './people.ts';
import { conditionOf, isKnown, type Need } from './plan.ts';
import { type ReferralFacts, referralEntries } from './referral.ts';
import { addConsent, sheetNeeds } from './spreadsheet-parts.ts';
import { addPerson } from './spreadsheet-person.ts';
import type { ReferralRow } from './spreadsheet-rows.ts';
import { codeOf, codes } from './tables.ts';
import { practitionerOf, practitionerRoleOf } from './workers.ts';

const INTENT = codes('spreadsheet/intent');
const STATUS = codes('spreadsheet/status');
const REASON = codes('spreadsheet/status-reason');
const URGENCY = codes('spreadsheet/urgency');
const SOURCE = codes('spreadsheet/referral-source');
const REFERRER_ROLE = codes('spreadsheet/referrer-role');
const RELATIONSHIP = codes('spreadsheet/relationship');

/** Who refers, as the row says it: the person, a relative (then the row says whose), or a professional. */
interface Referrer {
  readonly by: string | undefined;
  readonly name: string | undefined;
  readonly employer: string | undefined;
  readonly relation: string | undefined;
}

export function spreadsheetReferral(row: ReferralRow): Bundle {
  const serviceName = row.Service;
  const serviceCode = row['Service code'];
  const service = serviceCode?.toUpperCase() ?? serviceName;
  const referrer: Referrer = {
    by: row['Referred by'],
    name: row['Referrer name'],
    employer: row['Referrer organisation'],
    relation: row['Referrer is their'],
  };
  const facts = factsOf(row, referrer, service);
  const { key, personKey, needs, workerKey } = facts;
  const entries = referralEntries(facts);
  addRelative(key, personKey, referrer, entries);
  addConsents(row, personKey, entries);
  for (const need of needs) if (isKnown(need)) entries.push({ resource: conditionOf(need, key, personKey) });
  const practiceKey = addPerson(row, personKey, entries);
  addReferrer(referrer, row['GP practice'], practiceKey, entries);
  if (workerKey !== undefined)
    entries.push(
      { resource: practitionerOf(workerKey, { text: workerKey }) },
      { resource: practitionerRoleOf(workerKey, service, 'link-worker', undefined) },
    );
  if (service !== undefined)
    entries.push({ resource: organizationOf(service, serviceName, serviceCode, undefined) });
  return collection(entries);
}

function factsOf(row: ReferralRow, referrer: Referrer, service: string | undefined): ReferralFacts {
  const key = row['Referral ID'];
  const personKey = row['Person ID'];
  const intent = row['Referred or recommended'];
  const statusReason = row['Status reason'];
  const reasons = row.Reasons;
  const words = row['Reason in words'];
  const hasReasons = reasons !== undefined && reasons.length > 0;
  return {
    key,
    personKey,
    identifiers: [],
    intent: intent === undefined ? 'order' : INTENT.get(intent),
    status: codeOf(STATUS, row.Status),
    statusReason: codeOf(REASON, statusReason),
    statusReasonText: statusReason,
    statusDate: row['Status date'],
    acceptedDate: row['Accepted on'],
    authored: row['Referral date'],
    priority: codeOf(URGENCY, row.Urgency),
    source: codeOf(SOURCE, referrer.by),
    sourceText: referrer.by,
    needs: hasReasons ? sheetNeeds(reasons) : needInWords(words),
    determinants: [],
    whatMatters: row['What matters to me'],
    expectation: row.Hopes,
    note: hasReasons ? words : undefined,
    requester: requesterOf(key, personKey, referrer),
    serviceKey: service,
    workerKey: row['Link worker'],
    oldKey: row['Handed over from'],
  };
}

function needInWords(text: string | undefined): Need[] {
  return text === undefined ? [] : [{ key: 'in-words', code: undefined, snomed: undefined, text }];
}

function requesterOf(key: string, personKey: string, referrer: Referrer): string | undefined {
  const { by, relation } = referrer;
  if (by === 'self' || by === 'self referral' || by === 'walk-in') return `Patient:person:${personKey}`;
  if (relation !== undefined) return `RelatedPerson:relative:${key}`;
  const worker = referrer.name ?? referrer.employer;
  return worker === undefined ? undefined : `PractitionerRole:worker:${worker}`;
}

function addRelative(key: string, personKey: string, { relation, name }: Referrer, entries: Entries): void {
  if (relation === undefined) return;
  const related = relatedPersonOf(key, personKey, RELATIONSHIP.get(relation), relation);
  if (name !== undefined) related.name = [{ text: name }];
  entries.push({ resource: related });
}

function addConsents(row: ReferralRow, personKey: string, entries: Entries): void {
  const date = row['Consent date'];
  addConsent('refer', row['OK to refer'], date, personKey, entries);
  addConsent('share-gp', row['OK to share with GP'], date, personKey, entries);
  addConsent('research', row['OK for research'], date, personKey, entries);
}

function addReferrer(
  { by, name, employer, relation }: Referrer,
  practice: string | undefined,
  practiceKey: string | undefined,
  entries: Entries,
): void {
  if (relation !== undefined) return;
  // a GP's organisation is most often the person's practice, which comes with the person
  const isPractice = employer !== undefined && employer === practice;
  const other = isPractice ? undefined : employer;
  if (name !== undefined)
    entries.push(
      { resource: practitionerOf(name, { text: name }) },
      { resource: practitionerRoleOf(name, isPractice ? practiceKey : other, codeOf(REFERRER_ROLE, by), by) },
    );
  if (other !== undefined) entries.push({ resource: organizationOf(other, other, undefined, undefined) });
}
