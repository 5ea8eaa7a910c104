/** Maps that mean harm to a run end it with an issue that says where, within the steps that the limits allow. */
import { expect, test, vi } from 'vitest';
import type { CompiledMap } from '../../src/mapping/compile-map.ts';
import { anyMapText, attempt, outcome } from './hostile-attempt.ts';

/** A slow machine takes longer for large inputs; a hang takes for ever. */
vi.setConfig({ testTimeout: 60_000 });

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const FEW = { limits: { steps: 200_000 } };

/** Runs that must end at the limit of steps, plain and traced. */
function expectCostly(body: string, record: unknown, more = ''): void {
  const { out, issues, explained } = outcome(anyMapText(body, more), record, FEW);
  expect(out).toBeUndefined();
  expect(issues.at(-1)).toMatch(/^map-too-costly t\.map:\d+:\d+.* more than 200000 steps/);
  expect(explained.at(-1)).toMatch(/^map-too-costly t\.map/);
}

/** An object that holds itself. */
function circle(...names: string[]): Record<string, unknown> {
  const made: Record<string, unknown> = { id: '1' };
  for (const name of names) made[name] = made;
  return made;
}

const RECURSIVE: Readonly<Record<string, string>> = {
  'a group that calls itself': anyMapText(
    'src as s then walk(s, tgt) "m";',
    'group walk(source s, target t) { s.id as i -> t.id = i "i"; s.next as n -> t.next as m then walk(n, m) "w"; }',
  ),
  'two groups that call each other': anyMapText(
    'src as s then one(s, tgt) "m";',
    `group one(source s, target t) { s.next as n -> t.next as m then two(n, m) "o"; }
     group two(source s, target t) { s.id as i -> t.id = i "i"; s.next as n -> t.next as m then one(n, m) "t"; }`,
  ),
  'a group that calls itself through the group that it extends': anyMapText(
    'src as s then child(s, tgt) "m";',
    `group child(source s, target t) extends parent { s.id as i -> t.id = i "i"; }
     group parent(source s, target t) { s.next as n -> t.next as m then child(n, m) "p"; }`,
  ),
};

for (const [what, text] of Object.entries(RECURSIVE))
  test(`follows ${what} to the limit of calls and goes on after it`, () => {
    const { out, issues, explained } = outcome(text, circle('next'), { limits: { calls: 20 } });
    expect(issues).toEqual([expect.stringMatching(/^map-too-deep t\.map:\d+:\d+.*deeper than 20 levels/)]);
    expect(explained).toHaveLength(1);
    expect(JSON.stringify(out)).toContain('next');
  });

test('ends a group that calls itself twice for each level of a record that holds itself', () => {
  const more = `group walk(source s, target t) {
    s.a as n -> t.a as m then walk(n, m) "a"; s.b as n -> t.b as m then walk(n, m) "b"; }`;
  expectCostly('src as s then walk(s, tgt) "m";', circle('a', 'b'), more);
});

test('follows default groups on recursive data to the limit of calls', () => {
  const text = `uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as source
group main(source src : Bundle, target tgt : Bundle) <<types>> { src.entry -> tgt.entry; }
group entry(source src : \`Bundle.entry\`, target tgt : \`Bundle.entry\`) <<types>> { src.resource -> tgt.resource; }
group bundle(source src : Bundle, target tgt : Bundle) <<type+>> { src.id -> tgt.id; src.entry -> tgt.entry; }`;
  const bundle: Record<string, unknown> = { resourceType: 'Bundle', id: 'b' };
  bundle.entry = [{ resource: bundle }];
  const { map, rules } = attempt(text, { limits: { calls: 20, steps: 50_000 } });
  expect(rules).toEqual([]);
  const { issues } = map!.run(bundle);
  expect(issues.length).toBeGreaterThan(0);
});

const LIST = { a: range(300), b: 'x'.repeat(5_000) };

test('ends cross products of several sources, of paths and of nested rules', () => {
  const many = range(6).map((i) => `src.a as x${i}`);
  expectCostly(`${many.join(', ')} -> tgt.y = x0 "m";`, LIST);
  expectCostly('src.a as x then { src.a as y then { src.a as z -> tgt.y = z "c"; } "b"; } "a";', LIST);
  expectCostly('src.a.a.a as x -> tgt.y = x "m";', {
    a: range(100).map(() => ({ a: range(100).map(() => ({ a: range(100) })) })),
  });
});

test('counts the turns that collect what a list mode or a cardinality picks from', () => {
  expectCostly('src.a as x, src.a first as y, src.a last as z -> tgt.y = z "m";', { a: range(1_000) });
  expectCostly('src.a as x, src.a 0..* as y where $this = -1 -> tgt.y = y "m";', { a: range(1_000) });
});

/** A map from anything to a HumanName, of which `given` is a list. */
function text(body: string): string {
  return `uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias HumanName as target
group main(source src, target tgt : HumanName) { ${body} }`;
}

test('counts the values that an expression gives, the values that a copy copies, and long texts', () => {
  const given = text('src.a as x, src as s -> tgt.given = (s.a) "m";');
  expect(outcome(given, { a: range(1_000) }, FEW).issues).toEqual([
    expect.stringMatching(/^map-too-costly t\.map/),
  ]);
  expectCostly('src.a as x, src.c as c -> tgt.y = c "m";', { a: range(1_000), c: { list: range(1_000) } });
  expectCostly(`src.a as x, src.b as b -> tgt.y = escape(b, 'json') "m";`, {
    a: range(1_000),
    b: 'x'.repeat(1_000_000),
  });
});

test('ends texts that are made of themselves twice in each rule', () => {
  const doubled = range(40).map((i) => `tgt.t${i + 1} = append(t${i}, t${i}) as t${i + 1}`);
  expectCostly(
    `src.a as x then { src.b as b -> tgt.t0 = append(b, '.') as t0, ${doubled.join(', ')} "d"; } "l";`,
    LIST,
  );
});

test('charges loops and calls by their code', () => {
  const rules = range(300)
    .map((i) => `x.m${i} as v -> tgt.n${i} = v "r";`)
    .join('\n');
  expectCostly(`src.a as x then { ${rules} } "m";`, { a: range(30_000).map(() => ({})) });
});

test('bounds the issues of a run', () => {
  const { issues } = outcome(
    anyMapText(`src.a as x check x = 'no' -> tgt.y = 'z' "m";`),
    { a: range(10_000) },
    FEW,
  );
  expect(issues.length).toBeLessThan(2_001);
  expect(issues.at(-1)).toMatch(/^map-too-costly/);
});

const EXPRESSIONS: Readonly<Record<string, string>> = {
  where: 'src.a as x where src.a.where($this > -1).count() > 0 -> tgt.y = x "m";',
  check: 'src.a as x check src.a.select($this + 1).count() > 0 -> tgt.y = x "m";',
  log: 'src.a as x log src.a.select($this + 1) -> tgt.y = x "m";',
  evaluate: `src.a as x -> tgt.y = evaluate(src, 'a.select($this + 1).count()') "m";`,
  default: 'src.a as x then { src.none default (1 | 2 | src.a.count()) as d -> tgt.y = d "d"; } "m";',
  'an argument of a group': 'src.a as x then sub(src, (%src.a.where($this > 1).count())) "m";',
};

for (const [where, body] of Object.entries(EXPRESSIONS))
  test(`bounds what the expressions of a run visit all together, in ${where}`, () => {
    const text = anyMapText(body, 'group sub(source s, source n) { n as m where n = -1; }');
    const options = { log: (): void => undefined };
    const { issues } = outcome(text, { a: range(2_000) }, { limits: { visits: 100_000 } }, options);
    expect(issues.at(-1)).toMatch(/^(?:fhirpath-evaluation|map-single-value) t\.map:\d+:\d+/);
  });

test('ends expressions that blow up by themselves', () => {
  const blown = [
    `src where 'a'.matches('(a+)+$') and '${'a'.repeat(40)}!'.matches('(a+)+$') -> tgt.y = 1 "m";`,
    'src where a.select(%src.a.select(%src.a.select(%src.a))).count() > 0 -> tgt.y = 1 "m";',
    `src where 'ab'.repeat(x | y).exists() -> tgt.y = 1 "m";`,
    'src where a.repeat(%src.a).exists() and self.repeat(self).exists() -> tgt.y = 1 "m";',
    `src where b.replaceMatches('x', b).replaceMatches('x', b).length() > 0 -> tgt.y = 1 "m";`,
  ];
  for (const body of blown) {
    const { map } = attempt(anyMapText(body), { limits: { visits: 1_000_000, built: 1_000_000 } });
    const result = map?.run({ ...LIST, self: circle('self') });
    expect(result ? Array.isArray(result.issues) : true).toBe(true);
  }
});

test('ends a constant that blows up while the map is compiled', () => {
  const all = `(${range(40).join(' | ')})`;
  const nested = `${`${all}.select(`.repeat(12)}1${')'.repeat(12)}.count()`;
  expect(attempt(`let c = ${nested};\n${anyMapText('src -> tgt.y = c "m";')}`).rules).toContain(
    'map-expression',
  );
});

test('follows tables that refer their codes to each other in a circle to an issue', () => {
  const table = (url: string, next: string): object => ({
    resourceType: 'ConceptMap',
    status: 'active',
    url,
    group: [{ element: [], unmapped: { mode: 'other-map', url: next } }],
  });
  const conceptMaps = {
    'a.json': table('urn:a', 'urn:b'),
    'b.json': table('urn:b', 'urn:a'),
    'c.json': table('urn:c', 'urn:c'),
  };
  for (const url of ['urn:a', 'urn:c']) {
    const text = anyMapText(`src.code as c -> tgt.code = translate(c, '${url}', 'code') "t";`);
    const { issues } = outcome(text, { code: 'x' }, { conceptMaps: conceptMaps as never });
    expect(issues).toEqual([expect.stringMatching(/^map-unmapped-code t\.map:\d+:\d+/)]);
  }
});

test('looks codes up in a table of three hundred thousand', () => {
  const element = range(300_000).map((i) => ({
    code: `c${i}`,
    target: [{ code: `d${i}`, equivalence: 'equal' as const }],
  }));
  const conceptMaps = {
    'a.json': {
      resourceType: 'ConceptMap' as const,
      status: 'active' as const,
      url: 'urn:a',
      group: [{ element }],
    },
  };
  const text = anyMapText(`src.code as c -> tgt.code = translate(c, 'urn:a', 'code') "t";`);
  expect(outcome(text, { code: range(1_000).map((i) => `c${i}`) }, { conceptMaps }).issues).toEqual([]);
});

test('gives an issue where only the code that remembers its rules is too long', () => {
  const rules = range(50)
    .map((i) => `src.a${i} as a -> tgt.a${i} = a "r${i}";`)
    .join('\n');
  const compiled = (code: number): CompiledMap | undefined =>
    attempt(anyMapText(rules), { limits: { code } }).map;
  const least = range(200).find((hundreds) => compiled(hundreds * 100))!;
  const map = compiled(least * 100)!;
  expect(map.run({ a1: 'x' }).value).toEqual({ a1: 'x' });
  expect(map.explain({ a1: 'x' })).toMatchObject({
    value: undefined,
    lineage: [],
    issues: [{ code: 'too-costly' }],
  });
});

test('finds the item that a list mode picked again without searching the list for it', () => {
  const { map } = attempt(text(`src.a not_first as x where $this != 'c' -> tgt.given = x "m";`));
  const { lineage } = map!.explain({ a: ['e', 'c', 'e', 'g'] });
  expect(lineage.map(({ element, sources }) => [element, sources])).toEqual([
    ['given[0]', ['a[2]']],
    ['given[1]', ['a[3]']],
  ]);
  expect(map!.explain({ a: range(20_000).map(String) }).lineage).toHaveLength(19_999);
});

test('gives the lineage of long lists, and writes long lists of primitives with ids, without searching or copying them', () => {
  const typed = `uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias Name as source
uses "http://hl7.org/fhir/StructureDefinition/HumanName" alias Made as target
group main(source src : Name, target tgt : Made) { src.given -> tgt.given "g"; src.prefix as p -> tgt.prefix = p, tgt.suffix = p "p"; }`;
  const { map } = attempt(typed);
  const given = range(20_000).map(String);
  const record = { given, _given: given.map((id) => ({ id })), prefix: given };
  expect(map!.run(record).value).toEqual({ ...record, suffix: given });
  expect(map!.explain(record).lineage).toHaveLength(4 * given.length);
});

test('compiles a default of a choice whose type the record decides', () => {
  const typed = `uses "http://hl7.org/fhir/StructureDefinition/Observation" alias Observation as source
group main(source src : Observation, target tgt) { src.value default 'none' as v -> tgt.value = v "v"; }`;
  expect(outcome(typed, {}).out).toEqual({ value: 'none' });
  expect(outcome(typed, { valueString: 'x' }).out).toEqual({ value: 'x' });
});
