/** Turns a row of the Questionnaires sheet into a Bundle. */
import type { Bundle, QuestionnaireResponseItem } from '@medplum/fhirtypes';
import { collection, type Entries } from './parts.ts';
import { addNote, type FormFacts, givenScoreOf, responseOf } from './questionnaire.ts';
import type { QuestionnaireRow } from './spreadsheet-rows.ts';
import { codeOf, codes } from './tables.ts';

const INSTRUMENT = codes('spreadsheet/instrument');
const STAGE = codes('spreadsheet/stage');
const FILLED_IN_BY = codes('spreadsheet/filled-in-by');
const TOTAL = codes('spreadsheet/total');

export function spreadsheetQuestionnaire(row: QuestionnaireRow): Bundle {
  const facts: FormFacts = {
    key: row['Questionnaire ID'],
    personKey: row['Person ID'],
    referralKey: row['Referral ID'],
    contactKey: row['Contact ID'],
    instrument: codeOf(INSTRUMENT, row.Questionnaire),
    version: row.Version,
    authored: row.Date,
    stage: codeOf(STAGE, row.When),
    completedBy: codeOf(FILLED_IN_BY, row['Filled in by']),
    workerKey: row['Link worker'],
    items: itemsOf(row),
    note: row.Comments,
  };
  const entries: Entries = [{ resource: responseOf(facts) }];
  if (row.Total !== undefined)
    entries.push({ resource: givenScoreOf(facts, TOTAL.get(row.Questionnaire), row.Total) });
  addNote(facts, entries);
  return collection(entries);
}

/** EQ-5D-5L and MYCaW name their items; all others number them. */
function itemsOf(row: QuestionnaireRow): QuestionnaireResponseItem[] {
  const items: QuestionnaireResponseItem[] = [];
  if (row.Questionnaire.startsWith('eq')) addDimensions(row, items);
  else if (row.Questionnaire.startsWith('mycaw')) addConcerns(row, items);
  else addNumbered(row, items);
  if (row['PAM score'] !== undefined)
    items.push({ linkId: 'score', answer: [{ valueDecimal: row['PAM score'] }] });
  if (row['PAM level'] !== undefined)
    items.push({ linkId: 'level', answer: [{ valueInteger: row['PAM level'] }] });
  return items;
}

/** A refused item is a missing value: it has no item. */
function addWhole(linkId: string, cell: string | undefined, items: QuestionnaireResponseItem[]): void {
  if (cell !== undefined && cell !== 'refused')
    items.push({ linkId, answer: [{ valueInteger: Number(cell) }] });
}

/** PHQ-9 and GAD-7 end with a question on difficulty that no score counts. */
function addNumbered(row: QuestionnaireRow, items: QuestionnaireResponseItem[]): void {
  const isGad = row.Questionnaire.startsWith('gad');
  const isPhq = row.Questionnaire.startsWith('phq');
  addWhole('1', row.Q1, items);
  addWhole('2', row.Q2, items);
  addWhole('3', row.Q3, items);
  addWhole('4', row.Q4, items);
  addWhole('5', row.Q5, items);
  addWhole('6', row.Q6, items);
  addWhole('7', row.Q7, items);
  if (!isGad) addWhole('8', row.Q8, items);
  addWhole('9', row.Q9, items);
  if (!isPhq) addWhole('10', row.Q10, items);
  addWhole('11', row.Q11, items);
  addWhole('12', row.Q12, items);
  addWhole('13', row.Q13, items);
  addWhole('14', row.Q14, items);
  if (isGad) addWhole('difficulty', row.Q8, items);
  if (isPhq) addWhole('difficulty', row.Q10, items);
}

function addDimensions(row: QuestionnaireRow, items: QuestionnaireResponseItem[]): void {
  addWhole('mobility', row.Q1, items);
  addWhole('self-care', row.Q2, items);
  addWhole('usual-activities', row.Q3, items);
  addWhole('pain-discomfort', row.Q4, items);
  addWhole('anxiety-depression', row.Q5, items);
  addWhole('vas', row['Health today'], items);
}

function addConcerns(row: QuestionnaireRow, items: QuestionnaireResponseItem[]): void {
  addWhole('concern-1', row.Q1, items);
  addWhole('concern-2', row.Q2, items);
  addWhole('wellbeing', row.Q3, items);
  const one = row['Concern 1'];
  const two = row['Concern 2'];
  if (one !== undefined) items.push({ linkId: 'concern-1-text', answer: [{ valueString: one }] });
  if (two !== undefined) items.push({ linkId: 'concern-2-text', answer: [{ valueString: two }] });
}
