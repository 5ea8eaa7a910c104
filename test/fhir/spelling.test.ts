/** Numbers are written as they were, whatever they are. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  mayLose,
  parsedExactly,
  parseSpelled,
  respelled,
  spelled,
  spelledJson,
} from '../../src/fhir/spelling.ts';

const decimal = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constant('0'), fc.stringMatching(/^[1-9]\d{0,20}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.\d{1,20}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^[eE][+-]?\d{1,2}$/)),
  )
  .map((parts) => parts.join(''));

/** JSON text of an object whose decimals lie at any depth. */
const { node } = fc.letrec<{ node: string; member: string }>((tie) => ({
  node: fc
    .array(tie('member'), { minLength: 1, maxLength: 3 })
    .map((members) => `{${members.map((one, at) => `"m${at}":${one}`).join(',')}}`),
  member: fc.oneof(
    { maxDepth: 3 },
    decimal,
    fc.string().map((text) => JSON.stringify(text)),
    tie('node'),
    fc.array(tie('node'), { maxLength: 2 }).map((items) => `[${items.join(',')}]`),
  ),
}));

test('comes back letter by letter, also from copies', () => {
  fc.assert(
    fc.property(node, (text) => {
      const value = parseSpelled(text) as object;
      expect(spelledJson(value)).toBe(text);
      expect(spelledJson({ ...value })).toBe(text);
      expect(JSON.stringify(parsedExactly(text))).toBe(text);
      expect(JSON.stringify(value)).toBe(JSON.stringify(JSON.parse(text))); // the numbers are the numbers
    }),
  );
});

test('takes the short way only where nothing is lost by it', () => {
  fc.assert(
    fc.property(node, (text) => {
      if (!mayLose(text)) expect(JSON.stringify(JSON.parse(text))).toBe(text);
    }),
  );
});

test.each([
  '1.50',
  '1.0',
  '0.010',
  '1e2',
  '1E-3',
  '-0',
  '0.0000001',
  '100.00',
  '12345678901234567890',
  '1.0e+2',
])('keeps %s', (number) => {
  const text = `{"value":${number},"list":[{"value":${number}}]}`;
  expect(spelledJson(parseSpelled(text) as object)).toBe(text);
});

test('takes the short way for times and identifiers', () => {
  expect(mayLose('{"at":"2026-01-01T10:00:00.000Z","id":"3e4a10.0-1e5","n":1.5,"m":10,"text":"1.50"}')).toBe(
    false,
  );
});

test('writes a number anew that has changed', () => {
  const value = parseSpelled('{"value":1.50,"unit":"kg"}') as object;
  expect(spelledJson({ ...value, value: 1.6 })).toBe('{"value":1.6,"unit":"kg"}');
});

test('tells 1.5 from 1.50, and what has no such numbers not from itself', () => {
  const [one, other] = ['{"value":1.50}', '{"value":1.5}'].map((text) =>
    spelled(parseSpelled(text) as object),
  );
  expect(JSON.stringify(one)).not.toBe(JSON.stringify(other));
  expect(other).toEqual({ value: 1.5 });
});

test('finds what a patch has moved, and takes the word of the patch', () => {
  const before = '{"list":[{"value":1.50},{"value":2.0}]}';
  expect(spelledJson(respelled({ list: [{ value: 2 }] }, before))).toBe('{"list":[{"value":2.0}]}');
  const patch = parseSpelled('{"value":1.500}');
  expect(spelledJson(respelled({ list: [{ value: 1.5 }, { value: 2 }] }, before, patch))).toBe(
    '{"list":[{"value":1.500},{"value":2.0}]}',
  );
});

test('touches no prototype', () => {
  const made = respelled(JSON.parse('{"__proto__":{"value":1}}') as object, '{"value":1.0}');
  expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  expect(spelledJson(parseSpelled('{"__proto__":{"value":1.0}}') as object)).toBe(
    '{"__proto__":{"value":1.0}}',
  );
});
