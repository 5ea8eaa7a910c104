/** Turns a filled-in questionnaire of the platform into a Bundle. */
import type { Bundle, QuestionnaireResponseItem, QuestionnaireResponseItemAnswer } from '@medplum/fhirtypes';
import { collection, type Entries } from './parts.ts';
import { addWorker } from './platform-parts.ts';
import type { Answer, QuestionnaireRecord } from './platform-records.ts';
import { addNote, type FormFacts, givenScoreOf, responseOf } from './questionnaire.ts';
import { codeOf, codes } from './tables.ts';

const TOOL = codes('platform/tool');
const POINT = codes('platform/point');
const FILLED_IN_BY = codes('platform/filled-in-by');

export function platformQuestionnaire({ form, worker }: QuestionnaireRecord): Bundle {
  const facts: FormFacts = {
    key: form.id,
    personKey: form.clientId,
    referralKey: form.referralId,
    contactKey: form.contactId,
    instrument: codeOf(TOOL, form.tool),
    version: form.toolVersion,
    authored: form.completedAt,
    stage: codeOf(POINT, form.point),
    completedBy: codeOf(FILLED_IN_BY, form.filledInBy),
    workerKey: worker?.id,
    items: form.answers?.map(itemOf) ?? [],
    note: form.remarks,
  };
  const entries: Entries = [{ resource: responseOf(facts) }];
  for (const { name, value } of form.results ?? [])
    entries.push({ resource: givenScoreOf(facts, name, value) });
  addNote(facts, entries);
  addWorker(worker, entries);
  return collection(entries);
}

function itemOf({ item, value, amount, words }: Answer): QuestionnaireResponseItem {
  const answer: QuestionnaireResponseItemAnswer[] = [];
  if (value !== undefined) answer.push({ valueInteger: value });
  if (amount !== undefined) answer.push({ valueDecimal: amount });
  if (words !== undefined) answer.push({ valueString: words });
  return answer.length === 0 ? { linkId: item } : { linkId: item, answer };
}
