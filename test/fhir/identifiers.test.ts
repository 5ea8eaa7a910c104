/** NHS numbers, SNOMED CT ids and ODS codes: what passes, and why the rest does not. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseNhsNumber, parseOdsCode, parseSnomedId, snomedFault } from '../../src/fhir/identifiers.ts';

test.each(['9990000018', '999 000 0026', '999-000-0034', '9990000042', '9990000107', '9990000115'])(
  'reads the NHS number %s as ten digits',
  (text) => {
    expect(parseNhsNumber(text)).toBe(text.replaceAll(/[ -]/g, ''));
  },
);

test.each([
  '9990000019',
  '4857773456',
  '3478526985',
  '999000001',
  '99900000180',
  '',
  '999000001X',
  '9990000018\n',
])('refuses %j as an NHS number', (text) => {
  expect(parseNhsNumber(text)).toBeUndefined();
});

test('refuses every number of one digit, though all of them pass Modulus 11', () => {
  for (const digit of '0123456789') expect(parseNhsNumber(digit.repeat(10))).toBeUndefined();
});

test('one wrong digit is always noticed', () => {
  const valid = ['9990000018', '9990000026', '9990000034', '9990000042', '9990000050', '9990000069'];
  fc.assert(
    fc.property(
      fc.constantFrom(...valid),
      fc.nat(9),
      fc.integer({ min: 1, max: 9 }),
      (number, at, change) => {
        const digit = (Number(number[at]) + change) % 10;
        expect(parseNhsNumber(`${number.slice(0, at)}${digit}${number.slice(at + 1)}`)).toBeUndefined();
      },
    ),
  );
});

test.each(['871731000000106', '871711000000103', '718466001', '962851000000103', '267076002', '422650009'])(
  'accepts the SNOMED CT concept %s',
  (id) => {
    expect(parseSnomedId(id)).toBe(id);
  },
);

test.each([
  ['310184005', 'check-digit'],
  ['224165006', 'check-digit'],
  ['1091081000000100', 'check-digit'],
  ['104586100000100', 'check-digit'],
  ['3595000', 'check-digit'],
  ['1991000124105', 'us-extension'],
  ['0718466001', 'form'],
  ['71846', 'form'],
  ['71846600A', 'form'],
  ['1234567890123456789', 'form'],
  ['718466011', 'partition'],
])('says why %s is no SNOMED CT id for UK data: %s', (id, fault) => {
  expect(snomedFault(id)).toBe(fault);
  expect(parseSnomedId(id)).toBeUndefined();
});

test('an ODS code is upper-cased; other text is refused', () => {
  expect(parseOdsCode(' z99901 ')).toBe('Z99901');
  expect(parseOdsCode('RR8')).toBe('RR8');
  for (const text of ['', 'Z9', 'Z-99901', 'Z9990100001', 'Z999 01'])
    expect(parseOdsCode(text)).toBeUndefined();
});
