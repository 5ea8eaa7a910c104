/** Cases of the transforms that make, copy or change one value. */
import { type Construct, rules, type SpecCase, whole } from './spec-case.ts';

const SECTION = 'mapping-language.html#rules, Target Transform';
const UUID = '00000000-0000-4000-8000-000000000000';

const literal = (value: string): string => `src -> tgt.id = ${value} "t";`;
const named = (transform: string): string => `src.name as n -> tgt.id = ${transform} "t";`;

const LIST = 'conceptmap "#list" { prefix s = "urn:s" prefix t = "urn:t" s:married == t:M }';
const translated = (element: string, output: string, value: unknown): SpecCase =>
  rules(
    `src.status as s -> tgt.${element} = translate(s, '#list', '${output}') "t";`,
    { status: 'married' },
    { [element]: value },
    { more: LIST },
  );

export const VALUE_TRANSFORMS: readonly Construct[] = [
  {
    name: 'transform create',
    section: SECTION,
    cases: [
      rules(
        `src.name as n -> tgt.name = create('HumanName') as m, m.family = n "t";`,
        { name: 'A' },
        { name: [{ family: 'A' }] },
      ),
      rules(
        `src.name as n -> tgt.contained = create('Practitioner') as p, p.id = n "t";`,
        { name: 'gp' },
        { contained: [{ resourceType: 'Practitioner', id: 'gp' }] },
      ),
    ],
  },
  {
    name: 'transform copy',
    section: SECTION,
    cases: [
      rules(named('copy(n)'), { name: 'A' }, { id: 'A' }),
      rules(named('n'), { name: 'A' }, { id: 'A' }),
      rules(`src.active as a -> tgt.active = copy(a) "t";`, { active: false }, { active: false }),
    ],
  },
  {
    name: 'transform truncate',
    section: SECTION,
    cases: [
      rules(named('truncate(n, 3)'), { name: 'abcdef' }, { id: 'abc' }),
      rules(named('truncate(n, 3)'), { name: 'ab' }, { id: 'ab' }),
    ],
  },
  {
    name: 'transform escape',
    section: SECTION,
    cases: [
      rules(named(`escape(n, 'xml')`), { name: 'a<b' }, { id: 'a&lt;b' }),
      rules(named(`escape(n, 'xml', 'json')`), { name: '&quot;a&quot;' }, { id: String.raw`\"a\"` }),
      rules(named(`escape(n, 'json', 'plain')`), { name: '"' }, { id: '' }, { issues: ['map-escape'] }),
    ],
  },
  {
    name: 'transform cast',
    section: SECTION,
    cases: [
      rules(
        `src.name as n -> tgt.multipleBirth = cast(n, 'integer') "t";`,
        { name: '2' },
        { multipleBirthInteger: 2 },
      ),
      rules(`src.name as n -> tgt.active = cast(n) "t";`, { name: 'true' }, { active: true }),
      rules(
        `src.name as n -> tgt.birthDate = cast(n, 'date') "t";`,
        { name: 'soon' },
        {},
        { issues: ['map-cast'] },
      ),
    ],
  },
  {
    name: 'transform append',
    section: SECTION,
    cases: [
      rules(
        `src.name as n, src.size as s -> tgt.id = append(n, '-', s) "t";`,
        { name: 'A', size: 2 },
        { id: 'A-2' },
      ),
      rules(named(`append(n)`), { name: 'A' }, { id: 'A' }),
    ],
  },
  {
    name: 'transform translate',
    section: SECTION,
    cases: [
      translated('id', 'code', 'M'),
      translated('implicitRules', 'system', 'urn:t'),
      translated('maritalStatus', 'CodeableConcept', { coding: [{ system: 'urn:t', code: 'M' }] }),
      rules(
        `src.status as s -> tgt.meta as m, m.tag = translate(s, '#list', 'Coding') "t";`,
        { status: 'married' },
        { meta: { tag: [{ system: 'urn:t', code: 'M' }] } },
        { more: LIST },
      ),
    ],
  },
  {
    name: 'transform reference',
    section: SECTION,
    cases: [
      whole(
        ['source Patient', 'Observation'],
        `group main(source src : Patient, target tgt : Observation) { src -> tgt.subject as s, s.reference = reference(src) "t"; }`,
        { resourceType: 'Patient', id: 'p' },
        { subject: { reference: 'Patient/p' } },
      ),
      rules(
        `src -> tgt.id = 'a', tgt.link as l, l.other as o, o.reference = reference(tgt) "t";`,
        {},
        { id: 'a', link: [{ other: { reference: 'Patient/a' } }] },
      ),
      rules(
        `src -> tgt.managingOrganization as o, o.reference = reference(tgt) "t";`,
        {},
        {},
        { issues: ['map-reference'] },
      ),
    ],
  },
  {
    name: 'transform dateOp',
    section: `${SECTION} (parameters are ours)`,
    cases: [
      rules(
        `src.born as b -> tgt.birthDate = dateOp(b, 'add', 2, 'weeks') "t";`,
        { born: '2024-02-20' },
        { birthDate: '2024-03-05' },
      ),
      rules(
        `src.seen as s -> tgt.deceased = dateOp(s, 'subtract', 90, 'minutes') "t";`,
        { seen: '2025-01-01T01:00:00Z' },
        { deceasedDateTime: '2024-12-31T23:30:00Z' },
      ),
      rules(
        `src.seen as s -> tgt.birthDate = dateOp(s, 'truncate', 'month') "t";`,
        { seen: '2025-01-01T01:00:00Z' },
        { birthDate: '2025-01' },
      ),
    ],
  },
  {
    name: 'transforms toDate, toDateTime and toTime',
    section: `${SECTION} (dateOp, whose parameters are ours)`,
    cases: [
      rules(
        `src.name as n -> tgt.birthDate = toDate(n, 'd/M/yyyy') "t";`,
        { name: '3/7/2025' },
        { birthDate: '2025-07-03' },
      ),
      rules(
        `src.name as n -> tgt.deceased = toDateTime(n, 'dd/MM/yyyy HH:mm', 'Europe/Paris') "t";`,
        { name: '03/07/2025 09:30' },
        { deceasedDateTime: '2025-07-03T09:30:00+02:00' },
      ),
      rules(named(`toTime(n, 'H:mm')`), { name: '9:05' }, { id: '09:05:00' }),
      rules(named(`toTime(n, 'H:mm')`), { name: '25:05' }, {}, { issues: ['map-date'] }),
    ],
  },
  {
    name: 'transform uuid',
    section: SECTION,
    cases: [
      rules(literal('uuid()'), {}, { id: UUID }, { options: { uuid: () => UUID } }),
      rules(literal('uuid()'), {}, {}, { issues: ['map-uuid'] }),
    ],
  },
  {
    name: 'transform pointer',
    section: SECTION,
    cases: [
      rules(
        `src -> tgt.id = 'a', tgt.link as l, l.other as o, o.reference = pointer(tgt) "t";`,
        {},
        { id: 'a', link: [{ other: { reference: 'Patient/a' } }] },
      ),
      rules(
        `src -> tgt.id = 'urn:uuid:${UUID}', tgt.link as l, l.other as o, o.reference = pointer(tgt) "t";`,
        {},
        { id: `urn:uuid:${UUID}`, link: [{ other: { reference: `urn:uuid:${UUID}` } }] },
      ),
    ],
  },
  {
    name: 'transform evaluate',
    section: SECTION,
    cases: [
      rules(named('evaluate(src, name.upper())'), { name: 'a' }, { id: 'A' }),
      rules(
        `src -> tgt.name as n, n.given = evaluate(src, tags) "t";`,
        { tags: ['a', 'b'] },
        { name: [{ given: ['a', 'b'] }] },
      ),
      rules(literal('evaluate(src, tags)'), {}, {}),
      rules(
        literal('evaluate(src, tags)'),
        { tags: ['a', 'b'] },
        { id: 'a' },
        { issues: ['map-single-value'] },
      ),
    ],
  },
  {
    name: 'transform evaluate, short form',
    section: SECTION,
    cases: [
      rules(named(`(n & '!')`), { name: 'a' }, { id: 'a!' }),
      rules(named('(src.tags.count().toString() & $this)'), { name: 'a', tags: ['x', 'y'] }, { id: '2a' }),
    ],
  },
];
