/** The times that people have agreed to are those of which `coveringConsent` says so, moment by moment. */
import type { Consent } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { agreedTimes } from '../../src/referral/agreed-times.ts';
import { type Covering, coveringConsent } from '../../src/referral/covering-consent.ts';

const PURPOSES = ['refer', 'share-gp', 'research'];
const SYSTEM = 'https://hedgerow.example/fhir/CodeSystem';

const DATES = [
  '2024',
  '2025-03',
  '2025-03-30',
  '2025-06-15',
  '2025-10-26',
  '2025-06-15T12:00:00+01:00',
  '2025-06-15T23:30:00Z',
  '2026',
  'soon',
];
const date = fc.option(fc.constantFrom(...DATES), { nil: undefined });

const consent: fc.Arbitrary<Consent> = fc
  .record({
    purpose: fc.constantFrom(...PURPOSES),
    status: fc.constantFrom('active', 'rejected', 'inactive', 'draft', 'entered-in-error'),
    type: fc.constantFrom('permit', 'deny', undefined),
    extent: fc.constantFrom('full', 'coded-only', undefined),
    dateTime: date,
    start: date,
    end: date,
    isLimited: fc.boolean(),
  })
  .map(({ purpose, status, type, extent, dateTime, start, end, isLimited }) => {
    const period = { ...(start && { start }), ...(end && { end }) };
    const provision = {
      ...(type && { type }),
      ...(extent && { code: [{ coding: [{ system: `${SYSTEM}/consent-extent`, code: extent }] }] }),
      ...(Object.keys(period).length > 0 && { period }),
      ...(isLimited && type === 'deny' && { actor: [{}] }),
    };
    return {
      resourceType: 'Consent',
      status,
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'treatment' }],
      },
      category: [{ coding: [{ system: `${SYSTEM}/consent-purpose`, code: purpose }] }],
      ...(dateTime && { dateTime }),
      provision,
    } as Consent;
  });

/** Beside every moment at which something may turn, and in between. */
const moment = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(...DATES.filter((one) => one !== 'soon')),
      fc.integer({ min: -2, max: 2 }),
      fc.constantFrom(0, 3_600_000, 86_400_000, 31 * 86_400_000, 365 * 86_400_000),
    )
    .map(([text, by, more]) => Date.parse(text) + by + more),
  fc
    .tuple(fc.constantFrom(...DATES.filter((one) => one !== 'soon')), fc.integer({ min: -2, max: 2 }))
    .map(([text, by]) => Date.parse(text) - 3_600_000 + by),
  fc.integer({ min: Date.UTC(2023, 0), max: Date.UTC(2028, 0) }),
);

test('a moment is within an agreed time exactly when consent covers it then, to the same extent', () => {
  fc.assert(
    fc.property(
      fc.array(consent, { maxLength: 4 }),
      fc.array(moment, { minLength: 5, maxLength: 30 }),
      (consents, moments) => {
        const times = agreedTimes(consents);
        for (const nowMs of moments)
          for (const purpose of PURPOSES) {
            const found = times.filter(
              (one) => one.purpose === purpose && one.fromMs <= nowMs && nowMs < one.untilMs,
            );
            const covering: Covering = coveringConsent(consents, { purpose }, nowMs);
            expect(found.map(({ extent }) => extent)).toEqual(covering.covers ? [covering.extent] : []);
          }
      },
    ),
    { numRuns: 400 },
  );
});

test('a day of summer time begins and ends by the clocks of London', () => {
  const [time] = agreedTimes([
    {
      resourceType: 'Consent',
      status: 'active',
      scope: {},
      category: [{ coding: [{ system: `${SYSTEM}/consent-purpose`, code: 'refer' }] }],
      provision: { type: 'permit', period: { start: '2025-06-15', end: '2025-06-15' } },
    } as Consent,
  ]);
  expect(time).toEqual({
    purpose: 'refer',
    extent: 'coded-only',
    fromMs: Date.parse('2025-06-14T23:00:00Z'),
    untilMs: Date.parse('2025-06-15T23:00:00Z'),
  });
});
