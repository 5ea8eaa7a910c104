/** A shared resource is what its records say, merged: however they come, and however often they change their mind. */
import type { Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../src/fhir/digest.ts';
import { type Contribution, mergeContributions, mergeLater } from '../../src/store/merge.ts';
import type { Identified } from '../../src/store/store.ts';
import { contentOf } from '../../src/store/versions.ts';
import { ENGINES } from './engines.ts';
import { idOf, NOW_MS, patient, RULES, recordOf } from './samples.ts';

const said = fc.record(
  {
    gender: fc.constantFrom('male' as const, 'female' as const),
    birthDate: fc.constantFrom('1950', '1951'),
    name: fc.constantFrom(
      [{ use: 'official' as const, family: 'A' }],
      [{ use: 'usual' as const, given: ['B'] }],
    ),
    telecom: fc.constantFrom(
      [{ system: 'phone' as const, value: '1' }],
      [{ system: 'email' as const, value: '2' }],
    ),
  },
  { requiredKeys: [] },
);
const commits = fc.array(
  fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'd'),
    said,
    partial: fc.boolean(),
    sourceTimeMs: fc.nat(5),
    timeOf: fc.constantFrom('source' as const, 'reading' as const),
  }),
  { minLength: 1, maxLength: 12 },
);

/** Lists without their order: records that say the same share one place in it. */
function unordered(value: unknown): unknown {
  if (Array.isArray(value))
    return value.map(unordered).sort((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, unordered(member)]));
}

test.each(ENGINES)(
  '%s ends as the merge of what each record said last over what it said before',
  async (_engine, open) => {
    const store = await open();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(commits, async (all) => {
        run += 1;
        const name = `p${run}`;
        const records = new Map<string, Contribution & { partial: boolean; ownMs: number }>();
        for (const one of all) {
          const key = `${run}-${one.key}`;
          const resource = patient(name, { identifier: [], ...(one.said as Partial<Patient>) });
          const { timeOf, sourceTimeMs } = one;
          await store.commit(
            [recordOf([{ resource, partial: one.partial }], { key, sourceTimeMs, timeOf })],
            RULES,
            NOW_MS,
          );
          const older = records.get(key);
          const isOwn = timeOf === 'source';
          if (isOwn && older && sourceTimeMs < older.ownMs) continue; // a newer version is kept
          records.set(key, {
            ...{ source: 'demo', kind: 'referral', key },
            sourceTimeMs: isOwn ? sourceTimeMs : Math.max(sourceTimeMs, older?.sourceTimeMs ?? 0),
            ownMs: isOwn ? sourceTimeMs : (older?.ownMs ?? 0),
            partial: one.partial && older?.partial !== false,
            resource: older ? mergeLater(older.resource, resource) : resource,
          });
          const kept = await store.read('Patient', idOf(name));
          const contributions = [...records.values()];
          const expected = contributions.every((each) => each.partial)
            ? undefined
            : mergeContributions(contributions);
          expect(unordered(kept?.resource && contentOf(kept.resource as Identified))).toEqual(
            unordered(expected),
          );
        }
      }),
      { numRuns: 60 },
    );
  },
);
