/** Map text into its tree: the whole grammar, the published maps, and where a fault stands. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMap } from '../../src/mapping/parser.ts';
import { placeText } from '../../src/mapping/tree.ts';

const PUBLISHED = '../shared/conformance/fml';

/** @returns the first issue's text of a map that must not parse */
function refusal(text: string): string | undefined {
  const parsed = parseMap('t.map', text);
  return parsed.ok ? undefined : parsed.outcome.issue[0]?.diagnostics;
}

/** The whole grammar in one map. */
const EVERYTHING = `/// status = 'active'
map "https://hedgerow.example/all" = all
/* a block
   comment */
conceptmap "#codes" {
  prefix s = "https://a"
  prefix t = "https://b"
  unmapped for s = provided
  s:one - t:"two words"
  s:"x y" == t:2
}
uses "https://a" alias A as source
uses "https://b" as target
imports "https://hedgerow.example/*"
let fixed = 'a' + 'b';
group One(source src : A, target tgt) extends Two <<type+>> { // a comment
  src.a : string 0..* default ('x') first as a where (a = 'b') and true check a.exists() log 'seen',
    src.b as b -> tgt.c = append('x', a, -1.5, true) as c share s1, tgt.d = ("q" & a), create('Patient') as p
    then Two(a, c), Three(a, 'text') { a -> c.x; } "named";
  src.\`odd name\` -> tgt.e;
}
group Two(source src, target tgt) <<types>> {}`;

test('parses every construct of the language', () => {
  const parsed = parseMap('t.map', EVERYTHING);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.outcome));
  const { url, name, imports, constants, conceptMaps, structures, groups } = parsed.value;
  expect({ url, name }).toEqual({ url: 'https://hedgerow.example/all', name: 'all' });
  expect(imports.map(({ text }) => text)).toEqual(['https://hedgerow.example/*']);
  expect(constants[0]?.value.text).toBe("'a' + 'b'");
  expect(conceptMaps[0]?.codes.map(({ target }) => target.code)).toEqual(['two words', '2']);
  expect(structures).toMatchObject([
    { alias: 'A', mode: 'source' },
    { alias: undefined, mode: 'target' },
  ]);
  const [first] = groups[0]!.rules;
  expect(groups[0]).toMatchObject({ parent: { text: 'Two' }, typeMode: 'type+' });
  expect(first).toMatchObject({
    name: 'named',
    dependents: [{ name: { text: 'Two' } }, { name: { text: 'Three' } }],
  });
  expect(first!.sources[0]).toMatchObject({
    type: { text: 'string' },
    cardinality: { min: 0, max: Number.POSITIVE_INFINITY },
    fallback: { text: "'x'" },
    listMode: { text: 'first' },
    where: { text: "(a = 'b') and true" },
    check: { text: 'a.exists()' },
    log: { text: "'seen'" },
  });
  expect(first!.targets[0]).toMatchObject({
    listModes: [{ text: 'share' }],
    share: { text: 's1' },
    variable: { text: 'c' },
  });
  expect(first!.targets[1]?.transform).toMatchObject({ kind: 'expression', text: "'q' & a" });
  expect(placeText(first!.sources[1]!.context.at)).toBe('t.map:18:5');
  expect(groups[0]!.rules[1]?.sources[0]?.path[0]?.text).toBe('odd name');
});

test('names file, line, column and what was expected', () => {
  expect(refusal('map "u" = "n"\ngroup g(source a, target b) {\n  a.x -> b.y\n}')).toBe(
    't.map:3:13: expected ";" behind "y"',
  );
  expect(refusal('map "u" = "n"\nuses "x" as nothing')).toContain('t.map:2:');
  expect(refusal("group g(source a) { a.x where (b = 'c -> d.e; }")).toContain(
    't.map:1:36: the text that starts here',
  );
  expect(refusal('map "u" = "n"')).toBe('t.map:1:14: expected a group, found the end of the file');
});

test('refuses rules nested without end', () => {
  const deep = `group g(source a) {${'a then {'.repeat(5_000)}`;
  expect(refusal(deep)).toContain('nested deeper than 100 levels');
});

test('a text full of faults costs no more than one of a hundred', () => {
  const lines = [
    "\\'\n",
    '“\n',
    '/*\n',
    'src.a = b;\n',
    'a then {\n',
    '}\n',
    'uses "\n',
    "src.a -> tgt.b = 'x;\n",
    '(\n',
  ];
  for (const line of lines) {
    const map = parseMap('t.map', `group g(source src) { '\n${line.repeat(200_000)}`.slice(0, 2_000_000));
    expect(map.ok ? 0 : map.outcome.issue.length).toBeGreaterThan(0);
    expect(map.ok ? 0 : map.outcome.issue.length).toBeLessThanOrEqual(100);
  }
});

test('parses any text to a tree or to issues with a place', () => {
  const words = EVERYTHING.split(/(?=[ (){}.,;"'])/);
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), fc.string(), (parts, more) => {
      const parsed = parseMap('t.map', parts.join('') + more);
      if (parsed.ok) return;
      for (const { diagnostics } of parsed.outcome.issue) expect(diagnostics).toMatch(/^t\.map:\d+:\d+: /);
      expect(parsed.outcome.issue).not.toEqual([]);
    }),
  );
});

if (existsSync(PUBLISHED)) {
  for (const path of globSync(`${PUBLISHED}/*.map`)) {
    test(`parses the published ${basename(path)}`, () => {
      expect(parseMap(basename(path), readFileSync(path, 'utf8'))).toMatchObject({ ok: true });
    });
  }
} else console.warn(`published maps are not parsed: there is no folder ${PUBLISHED}`);
