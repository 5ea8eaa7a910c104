/** Cases of the transforms that make a data type in one call. */
import { type Construct, rules } from './spec-case.ts';

const SECTION = 'mapping-language.html#rules, Target Transform';
const UCUM = 'http://unitsofmeasure.org';

export const TYPE_TRANSFORMS: readonly Construct[] = [
  {
    name: 'transform cc',
    section: SECTION,
    cases: [
      rules(
        `src.name as n -> tgt.maritalStatus = cc(n) "t";`,
        { name: 'Married' },
        { maritalStatus: { text: 'Married' } },
      ),
      rules(
        `src.name as n -> tgt.maritalStatus = cc('urn:s', n, 'Married') "t";`,
        { name: 'M' },
        { maritalStatus: { coding: [{ system: 'urn:s', code: 'M', display: 'Married' }] } },
      ),
    ],
  },
  {
    name: 'transform c',
    section: SECTION,
    cases: [
      rules(
        `src.name as n -> tgt.meta as m, m.tag = c('urn:s', n) "t";`,
        { name: 'x' },
        { meta: { tag: [{ system: 'urn:s', code: 'x' }] } },
      ),
      rules(
        `src.name as n -> tgt.meta as m, m.tag = c('urn:s', n, 'X') "t";`,
        { name: 'x' },
        { meta: { tag: [{ system: 'urn:s', code: 'x', display: 'X' }] } },
      ),
    ],
  },
  {
    name: 'transform qty',
    section: SECTION,
    cases: [
      rules(
        `src.weight as w -> tgt.value = qty(w, 'kg', '${UCUM}', 'kg') "t";`,
        { weight: 70.5 },
        { valueQuantity: { value: 70.5, unit: 'kg', system: UCUM, code: 'kg' } },
        { target: 'Observation' },
      ),
      rules(
        `src.name as n -> tgt.value = qty(n) "t";`,
        { name: '<= 5.5 mg' },
        { valueQuantity: { comparator: '<=', value: 5.5, unit: 'mg' } },
        { target: 'Observation' },
      ),
      rules(
        `src.name as n -> tgt.value = qty(n) "t";`,
        { name: 'some' },
        {},
        { target: 'Observation', issues: ['map-quantity'] },
      ),
    ],
  },
  {
    name: 'transform id',
    section: SECTION,
    cases: [
      rules(
        `src.name as n -> tgt.identifier = id('urn:s', n) "t";`,
        { name: '7' },
        { identifier: [{ system: 'urn:s', value: '7' }] },
      ),
      rules(
        `src.name as n -> tgt.identifier = id('urn:s', n, 'MR') "t";`,
        { name: '7' },
        {
          identifier: [
            {
              system: 'urn:s',
              value: '7',
              type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
            },
          ],
        },
      ),
    ],
  },
  {
    name: 'transform cp',
    section: SECTION,
    cases: [
      rules(
        `src.name as n -> tgt.telecom = cp(n) "t";`,
        { name: 'a@example.org' },
        { telecom: [{ system: 'email', value: 'a@example.org' }] },
      ),
      rules(
        `src.name as n -> tgt.telecom = cp(n), tgt.telecom = cp('sms', n) "t";`,
        { name: '07700 900123' },
        {
          telecom: [
            { system: 'phone', value: '07700 900123' },
            { system: 'sms', value: '07700 900123' },
          ],
        },
      ),
    ],
  },
];
