/** What each method of a rule makes of values, and what happens to whatever no rule speaks of. */
import { describe, expect, test } from 'vitest';
import { compileDeidentifier, letsWordsOut } from '../../../src/research/deidentify/deidentify.ts';
import { readRules } from '../../../src/research/deidentify/rules.ts';
import {
  definitions,
  deidentified,
  deidentifier,
  EVERYBODY,
  keyOf,
  NOW_MS,
  rulesOf,
  shippedRules,
} from './samples.ts';

const keep = (path: string) => ({ path, method: 'keep' }) as const;

/** @returns what is wrong with these rules, each in a text */
function faults(...rules: object[]): string[] {
  const read = readRules({ shiftDays: 30, rules: rules.map((rule) => ({ reason: 'a test', ...rule })) });
  const compiled = read.ok
    ? compileDeidentifier(read.value, definitions, { keys: keyOf(1), people: EVERYBODY, nowMs: NOW_MS })
    : read;
  return compiled.ok ? [] : compiled.outcome.issue.map(({ diagnostics = '' }) => diagnostics);
}

describe('the list of what leaves', () => {
  const patient = {
    resourceType: 'Patient',
    language: 'en-GB',
    text: { status: 'generated', div: '<div>Ada</div>' },
    gender: 'female',
    _gender: { extension: [{ url: 'http://a.example', valueString: 'Ada' }] },
    unheardOf: 'Ada',
    name: [{ family: 'Lovelace' }],
    contact: [{ name: { family: 'Byron' }, gender: 'male' }],
    extension: [
      { url: 'http://a.example/kept', valueCodeableConcept: { coding: [{ code: 'A' }], text: 'Ada' } },
      { url: 'http://a.example/kept', valueString: 'Ada' },
      { url: 'http://a.example/other', valueBoolean: true },
    ],
  };

  test('holds nothing but what a rule speaks of', () => {
    expect(deidentified(patient, [keep('Patient.gender')])).toEqual({
      resourceType: 'Patient',
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      gender: 'female',
    });
  });

  test('an element that is kept is kept by the rules of its data type', () => {
    const left = deidentified(patient, [
      keep('Patient.name'),
      keep('HumanName.use'),
      keep('Patient.contact.gender'),
    ]);
    expect(left).toMatchObject({ contact: [{ gender: 'male' }] });
    expect(JSON.stringify(left)).not.toMatch(/Lovelace|Byron/);
  });

  test('an extension is kept by its address, with its value, but for values in words', () => {
    const rules = [
      keep("Patient.extension('http://a.example/kept')"),
      keep('CodeableConcept.coding'),
      keep('Coding.code'),
    ];
    expect(deidentified(patient, rules)?.extension).toEqual([
      { url: 'http://a.example/kept', valueCodeableConcept: { coding: [{ code: 'A' }] } },
    ]);
  });

  test('extensions in an extension need rules of their own', () => {
    const extension = [
      { url: 'http://a.example/kept', valueBoolean: true, extension: [{ url: 'Ada', valueBoolean: true }] },
    ];
    const rules = [keep("Patient.extension('http://a.example/kept')")];
    expect(deidentified({ ...patient, extension }, rules)?.extension).toEqual([
      { url: 'http://a.example/kept', valueBoolean: true },
    ]);
    const both = [...rules, keep("Patient.extension('http://a.example/kept').extension('Ada')")];
    expect(deidentified({ ...patient, extension }, both)?.extension).toEqual(extension);
  });

  test('words of an extension are kept where a rule says so', () => {
    const rules = [keep("Patient.extension('http://a.example/kept').value.ofType(string)")];
    expect(deidentified(patient, rules)?.extension).toEqual([
      { url: 'http://a.example/kept', valueString: 'Ada' },
    ]);
  });

  test('what another system must understand to read an element takes the element with it', () => {
    const modifier = [{ url: 'http://a.example/not', valueBoolean: true }];
    const rules = [keep('Patient.gender'), keep('Patient.contact.gender')];
    expect(deidentified({ ...patient, modifierExtension: modifier }, rules)).toBeUndefined();
    expect(deidentified({ ...patient, implicitRules: 'http://a.example' }, rules)).toBeUndefined();
    const contact = [{ modifierExtension: modifier, gender: 'male' }];
    expect(deidentified({ ...patient, contact }, rules)).not.toHaveProperty('contact');
  });

  test('a value of another kind than its element is not kept', () => {
    const odd = {
      resourceType: 'Patient',
      gender: { toString: 'Ada' },
      active: 'Ada',
      birthDate: 'born in May',
    };
    const left = deidentified(odd, [
      keep('Patient.gender'),
      keep('Patient.active'),
      keep('Patient.birthDate'),
    ]);
    expect(Object.keys(left!)).toEqual(['resourceType', 'id']);
  });

  test('a mask stands where FHIR needs what may not leave', () => {
    const goal = {
      resourceType: 'Goal',
      lifecycleStatus: 'active',
      description: { text: 'Walk' },
      subject: { display: 'Ada' },
    };
    const masked = {
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'masked' }],
    };
    expect(deidentified(goal, [keep('Goal.category')])).toEqual({
      resourceType: 'Goal',
      id: expect.any(String),
      _lifecycleStatus: masked,
      description: masked,
      subject: masked,
    });
  });

  test('a type that no rule speaks of does not leave, nor an id, nor a type of its elements', () => {
    expect(
      deidentified({ resourceType: 'Flag', status: 'active' }, [keep('Patient.gender')]),
    ).toBeUndefined();
    expect(
      deidentified({ resourceType: 'Basic', code: {} }, [keep('DomainResource.language')]),
    ).toBeUndefined();
  });

  test('items within items are ruled alike, however deep', () => {
    const item = {
      linkId: '1',
      text: 'Ada?',
      answer: [{ valueInteger: 2, item: [{ linkId: '1.1', answer: [{ valueString: 'Ada' }] }] }],
    };
    const response = { resourceType: 'QuestionnaireResponse', item: [{ linkId: '0', item: [item] }] };
    const rules = [
      keep('QuestionnaireResponse.item.linkId'),
      keep('QuestionnaireResponse.item.answer.value.ofType(integer)'),
    ];
    expect(deidentified(response, rules)?.item).toEqual([
      { linkId: '0', item: [{ linkId: '1', answer: [{ valueInteger: 2, item: [{ linkId: '1.1' }] }] }] },
    ]);
  });

  test('of a choice that is kept, numbers, codes and objects leave; words and days need a rule of their own', () => {
    const value = (name: string, own: unknown) =>
      deidentified({ resourceType: 'Observation', [name]: own }, [
        keep('Observation.value'),
        keep('Quantity.value'),
      ])?.[name];
    expect([value('valueInteger', 3), value('valueBoolean', true)]).toEqual([3, true]);
    expect(value('valueQuantity', { value: 1.5, unit: 'Ada' })).toEqual({ value: 1.5 });
    expect([value('valueString', 'Ada'), value('valueDateTime', '2026-01-01')]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('conditions and the order of rules decide, the more particular path first', () => {
    const coding = (system: string) => ({
      resourceType: 'Condition',
      code: { coding: [{ system, code: 'x', display: 'Ada' }] },
    });
    const rules = [
      keep('Condition.code'),
      keep('CodeableConcept.coding'),
      keep("Coding.where(system = 'http://a.example').code"),
      { path: 'Coding.code', method: 'substitute', with: 'other' } as const,
    ];
    expect(deidentified(coding('http://a.example'), rules)?.code).toEqual({ coding: [{ code: 'x' }] });
    expect(deidentified(coding('http://b.example'), rules)?.code).toEqual({ coding: [{ code: 'other' }] });
    const redacted = [{ path: 'Condition.code.coding.code', method: 'redact' } as const, ...rules];
    expect(JSON.stringify(deidentified(coding('http://a.example'), redacted))).not.toContain('"x"');
  });

  test('rules by data type hold for every element of the type', () => {
    const appointment = {
      resourceType: 'Appointment',
      status: 'booked',
      start: '2026-03-01T10:00:00Z',
      created: '2026-02-01',
    };
    const left = deidentified(appointment, [
      keep('Appointment.status'),
      { path: "nodesByType('instant')", method: 'dateShift', timeOfDay: 'drop' },
    ]);
    expect(left?.start).toMatch(/^2026-0[123]-\d\dT00:00:00Z$/);
    expect(left).not.toHaveProperty('created');
  });
});

describe('methods', () => {
  const person = (birthDate: string) => ({ resourceType: 'Patient', birthDate });

  test('days are shifted by one number for all of a person, and never by none', () => {
    const rule = { path: 'Period.start', method: 'dateShift', timeOfDay: 'drop' };
    const rules = [
      keep('EpisodeOfCare.period'),
      rule,
      { ...rule, path: 'Period.end' },
      { ...rule, path: 'Patient.birthDate' },
    ];
    const offsets = Array.from({ length: 200 }, (_, at) => {
      const period = { start: '2026-03-01T23:30:00+01:00', end: '2026-03-11' };
      const left = deidentified({ resourceType: 'EpisodeOfCare', period }, rules, { personId: `p${at}` });
      const { start, end } = left!.period as { start: string; end: string };
      expect(Date.parse(end) - Date.parse(start)).toBe(10 * 86_400_000);
      return (Date.parse(start) - Date.parse('2026-03-01')) / 86_400_000;
    });
    expect(offsets).not.toContain(0);
    expect(Math.max(...offsets)).toBeLessThanOrEqual(30);
    expect(Math.min(...offsets)).toBeGreaterThanOrEqual(-30);
    expect(new Set(offsets).size).toBeGreaterThan(30);
  });

  test('the time of day stays where a rule keeps it; months and years stay months and years', () => {
    const at = (effectiveDateTime: string, timeOfDay: 'keep' | 'drop') =>
      deidentified({ resourceType: 'Observation', effectiveDateTime }, [
        { path: 'Observation.effective.ofType(dateTime)', method: 'dateShift', timeOfDay },
      ])?.effectiveDateTime;
    expect(at('2026-03-01T23:30:00+01:00', 'keep')).toMatch(/^2026-\d\d-\d\dT23:30:00\+01:00$/);
    expect(at('2026-03-01T23:30:00+01:00', 'drop')).toMatch(/^2026-\d\d-\d\d$/);
    expect([at('2026-06', 'drop'), at('2026', 'drop')]).toEqual([
      expect.stringMatching(/^2026-\d\d$/),
      '2026',
    ]);
  });

  test('days of what belongs to nobody do not leave', () => {
    const slot = { resourceType: 'Slot', status: 'free', start: '2026-03-01T10:00:00Z' };
    const rules = [{ path: 'Slot.start', method: 'dateShift', timeOfDay: 'drop' }];
    expect(deidentified(slot, rules, { personId: undefined })).not.toHaveProperty('start');
  });

  test('a day of birth becomes a year, or the first of several; the oldest are one group', () => {
    const year = (birthDate: string, more: object = {}) =>
      deidentified(person(birthDate), [
        { path: 'Patient.birthDate', method: 'generalise', to: 'year', ...more },
      ])?.birthDate;
    expect(year('1948-05-17')).toBe('1948');
    expect(year('1948-05-17', { years: 5 })).toBe('1945');
    expect([year('1931-05-17', { oldest: 90 }), year('1910-01-01', { oldest: 90 })]).toEqual([
      '1936',
      '1936',
    ]);
    expect(year('1937', { oldest: 90 })).toBe('1937');
  });

  test('numbers become the lowest of their band, postcodes their outward part, texts what an expression makes of them', () => {
    const minutes = (minutesDuration: number) =>
      deidentified({ resourceType: 'Appointment', minutesDuration }, [
        { path: 'Appointment.minutesDuration', method: 'generalise', bands: [1, 30, 60] },
      ])?.minutesDuration;
    expect([minutes(20), minutes(30), minutes(95), minutes(0)]).toEqual([1, 30, 60, undefined]);
    const address = { resourceType: 'Patient', address: [{ postalCode: 'ZZ99 3VZ', city: 'Exampleton' }] };
    const outward = { path: 'Patient.address.postalCode', method: 'generalise', to: 'outward' };
    expect(deidentified(address, [outward])?.address).toEqual([{ postalCode: 'ZZ99' }]);
    const initial = {
      path: 'Patient.address.city',
      method: 'generalise',
      expression: 'substring(0, 1)',
    };
    expect(deidentified(address, [initial])?.address).toEqual([{ city: 'E' }]);
  });

  test('hashes are the same under one key, and not what anybody could compute without it', () => {
    const identifier = [{ value: '9990000018' }];
    const rules = [keep('Patient.identifier'), { path: 'Identifier.value', method: 'hash' } as const];
    const hash = (fill: number) =>
      JSON.stringify(
        deidentified({ resourceType: 'Patient', identifier }, rules, { keys: keyOf(fill) })?.identifier,
      );
    expect(hash(1)).toBe(hash(1));
    expect(hash(1)).not.toBe(hash(2));
  });

  test('whoever has the key reads what was encrypted; nobody else does', () => {
    const rules = [keep('Patient.identifier'), { path: 'Identifier.value', method: 'encrypt' } as const];
    const left = deidentified({ resourceType: 'Patient', identifier: [{ value: '9990000018' }] }, rules);
    const [{ value }] = left!.identifier as [{ value: string }];
    expect(keyOf(1).decrypt(value)).toBe('9990000018');
    expect([keyOf(2).decrypt(value), keyOf(1).decrypt(`A${value.slice(1)}`), keyOf(1).decrypt('AA')]).toEqual(
      [undefined, undefined, undefined],
    );
  });

  test('noise stays within its range and bounds, and is the same each time', () => {
    const value = (personId: string) => {
      const rules = [
        keep('Observation.value.ofType(Quantity)'),
        {
          path: 'Quantity.value',
          method: 'perturb',
          range: 5,
          of: 'units',
          digits: 0,
          lowest: 8,
          highest: 12,
        },
      ];
      const left = deidentified(
        { resourceType: 'Observation', id: personId, valueQuantity: { value: 10 } },
        rules,
        { personId },
      );
      return (left!.valueQuantity as { value: number }).value;
    };
    const all = Array.from({ length: 60 }, (_, at) => value(`p${at}`));
    expect(all.every((one) => Number.isInteger(one) && one >= 8 && one <= 12)).toBe(true);
    expect(new Set(all).size).toBeGreaterThan(2);
    expect(value('p1')).toBe(all[1]);
  });

  test('a day before the oldest were born leaves for nobody, since it would tell who is the oldest of them', () => {
    const rules = [
      { path: 'Patient.birthDate', method: 'generalise', to: 'year', oldest: 90 } as const,
      { path: 'Condition.onset.ofType(dateTime)', method: 'dateShift' } as const,
      { path: 'Condition.recordedDate', method: 'dateShift' } as const,
    ];
    const left = (onsetDateTime: string) =>
      deidentified({ resourceType: 'Condition', id: 'c', onsetDateTime, recordedDate: '2020-06-15' }, rules, {
        personId: 'p1',
      });
    for (const early of ['1925', '1925-03', '1925-03-02']) {
      expect(JSON.stringify(left(early))).not.toContain('192');
      expect(left(early)).toHaveProperty('recordedDate');
    }
    expect(left('1937-06-15')).toHaveProperty('onsetDateTime');
  });

  test.each([
    ['units', (left: number, range: number, noise: number) => left - range * noise],
    ['value', (left: number, range: number, noise: number) => left / (1 + range * noise)],
  ] as const)('noise of two ranges (in %s) under one key cannot be taken away', (of, without) => {
    const value = (range: number): number => {
      const noisy = { path: 'Quantity.value', method: 'perturb', range, of, digits: 6 } as const;
      const resource = { resourceType: 'Observation', id: 'o1', valueQuantity: { value: 37 } };
      const left = deidentified(resource, [keep('Observation.value.ofType(Quantity)'), noisy], {
        personId: 'p1',
      });
      return (left!.valueQuantity as { value: number }).value;
    };
    const [narrow, wide] = [value(0.2), value(0.4)];
    // were the noise the same, it would be what this finds, and the value 37 what is left without it
    const noise = of === 'units' ? (wide - narrow) / 0.2 : (wide - narrow) / (0.4 * narrow - 0.2 * wide);
    expect(without(narrow, 0.2, noise)).not.toBeCloseTo(37, 3);
  });

  test('an error names the rule and no value, and nothing comes out', () => {
    const rules = [
      {
        path: 'Patient.address.city',
        method: 'generalise',
        expression: 'toInteger().power(toInteger()).toString() & (1 | 2).single().toString()',
      },
    ];
    const run = () =>
      deidentified({ resourceType: 'Patient', address: [{ city: '7' }, { city: 'Exampleton' }] }, rules);
    expect(run).toThrow(/Patient\.address\.city/);
    expect(run).not.toThrow(/Exampleton/);
  });
});

describe('rules that cannot be', () => {
  test.each([
    [{ path: 'Patient.birthdate', method: 'keep' }, /has no birthdate/],
    [{ path: 'Person2.name', method: 'keep' }, /no type Person2/],
    [{ path: 'Patient', method: 'keep' }, /names no element/],
    [{ path: 'Patient.id', method: 'keep' }, /ids of resources/],
    [{ path: 'Reference.reference', method: 'keep' }, /pseudonym/],
    [{ path: 'Patient.gender', method: 'dateShift' }, /only dates/],
    [{ path: 'Patient.name', method: 'hash' }, /only texts/],
    [{ path: 'Patient.name', method: 'substitute', with: 'x' }, /no value of the type HumanName/],
    [{ path: 'Patient.gender', method: 'perturb', range: 1 }, /only numbers/],
    [{ path: 'Patient.extension.value', method: 'keep' }, /extension\('url'\)/],
    [{ path: 'Patient.name[0]', method: 'keep' }, /operators and indexes/],
    [{ path: 'Patient.name.first()', method: 'keep' }, /first\(\)/],
    [{ path: 'Patient.where(unheard = 1).gender', method: 'keep' }, /unheard/],
    [{ path: 'Patient.', method: 'keep' }, /FHIRPath/],
    [{ path: 'Patient.birthDate', method: 'generalise', to: 'year', bands: [1] }, /one of/],
    [{ path: 'Patient.birthDate', method: 'forget' }, /rules\.0\.method/],
  ])('%o is refused by name', (rule, message) => {
    expect(faults(rule).join('\n')).toMatch(message);
  });

  test('a value that the file does not name is refused', () => {
    const rules = rulesOf({ shiftDays: 30, rules: [{ ...keep('Patient.gender'), reason: 'a test' }] });
    expect(() => deidentifier({ values: { colour: 'red' } }, rules)).toThrow(/colour/);
  });
});

test('rules that let words out are known by it, so that who agreed to codes alone is left out', () => {
  const words = (...paths: string[]) =>
    letsWordsOut(
      rulesOf({ shiftDays: 30, rules: paths.map((path) => ({ ...keep(path), reason: 'a test' })) }),
      definitions,
    );
  expect(letsWordsOut(shippedRules(), definitions)).toBe(false);
  expect(words('Patient.gender', 'Observation.value', 'QuestionnaireResponse.item.linkId')).toBe(false);
  expect(
    words('Organization.name', 'Identifier.value', "QuestionnaireResponse.item.linkId.where($this != 'x')"),
  ).toBe(false);
  for (const path of [
    'Annotation.text',
    "Annotation.where(text.contains('.unit')).text.where($this != '.unit')",
    'CodeableConcept.text',
    'Observation.value.ofType(string)',
    "Patient.extension('u').value.ofType(markdown)",
    "nodesByType('string')",
    'Attachment.data',
  ])
    expect([path, words(path)]).toEqual([path, true]);
});
