/** Turns a row of the Activities sheet into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { collection, type Entries } from './parts.ts';
import { organizationOf } from './people.ts';
import {
  type GoalFacts,
  healthcareServiceOf,
  type Need,
  type OnwardFacts,
  onwardRequestOf,
  onwardTaskOf,
} from './plan.ts';
import { sheetNeeds } from './spreadsheet-parts.ts';
import type { SupportRow } from './spreadsheet-rows.ts';
import { supportEntries } from './support.ts';
import { codeOf, codes } from './tables.ts';

const KIND = codes('spreadsheet/support-kind');
const STATUS = codes('spreadsheet/support-status');
const ONWARD_STATUS = codes('spreadsheet/onward-status');

export function spreadsheetSupport(row: SupportRow): Bundle {
  const needs = sheetNeeds(row.Reasons);
  const onward = onwardOf(row, needs);
  const provider = row['Run by'];
  const entries = supportEntries({
    key: row['Activity ID'],
    personKey: row['Person ID'],
    referralKey: row['Referral ID'],
    contactKey: undefined,
    kind: codeOf(KIND, row.What),
    kindText: row['In words'],
    status: codeOf(STATUS, row.Outcome),
    date: row.Date,
    needs,
    activity: undefined,
    providerKey: onward ? undefined : provider,
    workerKey: row['Link worker'],
    whatMatters: row['What matters to me'],
    reviewDate: row['Review on'],
    goals: goalsOf(row),
    onward: onward ? [onward] : [],
    note: row.Notes,
  });
  if (onward) addOnward(row, onward, entries);
  if (provider !== undefined)
    entries.push({ resource: organizationOf(provider, provider, undefined, undefined) });
  return collection(entries);
}

/** A place to go to makes it a referral onward. */
function onwardOf(row: SupportRow, needs: readonly Need[]): OnwardFacts | undefined {
  const place = row['Referred on to'];
  if (place === undefined) return undefined;
  return {
    key: row['Activity ID'],
    status: codeOf(ONWARD_STATUS, row.Outcome),
    statusReason: undefined,
    authored: row.Date,
    activity: { key: place, name: place, kind: undefined, providerKey: row['Run by'] },
    needs,
    note: undefined,
  };
}

/** A referral has one goal in this workbook, so its number is the goal's too. */
function goalsOf(row: SupportRow): GoalFacts[] {
  if (row.Goal === undefined) return [];
  const goal: GoalFacts = {
    key: row['Referral ID'],
    text: row.Goal,
    determinant: undefined,
    start: row.Date,
    due: row['Goal by'],
    achievement: undefined,
    achievementDate: undefined,
    note: undefined,
  };
  return [goal];
}

function addOnward(row: SupportRow, onward: OnwardFacts, entries: Entries): void {
  const parent = {
    personKey: row['Person ID'],
    referralKey: row['Referral ID'],
    workerKey: row['Link worker'],
  };
  entries.push(
    { resource: onwardRequestOf(onward, parent) },
    { resource: onwardTaskOf(onward, parent) },
    { resource: healthcareServiceOf(onward.activity) },
  );
}
