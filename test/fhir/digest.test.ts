/** Canonical JSON: one text for equal content, whatever the order of its members. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson, digestOf } from '../../src/fhir/digest.ts';

/** The definition, word by word: members sorted by code unit. */
function plainly(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => plainly(item ?? null)).join(',')}]`;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  const inOrder = members.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${inOrder.map(([key, member]) => `${JSON.stringify(key)}:${plainly(member)}`).join(',')}}`;
}

test('sorts members by code unit, also many of them and odd ones', () => {
  const odd = JSON.parse('{"é":1,"z":2,"10":3,"9":4,"__proto__":5,"constructor":6,"":7,"a\\"b":8,"Z":9}');
  expect(canonicalJson(odd)).toBe(
    '{"":7,"10":3,"9":4,"Z":9,"__proto__":5,"a\\"b":8,"constructor":6,"z":2,"é":1}',
  );
  const many = Object.fromEntries(Array.from({ length: 200 }, (_, n) => [`k${(n * 37) % 200}`, n]));
  expect(canonicalJson(many)).toBe(plainly(many));
});

test('leaves out what is undefined, in lists as null', () => {
  expect(canonicalJson({ b: undefined, a: [undefined, { c: undefined }] })).toBe('{"a":[null,{}]}');
});

test('any JSON gives the text of the definition, and the same for any order of members', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const turned = JSON.parse(JSON.stringify(value), (_key, one: unknown) =>
        typeof one === 'object' && one !== null && !Array.isArray(one)
          ? Object.fromEntries(Object.entries(one).reverse())
          : one,
      ) as unknown;
      const same = JSON.parse(JSON.stringify(value)) as unknown;
      expect(canonicalJson(same)).toBe(plainly(same));
      expect(digestOf(turned)).toBe(digestOf(same));
    }),
  );
});
