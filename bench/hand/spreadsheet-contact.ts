/** Turns a row of the Contacts sheet into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { attemptOf, contactEntries } from './contact.ts';
import { collection } from './parts.ts';
import type { ContactRow } from './spreadsheet-rows.ts';
import { codeOf, codes } from './tables.ts';

const MODE = codes('spreadsheet/contact-mode');
const ATTENDANCE = codes('spreadsheet/attendance');
const REASON = codes('spreadsheet/status-reason');

export function spreadsheetContact(row: ContactRow): Bundle {
  const referralKey = row['Referral ID'];
  const entries = contactEntries({
    key: row['Contact ID'],
    personKey: row['Person ID'],
    referralKey,
    onwardKey: row['Activity ID'],
    start: row.Start,
    end: undefined,
    minutes: row.Minutes,
    mode: codeOf(MODE, row.How),
    type: row.Type,
    attendance: codeOf(ATTENDANCE, row.Attended),
    missedReason: codeOf(REASON, row['Why not']),
    missedReasonText: row['Why not'],
    workerKey: row['Link worker'],
    sessionKey: row['Group session'],
    place: row.Place,
    note: row.Notes,
  });
  const attempt = row.Attempt;
  if (attempt !== undefined && referralKey !== undefined)
    entries.push({ resource: attemptOf(referralKey, attempt) });
  return collection(entries);
}
