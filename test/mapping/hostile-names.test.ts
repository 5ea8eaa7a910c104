/** Names and texts of a map never become code: whatever they hold stands within JSON strings, or is refused with its place. */
import { expect, test } from 'vitest';
import { anyMapText, attempt, outcome } from './hostile-attempt.ts';

/** Names that JavaScript's objects have themselves. */
const INHERITED = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'valueOf',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  '__defineGetter__',
  '__lookupSetter__',
];

/** Names and texts that would end a string, a comment or a template, and start code. */
const INJECTED = [
  '"];globalThis.leak=1;["',
  "'];globalThis.leak=1;['",
  '`;globalThis.leak=1;`',
  `$${'{globalThis.leak=1}'}`,
  '*/globalThis.leak=1;/*',
  '//\nglobalThis.leak=1;',
  '\u2028globalThis.leak=1;\u2029',
  '\\',
  '\\"];globalThis.leak=1;//',
  '\0',
  '\r\nglobalThis.leak=1',
  '\ud800',
  '</script>',
  '$&',
  '$`',
  "$'",
  'run.limits',
  'v1',
  'eval',
  '',
];

/** What compiled code may name outside of its strings. */
const WORDS = new Set(
  `const let if else for of continue return function typeof undefined null true false run depth
  code length push unshift resourceType steps limits at log places includes toUpperCase
  tooMany enter filled items text report copyOf own single holds pick count append chargeText hasValues takeOut lookUp lookUpCode asCoding
  truncate cast escapeText unescapeText referenceTo goesTo sharedOf share mayStayEmpty beside putPrimitive pushPrimitive trace lengthOf uuidOf quantityOf`.split(
    /\s+/,
  ),
);

/** @returns words of the code outside of its strings that no compiled map needs */
function foreignWords(code: string): string[] {
  const bare = code.replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""');
  const words = bare.match(/[\p{L}_$][\p{L}\p{N}_$]*/gu) ?? [];
  const odd = bare.match(/[^\w\s"()[\]{}.,;:?!=<>+\-*/&|']/gu) ?? [];
  return [...words.filter((word) => !WORDS.has(word) && !/^(?:[vglet]\d+p?|main\d+)$/.test(word)), ...odd];
}

const quoted = (text: string, quote: string): string =>
  quote + text.replaceAll(/[\\`"']/g, (sign) => `\\${sign}`).replaceAll('\0', '\\u0000') + quote;

/** A map that has the name wherever a map may have one. */
function everywhere(name: string): string {
  const word = quoted(name, '`');
  const literal = quoted(name, "'");
  return `/// title = ${JSON.stringify(name.replaceAll(/[\r\n]/g, ' '))}
map ${literal} = ${literal}
conceptmap "#c" { prefix ${word} = ${literal} prefix t = ${literal} ${word}:${quoted(name, '"')} - t:${quoted(name, '"')} }
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias ${word} as target
let ${word} = ${literal};
group main(source src, target tgt) {
  src.a as ${word} -> tgt.b = ${word} ${quoted(name, '"')};
  src.a default ${literal} as a -> tgt.c = ${literal}, tgt.d = append(a, ${literal}) "c";
  src.a as a where a != ${literal} and $this.startsWith(${literal}).not() -> tgt.e = ('x' & ${literal}) "w";
  src.a as a check a != ${literal} log ${literal} -> tgt.f = translate(a, '#c', 'code'), tgt.g = escape(a, 'json') "t";
  src.a as a -> tgt.list as l share ${word} then ${word}(src, l) "s";
  src.a as a -> tgt.p = create(${literal}) as p, p.id = truncate(a, 3), tgt.cc = cc(a, ${literal}) "p";
}
group ${word}(source src, target t) { src.a as ${word} -> t.x = ${word} "g"; }`;
}

for (const name of [...INHERITED, ...INJECTED])
  test(`takes ${JSON.stringify(name)} as the name of variables, groups, aliases, codes, prefixes, shares and rules`, () => {
    const text = everywhere(name);
    const { map, texts } = attempt(text);
    expect(texts).toEqual([]);
    expect(foreignWords(map!.code)).toEqual([]);
    const { out, explained } = outcome(text, { a: name === '' ? 'x' : name });
    expect(out).toMatchObject({ b: name === '' ? 'x' : name, c: name });
    expect(explained.filter((line) => !/^map-(?:unmapped-code|check-failed)/.test(line))).toEqual([]);
    expect(Object.keys(globalThis)).not.toContain('leak');
    expect(Object.getPrototypeOf(out)).toBe(Object.prototype);
  });

for (const name of INHERITED)
  test(`refuses ${name} as the name of an element, wherever a path has one`, () => {
    const bodies = [
      `src.${name} as x -> tgt.y = x "a";`,
      `src.a.${name} as x -> tgt.y = x "a";`,
      `src.${name}.a as x -> tgt.y = x "a";`,
      `src.a as x -> tgt.${name} = x "a";`,
      `src.a as x -> tgt.${name}.a = x "a";`,
      `src.a as x -> tgt.a.${name} = x "a";`,
      `src.a as x -> tgt.\`${name}\` as y, y.a = x "a";`,
    ];
    for (const body of bodies) expect(attempt(anyMapText(body)).rules).toEqual(['map-name-refused']);
  });

for (const name of INJECTED.filter((one) => one !== ''))
  test(`takes ${JSON.stringify(name)} as the name of an element of a record and of its target`, () => {
    const word = quoted(name, '`');
    const text = anyMapText(
      `src.${word} as x -> tgt.${word} = x "a"; src.a.${word} as x -> tgt.b.${word} as y, y.${word} = x "b";`,
    );
    expect(foreignWords(attempt(text).map!.code)).toEqual([]);
    const { out, issues } = outcome(text, { [name]: 1, a: { [name]: 2 } });
    expect(issues).toEqual([]);
    expect(out).toEqual({ [name]: 1, b: { [name]: { [name]: 2 } } });
    expect(Object.keys(globalThis)).not.toContain('leak');
  });

/** Words that reach into JavaScript where a map could write them unchecked. */
const GLOBALS = [
  'process',
  'globalThis',
  'Function',
  'require',
  'eval',
  'run',
  'this',
  'import',
  'e',
  't',
  'l',
  'copyOf',
];

for (const name of GLOBALS)
  test(`gives a map no way to ${name}`, () => {
    const refused = [
      `src as s -> tgt.y = ${name} "a";`,
      `src as s -> tgt.y = ${name}('x') "a";`,
      `${name}.a as s -> tgt.y = s "a";`,
      `src as s -> ${name}.a = s "a";`,
      `src as s then ${name}(s) "a";`,
    ];
    for (const body of refused) expect(attempt(anyMapText(body)).rules).toHaveLength(1);
    const { out } = outcome(
      anyMapText(`src -> tgt.y = (${name}.env) "a"; src.a where ${name}.exists() -> tgt.z = 'x' "b";`),
      {
        a: '1',
      },
    );
    expect(out).toEqual({});
  });

/** What texts, numbers and lists seem to have, as JavaScript tells it. */
const BORROWED = [
  'at',
  'link',
  'length',
  'map',
  'concat',
  'toFixed',
  'values',
  'repeat',
  'name',
  'call',
  'caller',
];

for (const name of BORROWED)
  test(`reads ${name} of an object only, not of the text, number or list in its place`, () => {
    const text = anyMapText(
      `src.a as x then { x.${name} as y -> tgt.y = y "c"; y.${name} as z -> tgt.z = z "d"; } "a";`.replace(
        ' y.',
        ' x.',
      ),
    );
    for (const a of ['text', 12, true, [['a', ['b']]], [[]]]) {
      const { out, issues } = outcome(text, { a });
      expect(out).toEqual({});
      expect(issues).toEqual([]);
    }
    expect(outcome(text, { a: { [name]: 'own' } }).out).toEqual({ y: 'own', z: 'own' });
  });
