/** JSON from outside: every fault by its place, and no text that can hurt. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson, parseJsonDocument } from '../../src/source/json.ts';

const BOUNDS = { maxBytes: 10_000_000, maxDepth: 64 };

function refusal(text: string, bounds = BOUNDS): { rule: string; code: string; diagnostics: string } {
  const parsed = parseJson(text, bounds);
  if (parsed.ok) throw new Error('was read');
  const [issue] = parsed.outcome.issue;
  return { rule: issue!.details!.coding![0]!.code!, code: issue!.code, diagnostics: issue!.diagnostics! };
}

function value(text: string): unknown {
  const parsed = parseJson(text, BOUNDS);
  if (!parsed.ok) throw new Error(parsed.outcome.issue[0]!.diagnostics);
  return parsed.value;
}

test('any JSON comes out as JSON.parse has it', () => {
  fc.assert(
    fc.property(
      fc
        .json({ depthSize: 'small' })
        .filter((text) => !/__proto__|constructor|prototype|\\u0000|\\ud[89a-f]/i.test(text)),
      (text) => {
        expect(value(text)).toEqual(JSON.parse(text));
      },
    ),
  );
});

test('what JSON.parse refuses is refused, and nothing else for its form', () => {
  const signs = fc.string({ unit: fc.constantFrom(...'{}[]:,"\\ -+.eE01234tfn'), maxLength: 12 });
  fc.assert(
    fc.property(signs, (text) => {
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      const parsed = parseJson(text, BOUNDS);
      if (!parsed.ok && isJson)
        expect(parsed.outcome.issue[0]!.details!.coding![0]!.code).toBe('read-json-number');
      else expect(parsed.ok).toBe(isJson);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['{"a": 1,\n "b": [1, 2', 'line 2, column 12: the text ends here: , or ] is expected'],
  ['{"a": "unfinished', 'line 1, column 18: the text ends here: the text in double quotes is not closed'],
  [
    '',
    'line 1, column 1: the text ends here: a value is expected: text in double quotes, a number, true, false, null, { or [',
  ],
  ['{"a": 1,}', 'line 1, column 9: a name in double quotes is expected'],
  ['{"a" 1}', 'line 1, column 6: : is expected'],
  ["{'a': 1}", 'line 1, column 2: a name in double quotes is expected'],
  ['{"a": 1} {"b": 2}', 'line 1, column 10: nothing may follow the value'],
  [
    '[01]',
    'line 1, column 2: a value is expected: text in double quotes, a number, true, false, null, { or [',
  ],
  ['["a\tb"]', 'line 1, column 4: a control character within text must be escaped: a new line is \\n'],
  ['["\\x41"]', 'line 1, column 2: the text that begins here has an escape that JSON does not know'],
])('the fault of %j is told by line and column', (text, diagnostics) => {
  expect(refusal(text)).toEqual({ rule: 'read-json-syntax', code: 'structure', diagnostics });
});

test('a truncated document of a person is refused without a word of that person', () => {
  const { diagnostics } = refusal('{"surname": "Featherstonehaugh", "nhs": 9990000018, "x": ');
  expect(diagnostics).toBe(
    'line 1, column 58: the text ends here: a value is expected: text in double quotes, a number, true, false, null, { or [',
  );
});

test('nesting of 10,000, or of 5 million, is refused at the bound and does not overflow the stack', () => {
  for (const depth of [65, 10_000, 4_900_000]) {
    for (const open of ['[', '{"a":'].filter((sign) => sign.length * depth < BOUNDS.maxBytes))
      expect(refusal(open.repeat(depth))).toMatchObject({
        rule: 'read-json-depth',
        code: 'too-costly',
        diagnostics: expect.stringContaining('more than 64'),
      });
  }
  expect(value(`${'['.repeat(64)}${']'.repeat(64)}`)).toBeInstanceOf(Array);
});

test('50 MB are refused before they are looked at, also when only their bytes are too many', () => {
  expect(refusal(`"${'x'.repeat(50_000_000)}"`)).toMatchObject({ rule: 'read-too-long', code: 'too-long' });
  expect(refusal(`"${'é'.repeat(50)}"`, { maxBytes: 100, maxDepth: 5 })).toMatchObject({
    rule: 'read-too-long',
  });
  expect(parseJson(`"${'é'.repeat(49)}"`, { maxBytes: 100, maxDepth: 5 }).ok).toBe(true);
});

test('long text, long numbers and long white space are no harder than short ones', () => {
  expect(value(`["${'x'.repeat(9_000_000)}"]`)).toHaveLength(1);
  expect(value(`${' '.repeat(9_000_000)}1`)).toBe(1);
  expect(refusal(`[${'1'.repeat(9_000_000)}]`)).toMatchObject({ rule: 'read-json-number' });
  expect(refusal(`[0.${'1'.repeat(9_000_000)}]`)).toMatchObject({ rule: 'read-json-number' });
});

test.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])(
  'a field called %s is refused',
  (name) => {
    expect(refusal(`{"a": [{"${name}": {"isAdmin": true}}]}`)).toMatchObject({
      rule: 'read-json-key',
      code: 'structure',
      diagnostics: expect.stringContaining('line 1, column 9'),
    });
  },
);

test('the words themselves may stand in values', () => {
  expect(value('["__proto__", "constructor"]')).toEqual(['__proto__', 'constructor']);
});

test.each(['["a\\u0000b"]', '["a\0b"]', '{"a\\u0000": 1}'])('NUL is refused in %j', (text) => {
  expect(refusal(text)).toMatchObject({ rule: 'read-nul', code: 'structure' });
});

test('an escaped backslash before u0000 is text', () => {
  expect(value('["\\\\u0000"]')).toEqual(['\\u0000']);
});

test.each(['["\\ud800"]', '["\\udc00 x"]', '["\ud800"]'])(
  'half of a surrogate pair is refused in %j',
  (text) => {
    expect(refusal(text)).toMatchObject({ rule: 'read-json-text', code: 'structure' });
  },
);

test('a whole surrogate pair is a letter like any other', () => {
  expect(value('["\\ud83c\\udf33"]')).toEqual(['🌳']);
});

test.each(['12345678901234567890', '1e400', '-9007199254740993'])(
  '%s is refused, since a number would not keep it',
  (number) => {
    expect(refusal(`[${number}]`)).toMatchObject({ rule: 'read-json-number' });
  },
);

test('a name twice in one object is told, and the last taken', () => {
  const parsed = parseJsonDocument('{"a": 1,\n"b": {"a": 2},\n"a": 3}', BOUNDS);
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      value: { a: 3 },
      warnings: [{ severity: 'warning', diagnostics: expect.stringContaining('line 3, column 1') }],
    },
  });
});

test('the items of an array have their lines and lengths', () => {
  const parsed = parseJsonDocument('[\n{"a": 1},\n\n{"b":\n[1, 2]}, 5 ]', BOUNDS);
  expect(parsed).toMatchObject({ ok: true, value: { itemLines: [2, 4, 5] } });
  expect(parseJsonDocument('[]', BOUNDS)).toMatchObject({ ok: true, value: { itemLines: [] } });
});
