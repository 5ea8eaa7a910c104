/** Each feature of profiles, by small profiles made for it: what they allow is accepted and what they refuse is not, at both speeds. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../../src/fhir/canonicals.ts';
import { loadBaseDefinitions } from '../../../src/fhir/definitions.ts';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import { createValidator } from '../../../src/validation/validator.ts';
import { OWN } from '../snapshot/profiles.ts';
import { CHOICES } from './choices.ts';
import { EXTENSIONS } from './extensions.ts';
import { type OracleCase, observation } from './parts.ts';
import { PRIMITIVES } from './primitives.ts';
import { REFERENCES } from './references.ts';
import { RESOURCES } from './resources.ts';
import { SLICES } from './slices.ts';
import { SLICING } from './slicing.ts';
import { TYPES } from './types.ts';
import { VALUES } from './values.ts';

const CASES: readonly OracleCase[] = [
  ...CHOICES,
  ...EXTENSIONS,
  ...RESOURCES,
  ...REFERENCES,
  ...SLICES,
  ...SLICING,
  ...VALUES,
  ...TYPES,
  ...PRIMITIVES,
];

const canonicals = baseCanonicals();
for (const { profiles } of CASES) for (const one of profiles) canonicals.add(one);
const validator = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });

test.for(CASES)('$title', ({ profiles, fine, faulty, rules }) => {
  const canonical = profiles[0]!.url!;
  expect(validator.prepare(canonical)).toEqual({ ok: true, value: true });
  const verdicts = (resources: readonly unknown[]) =>
    resources.map((one) => {
      const resource = one as Resource;
      const issues = validator.validate(resource, { profiles: [canonical], isThorough: true });
      const wrong = issues.filter(({ severity }) => severity !== 'information').map(ruleOf);
      return { isAccepted: validator.accepts(resource, [canonical]), wrong };
    });
  expect(verdicts(fine)).toEqual(fine.map(() => ({ isAccepted: true, wrong: [] })));
  const refused = verdicts(faulty);
  expect(refused.map(({ isAccepted }) => isAccepted)).toEqual(faulty.map(() => false));
  for (const { wrong } of refused) expect(wrong).not.toEqual([]);
  expect([...new Set(refused.flatMap(({ wrong }) => wrong))].sort()).toEqual(rules);
});

test('resources that all refer to each other are held against their profile once each', () => {
  const ids = Array.from({ length: 20 }, (_, at) => `o${at}`);
  const to = (own?: string) => ids.filter((id) => id !== own).map((id) => ({ reference: `#${id}` }));
  const subject = { display: 'x' };
  const contained = ids.map((id) => ({ ...observation({ subject, hasMember: to(id) }), id }));
  const whole = observation({ subject, contained, hasMember: to() }) as unknown as Resource;
  expect(validator.accepts(whole, [`${OWN}b8`])).toBe(true);
  const [first, ...others] = contained;
  const { subject: _subject, ...rest } = first as Record<string, unknown>;
  const broken = observation({
    subject,
    contained: [...others, rest],
    hasMember: to(),
  }) as unknown as Resource;
  expect(validator.accepts(broken, [`${OWN}b8`])).toBe(false);
  expect(validator.validate(broken, { profiles: [`${OWN}b8`] })).not.toEqual([]);
});
