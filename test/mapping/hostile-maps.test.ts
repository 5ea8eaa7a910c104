/** Maps that mean harm to the compiler are refused with a located error, or compile in bounded time and code. */
import { expect, test, vi } from 'vitest';
import { readStructureMap } from '../../src/mapping/structure-map-read.ts';
import { anyMapText, attempt, outcome } from './hostile-attempt.ts';

/** A slow machine takes longer for large inputs; a hang takes for ever. */
vi.setConfig({ testTimeout: 60_000 });

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const repeated = (count: number, one: (index: number) => string): string => range(count).map(one).join('\n');

/** Groups of which each calls the next several times: as many calls as the last power of it. */
function laughs(levels: number, calls: number, end: string): string {
  const groups = repeated(levels, (i) => {
    return `group g${i}(source s, target t) { ${`s then g${i + 1}(s, t) "c"; `.repeat(calls)}}`;
  });
  return anyMapText(
    'src then g0(src, tgt) "m";',
    `${groups}\ngroup g${levels}(source s, target t) { ${end} }`,
  );
}

test('compiles a billion laughs to code that grows with the groups, and ends the run at the limit of steps', () => {
  const text = laughs(30, 2, 's.x as x -> t.x = x "x";');
  const { map } = attempt(text);
  expect(map!.code.length).toBeLessThan(100_000);
  const { out, issues, explained } = outcome(text, { x: '1' }, { limits: { steps: 10_000 } });
  expect(out).toBeUndefined();
  expect(issues).toEqual([expect.stringMatching(/^map-too-costly t\.map:\d+:\d+.* more than 10000 steps/)]);
  expect(explained).toEqual([expect.stringMatching(/^map-too-costly t\.map/)]);
});

test('refuses a billion laughs that leave no code, for compiling them costs time all the same', () => {
  expect(attempt(laughs(40, 2, '')).rules).toEqual(['map-too-large']);
  expect(attempt(laughs(12, 10, '')).rules).toEqual(['map-too-large']);
});

test('refuses a billion laughs of primitives with what they carry, which are compiled in place', () => {
  const groups = repeated(30, (i) => {
    return `group g${i}(source s : string, target t : HumanName) { s then g${i + 1}(s, t) "a"; s then g${i + 1}(s, t) "b"; }`;
  });
  const text = `uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias HumanName as source
group main(source src : HumanName, target tgt : HumanName) { src.family as f then g0(f, tgt) "m"; }
${groups}\ngroup g30(source s : string, target t : HumanName) { s -> t.given = s "g"; }`;
  expect(attempt(text).rules).toEqual(['map-too-large']);
});

test('says at which rule the code grew beyond a limit that the caller set', () => {
  const { texts } = attempt(anyMapText(repeated(20, (i) => `src.a${i} as a -> tgt.a${i} = a "a";`)), {
    limits: { code: 1_000 },
  });
  expect(texts).toEqual([
    expect.stringMatching(/^t\.map:\d+:1 \(rule "a"\): here the maps compile to more than 1000/),
  ]);
});

const DEEP: Readonly<Record<string, string>> = {
  'groups that call each other in a chain of ten thousand': anyMapText(
    'src.a as a -> tgt.a as b then g0(a, b) "m";',
    `${repeated(10_000, (i) => `group g${i}(source s, target t) { s.a as a -> t.a as b then g${i + 1}(a, b) "c"; }`)}
group g10000(source s, target t) { s -> t.end = 'x' "e"; }`,
  ),
  'a rule of five thousand sources': anyMapText(
    `${range(5_000)
      .map((i) => `src.a as a${i}`)
      .join(', ')} -> tgt.a = 'x' "m";`,
  ),
  'a source path of twenty thousand steps': anyMapText(`src${'.a'.repeat(20_000)} as a -> tgt.a = a "m";`),
  'a target path of twenty thousand steps': anyMapText(`src.a as a -> tgt${'.a'.repeat(20_000)} = a "m";`),
};

for (const [what, text] of Object.entries(DEEP))
  test(`refuses ${what}`, () => {
    expect(attempt(text).rules).toEqual(['map-too-large']);
  });

test('refuses rules and brackets nested a hundred thousand deep', () => {
  const rules = `${'src then {'.repeat(100_000)}${'} "r";'.repeat(100_000)}`;
  const brackets = `src where ${'('.repeat(100_000)}a${')'.repeat(100_000)} -> tgt.a = 'x' "r";`;
  expect(attempt(anyMapText(rules)).rules).toEqual(['map-syntax']);
  expect(attempt(anyMapText(brackets)).rules).toEqual(['map-syntax']);
});

test('refuses recursion through extends, of one group and of several', () => {
  const more =
    'group a(source s) extends b { }\ngroup b(source s) extends c { }\ngroup c(source s) extends a { }';
  expect(attempt(anyMapText('src then a(src) "a";', more)).rules).toEqual(['map-cyclic-extends']);
  expect(attempt('group main(source src) extends main { }').rules).toEqual(['map-cyclic-extends']);
});

test('refuses imports in a circle of a thousand maps, and in circles of which each map imports all', () => {
  const circle = Object.fromEntries(
    range(1_000).map((i) => [
      `m${i}.map`,
      `map "https://m${i}" = "m"\nimports "https://m${(i + 1) % 1_000}"\ngroup g${i}(source s) { }`,
    ]),
  );
  const text = 'map "https://t" = "t"\nimports "https://m0"\ngroup main(source src) { }';
  expect(attempt(text, { imports: circle }).rules).toEqual(['map-cyclic-import']);
  const all = Object.fromEntries(
    range(300).map((i) => [
      `m${i}.map`,
      `map "https://m${i}" = "m"\nimports "https://m*"\ngroup g${i}(source s) { }`,
    ]),
  );
  expect(attempt(text, { imports: all }).rules).toEqual(['map-cyclic-import']);
});

test('takes imports of many wildcards in one walk along the URL', () => {
  const url = `https://${'a'.repeat(5_000)}`;
  const imports = { 'm.map': `map "${url}b" = "m"\ngroup m(source s) { }` };
  const wanted = (end: string): string =>
    `imports "${'*a'.repeat(2_000)}${end}"\ngroup main(source src) { src then m(src) "m"; }`;
  expect(attempt(wanted('*b'), { imports }).rules).toEqual([]);
  expect(attempt(wanted('*c'), { imports }).rules).toContain('map-unknown-import');
});

test('compiles thousands of groups, rules, variables and constants', () => {
  const groups = repeated(2_000, (i) => `group g${i}(source s, target t) { s.a as a -> t.a${i} = a "r"; }`);
  const calls = repeated(2_000, (i) => `src then g${i}(src, tgt) "c";`);
  const { out } = outcome(anyMapText(calls, groups), { a: 'x' });
  expect(Object.keys(out as object)).toHaveLength(2_000);
  const constants = repeated(500, (i) => `let c${i} = ${i};`);
  const reads = repeated(2_000, (i) => `src.a${i} as a -> tgt.a${i} = c${i % 500} "r";`);
  expect(outcome(`${constants}\n${anyMapText(reads)}`, { a1: 1 }).out).toEqual({ a1: 1 });
});

test('refuses more variables in one rule, or parameters of one group, than anyone could follow', () => {
  const variables = range(5_000).map((i) => `src as a${i}`);
  expect(attempt(anyMapText(`${variables.join(', ')} -> tgt.a = 'x' "m";`)).rules).toEqual(['map-too-large']);
  const parameters = range(70_000).map((i) => `source s${i}`);
  expect(attempt(`group main(${parameters.join(', ')}) { s0 as s -> s.x; }`).rules).toContain(
    'map-parameters',
  );
});

test('gives the first thousand of a hundred thousand mistakes, and every error though warnings come first', () => {
  const mistakes = repeated(40_000, (i) => `src then g${i}(v${i}) "m";`);
  expect(attempt(anyMapText(mistakes)).texts.length).toBeLessThanOrEqual(1_000);
  const warnings = repeated(2_000, () => 'src.a as unused -> tgt.a = 1 "w";');
  expect(attempt(anyMapText(`${warnings}\nsrc -> tgt.b = none "e";`)).rules).toEqual([
    'map-unknown-variable',
  ]);
});

test('names wrong words of a megabyte without copying what is near into every finding', () => {
  const long = 'n'.repeat(400_000);
  const more = `group ${long}(source s) { }`;
  const { texts } = attempt(
    anyMapText(
      repeated(500, (i) => `src then g${i}(src) "m";`),
      more,
    ),
  );
  expect(texts).toHaveLength(500);
  expect(texts.join('').length).toBeLessThan(200_000);
});

/** Texts on which a parser that searches from every sign takes the square of their length. */
const SLOW: Readonly<Record<string, string>> = {
  'comments that never end': anyMapText('/* '.repeat(600_000)),
  'one line of half a megabyte': `group main(source src) { ${'src as s;'.repeat(60_000)} `,
  'metadata of a million blanks': `/// title = "${' '.repeat(1_000_000)}" x\ngroup main(source src) { src.a as a -> ; }`,
  'metadata that opens a text and never closes it': `${'/// title = """"\n'.repeat(100_000)}x`,
  'a text that never ends': `group main(source src) { src.a as "${'\\"'.repeat(900_000)}`,
  'a third of a million brackets': '['.repeat(300_000),
};

for (const [what, text] of Object.entries(SLOW))
  test(`refuses ${what} in one walk along the text`, () => {
    expect(attempt(text).rules).toEqual(['map-syntax']);
  });

test('reads the names of a rule once, however deep it stands', () => {
  const inner = repeated(2_000, (i) => `src.a${i} as a where a = 'x' and src.b${i} = 'y' -> tgt.a = a "r";`);
  const text = anyMapText(`${'src then {'.repeat(98)}${inner}${'} "r";'.repeat(98)}`);
  expect(attempt(text).map).toBeDefined();
});

test('refuses conditions that go on for hundreds of kilobytes', () => {
  const terms = range(20_000).map((i) => `src.a${i} = 'x'`);
  const { rules } = attempt(anyMapText(`src where ${terms.join(' or ')} -> tgt.a = 'x' "r";`));
  expect(rules).toEqual(['map-expression']);
});

const MALFORMED: readonly unknown[] = [
  undefined,
  null,
  '',
  0,
  [],
  {},
  { resourceType: 'StructureMap' },
  { resourceType: 'StructureMap', group: {} },
  { resourceType: 'StructureMap', group: [null, [], 1, { name: {}, rule: [[]], input: 'x' }] },
  {
    resourceType: 'StructureMap',
    group: [{ name: 'a', input: [{}], rule: [{ source: [{ context: [] }] }] }],
  },
  { resourceType: 'StructureMap', contained: 'x', structure: [1], const: [{ name: 1 }], import: [{}] },
  JSON.parse(
    '{"resourceType":"StructureMap","__proto__":{"x":1},"group":[{"name":"__proto__","rule":[{"__proto__":[]}]}]}',
  ),
];

test('refuses StructureMaps that are malformed in any of their parts, with the element', () => {
  for (const json of MALFORMED) {
    const read = readStructureMap('m.json', json);
    const issues = read.ok ? [] : read.outcome.issue;
    expect(issues.length).toBeGreaterThan(0);
    for (const { diagnostics } of issues) expect(diagnostics).toMatch(/^m\.json#StructureMap/);
  }
});

test('refuses a StructureMap that holds itself', () => {
  const rule: Record<string, unknown> = { name: 'r', source: [{ context: 'src' }] };
  rule.rule = [rule, rule];
  const map = {
    resourceType: 'StructureMap',
    group: [{ name: 'main', input: [{ name: 'src', mode: 'source' }], rule: [rule] }],
  };
  expect(readStructureMap('m.json', map)).toMatchObject({ ok: false });
});
