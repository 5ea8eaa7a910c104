/** Mistakes that people make when they write a map: each is said where it stands, with what to write, and all at once. */
import { expect, test } from 'vitest';
import { parseMap } from '../../src/mapping/parser.ts';

/** @returns what is wrong with a text, each with its line and column in front */
function findings(text: string): string[] {
  const map = parseMap('t.map', text);
  return map.ok ? [] : map.outcome.issue.map(({ diagnostics = '' }) => diagnostics.replace('t.map:', ''));
}

/** What is wrong with rules that stand before a group with a mistake of its own, which must be found too. */
function findingsOfRules(rules: string): string[] {
  const last = 'group last(source s, target t) {\ns.a -> t.b c.d;\n}';
  const found = findings(`group g(source src, target tgt) {\n${rules}\n}\n${last}`);
  const line = rules.split('\n').length + 4;
  expect(found.pop()).toBe(
    `${line}:12: expected "," between two targets, or ";" at the end of the rule, found "c"`,
  );
  return found;
}

/** What is meant, rules in which it is missing or wrong, and all that is said of them. */
const RULES: [string, string, ...string[]][] = [
  ['a semicolon', 'src.a -> tgt.b\nsrc.c -> tgt.d;', '2:15: expected ";" behind "b"'],
  ['a semicolon behind the name', 'src.a -> tgt.b "n"\nsrc.c -> tgt.d;', '2:19: expected ";" behind "n"'],
  ['a semicolon behind a block', 'src.a then {\n}\nsrc.c -> tgt.d;', '3:2: expected ";" behind "}"'],
  ['the last semicolon', 'src.a as a -> tgt.b = a', '2:24: expected ";" behind "a"'],
  [
    'an arrow',
    'src.a = tgt.b;',
    '2:7: expected "->" between source and target, as in src.a as a -> tgt.b = a, found "="',
  ],
  ['an arrow in one piece', 'src.a - > tgt.b;', '2:7: expected "->" between source and target, found "-"'],
  ['an arrow of two signs', 'src.a → tgt.b;', '2:7: → is no sign of the language; write ->'],
  ['straight quotes', 'src.a -> tgt.b = “x”;', '2:18: “ is no sign of the language; write "'],
  [
    'a comma',
    'src.a -> tgt.b tgt.c;',
    '2:16: expected "," between two targets, or ";" at the end of the rule, found "tgt"',
  ],
  ['a target behind a comma', 'src.a -> tgt.b, ;', '2:17: expected a target, such as tgt.name, found ";"'],
  [
    'brackets around FHIRPath',
    'src.a as a -> tgt.b = a.lower();',
    '2:30: expected FHIRPath in brackets, such as = (src.name.first()), found "("',
  ],
  [
    'brackets around an operator',
    "src.a as a -> tgt.b = a & 'x';",
    '2:25: expected FHIRPath in brackets, such as = (src.name.first()), found "&"',
  ],
  [
    'brackets around all of FHIRPath',
    'src.a as a -> tgt.b = (a).lower();',
    '2:26: expected FHIRPath in brackets, such as = (src.name.first()), found "."',
  ],
  [
    'brackets around a variable with %',
    'src.a as a -> tgt.b = %a;',
    '2:23: expected FHIRPath in brackets, such as = (src.name.first()), found "%"',
  ],
  ['a closing bracket', "src.a where (x = 'a' -> tgt.b;", '2:13: "(" is not closed; write ")" before "->"'],
  [
    'a closing bracket of a call',
    "src.a -> tgt.b = append('x';",
    '2:28: expected "," or ")" behind a parameter of append, found ";"',
  ],
  ['an opening bracket', "src.a where x = 'a') -> tgt.b;", '2:20: ")" closes no bracket; remove it'],
  [
    'a closing quote',
    "src.a -> tgt.b = 'x;\nsrc.a -> tgt.c = 'y';",
    "2:18: the text that starts here with ' has no end; close it with '",
  ],
  [
    'a closing back quote',
    'src.a -> tgt.`b;\nsrc.a -> tgt.`c`;',
    '2:14: the text that starts here with ` has no end; close it with `',
  ],
  [
    'two closing quotes',
    "src.a -> tgt.b = 'x;\nsrc.a -> tgt.c = 'y;\nsrc.a -> tgt.d = 'z';",
    "2:18: the text that starts here with ' has no end; close it with '",
    "3:18: the text that starts here with ' has no end; close it with '",
  ],
  ['as', 'src.a a -> tgt.b = a;', '2:7: expected "as" before a variable, or "->", then or ";", found "a"'],
  ['small letters', 'src.a AS a -> tgt.b = a;', '2:7: expected as in small letters, found "AS"'],
  [
    'then',
    'src.a as a -> tgt.b as b other(a, b);',
    '2:26: expected then before the name of a group, found "other"',
  ],
  [
    'then before a block',
    'src.a as a -> tgt.b as b { a.x -> b.y; };',
    '2:26: expected "then" before "{", found "{"',
  ],
  ['the parameters of a group', 'src.a as a then other;', '2:22: expected "(" behind other, found ";"'],
  [
    'quotes around a list',
    "src.a as a -> tgt.b = translate(a, #c, 'code');",
    '2:36: expected a text in quotes, such as "#codes", found "#"',
  ],
  ['a source', "-> tgt.b = 'x';", '2:1: expected a source, such as src.name, found "->"'],
  [
    'a source that is none',
    "'x' -> tgt.b;",
    '2:1: expected a source, such as src; a value stands behind "=" of a target, found "x"',
  ],
  [
    'where for a condition',
    'src.a.where(b = 1) -> tgt.b;',
    '2:12: expected a condition by where: src.name where (use = "usual"); a source has names only, found "("',
  ],
  [
    'first for an index',
    'src.a[0] -> tgt.b;',
    '2:6: expected first, last, or a condition by where: a source has no index, found "["',
  ],
  [
    'an element without index',
    "src.a -> tgt.b[0] = 'x';",
    '2:15: expected the name of an element alone: an index, or [x], is left out, found "["',
  ],
  [
    'a condition before the arrow',
    'src.a -> tgt.b where x = 1;',
    '2:16: expected where before "->", as a part of the source, found "where"',
  ],
  [
    'the order of a source',
    'src.a as v first -> tgt.b;',
    '2:12: expected the parts of a source in their order: src.a : Type 0..1 default (x) first as v where (…), found "first"',
  ],
  [
    'the order of a type',
    'src.a as v : string -> tgt.b;',
    '2:12: expected the parts of a source in their order: src.a : Type 0..1 default (x) first as v where (…), found ":"',
  ],
  [
    'a source that is searched',
    "src.a search('x') -> tgt.b;",
    '2:7: expected where (…): search is no part of the language, found "search"',
  ],
  ['one value', 'src.a as a -> tgt.b == a;', '2:21: expected "=" before the value of a target, found "=="'],
  [
    'one arrow',
    'src.a -> tgt.b -> tgt.c;',
    '2:16: expected one "->" in a rule, and "," between its targets, found "->"',
  ],
  [
    'a name at the end',
    'src.a "n" -> tgt.b;',
    '2:11: expected ";", as the name of a rule stands at its end, found "->"',
  ],
  ['a cardinality', 'src.a 0..n -> tgt.b;', '2:10: expected a number or *, found "n"'],
  [
    'one where',
    'src.a where b where c -> tgt.b;',
    '2:15: expected one "where" for each source; join the two by "and", found "where"',
  ],
  ['an argument', 'src.a -> tgt.b = append(a, );', '2:28: expected an expression, found ")"'],
  [
    'groups before rules',
    'src.a then { src.b -> tgt.b; } then other(src);',
    '2:32: expected groups before rules: then Group(a, b) { … }, found "then"',
  ],
  [
    'rules of the draft',
    'x : for src.a make tgt.b;',
    '2:15: expected "->" between source and target, which drafts of the language wrote as make, found "make"',
  ],
];

test.each(RULES)('a rule without %s', (_, rules, ...expected) => {
  expect(findingsOfRules(rules)).toEqual(expected);
});

const FILES: [string, string, ...string[]][] = [
  [
    'a closing brace',
    'group g(source src, target tgt) {\nsrc.a then {\nsrc.b -> tgt.b;\n}\n\ngroup h(source s) {\ns = x;\n}',
    '6:1: expected "}" for the "{" of line 1, column 33, found "group"',
    '7:3: expected "->" between source and target, as in src.a as a -> tgt.b = a, found "="',
  ],
  [
    'the last brace',
    'group g(source src) {\nsrc.a;\n',
    '3:1: expected "}" for the "{" of line 1, column 21, found the end of the file',
  ],
  [
    'an opening brace',
    'group g(source src) {\nsrc.a;\n}\n}\ngroup h(source s) {\ns = x;\n}',
    '4:1: expected an item: this "}" closes no bracket, found "}"',
    '6:3: expected "->" between source and target, as in src.a as a -> tgt.b = a, found "="',
  ],
  [
    'a mode of a parameter',
    'group g(src : A, target b) {}\ngroup h(source a; target b) {}',
    '1:9: expected source or target, found "src"',
    '2:17: expected "," or ")", found ";"',
  ],
  [
    'parameters',
    'group g\n  input src : A as source\nendgroup\n\ngroup h extends i {}',
    '2:3: expected the form group Name(source src : Type, target tgt : Type) { … }, found "input"',
    '5:9: expected the form group Name(source src : Type, target tgt : Type) { … }, found "extends"',
  ],
  [
    'a type mode',
    'group g(source a) <<type>> {}\ngroup h(source a) <<types>> extends g {}\ngroup i(source a) <types> {}',
    '1:25: expected types or type+, found ">>"',
    '2:29: expected extends before "<<", found "extends"',
    '3:19: expected "{" before the rules of the group, found "<"',
  ],
  [
    'quotes of a type',
    'group g(source a : http://x.example/A) {}',
    '1:24: expected a URL in quotes as a type, found ":"',
  ],
  [
    'a mode',
    'uses "a" as input\nuses "b" as\nuses c as source\nuses "d" alias D\nuses "e" as source alias E\ngroup g(source a) {}',
    '1:13: expected source, target, queried or produced, found "input"',
    '3:1: expected source, target, queried or produced, found "uses"',
    '5:1: expected "as", found "uses"',
    '5:20: expected alias before "as", found "alias"',
  ],
  [
    'keywords',
    'import "a"\nusing "b" as source\nGroup g(source a) {}',
    '1:1: expected map, uses, imports, conceptmap, let or group; write imports, found "import"',
    '2:1: expected map, uses, imports, conceptmap, let or group, found "using"',
    '3:1: expected map, uses, imports, conceptmap, let or group; write group, found "Group"',
  ],
  [
    'a constant',
    "let a 'x';\nlet b = ;\nlet c = 'x'\ngroup g(source a) {}",
    '1:7: expected "=", found "x"',
    '2:9: expected an expression, found ";"',
    '3:12: expected ";" behind "x"',
  ],
  [
    'metadata',
    '/// url = "x\n/// publisher = Some Body\ngroup g(source a) {}',
    '1:1: expected a value in quotes, a number, a date such as @2025-05-01, true or false behind "=", found "/// url = \\"x"',
    '2:1: expected a value in quotes, a number, a date such as @2025-05-01, true or false behind "=", found "/// publisher = Some Body"',
  ],
  [
    'lines of a conceptmap',
    'conceptmap "c" {\n  prefix s = "a"\n  prefix t = "b"\n  unmapped for s = fixed\n  s:a => t:b\n  s:no-no == t:b\n  x:a == t:b\n  s:d t:e\n  s:f ==\n}\ngroup g(source a) { a = b; }',
    '4:20: expected provided; a ConceptMap in a file may have other modes of unmapped, found "fixed"',
    '5:8: expected a prefix and a code, such as s:male, found ">"',
    '6:11: expected ":" and a code; a code of other signs than letters, digits and _ stands in quotes, found "=="',
    '7:3: expected a prefix that the conceptmap declares, by prefix x = "…", found "x"',
    '8:7: expected a relation between two codes (- = == != -- <= <- >= >- ~), found "t"',
    '10:1: expected a prefix and a code, such as s:male, found "}"',
    '11:23: expected "->" between source and target, as in src.a as a -> tgt.b = a, found "="',
  ],
  [
    'an open conceptmap',
    'conceptmap "c" {\n  prefix s = "a"\n\ngroup g(source a) { a = b; }',
    '4:1: expected "}" behind the codes of the conceptmap, found "group"',
    '4:23: expected "->" between source and target, as in src.a as a -> tgt.b = a, found "="',
  ],
  [
    'an open comment',
    'group g(source a) {\n  a.b; /* never\n}',
    '2:8: the comment that starts here has no end; close it with */',
  ],
  ['nothing', 'uses "a" as source\n', '2:1: expected a group, found the end of the file'],
];

test.each(FILES)('a map without %s', (_, text, ...expected) => {
  expect(findings(text)).toEqual(expected);
});

test('a hundred faults are enough', () => {
  expect(findings(`group g(source src) {\n${'src.a = b;\n'.repeat(5_000)}}`)).toHaveLength(100);
});
