/** Cases of what stands in a map file around its rules: metadata, structures, imports, constants, groups. */
import { type Construct, rules, whole } from './spec-case.ts';

const BODY = 'group main(source src, target tgt : Patient) { src.a as a -> tgt.id = a "a"; }';
const OUT = { id: 'x' };
const RECORD = { a: 'x' };
const HIDDEN = 'group main(source src, target tgt : Patient) { src.a as fixed -> tgt.id = fixed "a"; }';

const SHARED = {
  'shared.map': `map "https://hedgerow.example/shared/names" = "names"
group names(source s, target t : Patient) { s.a -> t.id; }`,
};
const importing = (url: string): string => `imports "${url}"
group main(source src, target tgt : Patient) { src as s then names(s, tgt) "s"; }`;

export const FILES: readonly Construct[] = [
  {
    name: 'comments',
    section: 'mapping-language.html#syntax',
    cases: [
      whole(['Patient'], `// the way of an id\n${BODY}`, RECORD, OUT, {
        writes: { group: [{ documentation: 'the way of an id' }] },
      }),
      whole(
        ['Patient'],
        'group main(source src, target tgt : Patient) { src.a as a -> tgt.id = a "a"; // as it is\n }',
        RECORD,
        OUT,
        { writes: { group: [{ rule: [{ documentation: 'as it is' }] }] } },
      ),
    ],
  },
  {
    name: 'metadata map',
    section: 'mapping-language.html#metadata',
    cases: ['ids', 'names'].map((name) =>
      whole([], `map "urn:${name}" = "${name}"\n${BODY.replace(' : Patient', '')}`, RECORD, OUT, {
        writes: { url: `urn:${name}`, name },
      }),
    ),
  },
  {
    name: 'metadata ///',
    section: 'R5 mapping-language.html#metadata',
    cases: [
      whole(
        [],
        `/// url = 'urn:a'\n/// name = 'A'\n/// experimental = true\n${BODY.replace(' : Patient', '')}`,
        RECORD,
        OUT,
        {
          writes: { url: 'urn:a', name: 'A', experimental: true, status: 'draft' },
        },
      ),
      whole(
        [],
        `/// url = 'urn:a'\n/// status = 'active'\n/// description = """\nTwo\nlines\n"""\n${BODY.replace(' : Patient', '')}`,
        RECORD,
        OUT,
        {
          writes: { status: 'active', description: 'Two\nlines' },
        },
      ),
    ],
  },
  ...(['source', 'target', 'queried', 'produced'] as const).map(
    (mode): Construct => ({
      name: `uses as ${mode}`,
      section: 'mapping-language.html#typing',
      cases: [
        whole(
          [],
          `uses "http://hl7.org/fhir/StructureDefinition/Person" alias P as ${mode}\nuses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target\n${BODY}`,
          RECORD,
          OUT,
          {
            writes: { structure: [{ alias: 'P', mode }, { mode: 'target' }] },
          },
        ),
        whole(
          [],
          `uses "http://hl7.org/fhir/StructureDefinition/Person" alias P as ${mode} // people
group main(source src, target tgt) { src.a as a -> tgt.contained = create('P') as p, p.id = a "a"; }`,
          RECORD,
          {
            contained: { resourceType: 'Person', id: 'x' },
          },
          { writes: { structure: [{ documentation: 'people' }] } },
        ),
      ],
    }),
  ),
  {
    name: 'imports',
    section: 'mapping-language.html#imports',
    cases: ['https://hedgerow.example/shared/names', 'https://hedgerow.example/shared/*'].map((url) =>
      whole(['Patient'], importing(url), RECORD, OUT, { imports: SHARED }),
    ),
  },
  {
    name: 'constants',
    section: 'R5 mapping-language.html#constants',
    cases: [
      rules('src -> tgt.id = fixed "f";', {}, OUT, { more: `let fixed = 'x';` }),
      rules('src.name as n where n = fixed -> tgt.id = n "f";', { name: 'x' }, OUT, {
        more: `let fixed = 'x';`,
      }),
      rules(
        'fixed as f -> tgt.multipleBirth = f "f";',
        {},
        { multipleBirthInteger: 2 },
        { more: 'let fixed = 1 + 1;' },
      ),
      whole(['Patient'], `let fixed = 'y';\n${HIDDEN}`, RECORD, OUT),
    ],
  },
  {
    name: 'parameter source',
    section: 'mapping-language.html#groups',
    cases: [
      whole(['Patient'], BODY, RECORD, OUT),
      whole(
        ['Patient'],
        'group main(source one, source two, target tgt : Patient) { one.a as a, two.b as b -> tgt.id = append(a, b) "a"; }',
        [{ a: '1' }, { b: '2' }],
        { id: '12' },
      ),
    ],
  },
  {
    name: 'parameter target',
    section: 'mapping-language.html#groups',
    cases: [
      whole([], 'group main(source src, target tgt) { src.a as a -> tgt.b as b, b.c = a "a"; }', RECORD, {
        b: { c: 'x' },
      }),
      whole(
        ['Patient', 'Person'],
        'group main(source src, target one : Patient, target two : Person) { src.a as a -> one.id = a, two.id = a "a"; }',
        RECORD,
        [
          { resourceType: 'Patient', id: 'x' },
          { resourceType: 'Person', id: 'x' },
        ],
      ),
    ],
  },
  {
    name: 'group extends',
    section: 'mapping-language.html#groups',
    cases: [
      whole(
        ['Patient'],
        `group main(source src, target tgt : Patient) extends base { src.a -> tgt.id; }
         group base(source src, target tgt : Patient) { src.b -> tgt.language; }`,
        { a: 'x', b: 'en' },
        { id: 'x', language: 'en' },
      ),
      whole(
        ['Patient'],
        `group main(source src, target tgt : Patient) extends middle { src.a -> tgt.id; }
         group middle(source s, target t : Patient) extends base { s.b -> t.language; }
         group base(source s, target t : Patient) { s -> t.active = true "t"; }`,
        { a: 'x', b: 'en' },
        { id: 'x', language: 'en', active: true },
      ),
    ],
  },
  {
    name: 'rule name',
    section: 'mapping-language.html#rules',
    cases: [
      whole(['Patient'], BODY, RECORD, OUT, { writes: { group: [{ rule: [{ name: 'a' }] }] } }),
      rules('src.name as n check false -> tgt.id = n "named";', { name: 'x' }, OUT, {
        issues: ['map-check-failed'],
      }),
      rules('src.name as n -> tgt.id = n;', { name: 'x' }, OUT),
    ],
  },
];
