/** Turns journeys into the rows of a small charity's workbook, written the way several busy people write. */
import { addDays, ukDate, ukDateTime } from './calendar.ts';
import type { Contact, Form, Onward, Referral, Support } from './journey-types.ts';
import { spacedNhsNumber } from './nhs-number.ts';
import { SERVICES } from './places.ts';
import type { Random } from './random.ts';
import { answerCells } from './spreadsheet-answers.ts';
import * as words from './spreadsheet-words.ts';
import { goalDay } from './support.ts';

/** One row: column heading to cell; blank cells are absent. */
export type Row = Readonly<Record<string, string | number | undefined>>;

/** The workbook's sheets, by kind of record. */
export interface Sheets {
  readonly referral: Row[];
  readonly contact: Row[];
  readonly questionnaire: Row[];
  readonly support: Row[];
  readonly outcome: Row[];
}

const padded = (letter: string, number: number, digits: number): string =>
  letter + String(number).padStart(digits, '0');
const dated = (date: string | undefined): string | undefined =>
  date === undefined ? undefined : ukDate(date);

/** The workbook's number of a person; the same on every sheet. */
export function personId(referral: Referral): string {
  return padded('P', referral.person.number + 1, 3);
}

/** The workbook's number of a referral. */
export function referralId(referral: Referral): string {
  return padded('R', referral.number, 4);
}

/** Appends a referral and everything that happened in it to the sheets. */
export function addJourney(sheets: Sheets, random: Random, referral: Referral): void {
  const one = <T>(list: readonly T[] | undefined): T | undefined => (list ? random.pick(list) : undefined);
  const ids = { 'Person ID': personId(referral), 'Referral ID': referralId(referral) };
  sheets.referral.push(referralRow(random, referral));
  for (const contact of referral.contacts)
    sheets.contact.push(contactRow(random, referral, contact, sheets.contact.length + 1));
  for (const form of referral.forms)
    sheets.questionnaire.push({
      'Questionnaire ID': padded('Q', sheets.questionnaire.length + 1, 4),
      ...ids,
      ...formCells(random, form),
      'Link worker': referral.linkWorker?.name,
    });
  for (const support of referral.support)
    sheets.support.push({ ...nextActivity(sheets), ...ids, ...supportCells(random, referral, support) });
  for (const onward of referral.onward) {
    const row = { ...nextActivity(sheets), ...ids, ...onwardCells(random, referral, onward) };
    sheets.support.push(row);
    if (onward.status === 'attending' || onward.status === 'completed')
      sheets.contact.push(...attendance(referral, onward, row['Activity ID'], sheets.contact.length + 1));
  }
  if (referral.closure) sheets.outcome.push({ ...ids, ...closureCells(referral, one) });
}

function nextActivity(sheets: Sheets): { 'Activity ID': string } {
  return { 'Activity ID': padded('A', sheets.support.length + 1, 4) };
}

function referralRow(random: Random, referral: Referral): Row {
  const one = <T>(list: readonly T[] | undefined): T | undefined => (list ? random.pick(list) : undefined);
  const { consents, status } = referral;
  return {
    'Referral ID': referralId(referral),
    'Person ID': personId(referral),
    ...personCells(random, referral),
    'Referral date': ukDate(referral.referredOn),
    'Referred by': one(words.REFERRED_BY[referral.referredBy]),
    'Referrer name': referral.referredBy === 'gp' ? `Dr ${referral.referrer}` : referral.referrer,
    'Referrer organisation': referral.referrerPlace?.name,
    'Referrer is their':
      referral.referredBy === 'family'
        ? random.pick(['daughter', 'son', 'sister', 'husband', 'friend'])
        : undefined,
    'Referred or recommended':
      referral.intent === 'recommended' ? 'Recommended' : random.pick(['Referred', undefined]),
    Urgency: referral.urgent ? 'Urgent' : random.pick(['Routine', undefined]),
    Reasons: referral.needs.map((need) => one(words.NEED[need])).join('; '),
    'Reason in words': referral.reason,
    'What matters to me': referral.whatMatters,
    Service: SERVICES[referral.service].name,
    'Service code': SERVICES[referral.service].ods,
    'Link worker': referral.linkWorker?.name,
    Status: one(words.STATUS[status]),
    'Status date': ukDate(referral.statusOn),
    'Status reason': one(words.STATUS_REASON[status]),
    'Accepted on': dated(referral.acceptedOn),
    'Handed over from': referral.follows ? referralId(referral.follows) : undefined,
    'OK to refer': one(words.CONSENT[consents.refer]),
    'OK to share with GP': one(words.CONSENT[consents.share]),
    'OK for research': consents.research && one(words.CONSENT[consents.research]),
    'Consent date': ukDate(consents.withdrawnOn ?? consents.on),
    'Last updated': `${ukDate(referral.statusOn)} 17:05`,
  };
}

function personCells(random: Random, { person, status }: Referral): Row {
  const { nhsNumber } = person;
  return {
    'NHS No': nhsNumber && (random.chance(60) ? spacedNhsNumber(nhsNumber) : nhsNumber),
    'NHS No checked': nhsNumber && (person.nhsNumberVerified ? 'Yes' : random.pick(['No', 'Not yet'])),
    'No NHS No because': nhsNumber ? undefined : random.pick(['Not known', 'From abroad']),
    Title: person.title,
    'First name': person.given,
    Surname: person.family,
    'Known as': person.knownAs,
    'Date of Birth': ukDate(person.birthDate),
    Gender: random.pick(words.GENDER[person.gender]),
    Ethnicity: random.pick(words.ETHNICITY[person.ethnicCategory]!),
    Language: words.LANGUAGE[person.language],
    Interpreter: person.interpreter ? 'Yes' : random.pick(['No', undefined]),
    Address: person.line,
    Town: person.town,
    Postcode: person.postcode,
    Phone: person.phone,
    Email: person.email,
    'Contact by': random.pick(words.CONTACT_BY[person.contactBy]),
    'Access needs': random.chance(8)
      ? random.pick(['Large print', 'Wheelchair; ground floor only', 'Hearing loop'])
      : undefined,
    Home: random.chance(25)
      ? random.pick(['Lives alone', 'With family', 'Supported living', 'Temporary flat'])
      : undefined,
    'Be aware': status !== 'died' && random.chance(3) ? 'Lone working' : undefined,
    'GP practice': person.practice.name,
    'Practice code': person.practice.ods,
  };
}

function contactRow(random: Random, referral: Referral, contact: Contact, number: number): Row {
  const isAttempt = referral.status === 'not-reached';
  return {
    'Contact ID': padded('C', number, 5),
    'Person ID': personId(referral),
    'Referral ID': referralId(referral),
    Start: ukDateTime(contact.start),
    Minutes: contact.attended === 'attended' ? contact.minutes : undefined,
    How: random.pick(words.MODE[contact.mode]),
    Type: contact === referral.contacts[0] ? 'First meeting' : undefined,
    Attended: random.pick(words.ATTENDED[contact.attended]),
    'Why not': contact.attended === 'attended' ? undefined : random.pick(words.MISSED_REASON),
    Attempt: isAttempt ? referral.contacts.indexOf(contact) + 1 : undefined,
    'Group session': contact.session,
    'Link worker': referral.linkWorker?.name,
    Notes: contact.note,
    'Last updated': `${ukDate(contact.start)} 17:30`,
  };
}

/** One session of an activity, a week after the referral to it. */
function attendance(referral: Referral, onward: Onward, activityId: string, number: number): Row[] {
  const last = referral.closure?.on ?? referral.contacts.at(-1)!.start.slice(0, 10);
  const on = addDays(onward.on, 7);
  if (on > last) return [];
  return [
    {
      'Contact ID': padded('C', number, 5),
      'Person ID': personId(referral),
      'Referral ID': referralId(referral),
      'Activity ID': activityId,
      Start: `${ukDate(on)} 14:00`,
      Minutes: 90,
      How: 'Group',
      Type: onward.activity,
      Attended: 'Yes',
      Place: onward.provider,
      'Last updated': `${ukDate(on)} 18:00`,
    },
  ];
}

function formCells(random: Random, form: Form): Row {
  return {
    Questionnaire: random.pick(words.INSTRUMENT[form.instrument]),
    Date: ukDate(form.on),
    When:
      form.point === 'baseline' ? random.pick(['Start', 'Baseline']) : random.pick(['Review', 'Follow up']),
    'Filled in by': random.chance(20) ? 'With worker' : undefined,
    ...answerCells(form),
    'Last updated': `${ukDate(form.on)} 17:30`,
  };
}

function supportCells(random: Random, referral: Referral, support: Support): Row {
  const isPlan = support.type === 'plan';
  return {
    Date: ukDate(support.on),
    What: random.pick(words.SUPPORT[support.type]),
    Outcome: random.pick(['Given', 'Done']),
    Reasons: support.need && random.pick(words.NEED[support.need]),
    'What matters to me': isPlan ? referral.whatMatters : undefined,
    Goal: isPlan ? referral.goal : undefined,
    'Goal by': isPlan && referral.goal ? ukDate(goalDay(support.on)) : undefined,
    'Review on': isPlan ? ukDate(addDays(support.on, 42)) : undefined,
    'Link worker': referral.linkWorker?.name,
    'Last updated': `${ukDate(support.on)} 17:30`,
  };
}

function onwardCells(random: Random, referral: Referral, onward: Onward): Row {
  return {
    Date: ukDate(onward.on),
    What: 'Group activity',
    'Referred on to': onward.activity,
    'Run by': onward.provider,
    Outcome: random.pick(words.ONWARD[onward.status]),
    Reasons: onward.need && random.pick(words.NEED[onward.need]),
    'Link worker': referral.linkWorker?.name,
    'Last updated': `${ukDate(onward.on)} 17:30`,
  };
}

function closureCells(referral: Referral, one: <T>(list: readonly T[]) => T | undefined): Row {
  const closure = referral.closure!;
  const met = referral.contacts.filter((contact) => contact.attended === 'attended');
  return {
    'Closed on': ukDate(closure.on),
    'How it ended': one(words.ENDING[closure.reason]),
    'First contact': dated(met[0]?.start.slice(0, 10)),
    'Last contact': dated(met.at(-1)?.start.slice(0, 10)),
    Contacts: met.length,
    ...Object.fromEntries(
      closure.changes.map(([determinant, change]) => [words.DETERMINANT[determinant], change]),
    ),
    Goal: closure.goalMet && referral.goal,
    'Goal reached': closure.goalMet && one(words.GOAL_MET[closure.goalMet]),
    'In their own words': closure.story,
    'For the GP': closure.forGp,
    'Practice code': closure.forGp ? referral.person.practice.ods : undefined,
    'Link worker': referral.linkWorker?.name,
    'Last updated': `${ukDate(closure.on)} 17:05`,
  };
}
