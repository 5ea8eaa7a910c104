/** Asks the validator for all that it says of a resource, and holds its two speeds against each other. */
import type { Resource } from '@medplum/fhirtypes';
import { expect } from 'vitest';
import type { Json } from '../../src/validation/run.ts';
import type { Validator } from '../../src/validation/validator.ts';
import { lineOf } from './catches/mutation.ts';
import { knownValidator } from './known.ts';

/** @returns `severity rule expression` of each issue */
export function linesOf(resource: Json, validator: Validator = knownValidator()): readonly string[] {
  const value = resource as unknown as Resource;
  const issues = validator.validate(value, { isThorough: true });
  const isFine = issues.every(({ severity }) => severity === 'information');
  expect(validator.accepts(value), 'the compiled check agrees').toBe(isFine);
  return issues.map(lineOf);
}
