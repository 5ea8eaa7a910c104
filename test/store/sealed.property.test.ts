/** What the store's statements show for a purpose is what `coveringConsent` says of all the person's Consents, at any time, on both engines. */
import type { Consent } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { coveringConsent } from '../../src/referral/covering-consent.ts';
import type { Store, Viewer } from '../../src/store/store.ts';
import { consentOf, sees } from './contract/sealed.ts';
import { commit, contact, patient, recordOf } from './samples.ts';
import { temporaryStore } from './temporary.ts';
import { temporaryPostgresStore } from './temporary-postgres.ts';

const VIEWER: Viewer = { organisations: undefined, types: undefined, purpose: 'refer', breaksGlass: false };
const DATES = ['2025-03', '2025-03-30', '2025-06-15T12:00:00+01:00', '2025-06-15', '2026'];
const date = fc.option(fc.constantFrom(...DATES), { nil: undefined });
const decision = fc.record({
  status: fc.constantFrom('active', 'rejected', 'inactive', 'draft'),
  type: fc.constantFrom('permit', 'deny'),
  extent: fc.constantFrom('full', 'full', 'coded-only'),
  dateTime: date,
  start: date,
  end: date,
});
type Decision = typeof decision extends fc.Arbitrary<infer T> ? T : never;

function consentFor(name: string, { status, type, extent, dateTime, start, end }: Decision) {
  const code = [
    { coding: [{ system: 'https://hedgerow.example/fhir/CodeSystem/consent-extent', code: extent }] },
  ];
  const period = { ...(start && { start }), ...(end && { end }) };
  const provision = { type, code, ...(Object.keys(period).length > 0 && { period }) } as Consent['provision'];
  const { dateTime: _given, ...rest } = consentOf(name, 'p') as Consent & { id: string };
  return { ...rest, id: name, status: status as Consent['status'], ...(dateTime && { dateTime }), provision };
}

const moment = fc
  .tuple(
    fc.constantFrom(...DATES),
    fc.constantFrom(-3_600_000, -1, 0, 1, 3_600_000, 86_400_000, 31 * 86_400_000),
  )
  .map(([text, by]) => Date.parse(text) + by);

let runs = 0;
test.each<[string, number, (clock: () => number) => Promise<Store>]>([
  ['sqlite', 60, (clock) => temporaryStore({ clock })],
  ['postgres', 25, (clock) => temporaryPostgresStore({ clock })],
])(
  '%s shows a person for a purpose exactly when consent covers them in full',
  async (_name, numRuns, open) => {
    let nowMs = 0;
    const store = await open(() => nowMs);
    await fc.assert(
      fc.asyncProperty(
        fc.array(decision, { maxLength: 3 }),
        fc.array(moment, { minLength: 4, maxLength: 8 }),
        async (decisions, moments) => {
          runs += 1;
          const person = `p${runs}`;
          const mine = decisions.map((one, at) => ({
            ...consentFor(`c-${runs}-${at}`, one),
            patient: { reference: `Patient/${patient(person).id}` },
          }));
          await commit(store, recordOf([patient(person), contact(person, person), ...mine], { key: person }));
          for (const ms of moments) {
            nowMs = ms;
            const covering = coveringConsent(mine, { purpose: 'refer' }, ms);
            const isCovered = covering.covers && covering.extent === 'full';
            expect(await sees(store, VIEWER, person)).toBe(isCovered);
          }
        },
      ),
      { numRuns },
    );
  },
);
