/** Each single fault is found, as just the issues that say where it is and what to change; what is valid is left alone. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { BUNDLES } from './bundles-table.ts';
import { FINE, FINE_BUT_SAID } from './fine-table.ts';
import { applied, lineOf, mutationsIn } from './mutation.ts';
import { PRIMITIVES } from './primitives-table.ts';
import { PROFILED, profiledValidator } from './profiled.ts';
import { PROFILES } from './profiles-table.ts';
import { RULES } from './rules-table.ts';
import { STRUCTURE } from './structure-table.ts';
import { VALID } from './valid.ts';
import { VALID_BUNDLES } from './valid-bundles.ts';

const all = { ...VALID, ...VALID_BUNDLES, ...PROFILED };
const validator = profiledValidator();
const mutations = [STRUCTURE, PRIMITIVES, RULES, PROFILES, BUNDLES].flatMap(mutationsIn);

test.for(Object.entries(all))('%s is valid before it is changed', ([, resource]) => {
  expect(validator.validate(resource as unknown as Resource, { isThorough: true })).toEqual([]);
  expect(validator.accepts(resource as unknown as Resource)).toBe(true);
});

test.for(mutations)('$title: $path', (mutation) => {
  const resource = applied(all, mutation);
  const issues = validator.validate(resource, { isThorough: true });
  expect(issues.map(lineOf)).toEqual(mutation.found);
  expect(issues[0]!.diagnostics).toContain(mutation.says);
  const isWrong = issues.some(({ severity }) => severity !== 'information');
  expect(validator.accepts(resource)).toBe(!isWrong);
});

test.for([FINE, FINE_BUT_SAID].flatMap(mutationsIn))('is left alone: $title: $path', (change) => {
  const resource = applied(all, change);
  expect(validator.accepts(resource)).toBe(true);
  expect(validator.validate(resource)).toEqual([]);
  const said = validator.validate(resource, { isThorough: true });
  expect(said.map(lineOf)).toEqual(change.found);
  if (change.says !== '') expect(said[0]!.diagnostics).toContain(change.says);
});

test('there are enough of them, and none twice', () => {
  expect(mutations.length).toBeGreaterThanOrEqual(140);
  const types = mutations.flatMap(({ path }) => all[path.split('.', 1)[0]!]?.resourceType ?? []);
  expect(new Set(types).size).toBeGreaterThanOrEqual(8);
  const written = mutations.map(({ path, value }) => `${path} ${JSON.stringify(value)}`);
  expect(written.filter((one, at) => written.indexOf(one) !== at)).toEqual([]);
});
