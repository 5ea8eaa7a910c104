/** What was found while something was taken for granted does not outlive it. */
import type { Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { baseCanonicals } from '../../src/fhir/canonicals.ts';
import { loadBaseDefinitions } from '../../src/fhir/definitions.ts';
import type { Json } from '../../src/validation/run.ts';
import { createValidator } from '../../src/validation/validator.ts';
import { lineOf } from './catches/mutation.ts';
import { bundle, by, observation, urn } from './oracle/parts.ts';
import { OWN, profile } from './snapshot/profiles.ts';

const HELD = `${OWN}held-`;

/** What a member may be, and what its part says of the member that contains it. */
const profiles = [
  profile('held-group', 'Observation', [
    { id: 'Observation.hasMember', slicing: { discriminator: by('profile', 'resolve()'), rules: 'open' } },
    {
      id: 'Observation.hasMember:noted',
      min: 0,
      max: '1',
      type: [{ code: 'Reference', targetProfile: [`${HELD}noted`] }],
    },
  ]),
  profile('held-noted', 'Observation', [{ id: 'Observation.note', min: 1 }]),
  profile('held-part', 'Observation', [
    { id: 'Observation.derivedFrom', type: [{ code: 'Reference', targetProfile: [`${HELD}noted`] }] },
  ]),
];
const canonicals = baseCanonicals();
for (const one of profiles) canonicals.add(one);
const validator = createValidator({ canonicals, definitions: loadBaseDefinitions(canonicals) });

const claiming = (name: string, members: object) =>
  observation({ meta: { profile: [HELD + name] }, ...members });

/** The group asks first whether the member is noted; on the way the member's part is looked at, which asks the same. */
const group = claiming('group', { hasMember: [{ reference: urn(1) }] });
const member = (members: object) =>
  observation({
    contained: [claiming('part', { id: 'part', derivedFrom: [{ reference: '#' }] })],
    hasMember: [{ reference: '#part' }],
    ...members,
  });
const verdictOf = (resource: Json) => ({
  isAccepted: validator.accepts(resource as unknown as Resource),
  found: validator.validate(resource as unknown as Resource).map(lineOf),
});
const FAULT = 'error profile-reference Bundle.entry[1].resource.contained[0].derivedFrom[0].reference';

test('a contained resource that is good only if the one around it conforms is faulty once that does not', () => {
  expect(verdictOf(bundle(group, member({})))).toEqual({ isAccepted: false, found: [FAULT] });
  expect(verdictOf(member({}))).toEqual({
    isAccepted: false,
    found: ['error profile-reference Observation.contained[0].derivedFrom[0].reference'],
  });
});

test('and good where it does', () => {
  expect(verdictOf(bundle(group, member({ note: [{ text: 'seen' }] })))).toEqual({
    isAccepted: true,
    found: [],
  });
});
