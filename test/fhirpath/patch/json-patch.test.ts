/** JSON Patch beyond the published cases: all or nothing, pointers that are meant to harm, and what is refused. */
import fc from 'fast-check';
import { createPatch } from 'rfc6902';
import { describe, expect, test } from 'vitest';
import { jsonPatch, sameJson } from '../../../src/fhirpath/patch/json-patch.ts';

const NAMES = [
  'a',
  'b',
  '',
  '0',
  '-',
  '~1',
  'a/b',
  '~',
  'constructor',
  'prototype',
  'toString',
  'length',
  'é',
];
const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(null, true, false, 0, 1, -1.5, '', 'x', '1'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;
const escaped = (token: string): string => token.replaceAll('~', '~0').replaceAll('/', '~1');
const pointer = fc
  .array(fc.constantFrom(...NAMES, '1', '01', '__proto__'), { maxLength: 4 })
  .map((tokens) => tokens.map((token) => `/${escaped(token)}`).join(''));
const operation = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
  path: pointer,
  from: pointer,
  value: json,
});

function issueOf(document: unknown, patch: unknown) {
  const done = jsonPatch(document, patch);
  if (done.ok) throw new Error('it was applied');
  const [issue] = done.outcome.issue;
  return { status: done.status, rule: issue?.details?.coding?.[0]?.code, text: issue?.diagnostics ?? '' };
}

test('a patch changes nothing of what it is given, whether it fails or not, and never a prototype', () => {
  const inherited = Object.getOwnPropertyNames(Object.prototype).sort();
  fc.assert(
    fc.property(json, fc.array(operation, { maxLength: 6 }), (document, patch) => {
      const before = JSON.stringify({ document, patch });
      const done = jsonPatch(document, patch);
      expect(JSON.stringify({ document, patch })).toBe(before);
      if (!done.ok)
        expect(done.outcome.issue[0]?.diagnostics).toMatch(
          /^Operation \d, counted from 0 \(\w+\): .*Nothing was changed\.$/,
        );
    }),
    { numRuns: 500 },
  );
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(inherited);
  expect(Object.keys(Object.prototype.toString)).toEqual([]);
});

test('add, then remove, is the document as it was', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...NAMES), json, { noNullPrototype: true }),
      json,
      (document, value) => {
        const patch = [
          { op: 'add', path: '/new', value },
          { op: 'test', path: '/new', value },
          { op: 'remove', path: '/new' },
        ];
        const done = jsonPatch(document, patch);
        expect(done.ok && sameJson(done.value, document)).toBe(true);
      },
    ),
  );
});

test('move there and back is the document as it was, and a copy is no part of what it was copied from', () => {
  fc.assert(
    fc.property(fc.array(json, { minLength: 1, maxLength: 5 }), fc.nat(4), fc.nat(4), (list, from, to) => {
      const [there, back] = [from % list.length, to % list.length];
      const patch = [
        { op: 'move', from: `/${there}`, path: `/${back}` },
        { op: 'move', from: `/${back}`, path: `/${there}` },
      ];
      const done = jsonPatch(list, patch);
      expect(done.ok && sameJson(done.value, list)).toBe(true);
    }),
  );
  const copied = jsonPatch({ a: { b: 1 } }, [
    { op: 'copy', from: '/a', path: '/c' },
    { op: 'replace', path: '/c/b', value: 2 },
  ]);
  expect(copied).toEqual({ ok: true, value: { a: { b: 1 }, c: { b: 2 } } });
});

test('applies the patches that another implementation makes of two documents', () => {
  fc.assert(
    fc.property(json, json, (one, other) => {
      const patch = createPatch(one, other);
      const isRemoval = patch.some(({ op, path }) => op === 'remove' && path === '');
      fc.pre(!isRemoval);
      const done = jsonPatch(one, patch);
      expect(done.ok && sameJson(done.value, other)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

describe('pointers that are meant to harm', () => {
  test.each(['/__proto__', '/__proto__/polluted', '/a/__proto__/polluted', '/a/__proto__'])(
    '%s is refused by name',
    (path) => {
      for (const patch of [
        [{ op: 'add', path, value: 1 }],
        [{ op: 'copy', from: '/a', path }],
        [{ op: 'move', from: '/a', path }],
        [{ op: 'replace', path, value: {} }],
        [{ op: 'test', path, value: {} }],
      ])
        expect(issueOf({ a: {} }, patch)).toMatchObject({ status: 422, rule: 'patch-name' });
    },
  );

  test.each([
    '/toString/polluted',
    '/constructor/prototype/polluted',
    '/hasOwnProperty/call',
    '/a/length/x',
    '/b/push/x',
  ])('%s leads to nothing: what is inherited is no member', (path) => {
    expect(issueOf({ a: 'text', b: [] }, [{ op: 'add', path, value: 1 }]).status).toBe(422);
    expect(issueOf({ a: 'text', b: [] }, [{ op: 'copy', from: path, path: '/c' }]).status).toBe(422);
  });

  test('a value with a member __proto__ is refused, at any depth', () => {
    const value = JSON.parse('{"a":[{"__proto__":{"polluted":true}}]}') as unknown;
    expect(issueOf({}, [{ op: 'add', path: '/x', value }]).rule).toBe('patch-name');
  });

  test('a member named constructor is one like any other', () => {
    const patch = [{ op: 'add', path: '/constructor', value: 1 }];
    const done = jsonPatch({}, patch);
    expect(done.ok && JSON.stringify(done.value)).toBe('{"constructor":1}');
  });

  test('copies that double the document end before they fill the memory', () => {
    const patch = Array.from({ length: 60 }, (_, at) => ({ op: 'copy', from: '', path: `/a${at}` }));
    expect(issueOf({ a: [1, 2, 3] }, patch).rule).toBe('patch-cost');
  });

  test('a value nested beyond all measure is refused', () => {
    const value = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000)) as unknown;
    expect(issueOf({}, [{ op: 'add', path: '/x', value }]).rule).toBe('patch-cost');
  });
});

describe('operations', () => {
  test.each([
    [[{ op: 'remove', path: '/list/01' }], 422, 'patch-index'],
    [[{ op: 'replace', path: '/list/-1', value: 1 }], 422, 'patch-index'],
    [[{ op: 'replace', path: '/list/2', value: 1 }], 422, 'patch-missing'],
    [[{ op: 'replace', path: '/list/-', value: 1 }], 422, 'patch-missing'],
    [[{ op: 'add', path: '/list/3', value: 1 }], 422, 'patch-index'],
    [[{ op: 'add', path: '/list/1e0', value: 1 }], 422, 'patch-index'],
    [[{ op: 'test', path: '/missing' }], 400, 'patch-form'],
    [[{ op: 'test', path: '/missing', value: null }], 422, 'patch-missing'],
    [[{ op: 'test', path: '/list', value: [1] }], 422, 'patch-test'],
    [[{ op: 'remove', path: '' }], 422, 'patch-root'],
    [[{ op: 'move', from: '/deep', path: '/deep/in' }], 422, 'patch-move'],
    [[{ op: 'add', path: 'list/0', value: 1 }], 400, 'patch-pointer'],
    [[{ op: 'add', path: '/a~2', value: 1 }], 400, 'patch-pointer'],
    [[{ op: 'add', path: '/a~', value: 1 }], 400, 'patch-pointer'],
    [[{ op: 'add', path: null, value: 1 }], 400, 'patch-pointer'],
    [[{ op: 'add', path: '/a' }], 400, 'patch-form'],
    [[{ op: 'move', path: '/a' }], 400, 'patch-pointer'],
    [[{ op: 'spam', path: '/a', value: 1 }], 400, 'patch-operation'],
    [[{ op: 'toString', path: '/a' }], 400, 'patch-operation'],
    [[null], 400, 'patch-form'],
    [{ op: 'add', path: '/a', value: 1 }, 400, 'patch-form'],
  ])('%j is refused with %i %s', (patch, status, rule) => {
    expect(issueOf({ list: [1, 2], deep: { in: 1 } }, patch)).toMatchObject({ status, rule });
  });

  test('a move within a list removes first: the target is found in what is left', () => {
    const patch = [{ op: 'move', from: '/0', path: '/1/list/0' }];
    const list = [{ id: 'a' }, { id: 'b' }, { id: 'c', list: [] }];
    expect(jsonPatch(list, patch)).toEqual({
      ok: true,
      value: [{ id: 'b' }, { id: 'c', list: [{ id: 'a' }] }],
    });
  });

  test('the whole document can be replaced, added and tested', () => {
    const whole = [
      { op: 'test', path: '', value: { a: 1 } },
      { op: 'replace', path: '', value: [1] },
      { op: 'add', path: '/-', value: 2 },
      { op: 'add', path: '', value: { b: 2 } },
    ];
    expect(jsonPatch({ a: 1 }, whole)).toEqual({ ok: true, value: { b: 2 } });
  });

  test('a failing test leaves the operations before it undone, and says which it was', () => {
    const patch = [
      { op: 'replace', path: '/family', value: 'Secret' },
      { op: 'test', path: '/family', value: 'Hidden' },
    ];
    expect(issueOf({ family: 'Ash' }, patch)).toEqual({
      status: 422,
      rule: 'patch-test',
      text: 'Operation 1, counted from 0 (test): the value there is another one. Read the resource again and make the patch anew. Nothing was changed.',
    });
  });
});
