/** Expressions and data that are made to hurt: each ends soon, in a result or in an error that names line and column. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AdapterError, ruleOf } from '../../src/fhir/outcome.ts';
import { type CompileOptions, compileExpression } from '../../src/fhirpath/compile.ts';

const LINES = {
  items: Array.from({ length: 2000 }, (_, n) => ({ n, text: `line ${n}`, items: [{ n: -n }] })),
};

/** @returns the result, or the text of the refusal or error */
function end(expression: string, focus: unknown = {}, options: CompileOptions = {}): unknown {
  const compiled = compileExpression(expression, options);
  if (!compiled.ok) return `${ruleOf(compiled.outcome.issue[0]!)}: ${compiled.outcome.issue[0]!.diagnostics}`;
  try {
    return compiled.value(focus);
  } catch (error) {
    if (!(error instanceof AdapterError)) throw error;
    return `${ruleOf(error.outcome.issue[0]!)}: ${error.message}`;
  }
}

test('products of collections, endless repeats and texts that double are bounded, and the error says where', () => {
  const numbers = Array.from({ length: 40 }, (_, n) => n).join(' | ');
  for (const [expression, place] of [
    ['items.select(%resource.items.select(%resource.items.select(n)))', 'line 1, column '],
    ['items\n.all(%resource.items.all(%resource.items.exists(n >= 0)))', 'line 2, column '],
    ['1.repeat($this + 1)', 'line 1, column 3'],
    ["'a'.repeat($this + 'a')", 'line 1, column 18'],
    ["'a'.repeat($this & $this)", 'line 1, column 18'],
    [`(${numbers}).aggregate($total.combine($total), 1)`, 'column '],
    [`(${numbers}).aggregate($total.replace('', $total), 'ab')`, 'column '],
    [`(${numbers}).aggregate($total.encode('hex'), 'ab')`, 'column '],
    [`(${numbers}).aggregate($total.replaceMatches('a', '$0$0aa'), 'aa')`, 'column '],
    ['items ~ items.select(items)', 'line 1, column 7'],
    ['items.select(%resource.items.intersect(%resource.items))', 'column '],
    ['repeat(%resource.items.select(items | %resource.items))', 'column '],
  ] as const) {
    const text = end(expression, LINES, { limits: { visits: 200_000, built: 1_000_000 } });
    expect(text).toContain('fhirpath-evaluation');
    expect(text).toContain(place);
    expect(text).toContain('than the limit allows');
  }
});

test('the limits are the caller’s, and each evaluation has its own', () => {
  const compiled = compileExpression('items.n.count()', { limits: { visits: 5000 } });
  for (let i = 0; i < 10; i++) expect(compiled.ok && compiled.value(LINES)).toEqual([2000]);
  expect(end('items.n.count()', LINES, { limits: { visits: 100 } })).toContain('raise limits.visits');
  expect(end('1 + 1 + 1', {}, { limits: { depth: 2 } })).toContain('fhirpath-limit');
  expect(end('name', {}, { limits: { text: 3 } })).toContain('fhirpath-limit');
  expect(end('a.where(b.where(c))', {}, { limits: { pieces: 3 } })).toContain('fhirpath-limit');
  const deep = { depth: 1_000_000, text: 10_000_000, pieces: 10_000_000 };
  expect(end(`${'('.repeat(100_000)}1${')'.repeat(100_000)}`, {}, { limits: deep })).toContain(
    'fhirpath-limit',
  );
});

test('an evaluation inside another does not use up its count', () => {
  const inner = compileExpression('items.n.count()', { limits: { visits: 5000 } });
  const resolve = (): unknown => ({ found: inner.ok ? inner.value(LINES) : [] });
  expect(end("('a' | 'b' | 'c').resolve().found.count()", {}, { resolve, limits: { visits: 100 } })).toEqual([
    3,
  ]);
});

test('a pattern that would run away is searched in linear time', () => {
  const long = 'a'.repeat(20_000);
  for (const [pattern, text, wanted] of [
    ['(a+)+$', `${long}b`, false],
    ['(a|aa)*b', long, false],
    ['(.*)*x', long, false],
    ['.*.*.*.*.*x', long, false],
    [`${'a?'.repeat(40)}${'a'.repeat(40)}`, 'a'.repeat(40), true],
    ['((a?)b?){20}$', 'ab'.repeat(300), true],
    [`${'(a|a)'.repeat(60)}b`, 'a'.repeat(80), false],
    ['^(\\\\s+x)+\\\\S$', `${'\u00a0 x'.repeat(2000)}\u00a0`, false],
    ['[\\\\s]+\\\\u0061+$', `\u00a0${long}`, true],
    ['([\\\\s\\\\S]*)*x', `\u00a0${long}`, false],
    ['([\\\\S]+)+\\u00a0', `${long}\u00a0`, true],
  ] as const)
    expect(end(`text.matches('${pattern}')`, { text })).toEqual([wanted]);
  expect(end("text.replaceMatches('(a+)+(b)', '$2').length()", { text: `${long}b` })).toEqual([1]);
  expect(end(`text.replaceMatches('(a+)+(?<end>b)', '\${end}')`, { text: `${long}b` })).toEqual(['b']);
});

test('a pattern that could run away and looks around or back is refused before any data', () => {
  for (const [expression, column] of [
    ["text.matches('^(?=a)(a+)+$')", 14],
    ["text.matches('(a+)\\\\1+b')", 14],
    ["text.matchesFull('(?=a).*.*.*')", 18],
    ["text.replaceMatches('(?<=a)(b*)*', '')", 21],
  ] as const) {
    const refused = compileExpression(expression);
    expect(refused.ok ? expression : refused.outcome.issue[0]?.diagnostics).toMatch(
      new RegExp(`line 1, column ${column}: a pattern that looks around or back, .*; write several`),
    );
  }
  expect(end("text.matches('^(?=a)[a-z]+$')", { text: 'abc' })).toEqual([true]);
  expect(end("text.matchesFull('(?!x).*.*')", { text: 'abc' })).toEqual([true]);
});

test('a pattern of the data that looks around or back takes short texts only', () => {
  const expression = 'text.matches(pattern)';
  expect(end(expression, { text: 'a'.repeat(5000), pattern: '^(?=a)(a+)+$' })).toContain('line 1, column 6');
  expect(end(expression, { text: 'a'.repeat(5000), pattern: '(a+)\\1+b' })).toContain('looks around or back');
  expect(end(expression, { text: 'abc', pattern: '^(?=a)[a-z]+$' })).toEqual([true]);
  expect(end(expression, { text: 'a', pattern: '(' })).toContain('no regular expression');
  expect(end(`text.matches('${'a'.repeat(1100)}')`)).toContain('longer than 1024');
  expect(end("text.matches('[a-')")).toContain('no regular expression');
});

test('markup and references that are made to be searched for long are answered soon', () => {
  const many = 200_000;
  for (const text of [
    `<div>${'<!--'.repeat(many)}`,
    `<div>${'<a '.repeat(many)}`,
    `<div${' a="b"'.repeat(many)}`,
    `<div>${'<b>'.repeat(many)}x`,
  ])
    expect(end('text.htmlChecks()', { text })).toEqual([false]);
  expect(
    end('text.htmlChecks()', { text: '<div>x</div>'.repeat(many) }, { limits: { visits: 1000 } }),
  ).toContain('raise limits.visits');
  const reference = `${'/A?'.repeat(many)}\n`;
  expect(end('iif(resolve() is Patient, 1, 2)', { reference })).toEqual([2]);
  expect(
    end("text.toDate().empty() and ('x' & text).toQuantity().empty()", { text: '1'.repeat(many) }),
  ).toEqual([true]);
});

test('a substitution stands for groups only', () => {
  expect(end("'abc'.replaceMatches('(b)', '[$1]')")).toEqual(['a[b]c']);
  expect(end("'abc'.replaceMatches('b', '$`')")).toEqual(['a$`c']);
  expect(end("'abc'.replaceMatches('b', '$\\'')")).toEqual(["a$'c"]);
});

test('many distinct objects, and many that differ in nothing but their last member, are told apart', () => {
  expect(end('items.distinct().count()', LINES)).toEqual([2000]);
  expect(end('items.combine(items).distinct().count()', LINES)).toEqual([2000]);
  expect(end('items.intersect(items.where(n < 5)).n', LINES)).toEqual([0, 1, 2, 3, 4]);
  const turned = { a: [{ x: 1, y: { z: [true, null, 2.5] } }], b: [{ y: { z: [true, null, 2.5] }, x: 1 }] };
  expect(end('a.subsetOf(b) and (a | b).count() = 1', turned)).toEqual([true]);
});

/** Names and texts that would be code, if they were written unquoted. */
const nasty = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    '"]',
    "');globalThis.broken=1;('",
    '$' + '{globalThis.broken=1}',
    '\u2028',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
);

test('whatever names and texts an expression holds, its code does nothing but read them', () => {
  fc.assert(
    fc.property(nasty, nasty, fc.jsonValue(), (name, text, value) => {
      const quoted = (given: string, mark: string): string =>
        `${mark}${[...given].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')}${mark}`;
      const own = Object.hasOwn({ a: 1 }, name) ? 'a' : name;
      const focus = JSON.parse(`{${JSON.stringify(own)}: ${JSON.stringify(value)}}`);
      for (const expression of [
        quoted(name, '`'),
        `where(${quoted(name, '`')} = ${quoted(text, "'")})`,
        `(${quoted(text, "'")} | 'x').select($this & ${quoted(name, "'")})`,
        `%${quoted(name, '`')}`,
        `${quoted(text, "'")} in ('a' | ${quoted(name, "'")})`,
      ])
        end(expression, focus, { variables: [name] });
      expect('broken' in globalThis).toBe(false);
      expect(({} as Record<string, unknown>).broken).toBeUndefined();
      if (['__proto__', 'constructor', 'prototype'].includes(name))
        expect(end(quoted(name, '`'), focus)).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
