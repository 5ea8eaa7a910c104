/** Turns one seed into the demo set: 200 synthetic people with whole journeys, as a charity's workbook and a platform's records. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { csvText } from './demo/csv.ts';
import { addFaultyRecords, addFaultyRows } from './demo/faults.ts';
import { makeJourney } from './demo/journey.ts';
import type { Referral } from './demo/journey-types.ts';
import { makePerson, type Person } from './demo/person.ts';
import type { Service } from './demo/places.ts';
import { addRecords, type Records } from './demo/platform.ts';
import { Random } from './demo/random.ts';
import { addJourney, personId, type Row, type Sheets } from './demo/spreadsheet.ts';
import { type Sheet, workbookBytes } from './demo/workbook.ts';

/** Fixed: another seed makes another set, and every expectation on it changes. */
const SEED = 20260630;
const WORKBOOK_PEOPLE = 120;
const PLATFORM_PEOPLE = 80;
/** People of the workbook whom the platform knows as well, under the same verified NHS number. */
const SHARED_PEOPLE = 5;
/** The branch that keeps an .xlsx of its own holds the last people of the workbook. */
const BRANCH_PEOPLE = 12;
const HOSPITAL_PEOPLE = 20;
const YOUNG_PEOPLE = 20;
const ADULT = [18, 94] as const;
const YOUNG = [11, 16] as const;
const OLDER = [45, 92] as const;

const ROOT = join(import.meta.dirname, '..');
/** Names of the workbook's sheets and files, by kind. */
const SHEETS = {
  referral: 'Referrals',
  contact: 'Contacts',
  questionnaire: 'Questionnaires',
  support: 'Activities',
  outcome: 'Outcomes',
} as const satisfies Record<keyof Sheets, string>;
const KINDS = Object.keys(SHEETS) as (keyof Sheets)[];

/** The journeys behind the files, for tests of their consistency. */
export interface DemoJourneys {
  readonly workbook: readonly Referral[];
  readonly platform: readonly Referral[];
}

/** @returns every journey of the set; the same on every call */
export function demoJourneys(): DemoJourneys {
  const people = Array.from({ length: WORKBOOK_PEOPLE }, (_, i) => makePerson(new Random(SEED, i), i, ADULT));
  const workbook: Referral[] = [];
  for (const person of people)
    workbook.push(...makeJourney(journeyRandom(person), person, workbook.length + 1, 'community'));
  const shared = people
    .filter((person) => person.nhsNumberVerified && person.number % 7 === 3)
    .slice(0, SHARED_PEOPLE);
  const platform: Referral[] = [];
  for (let i = 0; i < PLATFORM_PEOPLE; i++) {
    const [service, ages]: readonly [Service, readonly [number, number]] =
      i < HOSPITAL_PEOPLE
        ? ['hospital', OLDER]
        : i < HOSPITAL_PEOPLE + YOUNG_PEOPLE
          ? ['young-people', YOUNG]
          : ['community', ADULT];
    const number = WORKBOOK_PEOPLE + i;
    const person = makePerson(new Random(SEED, number), number, ages);
    platform.push(...makeJourney(journeyRandom(person), person, platform.length + 1, service));
  }
  for (const person of shared)
    platform.push(
      ...makeJourney(new Random(SEED + 2, person.number), person, platform.length + 1, 'community'),
    );
  return { workbook, platform };
}

/** The journey draws from a stream of its own, so that a change to people does not change what happens to them. */
function journeyRandom(person: Person): Random {
  return new Random(SEED + 1, person.number);
}

/** @returns content by path from the project's root */
export async function demoFiles(): Promise<ReadonlyMap<string, string | Buffer>> {
  const { workbook, platform } = demoJourneys();
  return new Map([...(await workbookFiles(workbook)), ...platformFiles(platform)]);
}

async function workbookFiles(journeys: readonly Referral[]): Promise<[string, string | Buffer][]> {
  const sheets: Sheets = { referral: [], contact: [], questionnaire: [], support: [], outcome: [] };
  for (const referral of journeys) addJourney(sheets, new Random(SEED + 3, referral.number), referral);
  const branch = new Set(
    journeys.filter((referral) => referral.person.number >= WORKBOOK_PEOPLE - BRANCH_PEOPLE).map(personId),
  );
  const isBranch = (row: Row): boolean => branch.has(String(row['Person ID']));
  const office: Sheets = { referral: [], contact: [], questionnaire: [], support: [], outcome: [] };
  for (const kind of KINDS) office[kind].push(...sheets[kind].filter((row) => !isBranch(row)));
  addFaultyRows(office);
  const files = KINDS.map((kind): [string, string] => [
    `mappings/spreadsheet/demo/${SHEETS[kind].toLowerCase()}.csv`,
    // the referrals were saved by Excel, the rest by another program
    csvText(
      columnsOf(kind),
      office[kind],
      kind === 'referral' ? { newline: '\r\n', mark: true } : { newline: '\n', mark: false },
    ),
  ]);
  const book = KINDS.map(
    (kind): Sheet => ({ name: SHEETS[kind], columns: columnsOf(kind), rows: sheets[kind].filter(isBranch) }),
  );
  return [...files, ['mappings/spreadsheet/demo/branch.xlsx', await workbookBytes(book)]];
}

/** @returns the columns of a sheet, in the order of its schema */
export function columnsOf(kind: keyof Sheets): string[] {
  const schema: unknown = JSON.parse(
    readFileSync(join(ROOT, `mappings/spreadsheet/${kind}.schema.json`), 'utf8'),
  );
  return Object.keys((schema as { properties: object }).properties);
}

function platformFiles(journeys: readonly Referral[]): [string, string][] {
  const records: Records = { referral: [], contact: [], questionnaire: [], support: [], outcome: [] };
  for (const referral of journeys) addRecords(records, referral);
  addFaultyRecords(records);
  return KINDS.map((kind) => [
    `mappings/platform/demo/${kind}.ndjson`,
    `${records[kind].map((record) => JSON.stringify(record)).join('\n')}\n`,
  ]);
}

if (import.meta.main) {
  for (const [path, content] of await demoFiles()) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), content);
    console.log(`${path}  ${Buffer.byteLength(content)} bytes`);
  }
}
