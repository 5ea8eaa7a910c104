/** Which consents a target goes by, where it names scopes or reasons: what is decided elsewhere neither opens nor shuts it. */
import type { Consent } from '@medplum/fhirtypes';
import { expect, test } from 'vitest';
import { consent, decide, encounter, sent } from './sharing.ts';

const SCOPE = 'http://terminology.hl7.org/CodeSystem/consentscope';
const REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

const inScope = (code: string, change: Partial<Consent> = {}, system = SCOPE): Consent =>
  consent({ scope: { coding: [{ system, code }] }, ...change });
const forReason = (...codes: string[]): Consent =>
  consent({
    provision: { ...consent().provision, purpose: codes.map((code) => ({ system: REASON, code })) },
  });
const REFUSED = { status: 'rejected', provision: { type: 'deny' } } as const;
const treatment = { purpose: 'share-with-gp', scopes: ['treatment', 'patient-privacy'] } as const;
const caring = { purpose: 'share-with-gp', reasons: ['TREAT', 'CAREMGT'] } as const;

test.each([
  ['a consent in one of the scopes', [inScope('treatment')]],
  ['a consent in scope beside a refusal in another', [inScope('treatment'), inScope('research', REFUSED)]],
])('%s sends', (_, consents) => {
  expect(sent({ agreed: treatment, consents })).toBe(encounter);
});

test.each([
  ['a consent in another scope', [inScope('research')]],
  ['a consent of the same word in another system', [inScope('treatment', {}, 'https://x.example')]],
  ['a consent whose scope is in words only', [consent({ scope: { text: 'treatment' } })]],
  ['a refusal in scope beside a consent in another', [inScope('research'), inScope('treatment', REFUSED)]],
  [
    'a consent in scope beside a refusal whose scope cannot be read',
    [inScope('treatment'), consent({ ...REFUSED, scope: { text: 'all' } })],
  ],
])('%s sends nothing', (_, consents) => {
  expect(sent({ agreed: treatment, consents })).toBeUndefined();
});

test('a scope of another system is named with it', () => {
  const agreed = { purpose: 'share-with-gp', scopes: ['https://x.example|local'] } as const;
  expect(sent({ agreed, consents: [inScope('local', {}, 'https://x.example')] })).toBe(encounter);
  expect(sent({ agreed, consents: [inScope('local')] })).toBeUndefined();
});

test('a consent that is limited to other reasons is not heard; one without limits is', () => {
  for (const consents of [[forReason('TREAT')], [forReason('HRESCH', 'CAREMGT')], [consent()]])
    expect(sent({ agreed: caring, consents })).toBe(encounter);
  expect(sent({ agreed: caring, consents: [forReason('HRESCH')] })).toBeUndefined();
});

test('only who decided in another scope alone is no case for a person to look at', () => {
  const isElsewhere = (...consents: Consent[]): boolean => {
    const decision = decide({ agreed: treatment, consents });
    return !decision.send && decision.isElsewhere === true;
  };
  expect(isElsewhere(inScope('research'))).toBe(true);
  expect(isElsewhere()).toBe(false);
  expect(isElsewhere(inScope('treatment', REFUSED))).toBe(false);
});
