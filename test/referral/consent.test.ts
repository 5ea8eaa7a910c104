/** The consent gate (hr-8): who may be sent what. */
import type { Consent, Patient, Resource } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { hasVerifiedNhsNumber } from '../../src/referral/consent.ts';
import { consent, decide, encounter, patient, refused, sent, withdrawn, words } from './sharing.ts';

test('full consent sends the resource as it is', () => {
  expect(sent()).toBe(encounter);
});

test.each([
  ['no consent at all', []],
  ['a consent for another purpose', [consent({}, 'full', 'research')]],
  ['a refusal', [refused]],
  ['a withdrawal', [withdrawn]],
  ['a withdrawal after an earlier yes', [consent(), withdrawn]],
  ['a yes and an undated no', [consent(), { ...refused, dateTime: undefined }]],
  ['an undated yes and a no', [consent({ dateTime: undefined }), refused]],
  ['a yes and a no on the same day', [consent(), refused]],
  ['a draft', [consent({ status: 'draft' })]],
  ['a proposal', [consent({ status: 'proposed' })]],
  ['a consent entered in error', [consent({ status: 'entered-in-error' })]],
  ['an active consent that denies', [consent({ provision: { type: 'deny' } })]],
  ['an active consent without provision', [consent({ provision: undefined })]],
  ['a consent with exceptions', [consent({ provision: { type: 'permit', provision: [{ type: 'deny' }] } })]],
  [
    'a consent for one recipient only',
    [consent({ provision: { ...consent().provision, actor: [{ reference: { display: 'x' } }] } as never })],
  ],
  [
    'a consent for one kind of content only',
    [consent({ provision: { ...consent().provision, class: [{ code: 'Encounter' }] } })],
  ],
  [
    'a consent for content of one time only',
    [consent({ provision: { ...consent().provision, dataPeriod: { end: '2025-01-01' } } })],
  ],
  ['a consent not yet begun', [consent({ provision: { type: 'permit', period: { start: '2025-07-01' } } })]],
  ['a consent that has ended', [consent({ provision: { type: 'permit', period: { end: '2025-06-14' } } })]],
])('%s sends nothing', (_, consents) => {
  expect(sent({ consents: consents as Consent[] })).toBeUndefined();
});

test.each([
  ['a yes after an earlier no', [{ ...refused, dateTime: '2024-12-31' }, consent()]],
  ['a yes beside a draft', [consent({ status: 'draft' }), consent()]],
  [
    'a refusal of another purpose',
    [consent(), { ...refused, category: consent({}, 'full', 'research').category }],
  ],
  [
    'a period that ends today',
    [consent({ provision: { ...consent().provision, period: { start: '2025-06-15', end: '2025-06-15' } } })],
  ],
])('%s sends', (_, consents) => {
  expect(sent({ consents: consents as Consent[] })).toBe(encounter);
});

test.each([
  ['share-with-gp', 'share-gp'],
  ['refer', 'refer'],
  ['research', 'research'],
] as const)('purpose %s is covered by consent for %s and by no other', (purpose, code) => {
  for (const other of ['share-gp', 'refer', 'research'])
    expect(sent({ agreed: { purpose }, consents: [consent({}, 'full', other)] }) !== undefined).toBe(
      other === code,
    );
});

test('coded only, or an extent not said, sends codes without any words', () => {
  for (const one of [consent({}, 'coded-only'), consent({ provision: { type: 'permit' } })]) {
    expect(sent({ consents: [one] })).toEqual({
      resourceType: 'Encounter',
      id: 'e1',
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: 'Patient/p1' },
      period: { start: '2025-03-01' },
      reasonCode: [{ coding: [{ system: 'http://snomed.info/sct', code: '267076002' }] }],
    });
  }
});

test('the narrower of two consents counts', () => {
  expect(sent({ consents: [consent(), consent({}, 'coded-only')] })).not.toBe(encounter);
});

test('coded only keeps who the person is', () => {
  const { identifier, name, address, telecom } = patient();
  expect(sent({ consents: [consent({}, 'coded-only')], resource: patient() })).toMatchObject({
    identifier,
    name,
    address,
    telecom,
  });
});

test('the resource that is passed in is never changed', () => {
  const before = structuredClone(encounter);
  decide({ consents: [consent({}, 'coded-only')], allowsRestricted: true, patient: restricted() });
  expect(encounter).toEqual(before);
});

test.each(['02', '03', '04', '05', '06', '07', '08', 'trace-required', ''])(
  'a target that needs a verified NHS number gets nobody with status %s',
  (status) => {
    expect(sent({ patient: patient(status) })).toBeUndefined();
    expect(sent({ patient: patient(status), requiresVerifiedNhsNumber: false })).toBe(encounter);
  },
);

test('verification counts in the present and the earlier code system, for a valid number only', () => {
  const earlier = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatus';
  expect(hasVerifiedNhsNumber(patient())).toBe(true);
  expect(hasVerifiedNhsNumber(patient('01', earlier))).toBe(true);
  expect(hasVerifiedNhsNumber(patient('number-present-and-verified', earlier))).toBe(true);
  expect(hasVerifiedNhsNumber(patient('01', 'https://example.org'))).toBe(false);
  const wrong = patient();
  wrong.identifier![0]!.value = '9990000019';
  expect(hasVerifiedNhsNumber(wrong)).toBe(false);
  expect(hasVerifiedNhsNumber({ resourceType: 'Patient' })).toBe(false);
});

function restricted(code = 'R'): Patient {
  return {
    ...patient(),
    meta: { security: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code }] },
  };
}

test.each(['R', 'V'])(
  'a person labelled %s is sent only to a target configured for it, without whereabouts',
  (code) => {
    const person = restricted(code);
    expect(sent({ patient: person })).toBeUndefined();
    const out = sent({ patient: person, resource: person, allowsRestricted: true }) as Patient;
    expect(out).toMatchObject({ identifier: person.identifier, name: person.name });
    for (const element of ['address', 'telecom', 'contact', 'generalPractitioner'])
      expect(out).not.toHaveProperty(element);
  },
);

test('whereabouts are also taken out of relatives and contained people, not out of services of a referral', () => {
  const relative: Resource = {
    resourceType: 'RelatedPerson',
    patient: { reference: 'Patient/p1' },
    telecom: [{ value: '01632 960002' }],
    contained: [
      patient(),
      { resourceType: 'Organization', name: 'Service', telecom: [{ value: '01632 960003' }] },
    ],
  };
  const asked = {
    resourceType: 'ServiceRequest',
    subject: { reference: 'Patient/p1' },
    contained: [{ resourceType: 'Organization', name: 'Service', telecom: [{ value: '01632 960004' }] }],
  } as Resource;
  const out = [relative, asked].map((resource) =>
    JSON.stringify(sent({ patient: restricted(), resource, allowsRestricted: true })),
  );
  expect(out.join()).not.toMatch(/96000[0123]|Example Street/);
  expect(out.join()).toContain('960004');
});

test('a person labelled N is not restricted; a resource labelled R is', () => {
  expect(sent({ patient: restricted('N') })).toBe(encounter);
  const secret = { ...encounter, meta: restricted().meta } as Resource;
  expect(sent({ resource: secret })).toBeUndefined();
  expect(sent({ resource: secret, allowsRestricted: true })).toBeDefined();
});

test('an unknown person is not sent; an organisation needs nobody’s consent', () => {
  expect(sent({ patient: undefined })).toBeUndefined();
  const organization: Resource = { resourceType: 'Organization', name: 'Practice' };
  expect(sent({ patient: undefined, consents: [], resource: organization })).toBe(organization);
});

test('a refusal is not told to a target that holds nothing of the person', () => {
  expect(sent({ consents: [refused], resource: refused })).toBeUndefined();
});

test('a withdrawal is told, in codes, to a target that holds the person’s data; nothing else is', () => {
  const worded = {
    ...withdrawn,
    provision: { type: 'deny' as const, extension: [{ url: 'u:a', valueString: words }] },
  };
  const change = { consents: [consent(), worded], alreadyShared: true };
  const out = sent({ ...change, resource: worded });
  expect(out).toMatchObject({ resourceType: 'Consent', status: 'inactive' });
  expect(JSON.stringify(out)).not.toContain(words);
  expect(sent({ ...change, resource: encounter })).toBeUndefined();
  expect(sent({ ...change, resource: consent({}, 'full', 'research') })).toBeUndefined();
});

test('why something is not sent names no one', () => {
  for (const consents of [[], [refused], [consent({ provision: { type: 'permit', provision: [{}] } })]]) {
    const decision = decide({ consents });
    expect(decision.send || decision.issue.diagnostics).toMatch(/^Not sent: /);
    expect(JSON.stringify(decision)).not.toMatch(/9990000018|Example|free words/);
  }
});
