/** Cases of everything that may stand in the target of a rule, and of what follows it. */
import { type Construct, rules, whole } from './spec-case.ts';

const SECTION = 'mapping-language.html#rules, Target Transform';
const DEPENDENT = 'mapping-language.html#rules, Dependent Rules';
const DEFAULTS = 'mapping-language.html#simple, Default mapping groups';

/** Two rules, each with a name of its own. */
const twoNames = (first: string, second: string): string =>
  `src.name as n -> tgt.name as m ${first}, m.family = n "n"; src.status as s -> tgt.name as m ${second}, m.text = s "s";`;
const BOTH = { name: 'A', status: 'B' };

export const TARGETS: readonly Construct[] = [
  {
    name: 'target element',
    section: SECTION,
    cases: [
      rules(`src -> tgt.id = 'a', tgt.active = true "t";`, {}, { id: 'a', active: true }),
      rules(
        'src.tags as t -> tgt.name as n, n.given = t "t";',
        { tags: ['a', 'b'] },
        { name: [{ given: ['a'] }, { given: ['b'] }] },
      ),
    ],
  },
  {
    name: 'target with elements of an element',
    section: 'R5 mapping-language.html#rules, Target Transform (subElement)',
    cases: [
      rules('src.name as n -> tgt.maritalStatus.text = n "n";', BOTH, { maritalStatus: { text: 'A' } }),
      rules('src.name as n -> tgt.name.family = n "n"; src.status as s -> tgt.name.text = s "s";', BOTH, {
        name: [{ family: 'A', text: 'B' }],
      }),
    ],
  },
  {
    name: 'target without a transform',
    section: SECTION,
    cases: [
      rules('src.name as n -> tgt.name as m, m.family = n "n";', BOTH, { name: [{ family: 'A' }] }),
      rules('src -> tgt.name as m then { src.name -> m.family; } "n";', {}, {}),
    ],
  },
  {
    name: 'target without an element',
    section: SECTION,
    cases: [
      rules(`src.name as n -> append(n, '!') as x, tgt.id = x "n";`, BOTH, { id: 'A!' }),
      rules(`src.name as n -> create('Practitioner') as p, p.id = n, tgt.contained = p "n";`, BOTH, {
        contained: [{ resourceType: 'Practitioner', id: 'A' }],
      }),
    ],
  },
  {
    name: 'target of a choice',
    section: 'formats.html#choice',
    cases: [
      rules('src.active as a -> tgt.deceased = a "d";', { active: true }, { deceasedBoolean: true }),
      rules('src.born as b -> tgt.deceased = b "d";', { born: '2025' }, { deceasedDateTime: '2025' }),
      rules(
        `src -> tgt.value = create('Period') as p, p.start = '2025' "p";`,
        {},
        { valuePeriod: { start: '2025' } },
        { target: 'Observation' },
      ),
    ],
  },
  {
    name: 'target of a primitive with id and extensions',
    section: 'json.html#primitive',
    cases: [
      rules(
        `src.born as b -> tgt.birthDate as d, d.value = b, d.id = 'x' "b";`,
        { born: '1970' },
        { birthDate: '1970', _birthDate: { id: 'x' } },
      ),
      rules(
        `src -> tgt.gender as g, g.extension as e, e.url = 'urn:u', e.value = true "g";`,
        {},
        { _gender: { extension: [{ url: 'urn:u', valueBoolean: true }] } },
      ),
    ],
  },
  {
    name: 'target list mode first',
    section: SECTION,
    cases: [
      rules(twoNames('', 'first'), BOTH, { name: [{ text: 'B' }, { family: 'A' }] }),
      rules(
        'src.tags as t -> tgt.name as n first, n.text = t "t";',
        { tags: ['a', 'b'] },
        { name: [{ text: 'a' }, { text: 'b' }] },
      ),
      rules(
        twoNames('first', 'first'),
        BOTH,
        { name: [{ family: 'A' }, { text: 'B' }] },
        { issues: ['map-list-mode'] },
      ),
    ],
  },
  {
    name: 'target list mode last',
    section: SECTION,
    cases: [
      rules(twoNames('last', ''), BOTH, { name: [{ text: 'B' }, { family: 'A' }] }),
      rules(
        `src -> tgt.name as n, n.given = 'z' last, n.given = 'a' "t";`,
        {},
        { name: [{ given: ['a', 'z'] }] },
      ),
    ],
  },
  {
    name: 'target list mode share',
    section: SECTION,
    cases: [
      rules(twoNames('share one', 'share one'), BOTH, { name: [{ family: 'A', text: 'B' }] }),
      rules(twoNames('share one', 'share two'), BOTH, { name: [{ family: 'A' }, { text: 'B' }] }),
    ],
  },
  {
    name: 'target list mode collate',
    section: SECTION,
    cases: [
      rules(twoNames('', 'collate'), BOTH, { name: [{ family: 'A', text: 'B' }] }),
      rules(twoNames('', 'collate'), { status: 'B' }, { name: [{ text: 'B' }] }),
    ],
  },
  {
    name: 'target list mode single',
    section: 'R5 mapping-language.html#rules, Target Transform',
    cases: [
      rules(twoNames('', 'single'), BOTH, { name: [{ family: 'A', text: 'B' }] }),
      rules(twoNames('single', ''), BOTH, { name: [{ family: 'A' }, { text: 'B' }] }),
    ],
  },
  {
    name: 'dependent rules in the rule',
    section: DEPENDENT,
    cases: [
      rules(
        'src.place as p -> tgt.address as a then { p.town -> a.city; p.code -> a.postalCode; } "p";',
        { place: { town: 'T', code: 'C' } },
        { address: [{ city: 'T', postalCode: 'C' }] },
      ),
      rules('src.name as n then { src.status as s -> tgt.id = append(n, s) "s"; } "n";', BOTH, { id: 'AB' }),
    ],
  },
  {
    name: 'dependent groups',
    section: DEPENDENT,
    cases: [
      rules(
        'src.place as p -> tgt.address as a then Town(p, a) "p";',
        { place: { town: 'T' } },
        { address: [{ city: 'T' }] },
        { more: 'group Town(source p, target a : Address) { p.town -> a.city; }' },
      ),
      rules(
        'src.name as n then A(n, tgt), B(n, tgt) "n";',
        BOTH,
        { id: 'A', language: 'A' },
        {
          more: 'group A(source n, target t : Patient) { n -> t.id = n "a"; } group B(source n, target t : Patient) { n -> t.language = n "b"; }',
        },
      ),
    ],
  },
  {
    name: 'dependent groups with literals and expressions',
    section: 'R5 structuremap.html, group.rule.dependent.parameter',
    cases: [
      rules(
        `src -> tgt as t then Put('en', t) "n";`,
        {},
        { language: 'en' },
        {
          more: 'group Put(source text : string, target t : Patient) { text -> t.language = text "t"; }',
        },
      ),
      rules(
        'src -> tgt as t then Put((src.name.lower()), t) "n";',
        BOTH,
        { language: 'a' },
        {
          more: 'group Put(source text : string, target t : Patient) { text -> t.language = text "t"; }',
        },
      ),
    ],
  },
  {
    name: 'simple form',
    section: 'mapping-language.html#simple',
    cases: [
      rules('src.name -> tgt.id;', BOTH, { id: 'A' }),
      whole(
        ['source Person', 'Patient'],
        'group main(source src : Person, target tgt : Patient) { src.name -> tgt.name; }',
        { name: [{ family: 'A', given: ['B'] }] },
        { name: [{ family: 'A', given: ['B'] }] },
      ),
    ],
  },
  {
    name: 'group type mode types',
    section: DEFAULTS,
    cases: ['A', 'B'].map((family) =>
      whole(
        ['source Person', 'Patient'],
        `group main(source src : Person, target tgt : Patient) { src.name -> tgt.name; }
         group names(source s : HumanName, target t : HumanName) <<types>> { s.family as f -> t.text = f "f"; }`,
        { name: [{ family, given: ['x'] }] },
        { name: [{ text: family }] },
      ),
    ),
  },
  {
    name: 'group type mode type-and-types',
    section: DEFAULTS,
    cases: [
      whole(
        ['source Observation', 'Patient'],
        `group main(source src : Observation, target tgt : Patient) {
           src.value : Quantity as q -> tgt.extension as e then { q -> e.value; } "q"; }
         group unit(source q : Quantity, target s : string) <<type+>> { q.unit as u -> s.value = u "u"; }`,
        { valueQuantity: { value: 1, unit: 'kg' } },
        { extension: [{ valueString: 'kg' }] },
      ),
      whole(
        ['source Bundle', 'Bundle'],
        `group main(source src : Bundle, target tgt : Bundle) { src.entry as e -> tgt.entry as f then { e.resource -> f.resource; } "e"; }
         group people(source s : Patient, target t : Person) <<type+>> { s.id -> t.id; }`,
        { entry: [{ resource: { resourceType: 'Patient', id: 'p', active: true } }] },
        { entry: [{ resource: { resourceType: 'Person', id: 'p' } }] },
      ),
    ],
  },
  {
    name: 'group type mode none',
    section: DEFAULTS,
    cases: ['A', 'B'].map((family) =>
      whole(
        ['source Person', 'Patient'],
        `group main(source src : Person, target tgt : Patient) { src.name -> tgt.name; }
         group names(source s : HumanName, target t : HumanName) { s.family as f -> t.text = f "f"; }`,
        { name: [{ family }] },
        { name: [{ family }] },
      ),
    ),
  },
];
