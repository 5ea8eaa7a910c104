/** SMART scopes: what is one, what is granted of those asked for, and that nothing is granted beyond. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Right } from '../../../src/api/access.ts';
import { neededBy } from '../../../src/api/security/interaction.ts';
import { grantedOf, narrowed, readScope, type Scope, writeScope } from '../../../src/api/security/scopes.ts';

function scope(text: string): Scope {
  const read = readScope(text);
  if (typeof read === 'string') throw new Error(read);
  return read;
}

const granted = (asked: string, ...allowed: string[]): string[] =>
  grantedOf(asked.split(' '), allowed.map(scope)).map(writeScope);

test.each([
  ['system/Patient.rs', 'system/Patient.rs'],
  ['system/*.cruds', 'system/*.cruds'],
  ['system/Patient.read', 'system/Patient.rs'],
  ['system/Patient.write', 'system/Patient.cud'],
  ['system/*.*', 'system/*.cruds'],
  ['system/Observation.rs?category=survey', 'system/Observation.rs?category=survey'],
])('%s is read as %s', (text, written) => {
  expect(writeScope(scope(text))).toBe(written);
});

test.each([
  'patient/Patient.rs',
  'user/*.cruds',
  'launch',
  'openid',
  'system/Patient',
  'system/Patient.sr',
  'system/Patient.rr',
  'system/Patient.x',
  'system/patient.rs',
  'system/Patient.rs extra',
  'system/Patient.rs?',
  'system/Patient.rs?%zz=1',
  'system/Patient.rs?_count=1',
  'system/Patient.cud?gender=female',
  'SYSTEM/Patient.rs',
])('%s is not granted', (text) => {
  expect(readScope(text)).toMatch(/^(is|has|names) /);
});

test('what is asked for is cut down to what may be had', () => {
  expect(granted('system/*.cruds', 'system/Patient.rs', 'system/Task.r')).toEqual([
    'system/Patient.rs',
    'system/Task.r',
  ]);
  expect(granted('system/Patient.cruds', 'system/*.rs')).toEqual(['system/Patient.rs']);
  expect(granted('system/Patient.d', 'system/*.rs')).toEqual([]);
  expect(granted('launch patient/Patient.r system/Task.r', 'system/*.rs')).toEqual(['system/Task.r']);
});

test('conditions of both sides hold together, and none gets lost', () => {
  expect(granted('system/Observation.rs', 'system/Observation.rs?category=survey')).toEqual([
    'system/Observation.rs?category=survey',
  ]);
  expect(granted('system/Observation.rs?status=final', 'system/Observation.rs?category=survey')).toEqual([
    'system/Observation.rs?category=survey&status=final',
  ]);
  expect(granted('system/Observation.cruds', 'system/Observation.rs?category=survey')).toEqual([
    'system/Observation.rs?category=survey',
  ]);
});

const RIGHTS: readonly Right[] = ['create', 'read', 'update', 'delete', 'search'];
const anyScope = fc.record({
  type: fc.constantFrom('*', 'Patient', 'Task'),
  rights: fc.subarray([...RIGHTS], { minLength: 1 }).map((rights) => new Set(rights)),
  conditions: fc.constant([]),
});

test('nothing is granted that was not asked for, or may not be had, whatever the scopes', () => {
  fc.assert(
    fc.property(anyScope, anyScope, (asked, allowed) => {
      const common = narrowed(asked, allowed);
      for (const type of ['Patient', 'Task', 'Flag'])
        for (const right of RIGHTS) {
          const has = (one: Scope | undefined): boolean =>
            one !== undefined && (one.type === '*' || one.type === type) && one.rights.has(right);
          expect(has(common)).toBe(has(asked) && has(allowed));
        }
    }),
  );
});

test.each([
  ['GET', '/Patient/1', 'Patient read'],
  ['HEAD', '/Patient/1', 'Patient read'],
  ['GET', '/Patient/1/_history/2', 'Patient read'],
  ['GET', '/Patient/1/_history', 'Patient read'],
  ['GET', '/Patient', 'Patient search'],
  ['GET', '/Patient/_history', 'Patient search'],
  ['POST', '/Patient/_search', 'Patient search'],
  ['GET', '/Patient/1/Observation', 'Observation search'],
  ['POST', '/Patient/1/Observation/_search', 'Observation search'],
  ['POST', '/Patient', 'Patient create'],
  ['PUT', '/Patient/1', 'Patient update'],
  ['PUT', '/Patient', 'Patient update'],
  ['PATCH', '/Patient/1', 'Patient update'],
  ['DELETE', '/Patient/1', 'Patient delete'],
  ['GET', '/Pat%69ent/1', 'Patient read'],
  ['PROPFIND', '/Patient/1', 'Patient create'],
])('%s %s needs %s', (method, path, needed) => {
  const { type, right } = neededBy(method, path)!;
  expect(`${type} ${right}`).toBe(needed);
});
