/** What the headers of a request say: Prefer, If-None-Match, If-Modified-Since. */
import { expect, test } from 'vitest';
import { isNotModified } from '../../src/api/conditional.ts';
import { type Preferences, preferOf } from '../../src/api/prefer.ts';

/** A request with these headers, as Express gives them. */
const asked = (headers: Readonly<Record<string, string>>, method = 'GET') => ({
  method,
  get: ((name: string) => headers[name]) as never,
});

const prefers = (prefer: string): Preferences => preferOf(asked({ prefer }));

test('reads each preference of FHIR, in any case, among others and in quotes', () => {
  expect(prefers('return=minimal')).toEqual({ returns: 'minimal', handling: undefined, isAsync: false });
  expect(prefers('handling=strict, return=OperationOutcome').returns).toBe('OperationOutcome');
  expect(prefers('RETURN="Representation";a=b , Handling=Lenient')).toMatchObject({
    returns: 'representation',
    handling: 'lenient',
  });
  expect(prefers('respond-async, wait=10').isAsync).toBe(true);
});

test('passes over what FHIR does not know, and takes the first of two', () => {
  expect(prefers('return=everything, x, =, ,')).toEqual({
    returns: undefined,
    handling: undefined,
    isAsync: false,
  });
  expect(prefers('return=minimal, return=representation').returns).toBe('minimal');
  expect(prefers('x; handling=strict').handling).toBeUndefined();
  expect(preferOf(asked({}))).toEqual({ returns: undefined, handling: undefined, isAsync: false });
});

const AT = Date.UTC(2025, 0, 2, 3, 4, 5, 678);
const VERSION = { version: 3, lastUpdatedMs: AT };
const DATE = 'Thu, 02 Jan 2025 03:04:05 GMT';

test.each([
  [{ 'if-none-match': 'W/"3"' }, true],
  [{ 'if-none-match': '"1", W/"3"' }, true],
  [{ 'if-none-match': '*' }, true],
  [{ 'if-none-match': 'W/"33"' }, false],
  [{ 'if-modified-since': DATE }, true],
  [{ 'if-modified-since': 'Thu, 02 Jan 2025 03:04:06 GMT' }, true],
  [{ 'if-modified-since': 'Thu, 02 Jan 2025 03:04:04 GMT' }, false],
  [{ 'if-modified-since': '2026-01-01' }, false],
  [{ 'if-modified-since': 'Xyz, 99 Foo 2026 03:04:04 GMT' }, false],
  [{ 'if-none-match': 'W/"2"', 'if-modified-since': DATE }, false],
  [{}, false],
])('holds %j to be unmodified: %s', (headers, expected) => {
  expect(isNotModified(asked(headers as Record<string, string>), VERSION)).toBe(expected);
  expect(isNotModified(asked(headers as Record<string, string>, 'PUT'), VERSION)).toBe(false);
});
