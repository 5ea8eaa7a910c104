/** Turns a row of the Outcomes sheet into a Bundle. */
import type { Bundle } from '@medplum/fhirtypes';
import { addEnd, closureEntries, type ResultFacts } from './outcome.ts';
import { collection } from './parts.ts';
import type { GoalFacts } from './plan.ts';
import { addConsent } from './spreadsheet-parts.ts';
import type { OutcomeRow } from './spreadsheet-rows.ts';
import { codeOf, codes } from './tables.ts';

const ENDING = codes('spreadsheet/ending');
const REASON = codes('spreadsheet/status-reason');
const CHANGE = codes('spreadsheet/change');
const OUTCOME = codes('spreadsheet/outcome');
const GOAL_REACHED = codes('spreadsheet/goal-reached');

export function spreadsheetOutcome(row: OutcomeRow): Bundle {
  const key = row['Referral ID'];
  const personKey = row['Person ID'];
  const facts = {
    key,
    personKey,
    referralKey: key,
    status: codeOf(ENDING, row['How it ended']),
    statusReason: codeOf(REASON, row.Why),
    statusReasonText: row['Why in words'],
    date: row['Closed on'],
    firstContact: row['First contact'],
    lastContact: row['Last contact'],
    contactCount: row.Contacts,
    results: resultsOf(row),
    goals: goalsOf(row),
    ownWords: row['In their own words'],
    gpAction: row['For the GP'],
    practiceKey: row['Practice code']?.toUpperCase(),
    workerKey: row['Link worker'],
    note: row.Notes,
  };
  const entries = closureEntries(facts);
  addConsent('share-gp', row['OK to share with GP'], facts.date, personKey, entries);
  addConsent('research', row['OK for research'], facts.date, personKey, entries);
  addEnd(facts, entries);
  return collection(entries);
}

function resultsOf(row: OutcomeRow): ResultFacts[] {
  const results: ResultFacts[] = [];
  addChange('work', row.Work, results);
  addChange('social', row.Social, results);
  addChange('education', row.Learning, results);
  addChange('crime', row.Crime, results);
  addChange('housing', row.Housing, results);
  addChange('legal', row.Legal, results);
  addChange('income', row.Money, results);
  addChange('welfare', row.Welfare, results);
  // what is named here is named because it became better
  for (const word of row['What changed'] ?? [])
    results.push({
      key: word,
      code: OUTCOME.get(word),
      determinant: undefined,
      change: 'improved',
      text: word,
    });
  return results;
}

function addChange(determinant: string, word: string | undefined, results: ResultFacts[]): void {
  if (word === undefined) return;
  results.push({
    key: determinant,
    code: undefined,
    determinant,
    change: CHANGE.get(word),
    text: undefined,
  });
}

/** A referral has one goal in this workbook, so its number is the goal's too. */
function goalsOf(row: OutcomeRow): GoalFacts[] {
  const reached = row['Goal reached'];
  if (row.Goal === undefined && reached === undefined) return [];
  const goal: GoalFacts = {
    key: row['Referral ID'],
    text: row.Goal,
    determinant: undefined,
    start: undefined,
    due: undefined,
    achievement: codeOf(GOAL_REACHED, reached),
    achievementDate: reached === undefined ? undefined : row['Closed on'],
    note: undefined,
  };
  return [goal];
}
