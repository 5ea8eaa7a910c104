/** Which items of a questionnaire are asked at all: `enableWhen` by operator, type, join and place. */
import { expect, test } from 'vitest';
import type { Json } from '../../../src/validation/run.ts';
import { linesOf } from '../verdicts.ts';

const S = 'https://example.org/s';

const item = (linkId: string, type: string, more: Json = {}): Json => ({
  linkId,
  type,
  text: linkId,
  ...more,
});
const given = (linkId: string, ...answer: readonly Json[]): Json => ({ linkId, answer });

const DISABLED = 'error questionnaire-disabled item';
const REQUIRED = 'error questionnaire-required item';

const found = (asked: readonly Json[], answered: readonly Json[], status = 'completed'): readonly string[] =>
  linesOf({
    resourceType: 'QuestionnaireResponse',
    contained: [{ resourceType: 'Questionnaire', id: 'q', status: 'active', item: asked }],
    questionnaire: '#q',
    status,
    ...(answered.length > 0 && { item: answered }),
  }).map((line) => line.replace('QuestionnaireResponse.', ''));

/** @returns whether the second question is asked: true, false, or undefined where that cannot be told */
function isAsked(type: string, condition: Json, answers: readonly Json[]): boolean | undefined {
  const asked = [
    item('1', type, { repeats: true }),
    item('2', 'string', { required: true, enableWhen: [{ question: '1', ...condition }] }),
  ];
  const before = answers.length > 0 ? [given('1', ...answers)] : [];
  const isMissed = found(asked, before).length > 0;
  const isTooMuch = found(asked, [...before, given('2', { valueString: 'a' })]).length > 0;
  expect(isMissed && isTooMuch).toBe(false);
  return isMissed ? true : isTooMuch ? false : undefined;
}

const OPERATORS: readonly (readonly [
  type: string,
  condition: Json,
  answers: readonly Json[],
  asked: boolean | undefined,
])[] = [
  ['string', { operator: 'exists', answerBoolean: true }, [{ valueString: 'a' }], true],
  ['string', { operator: 'exists', answerBoolean: true }, [], false],
  ['string', { operator: 'exists', answerBoolean: false }, [], true],
  ['string', { operator: 'exists', answerBoolean: false }, [{ valueString: 'a' }], false],
  ['boolean', { operator: '=', answerBoolean: true }, [{ valueBoolean: true }], true],
  ['boolean', { operator: '=', answerBoolean: true }, [{ valueBoolean: false }], false],
  ['boolean', { operator: '=', answerBoolean: true }, [], false],
  ['integer', { operator: '=', answerInteger: 2 }, [{ valueInteger: 1 }, { valueInteger: 2 }], true],
  ['integer', { operator: '!=', answerInteger: 2 }, [{ valueInteger: 1 }], true],
  ['integer', { operator: '!=', answerInteger: 2 }, [{ valueInteger: 1 }, { valueInteger: 2 }], false],
  ['integer', { operator: '!=', answerInteger: 2 }, [], undefined],
  ['integer', { operator: '>', answerInteger: 2 }, [{ valueInteger: 3 }], true],
  ['integer', { operator: '>', answerInteger: 2 }, [{ valueInteger: 2 }], false],
  ['integer', { operator: '>=', answerInteger: 2 }, [{ valueInteger: 2 }], true],
  ['decimal', { operator: '<', answerDecimal: 0.5 }, [{ valueDecimal: 0.4 }], true],
  ['decimal', { operator: '<=', answerDecimal: 0.5 }, [{ valueDecimal: 0.6 }], false],
  ['date', { operator: '>', answerDate: '2026-01-01' }, [{ valueDate: '2026-01-02' }], true],
  ['date', { operator: '>', answerDate: '2026-01-01' }, [{ valueDate: '2026' }], undefined],
  ['date', { operator: '=', answerDate: '2026-01' }, [{ valueDate: '2025' }], false],
  [
    'dateTime',
    { operator: '=', answerDateTime: '2026-07-01T10:00:00Z' },
    [{ valueDateTime: '2026-07-01T11:00:00+01:00' }],
    true,
  ],
  ['time', { operator: '<', answerTime: '10:00:00' }, [{ valueTime: '09:59:59.5' }], true],
  ['string', { operator: '=', answerString: 'a' }, [{ valueString: 'A' }], false],
  [
    'choice',
    { operator: '=', answerCoding: { system: S, code: 'a' } },
    [{ valueCoding: { system: S, code: 'a', display: 'x' } }],
    true,
  ],
  [
    'choice',
    { operator: '=', answerCoding: { system: S, code: 'a' } },
    [{ valueCoding: { system: S, code: 'b' } }],
    false,
  ],
  [
    'choice',
    { operator: '=', answerCoding: { system: S, code: 'a' } },
    [{ valueCoding: { code: 'a' } }],
    undefined,
  ],
  [
    'quantity',
    { operator: '>', answerQuantity: { value: 1, unit: 'kg' } },
    [{ valueQuantity: { value: 2, unit: 'kg' } }],
    true,
  ],
  [
    'quantity',
    { operator: '>', answerQuantity: { value: 1, unit: 'kg' } },
    [{ valueQuantity: { value: 900, unit: 'g' } }],
    undefined,
  ],
];

test.each(OPERATORS)(
  'a %s asked with %j and answered with %j decides: %s',
  (type, condition, answers, asked) => {
    expect(isAsked(type, condition, answers)).toBe(asked);
  },
);

test('several conditions are joined by all or any; where it is not said, only if both come to the same', () => {
  const asked = (enableBehavior: string | undefined): readonly Json[] => [
    item('1', 'boolean'),
    item('2', 'boolean'),
    item('3', 'string', {
      ...(enableBehavior && { enableBehavior }),
      required: true,
      enableWhen: [
        { question: '1', operator: '=', answerBoolean: true },
        { question: '2', operator: '=', answerBoolean: true },
      ],
    }),
  ];
  const answered = (one: boolean, two: boolean): readonly Json[] => [
    given('1', { valueBoolean: one }),
    given('2', { valueBoolean: two }),
  ];
  const third = given('3', { valueString: 'a' });
  expect(found(asked('all'), answered(true, true))).toEqual([REQUIRED]);
  expect(found(asked('all'), [...answered(true, false), third])).toEqual([`${DISABLED}[2]`]);
  expect(found(asked('any'), answered(true, false))).toEqual([REQUIRED]);
  expect(found(asked('any'), [...answered(false, false), third])).toEqual([`${DISABLED}[2]`]);
  const unsaid = 'warning questionnaire-enable-behavior contained[0].item[2].enableBehavior';
  expect(found(asked(undefined), answered(true, false))).toEqual([unsaid]);
  expect(found(asked(undefined), answered(true, true))).toEqual([unsaid, REQUIRED]);
});

test('what stands below an item that is not asked is not asked either', () => {
  const asked = [
    item('1', 'boolean'),
    item('g', 'group', {
      enableWhen: [{ question: '1', operator: '=', answerBoolean: true }],
      item: [item('g.1', 'string', { required: true })],
    }),
  ];
  const below = { linkId: 'g', item: [given('g.1', { valueString: 'a' })] };
  expect(found(asked, [given('1', { valueBoolean: true }), below])).toEqual([]);
  expect(found(asked, [given('1', { valueBoolean: false }), { linkId: 'g' }])).toEqual([]);
  expect(found(asked, [given('1', { valueBoolean: false }), below])).toEqual([`${DISABLED}[1]`]);
});

test('an answer to what is not asked is a fault of a completed response only', () => {
  const asked = [
    item('1', 'boolean'),
    item('2', 'string', { enableWhen: [{ question: '1', operator: '=', answerBoolean: true }] }),
  ];
  const answered = [given('1', { valueBoolean: false }), given('2', { valueString: 'a' })];
  expect(found(asked, answered)).toEqual([`${DISABLED}[1]`]);
  expect(found(asked, answered, 'amended')).toEqual([`${DISABLED}[1]`]);
  expect(found(asked, answered, 'in-progress')).toEqual([]);
});

test('of a question that occurs several times the nearest one before counts, and the one around before that', () => {
  const asked = [
    item('g', 'group', {
      repeats: true,
      item: [
        item('a', 'boolean'),
        item('b', 'string', {
          required: true,
          enableWhen: [{ question: 'a', operator: '=', answerBoolean: true }],
        }),
      ],
    }),
  ];
  const group = (isA: boolean, b?: string): Json => ({
    linkId: 'g',
    item: [given('a', { valueBoolean: isA }), ...(b === undefined ? [] : [given('b', { valueString: b })])],
  });
  expect(found(asked, [group(true, 'x'), group(false), group(true, 'y')])).toEqual([]);
  expect(found(asked, [group(true, 'x'), group(false, 'y')])).toEqual([`${DISABLED}[1].item[1]`]);
  expect(found(asked, [group(false), group(true)])).toEqual([`${REQUIRED}[1].item`]);
  const nested = [
    item('a', 'boolean', {
      item: [item('b', 'string', { enableWhen: [{ question: 'a', operator: '=', answerBoolean: true }] })],
    }),
  ];
  const answer = (valueBoolean: boolean): Json => ({
    valueBoolean,
    item: [given('b', { valueString: 'x' })],
  });
  expect(found(nested, [given('a', answer(true))])).toEqual([]);
  expect(found(nested, [given('a', answer(false))])).toEqual([`${DISABLED}[0].answer[0].item[0]`]);
});

test('a question further down counts where there is none before', () => {
  const asked = [
    item('1', 'string', { enableWhen: [{ question: '2', operator: '=', answerBoolean: true }] }),
    item('2', 'boolean'),
  ];
  const answered = (valueBoolean: boolean): readonly Json[] => [
    given('1', { valueString: 'a' }),
    given('2', { valueBoolean }),
  ];
  expect(found(asked, answered(true))).toEqual([]);
  expect(found(asked, answered(false))).toEqual([`${DISABLED}[0]`]);
});
