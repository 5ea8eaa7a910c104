/** Holds the validator's benchmarks to what they say they compare. */
import { expect, test } from 'vitest';
import { benchStart } from '../../bench/start.ts';
import { benchValidation } from '../../bench/validation.ts';
import { benchCompile } from '../../bench/validation-compile.ts';
import { minimalInstance } from '../../bench/validation-minimal.ts';
import { medplumValidator, schemaValidators } from '../../bench/validation-peers.ts';
import {
  claimingReferrals,
  parsed,
  REFERRAL_PROFILE,
  storedResources,
  unclaimed,
} from '../../bench/validation-samples.ts';
import { knownCanonicals, ROOT } from '../../src/cli/load.ts';
import { snapshotOf } from '../../src/validation/snapshot/snapshot.ts';
import { knownValidator } from '../validation/known.ts';

const canonicals = knownCanonicals(ROOT);
const validator = knownValidator();
const resources = storedResources();

test('the referrals claim our profile, differ, and are accepted by ours and by @medplum/core', () => {
  const texts = claimingReferrals(resources, (one) => validator.accepts(one));
  expect(texts.length).toBeGreaterThanOrEqual(8);
  expect(new Set(texts).size).toBe(texts.length);
  const made = snapshotOf(canonicals.find('StructureDefinition', REFERRAL_PROFILE)!, canonicals);
  if (!made.ok) throw new Error(JSON.stringify(made.outcome));
  const other = medplumValidator(made.value);
  for (const referral of parsed(texts)) {
    expect(referral.meta?.profile).toEqual([REFERRAL_PROFILE]);
    expect(validator.accepts(referral)).toBe(true);
    expect(other(referral)).toBe(true);
    expect(validator.accepts({ ...referral, status: 'unheard-of' } as never)).toBe(false);
    expect(other({ ...referral, status: undefined } as never)).toBe(false);
  }
});

test('the JSON schema is asked for one type, accepts its resources and refuses those of another', () => {
  const schemas = schemaValidators(['Encounter', 'Patient']);
  const [encounter] = resources.filter(({ resourceType }) => resourceType === 'Encounter').map(unclaimed);
  expect(encounter!.meta?.profile).toBeUndefined();
  expect(schemas.get('Encounter')!(encounter!)).toBe(true);
  expect(schemas.get('Patient')!(encounter!)).toBe(false);
  expect(schemas.get('Encounter')!({ ...encounter, unheardOf: 1 } as never)).toBe(false);
});

test('a minimal instance holds what its type requires', () => {
  const definition = canonicals.find(
    'StructureDefinition',
    'http://hl7.org/fhir/StructureDefinition/Encounter',
  )!;
  const instance = minimalInstance(definition, canonicals);
  expect(instance).toEqual({ resourceType: 'Encounter', status: 'planned', class: { display: 'text' } });
  expect(validator.accepts(instance)).toBe(true);
});

test('a smoke run gives every figure that is promised, each with its goal', async () => {
  const results = [
    ...(await benchValidation(true)),
    ...(await benchCompile(true)),
    ...(await benchStart(true)),
  ];
  const goals = results.filter(({ goal }) => goal !== undefined).map(({ name }) => name);
  expect(goals).toEqual([
    'validate.profile/jsonparse',
    'validate.profile/medplum',
    'validate.base/ajv-schema',
    'validate.compile',
    'start.memory',
  ]);
  for (const { ours, other, ratio } of results)
    for (const figure of [ours, other, ratio]) expect(figure).toBeGreaterThan(0);
}, 120_000);
