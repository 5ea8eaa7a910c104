/** Searches as PDS takes them. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { searchesFor } from '../../../src/nhs/pds/search.ts';
import { faultIn } from '../../servers/pds-search.ts';

const person = {
  name: [{ use: 'official' as const, family: "O'Brien", given: ['Annabel', 'May'] }],
  birthDate: '1961-04-09',
  address: [{ use: 'home' as const, postalCode: 'ls11 6ad' }],
};

test('the first search has the beginning of the postcode, the second none', () => {
  const [first, second] = searchesFor(person).map((one) => [...one]);
  expect(second).toEqual([
    ['family', "O'Brien"],
    ['given', 'Ann*'],
    ['birthdate', 'eq1961-04-09'],
    ['_history', 'true'],
    ['_max-results', '1'],
  ]);
  expect(first).toEqual([...second!, ['address-postalcode', 'LS*']]);
});

test.each([
  ['a surname', { ...person, name: [{ given: ['Annabel'] }] }],
  ['a birth date', { ...person, birthDate: undefined }],
  ['the day of birth', { ...person, birthDate: '1961-04' }],
  ['a name that is not a former one', { ...person, name: [{ use: 'old' as const, family: 'Gone' }] }],
])('nobody is looked for without %s', (_what, patient) => {
  expect(searchesFor(patient as typeof person)).toEqual([]);
});

test('whatever a name or a postcode is, PDS takes the search', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 60 });
  fc.assert(
    fc.property(text, text, text, (family, given, postalCode) => {
      const patient = {
        name: [{ family, given: [given] }],
        birthDate: '1961-04-09',
        address: [{ postalCode }],
      };
      for (const query of searchesFor(patient)) expect(faultIn(query)).toBeUndefined();
    }),
  );
});
