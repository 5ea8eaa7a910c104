/** The grammar of the mapping language, construct by construct, as R4, R5 and published maps write it. */
import { expect, test } from 'vitest';
import { parseMap } from '../../src/mapping/parser.ts';
import type { MapFile, Rule } from '../../src/mapping/tree.ts';

/** @returns the tree of a text that must parse */
function parsed(text: string): MapFile {
  const map = parseMap('t.map', text);
  if (!map.ok) throw new Error(map.outcome.issue[0]?.diagnostics);
  return map.value;
}

/** @returns the only rule of a group that holds this text */
function ruleOf(text: string): Rule {
  const [rule, more] = parsed(`group g(source src, target tgt) {\n${text}\n}`).groups[0]!.rules;
  expect(more).toBeUndefined();
  return rule!;
}

test('reads metadata of every kind', () => {
  const { metadata } = parsed(`/// title = "a \\"b\\""
/// name = 'it\\'s'
/// description = """
# Title

 text with "quotes"
"""
/// date = @2025-05-01
/// experimental = true
/// version = 1.50
/// priority = -2
/// status = draft
/// contact[1].telecom[0].value = "x"
/// purpose =
/// no pair, a comment
group g(source a) { /// status = "a comment too"
  /// so = 'is this'
  a.x -> b.x;
}`);
  expect(Object.fromEntries(metadata.map(({ name, value }) => [name, value]))).toEqual({
    title: 'a "b"',
    name: "it's",
    description: '# Title\n\n text with "quotes"',
    date: '2025-05-01',
    experimental: true,
    version: '1.50',
    priority: '-2',
    status: 'draft',
    'contact[1].telecom[0].value': 'x',
    purpose: undefined,
  });
});

test.each([
  ['version = 1.10', '1.10'],
  ['version = 0.1.0-draft', '0.1.0-draft'],
  ['date = 2025-05-01', '2025-05-01'],
  ['url = urn:iso:std:iso:3166#GB', 'urn:iso:std:iso:3166#GB'],
  ['status = draft // for now', 'draft'],
  ['title = "a // b" // c', 'a // b'],
  ['contact[0].rank = 1', 1],
])('a word may stand without quotes, and a comment behind it: %s', (text, expected) => {
  expect(parsed(`/// ${text}\ngroup g(source a) {}`).metadata[0]?.value).toBe(expected);
});

test('refuses metadata whose value is none', () => {
  const map = parseMap('t.map', '/// status = "active\ngroup g(source a) {}');
  expect(!map.ok && map.outcome.issue[0]?.diagnostics).toBe(
    't.map:1:1: expected a value in quotes, a number, a date such as @2025-05-01, true or false behind "=", found "/// status = \\"active"',
  );
});

test('the line map repeats metadata, and does not say it twice', () => {
  const { metadata } = parsed('/// url = "u"\n/// name = "n"\nmap "u" = "n"\ngroup g(source a) {}');
  expect(metadata.map(({ name, value }) => [name, value])).toEqual([
    ['url', 'u'],
    ['name', 'n'],
  ]);
});

test('documentation is what stands before an item and behind it', () => {
  const { structures, groups } = parsed(`// licence of the file
map "u" = "n"
// before
uses "a" as source // behind
// one
//   two
group g(source a) { // three
  /* block
   * of lines */
  a.x -> b.x; // behind
  a.y then { // inside
    a.z -> b.z;
  };
  // of nothing
}`);
  expect(structures[0]?.documentation).toBe('before\nbehind');
  expect(groups[0]?.documentation).toBe('one\n  two\nthree');
  expect(groups[0]?.rules.map(({ documentation }) => documentation)).toEqual([
    'block\nof lines\nbehind',
    'inside',
  ]);
});

test('a target shares with an id and without, in several list modes', () => {
  expect(ruleOf('src.a -> tgt.b share first "n";').targets[0]).toMatchObject({
    listModes: [{ text: 'share' }, { text: 'first' }],
    share: undefined,
  });
  expect(ruleOf('src.a -> tgt.b as v last share `then` single then g(v);').targets[0]).toMatchObject({
    listModes: [{ text: 'last' }, { text: 'share' }, { text: 'single' }],
    share: { text: 'then' },
  });
  expect(ruleOf('src.a -> tgt.b share then g(v);')).toMatchObject({ dependents: [{ name: { text: 'g' } }] });
});

test('a target may be a value alone', () => {
  expect(ruleOf("src -> ('a' & b) as x, uuid() as y, `odd name`('z') as z;").targets).toMatchObject([
    { context: undefined, transform: { kind: 'expression', text: "'a' & b" }, variable: { text: 'x' } },
    { context: undefined, transform: { kind: 'call', name: { text: 'uuid' }, parameters: [] } },
    { context: undefined, transform: { kind: 'call', name: { text: 'odd name' } } },
  ]);
});

test('literals keep the type that they are written in', () => {
  const { transform } = ruleOf(
    `src -> tgt.a = f(@2025, @2025-05-01T10:00:00Z, @T10:00, @2025-05-01T, 1, -1.0, "s", 's', true, src.a, \`true\`, -a);`,
  ).targets[0]!;
  expect(transform?.kind === 'call' && transform.parameters).toMatchObject([
    { type: 'date', value: '2025' },
    { type: 'dateTime', value: '2025-05-01T10:00:00Z' },
    { type: 'time', value: '10:00' },
    { type: 'dateTime', value: '2025-05-01' },
    { type: 'integer', value: 1 },
    { type: 'decimal', value: -1 },
    { type: 'string', value: 's' },
    { type: 'string', value: 's' },
    { type: 'boolean', value: true },
    { kind: 'path', words: [{ text: 'src' }, { text: 'a' }] },
    { kind: 'path', words: [{ text: 'true' }] },
    { kind: 'expression', text: '-a' },
  ]);
});

test.each([
  ['default ("x")', "'x'"],
  ['default "it\'s"', String.raw`'it\'s'`],
  ['default 10', '10'],
  ['default true', 'true'],
  ['default (now() - 4 days)', 'now() - 4 days'],
])('a default is a literal of R4 or an expression of R5: %s', (text, expected) => {
  expect(ruleOf(`src.a : string 0..1 ${text} first as v -> tgt.a = v;`).sources[0]).toMatchObject({
    fallback: { text: expected },
    listMode: { text: 'first' },
    variable: { text: 'v' },
  });
});

test.each([
  ['where a = 1 "name"', 'a = 1'],
  ['where a = 4 \'mg\' "name"', "a = 4 'mg'"],
  ['where (a = "x") or (b) "name"', "(a = 'x') or (b)"],
  ['where log.exists() and check "name"', 'log.exists() and check'],
  ['where a is Quantity and b in (c | d) "name"', 'a is Quantity and b in (c | d)'],
  ['where a = {} "name"', 'a = {}'],
  [String.raw`where a = "\\'" "name"`, String.raw`a = '\\\''`],
  ['where a.empty() as vs0 "name"', 'a.empty() as vs0'],
  ['where $this.ofType(FHIR.Patient) /* so */ "name"', '$this.ofType(FHIR.Patient)'],
])('an expression ends before the name of the rule: %s', (text, expected) => {
  expect(ruleOf(`src.x ${text};`)).toMatchObject({ name: 'name', sources: [{ where: { text: expected } }] });
});

test('where, check and log follow each other, and an operand may bear the name of one', () => {
  expect(ruleOf("src where(a) check where = 1 log 'x' & log -> tgt;").sources[0]).toMatchObject({
    where: { text: '(a)' },
    check: { text: 'where = 1' },
    log: { text: "'x' & log" },
  });
});

test.each([
  "log 'x' check (y) where a = 1",
  "check (y) where a = 1 log 'x'",
  "where a = 1 check (y) log 'x'",
])('where, check and log mean the same in any order: %s', (text) => {
  expect(ruleOf(`src.a as v ${text} -> tgt;`).sources[0]).toMatchObject({
    where: { text: 'a = 1' },
    check: { text: '(y)' },
    log: { text: "'x'" },
  });
});

test('a quantity is a value', () => {
  const values = ['src -> tgt.a = 4 \'mg\' "n";', 'src -> tgt.a = -2 days;', 'src -> tgt.a = 4 "n";'].map(
    ruleOf,
  );
  expect(values.map(({ name, targets }) => [name, targets[0]?.transform])).toMatchObject([
    ['n', { kind: 'expression', text: "4 'mg'" }],
    [undefined, { kind: 'expression', text: '- 2 days' }],
    ['n', { kind: 'literal', value: 4 }],
  ]);
});

test('published maps write without blanks, and list a variable as a target of its own', () => {
  const rule = ruleOf(`obs.value:INT as int->ob.value=(int.value),patient share patient,
    // ob.note = create('Annotation'),
    ob.code = c('s','c')then X(obs,ob),Y(ob){ obs->ob.a="x"; }"2.16";`);
  expect(rule).toMatchObject({
    name: '2.16',
    sources: [{ type: { text: 'INT' }, variable: { text: 'int' } }],
    targets: [
      { transform: { text: 'int.value' } },
      { context: { text: 'patient' }, path: [], share: { text: 'patient' } },
      { transform: { name: { text: 'c' } } },
    ],
    dependents: [{ name: { text: 'X' } }, { name: { text: 'Y' } }],
    rules: [{ targets: [{ transform: { value: 'x' } }] }],
  });
});

test('keywords are names of elements, and names may stand in double quotes', () => {
  const rule = ruleOf(
    'src : Patient as "v 1" where true, "odd src"."odd name" : A.b -> tgt.group, tgt.where.then as first;',
  );
  expect(rule.sources).toMatchObject([
    { context: { text: 'src' }, type: { text: 'Patient' }, variable: { text: 'v 1' } },
    { context: { text: 'odd src' }, path: [{ text: 'odd name' }], type: { text: 'A.b' } },
  ]);
  expect(rule.targets).toMatchObject([
    { path: [{ text: 'group' }] },
    { path: [{ text: 'where' }, { text: 'then' }], variable: { text: 'first' } },
  ]);
});

test('a variable may bear the name of a keyword that begins a line', () => {
  const rules = [
    'group where (a) -> tgt;',
    'group default (a) as v -> tgt;',
    'group : T -> tgt;',
    'map "n";',
  ];
  expect(rules.map((text) => ruleOf(text).sources[0]?.context.text)).toEqual([
    'group',
    'group',
    'group',
    'map',
  ]);
});

test('a rule is named in either quotes or bare, before its semicolon or as in the drafts', () => {
  const named = ['src.a -> tgt.b "x y";', "src.a -> tgt.b 'x y';", 'src.a -> tgt.b `x y`;'].map(ruleOf);
  expect(named.map(({ name }) => name)).toEqual(['x y', 'x y', 'x y']);
  expect(ruleOf('src.a -> tgt.b = src.c bare;').name).toBe('bare');
  expect(ruleOf('early : for src.a -> tgt.b;').name).toBe('early');
});

test('a file may hold concept maps alone, with every relation', () => {
  const [map] = parsed(`conceptmap "codes" { // newer maps leave the sign # out
  prefix s = "a"; prefix t = "b";
  unmapped for s = provided
  s:a - t:b // one
  s:b = t:"b c" s:c == t:'d' s:"d" != t:1 s:e -- s:f -- t:g s:h <= t:i s:h >= t:i s:h >- t:i s:h <- t:i s:h ~ t:i
}`).conceptMaps;
  expect(map).toMatchObject({ url: { text: '#codes' }, unmapped: [{ prefix: { text: 's' } }] });
  expect(
    map?.codes.map(({ source, relation, target }) => `${source.code} ${relation.text} ${target.code}`),
  ).toEqual([
    'a - b',
    'b = b c',
    'c == d',
    'd != 1',
    'e -- ',
    'f -- g',
    'h <= i',
    'h >= i',
    'h >- i',
    'h <- i',
    'h ~ i',
  ]);
});

test('groups may be without parameters, and end with a semicolon', () => {
  const { groups } = parsed(
    'group Any() { src.a -> tgt.b; };\ngroup "odd name"(source a : "http://x.example/T") extends Any <<types>> {}\n' +
      'group Draft(source a) <<type+types>> {}',
  );
  expect(groups).toMatchObject([
    { parameters: [] },
    { name: { text: 'odd name' }, parameters: [{ type: { text: 'http://x.example/T' } }] },
    { typeMode: 'type+' },
  ]);
});
