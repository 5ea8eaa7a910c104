/** Turns a count into that many synthetic rows, one after another and never all in memory: for load tests and benches. */
import { addDays, TODAY, ukDate, ukDateTime, workingDay } from './calendar.ts';
import { csvLine } from './csv.ts';
import { NEEDS, NOTES, WHAT_MATTERS } from './menu.ts';
import { makePerson, type Person } from './person.ts';
import { LINK_WORKERS, SERVICES } from './places.ts';
import { Random } from './random.ts';
import type { Row } from './spreadsheet.ts';

const SEED = 20260630;
/** Contacts of one person; people and referrals are numbered alike, from 1. */
const CONTACTS_A_PERSON = 9;
/** Rows in one chunk of CSV text: some 60 kB. */
const ROWS_A_CHUNK = 500;
const ADULT = [18, 94] as const;
const FIRST_DAY = addDays(TODAY, -420);
const REASONS = [
  'Lonely',
  'Debt',
  'Isolated; Stress',
  'Housing',
  'Carer',
  'Benefits; Money',
  'Bereaved',
] as const;

const personKey = (n: number): string => `LP${n}`;
const referralKey = (n: number): string => `LR${n}`;

/**
 * Rows of the Referrals sheet, all good, each of another person.
 * @param count of rows, at most 500,000
 * @param seed rows are the same for the same seed
 */
export function* referralRows(count: number, seed: number = SEED): Generator<Row> {
  const community = LINK_WORKERS.filter((worker) => worker.service === 'community');
  for (let n = 1; n <= count; n++) {
    const random = new Random(seed, n);
    const person = makePerson(random, n, ADULT);
    const referredOn = acceptedDay(n);
    yield {
      'Referral ID': referralKey(n),
      'Person ID': personKey(n),
      ...personCells(person),
      'Referral date': ukDate(addDays(referredOn, -3)),
      'Referred by': 'Self',
      Reasons: random.pick(REASONS),
      'Reason in words': random.pick(Object.values(NEEDS)).reason,
      'What matters to me': random.pick(WHAT_MATTERS),
      Service: SERVICES.community.name,
      'Service code': SERVICES.community.ods,
      'Link worker': random.pick(community).name,
      Status: 'Open',
      'Status date': ukDate(referredOn),
      'Accepted on': ukDate(referredOn),
      'OK to refer': 'Yes',
      'OK to share with GP': random.pick(['Yes', 'Codes only']),
      'OK for research': random.pick(['Yes', 'No']),
      'Consent date': ukDate(addDays(referredOn, -3)),
      'Last updated': `${ukDate(referredOn)} 17:05`,
    };
  }
}

function personCells(person: Person): Row {
  return {
    'NHS No': person.nhsNumber,
    'NHS No checked': person.nhsNumber && (person.nhsNumberVerified ? 'Yes' : 'No'),
    'No NHS No because': person.nhsNumber ? undefined : 'Not known',
    'First name': person.given,
    Surname: person.family,
    'Date of Birth': ukDate(person.birthDate),
    Gender: person.gender === 'female' ? 'F' : person.gender === 'male' ? 'M' : 'Other',
    Ethnicity: person.ethnicCategory,
    Address: person.line,
    Town: person.town,
    Postcode: person.postcode,
    Phone: person.phone,
    Email: person.email,
    'GP practice': person.practice.name,
    'Practice code': person.practice.ods,
  };
}

/**
 * Rows of the Contacts sheet, all good; rows 1 to 9 are of the first person of `referralRows`, 10 to 18 of the second, and so on.
 * @param count of rows
 */
export function* contactRows(count: number, seed: number = SEED): Generator<Row> {
  for (let n = 1; n <= count; n++) {
    const random = new Random(seed + 1, n);
    const person = Math.ceil(n / CONTACTS_A_PERSON);
    const day = workingDay(addDays(acceptedDay(person), 2 + ((n - 1) % CONTACTS_A_PERSON) * 7));
    const attended = random.chance(85);
    yield {
      'Contact ID': `LC${n}`,
      'Person ID': personKey(person),
      'Referral ID': referralKey(person),
      Start: ukDateTime(
        `${day}T${String(random.between(9, 16)).padStart(2, '0')}:${random.pick(['00', '15', '30', '45'])}`,
      ),
      Minutes: attended ? random.pick([15, 30, 45, 60]) : undefined,
      How: random.pick(['Tel', 'F2F', 'Home visit', 'Video', 'Text']),
      Attended: attended ? 'Yes' : 'DNA',
      'Why not': attended ? undefined : 'No answer',
      'Link worker': random.pick(LINK_WORKERS).name,
      Notes: random.chance(50) ? random.pick(NOTES) : undefined,
      'Last updated': `${ukDate(day)} 17:30`,
    };
  }
}

/** Acceptance of the nth referral: spread over 300 days, so that its nine weekly contacts end before the set's day. */
function acceptedDay(n: number): string {
  return workingDay(addDays(FIRST_DAY, n % 300));
}

/**
 * Writes rows as CSV text in chunks, headings first.
 * @param columns headings, in order @yields whole lines, LF at the end of each
 */
export function* csvChunks(columns: readonly string[], rows: Iterable<Row>): Generator<string> {
  let lines = [columns.join(',')];
  for (const row of rows) {
    lines.push(csvLine(columns, row));
    if (lines.length < ROWS_A_CHUNK) continue;
    yield `${lines.join('\n')}\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\n')}\n`;
}
