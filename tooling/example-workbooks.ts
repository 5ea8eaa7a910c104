/** Turns a few rows into the .xlsx inputs of the spreadsheet examples; run it again after a change, the bytes stay the same. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Sheet, workbookBytes } from './demo/workbook.ts';

const FOLDER = 'mappings/spreadsheet/examples';
const ROOT = join(import.meta.dirname, '..');

/** Three sheets of one book, as a charity keeps them; a fourth is none of ours. */
const BOOK: readonly Sheet[] = [
  {
    name: 'Referrals',
    columns: [
      'Referral ID',
      'Person ID',
      'NHS No',
      'NHS No checked',
      'First name',
      'Surname',
      'Date of Birth',
      'Gender',
      'Postcode',
      'Referral date',
      'Referred by',
      'Referrer name',
      'Reasons',
      'Service',
      'Status',
      'Status date',
      'Last updated',
    ],
    rows: [
      {
        'Referral ID': 'R0301',
        'Person ID': 'P301',
        'NHS No': 9990000115, // typed as a number, as people do
        'NHS No checked': 'Yes',
        'First name': 'Kwame',
        Surname: 'Akoko',
        'Date of Birth': '03/11/1961',
        Gender: 'M',
        Postcode: 'ZZ2 3EF',
        'Referral date': '02/03/2026',
        'Referred by': 'Nurse',
        'Referrer name': 'Jean Vetch',
        Reasons: 'Debt; Stress',
        Service: 'Hedgeways Community Link Workers',
        Status: 'Referred',
        'Status date': '02/03/2026',
        'Last updated': '02/03/2026 12:30',
      },
    ],
  },
  {
    name: 'Contacts',
    columns: [
      'Contact ID',
      'Person ID',
      'Referral ID',
      'Start',
      'Minutes',
      'How',
      'Attended',
      'Last updated',
    ],
    rows: [
      {
        'Contact ID': 'C03001',
        'Person ID': 'P301',
        'Referral ID': 'R0301',
        Start: '09/03/2026 09:45',
        Minutes: 30,
        How: 'Tel',
        Attended: 'Yes',
        'Last updated': '09/03/2026 17:30',
      },
    ],
  },
  {
    name: 'Outcomes',
    columns: ['Referral ID', 'Person ID', 'Closed on', 'How it ended', 'Contacts', 'Money', 'Last updated'],
    rows: [
      {
        'Referral ID': 'R0301',
        'Person ID': 'P301',
        'Closed on': '01/06/2026',
        'How it ended': 'Completed',
        Contacts: 6,
        Money: 'Better',
        'Last updated': '01/06/2026 17:05',
      },
    ],
  },
  { name: 'Lunch rota', columns: ['Day', 'Who'], rows: [{ Day: 'Tuesday', Who: 'Imogen' }] },
];

/** Cells that are calculated: their last value is taken, the formula is never run. */
const CALCULATED: Sheet = {
  name: 'Contacts',
  columns: [
    'Contact ID',
    'Person ID',
    'Referral ID',
    'Start',
    'Minutes',
    'How',
    'Attended',
    'Notes',
    'Last updated',
  ],
  rows: [
    {
      'Contact ID': { formula: 'CONCATENATE("C","03002")', result: 'C03002' },
      'Person ID': 'P301',
      'Referral ID': 'R0301',
      Start: '16/03/2026 11:00',
      Minutes: { formula: '15*3', result: 45 },
      How: 'Home visit',
      Attended: 'Yes',
      Notes: { formula: 'HYPERLINK("https://example.org/","Letter")', result: 'Letter' },
      'Last updated': '16/03/2026 17:30',
    },
  ],
};

/** @returns content by path from the project's root */
export async function exampleWorkbooks(): Promise<ReadonlyMap<string, Buffer>> {
  const book = await workbookBytes(BOOK);
  return new Map([
    [`${FOLDER}/referral/workbook/input.xlsx`, book],
    [`${FOLDER}/contact/workbook/input.xlsx`, book],
    [`${FOLDER}/outcome/workbook/input.xlsx`, book],
    [`${FOLDER}/contact/workbook-with-formulas/input.xlsx`, await workbookBytes([CALCULATED])],
  ]);
}

if (import.meta.main) {
  for (const [path, bytes] of await exampleWorkbooks()) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), bytes);
    console.log(`${path}  ${bytes.length} bytes`);
  }
}
