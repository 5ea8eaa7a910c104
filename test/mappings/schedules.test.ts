/** Recurrences of a directory become opening times of the week and rules of RFC 5545, and come back from either. */

import { join } from 'node:path';
import type { Bundle, HealthcareService, Schedule } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadParts, ROOT } from '../../src/cli/load.ts';
import { loadConfig } from '../../src/config.ts';

const config = loadConfig({ cwd: ROOT, root: ROOT });
const sources = [{ folder: join(ROOT, 'mappings/open-referral-uk'), ownerOrg: 'local' }];
const loaded = config.ok ? loadParts({ ...config.value, sources }, ROOT) : config;
if (!loaded.ok) throw new Error(JSON.stringify(loaded.outcome.issue, undefined, 1));
const map = loaded.value.maps.get('open-referral-uk')!.kinds.get('service')!;

const DAYS = ['MO', 'TU', 'WE', 'TH', 'FR', 'SA', 'SU'];
const NAMES: Readonly<Record<string, string>> = {
  ...{ MO: 'mon', TU: 'tue', WE: 'wed', TH: 'thu', FR: 'fri', SA: 'sat', SU: 'sun' },
};

interface Times {
  readonly byday?: string;
  readonly freq?: string;
  readonly interval?: number;
}

function mapped(schedule: object): Bundle {
  const schedules = [{ id: 's', ...schedule }];
  return map.run({ id: '1', name: 'Walk', status: 'active', schedules }, []);
}

const find = <T>(bundle: Bundle, type: string): T =>
  bundle.entry!.find(({ resource }) => resource?.resourceType === type)!.resource as T;

const back = (bundle: Bundle): readonly Times[] =>
  (map.back!(bundle, []) as { schedules: Times[] }).schedules;

const time = fc
  .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
  .map((parts) => `${parts.map((part) => `${part}`.padStart(2, '0')).join(':')}:00`);
const days = fc.shuffledSubarray(DAYS, { minLength: 1 });
const separator = fc.constantFrom(',', ', ');

test('any days of every week are those of availableTime, and come back as they were written', () => {
  fc.assert(
    fc.property(days, separator, time, time, (some, between, opens_at, closes_at) => {
      const byday = some.join(between);
      const bundle = mapped({ freq: 'WEEKLY', byday, opens_at, closes_at });
      const [open] = find<HealthcareService>(bundle, 'HealthcareService').availableTime!;
      expect([...open!.daysOfWeek!].sort()).toEqual(some.map((day) => NAMES[day]).sort());
      expect([open!.availableStartTime, open!.availableEndTime]).toEqual([opens_at, closes_at]);
      expect(back(bundle)).toEqual([{ id: 's', freq: 'WEEKLY', byday, opens_at, closes_at }]);
    }),
  );
});

test('opening times without a Schedule, as of a service made elsewhere, come back as days of the week', () => {
  fc.assert(
    fc.property(days, time, (some, opens_at) => {
      const bundle = mapped({ freq: 'WEEKLY', byday: some.join(','), opens_at });
      const entry = bundle.entry!.filter(({ resource }) => resource?.resourceType !== 'Schedule');
      const [first] = back({ ...bundle, entry });
      expect(first!.byday!.split(',').sort()).toEqual([...some].sort());
      expect(first!.freq).toBe('WEEKLY');
    }),
  );
});

test.each<[string, Times & object, string]>([
  ['every other week', { freq: 'WEEKLY', interval: 2, byday: 'TU' }, 'RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU'],
  ['the second Monday', { freq: 'MONTHLY', byday: '2MO' }, 'RRULE:FREQ=MONTHLY;BYDAY=2MO'],
  ['days of the month', { bymonthday: '1,-1' } as Times, 'RRULE:FREQ=MONTHLY;BYMONTHDAY=1,-1'],
])('%s is no opening time of each week, and a rule all the same', (_, times, rule) => {
  const bundle = mapped(times);
  expect(find<HealthcareService>(bundle, 'HealthcareService').availableTime).toBeUndefined();
  expect(find<Schedule>(bundle, 'Schedule').extension?.[0]?.valueString).toBe(rule);
});

test('a rule has its first and last day, and how often', () => {
  const bundle = mapped({
    freq: 'WEEKLY',
    byday: 'FR',
    dtstart: '2026-01-02',
    until: '2026-03-27',
    count: 12,
  });
  expect(find<Schedule>(bundle, 'Schedule').extension?.[0]?.valueString).toBe(
    'DTSTART:20260102\nRRULE:FREQ=WEEKLY;BYDAY=FR;UNTIL=20260327;COUNT=12',
  );
});
