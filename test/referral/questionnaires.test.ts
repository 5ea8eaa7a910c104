/** The Questionnaire resources against the table of instruments. */
import { globSync, readFileSync } from 'node:fs';
import type { Questionnaire, QuestionnaireItem } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { INSTRUMENTS, instrumentOf } from '../../src/referral/instruments.ts';
import { knownValidator } from '../validation/known.ts';

const files = globSync('profiles/questionnaires/*.json');
const questionnaires = files.map((file) => JSON.parse(readFileSync(file, 'utf8')) as Questionnaire);
const validator = knownValidator();
/** Instruments whose wording may be shipped. */
const OPEN = new Set(['phq-9', 'gad-7', 'ons4', 'loneliness-direct']);

test('there is one Questionnaire for each instrument', () => {
  expect(questionnaires.map(({ id }) => id).sort()).toEqual(INSTRUMENTS.map(({ slug }) => slug).sort());
});

for (const questionnaire of questionnaires) {
  const instrument = instrumentOf(`${questionnaire.url}|${questionnaire.version}`)!;

  test(`${questionnaire.id} is valid base R4, versioned, and says what its licence asks for`, () => {
    expect(validator.validate(questionnaire)).toEqual([]);
    expect(questionnaire.version).toMatch(/^\d+$/);
    expect(questionnaire.copyright).toBeTruthy();
    expect(instrument.slug).toBe(questionnaire.id);
  });

  test(`${questionnaire.id} has the items, ranges and LOINC codes of the table`, () => {
    const words = new Set(instrument.words);
    const items = questionnaire.item!.filter(({ linkId }) => !words.has(linkId));
    expect(questionnaire.item!.length).toBe(items.length + words.size);
    expect(items.map(shapeOf).sort(byLinkId)).toEqual(
      instrument.items.map(({ linkId, min, max, loinc }) => ({ linkId, min, max, loinc })).sort(byLinkId),
    );
  });

  test(`${questionnaire.id} ${OPEN.has(questionnaire.id!) ? 'has its wording' : 'has placeholders for its licensed wording'}`, () => {
    const placeholders = questionnaire.item!.filter(({ text }) =>
      /^(?:S?WEMWBS|UCLA-3|PAM|EQ-5D-5L|MYCaW|De Jong Gierveld) /.test(text!),
    );
    expect(placeholders.length).toBe(OPEN.has(questionnaire.id!) ? 0 : questionnaire.item!.length);
  });
}

function shapeOf({ linkId, answerOption, extension, code }: QuestionnaireItem) {
  const limit = (name: string) => {
    const found = extension?.find(({ url }) => url === `http://hl7.org/fhir/StructureDefinition/${name}`);
    return found?.valueInteger ?? found?.valueDecimal;
  };
  const values = answerOption?.map((option) => option.valueInteger!) ?? [];
  if (answerOption) expect(values).toEqual(Array.from(values, (_, at) => values[0]! + at));
  return {
    linkId,
    min: values[0] ?? limit('minValue'),
    max: values.at(-1) ?? limit('maxValue'),
    loinc: code?.[0]?.code,
  };
}

function byLinkId(left: { linkId: string }, right: { linkId: string }): number {
  return left.linkId < right.linkId ? -1 : 1;
}
