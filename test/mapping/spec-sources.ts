/** Cases of everything that may stand in the source of a rule. */
import { type Construct, rules, whole } from './spec-case.ts';

const SECTION = 'mapping-language.html#rules, Source Content';
const TAGS = { tags: ['a', 'b', 'c'] };

/** Writes each item of the tags that a list mode lets through. */
const picked = (mode: string): string => `src.tags ${mode} as t -> tgt.name as n, n.text = t "t";`;
const texts = (...all: string[]): unknown => ({ name: all.map((text) => ({ text })) });

const OBSERVATION = `group main(source src : Observation, target tgt : Patient) {
  src.value : Quantity as q -> tgt.language = 'en' "quantity";
  src.value : string as s -> tgt.id = s "string";
}`;

export const SOURCES: readonly Construct[] = [
  {
    name: 'source context and element',
    section: SECTION,
    cases: [
      rules('src.name as n -> tgt.id = n "n";', { name: 'A' }, { id: 'A' }),
      rules('src.name as n -> tgt.id = n "n";', {}, {}),
      rules(picked(''), TAGS, texts('a', 'b', 'c')),
    ],
  },
  {
    name: 'source without an element',
    section: SECTION,
    cases: [
      rules(`src -> tgt.id = 'x' "n";`, {}, { id: 'x' }),
      rules('src as s then { s.name -> tgt.id; } "n";', { name: 'A' }, { id: 'A' }),
    ],
  },
  {
    name: 'source with elements of an element',
    section: 'R5 mapping-language.html#rules, Target Transform (subElement)',
    cases: [
      rules('src.place.town as t -> tgt.id = t "t";', { place: { town: 'A' } }, { id: 'A' }),
      rules(
        'src.notes.words as w -> tgt.name as n, n.text = w "w";',
        { notes: [{ words: 'a' }, {}, { words: 'b' }] },
        texts('a', 'b'),
      ),
    ],
  },
  {
    name: 'source name in backticks',
    section: 'mapping-language.html#syntax',
    cases: [
      whole(
        ['Patient'],
        'group main(source src, target tgt : Patient) { src.`Full name` as n -> tgt.id = n "n"; }',
        { 'Full name': 'A' },
        { id: 'A' },
      ),
      whole(
        ['Patient'],
        'group main(source src, target tgt : Patient) { src.`group` as `first` -> tgt.id = `first` "n"; }',
        { group: 'A' },
        { id: 'A' },
      ),
    ],
  },
  {
    name: 'source type',
    section: SECTION,
    cases: [
      whole(['source Observation', 'Patient'], OBSERVATION, { valueString: 'A' }, { id: 'A' }),
      whole(
        ['source Observation', 'Patient'],
        OBSERVATION,
        { valueQuantity: { value: 1 } },
        { language: 'en' },
      ),
      whole(
        ['source Bundle', 'Patient'],
        'group main(source src : Bundle, target tgt : Patient) { src.entry as e then { e.resource : Person as p then { p.id as i -> tgt.id = i "i"; } "p"; } "e"; }',
        {
          entry: [
            { resource: { resourceType: 'Group', id: 'g' } },
            { resource: { resourceType: 'Person', id: 'p' } },
          ],
        },
        { id: 'p' },
      ),
    ],
  },
  {
    name: 'source cardinality',
    section: SECTION,
    cases: [
      rules(picked('1..3'), TAGS, texts('a', 'b', 'c')),
      rules('src.name 1..1 as n -> tgt.id = n "n";', {}, {}, { issues: ['map-cardinality'] }),
      rules(picked('4..*'), TAGS, texts('a', 'b', 'c'), { issues: ['map-cardinality'] }),
    ],
  },
  {
    name: 'source default',
    section: SECTION,
    cases: [
      rules(`src.status default ('none') as s -> tgt.id = s "s";`, {}, { id: 'none' }),
      rules(`src.status default ('none') as s -> tgt.id = s "s";`, { status: 'open' }, { id: 'open' }),
      rules('src.status default (src.name) as s -> tgt.id = s "s";', { name: 'A' }, { id: 'A' }),
      rules(`src.tags default 'none' as t -> tgt.name as n, n.text = t "t";`, {}, texts('none')),
    ],
  },
  {
    name: 'source list mode first',
    section: SECTION,
    cases: [
      rules(picked('first'), TAGS, texts('a')),
      rules(`src.tags first as t where $this != 'a' -> tgt.id = t "t";`, TAGS, { id: 'b' }),
    ],
  },
  {
    name: 'source list mode not_first',
    section: SECTION,
    cases: [
      rules(picked('not_first'), TAGS, texts('b', 'c')),
      rules(picked('not_first'), { tags: ['a'] }, {}),
    ],
  },
  {
    name: 'source list mode last',
    section: SECTION,
    cases: [rules(picked('last'), TAGS, texts('c')), rules(picked('last'), { tags: [] }, {})],
  },
  {
    name: 'source list mode not_last',
    section: SECTION,
    cases: [rules(picked('not_last'), TAGS, texts('a', 'b')), rules(picked('not_last'), { tags: ['a'] }, {})],
  },
  {
    name: 'source list mode only_one',
    section: SECTION,
    cases: [
      rules(picked('only_one'), { tags: ['a'] }, texts('a')),
      rules(picked('only_one'), TAGS, texts('a', 'b', 'c'), { issues: ['map-only-one'] }),
    ],
  },
  {
    name: 'source where',
    section: SECTION,
    cases: [
      rules(
        `src.notes as n where kind = 'x' -> tgt.id = (n.words) "n";`,
        {
          notes: [
            { kind: 'y', words: 'no' },
            { kind: 'x', words: 'yes' },
          ],
        },
        { id: 'yes' },
      ),
      rules(
        `src.name as n where (src.status = 'open') -> tgt.id = n "n";`,
        { name: 'A', status: 'shut' },
        {},
      ),
    ],
  },
  {
    name: 'source check',
    section: SECTION,
    cases: [
      rules(
        'src.size as s check (s < 5) -> tgt.multipleBirth = s "s";',
        { size: 9 },
        { multipleBirthInteger: 9 },
        { issues: ['map-check-failed'] },
      ),
      rules(
        `src.tags as t where $this != 'a' check $this != 'a' -> tgt.id = t "t";`,
        { tags: ['a', 'b'] },
        { id: 'b' },
      ),
    ],
  },
  {
    name: 'source log',
    section: 'mapping-language.html#rules, Log Statement',
    cases: [
      rules(`src.name log 'not mapped yet' "n";`, { name: 'A' }, {}, { logs: ['not mapped yet'] }),
      rules(
        `src.name as n then { src.tags as t where $this != 'b' log (n & t) "t"; } "n";`,
        { name: 'A', ...TAGS },
        {},
        { logs: ['Aa', 'Ac'] },
      ),
    ],
  },
  {
    name: 'several sources',
    section: SECTION,
    cases: [
      rules(
        'src.tags as t, src.name as n -> tgt.name as m, m.text = append(n, t) "t";',
        { name: 'A', tags: ['1', '2'] },
        texts('A1', 'A2'),
      ),
      rules('src.tags as t, src.name as n -> tgt.id = t "t";', { tags: ['1'] }, {}),
    ],
  },
  {
    name: 'source of a primitive with id and extensions',
    section: 'json.html#primitive',
    cases: [
      whole(
        ['source Person', 'Patient'],
        'group main(source src : Person, target tgt : Patient) { src.birthDate -> tgt.birthDate; }',
        { birthDate: '1970', _birthDate: { id: 'x' } },
        { birthDate: '1970', _birthDate: { id: 'x' } },
      ),
      whole(
        ['source Person', 'Patient'],
        'group main(source src : Person, target tgt : Patient) { src.birthDate as b then { b.extension as e -> tgt.extension = e "e"; } "b"; }',
        { _birthDate: { extension: [{ url: 'urn:u', valueCode: 'c' }] } },
        { extension: [{ url: 'urn:u', valueCode: 'c' }] },
      ),
    ],
  },
];
