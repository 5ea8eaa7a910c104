/** Systems that are told by a grammar, a registry of the platform or a check digit, against published lists where there are any. */
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { createTerminology } from '../../../src/validation/terminology/terminology.ts';

const canonicals = baseCanonicals();
const terminology = createTerminology(canonicals);

test.each([
  [
    'urn:ietf:bcp:47',
    ['en', 'en-GB', 'cy', 'zh-Hans-CN', 'EN-gb', 'es-419', 'gsw'],
    ['', 'english', 'xx', 'en_GB', 'en-', 'xx-GB', 'e', '12'],
    ['en-UK', 'en-XX', 'qaa', 'de-1996', 'x-own', 'i-klingon', 'zh-yue', 'en-Qaaa'],
  ],
  [
    'urn:ietf:bcp:13',
    [
      'text/plain',
      'application/fhir+json',
      'text/plain; charset=UTF-8',
      'image/svg+xml',
      'multipart/form-data;boundary="a b"',
    ],
    ['', 'text', 'text/', 'image/*', '/plain', 'text plain', 'a/b/c'],
    ['json', 'xml', 'made/up', 'text/plain;', 'chemical/x-pdb'],
  ],
  [
    'urn:iso:std:iso:4217',
    ['GBP', 'EUR', 'USD', 'XAU', 'XXX'],
    ['', 'gbp', 'GB', 'POUND', 'ABC', '826'],
    ['GBX', 'DEM', 'XYZ'],
  ],
  [
    'urn:iso:std:iso:3166',
    ['GB', 'FR', 'IM'],
    ['', 'G', 'GBRR', 'QA1', 'ED'],
    ['gb', 'UK', 'XK', 'GBR', '826', 'XX'],
  ],
  ['urn:iso:std:iso:3166:-2', [], ['', 'GB', 'GB-', 'ED-X', 'GB-LOND'], ['GB-ENG', 'GB-XYZ']],
  [
    'http://unitsofmeasure.org',
    ['mg', 'mm[Hg]', '{score}', '%', '10*9/L', 'kg/m2', 'Cel', '1', '[iU]/mL'],
    ['', 'KG', 'milligram', 'mg/', '{'],
    ['{# of fetuses}', 'm'.repeat(101)],
  ],
  [
    'https://www.iana.org/time-zones',
    ['Europe/London', 'UTC', 'America/Argentina/Buenos_Aires', 'GB'],
    ['', '+01:00', 'London', 'Mars/Base', '01:00'],
    ['Europe/Atlantis'],
  ],
  [
    'http://snomed.info/sct',
    [],
    ['', '1', '73211008', 'diabetes', '73211009 '],
    ['73211009', '1127531000000102', '128045006:{363698007=56459004}'],
  ],
  [
    'http://loinc.org',
    [],
    ['', '72166-3', 'smoking', '1'],
    ['72166-2', 'LA6576-8', 'LP7839-6', 'MTHU000998'],
  ],
  ['urn:iso:std:iso:11073:10101', [], [], ['150456', 'MDC_PULS_OXIM_SAT_O2']],
])('%s: codes that exist, codes that surely do not, and codes that may', (url, yes, no, maybe) => {
  const { has } = terminology.codeSystem(url);
  expect(yes.filter((code) => has(code) !== true)).toEqual([]);
  expect(no.filter((code) => has(code) !== false)).toEqual([]);
  expect(maybe.filter((code) => has(code) !== undefined)).toEqual([]);
});

test('every two-letter language that is registered is known to the platform', () => {
  const letters = [...'abcdefghijklmnopqrstuvwxyz'];
  const { has } = terminology.codeSystem('urn:ietf:bcp:47');
  const all = letters.flatMap((one) => letters.map((other) => one + other));
  expect(all.filter((code) => has(code))).toHaveLength(190);
});

test('no code that base FHIR publishes in a value set is refused by the form of its system', () => {
  const refused: string[] = [];
  let count = 0;
  for (const { compose } of canonicals.all('ValueSet'))
    for (const { system = '', concept = [] } of compose?.include ?? [])
      for (const { code = '' } of concept) {
        count++;
        const codes = terminology.codeSystem(system);
        if (!codes.isComplete && codes.has(code) === false) refused.push(`${system} ${code}`);
      }
  expect(count).toBeGreaterThan(10_000);
  expect(refused).toEqual([]);
});

test.each([
  ['http://snomed.info/sct?fhir_vs', '73211009', undefined],
  ['http://snomed.info/sct?fhir_vs', '73211008', false],
  ['http://snomed.info/sct?fhir_vs=isa/73211009', '73211009', true],
  ['http://snomed.info/sct/83821000000107/version/20240101?fhir_vs=isa/73211009', '44054006', undefined],
  ['http://snomed.info/sct?fhir_vs=refset/999000531000000100', '73211009', undefined],
  ['http://snomed.info/sct?fhir_vs=ecl/73211009%20OR%2044054006', '44054006', true],
  ['http://snomed.info/sct?fhir_vs=ecl/73211009%20OR%2044054006', '46635009', false],
  ['http://loinc.org/vs', '72166-3', false],
  ['http://loinc.org/vs', '72166-2', undefined],
  ['http://loinc.org/vs/LL379-9', 'LA1-2', undefined],
])('of the implicit value set %s, %s is told as %s', (url, code, expected) => {
  expect(terminology.codes(url).has(undefined, code)).toBe(expected);
  expect(terminology.codes(url).canonical).toBe(url);
});
