/** Local times of zones, over change-over hours, whatever the process's own zone is. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isTimeZone, type LocalTime, offsetMs, zonedTime } from '../../src/fhir/zoned-time.ts';

const HOUR_MS = 3_600_000;

function local(year: number, month: number, day: number, hour: number, minute = 0, second = 0): LocalTime {
  return { year, month, day, hour, minute, second, fraction: '' };
}

/** A local time as the zone's clock shows a moment, by another way than the code under test. */
function clockAt(epochMs: number, zone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-CA-u-hc-h23', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
  const part = Object.fromEntries(
    format.formatToParts(epochMs).map(({ type, value }) => [type, Number(value)]),
  );
  return local(part.year!, part.month!, part.day!, part.hour!, part.minute, part.second);
}

describe.each(['UTC', 'Europe/London', 'Pacific/Auckland'])('in a process of zone %s', (processZone) => {
  const before = process.env.TZ;
  beforeAll(() => {
    process.env.TZ = processZone;
  });
  afterAll(() => {
    if (before === undefined) delete process.env.TZ;
    else process.env.TZ = before;
  });

  test('the process does keep that zone', () => {
    const july = new Date(Date.UTC(2025, 6, 1));
    expect(july.getTimezoneOffset()).toBe(
      { UTC: 0, 'Europe/London': -60, 'Pacific/Auckland': -720 }[processZone],
    );
  });

  test.each([
    [2025, 30],
    [2026, 29],
  ])('the hour that was left out in March %i is a gap, to the minute', (year, day) => {
    for (let minute = 0; minute < 60; minute++)
      expect(zonedTime(local(year, 3, day, 1, minute), 'Europe/London')).toBe('gap');
    expect(zonedTime(local(year, 3, day, 0, 59, 59), 'Europe/London')).toMatchObject({
      iso: `${year}-03-${day}T00:59:59+00:00`,
      twice: false,
    });
    expect(zonedTime(local(year, 3, day, 2), 'Europe/London')).toMatchObject({
      iso: `${year}-03-${day}T02:00:00+01:00`,
      twice: false,
      epochMs: Date.UTC(year, 2, day, 1),
    });
  });

  test.each([
    [2025, 26],
    [2026, 25],
  ])('of the hour that was there twice in October %i the earlier is taken, and told', (year, day) => {
    for (let minute = 0; minute < 60; minute++)
      expect(zonedTime(local(year, 10, day, 1, minute), 'Europe/London')).toEqual({
        iso: `${year}-10-${day}T01:${String(minute).padStart(2, '0')}:00+01:00`,
        epochMs: Date.UTC(year, 9, day, 0, minute),
        twice: true,
      });
    expect(zonedTime(local(year, 10, day, 0, 59), 'Europe/London')).toMatchObject({ twice: false });
    expect(zonedTime(local(year, 10, day, 2), 'Europe/London')).toMatchObject({
      iso: `${year}-10-${day}T02:00:00+00:00`,
      twice: false,
    });
  });

  test('a moment comes back from the local time of its zone, unless that was there twice', () => {
    const zones = [
      'Europe/London',
      'America/New_York',
      'Asia/Kolkata',
      'Pacific/Apia',
      'Australia/Lord_Howe',
      'UTC',
    ];
    const moment = fc.integer({ min: Date.UTC(1972, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 });
    fc.assert(
      fc.property(moment, fc.constantFrom(...zones), (seconds, zone) => {
        const found = zonedTime(clockAt(seconds * 1000, zone), zone);
        if (typeof found === 'string') throw new Error(found);
        expect(Date.parse(found.iso)).toBe(found.epochMs);
        if (found.twice) expect(found.epochMs).toBeLessThanOrEqual(seconds * 1000);
        else expect(found.epochMs).toBe(seconds * 1000);
      }),
      { numRuns: 1000 },
    );
  });

  test('every half hour of 2025 and 2026 has the offset that London had', () => {
    const summers = [
      [Date.UTC(2025, 2, 30, 1), Date.UTC(2025, 9, 26, 1)],
      [Date.UTC(2026, 2, 29, 1), Date.UTC(2026, 9, 25, 1)],
    ];
    for (let ms = Date.UTC(2025, 0, 1); ms < Date.UTC(2027, 0, 1); ms += HOUR_MS / 2) {
      const isSummer = summers.some(([from, to]) => ms >= from! && ms < to!);
      if (offsetMs('Europe/London', ms) !== (isSummer ? HOUR_MS : 0))
        throw new Error(new Date(ms).toISOString());
    }
  });
});

test('a zone may change by half an hour, or drop a day', () => {
  expect(zonedTime(local(2025, 10, 5, 2, 15), 'Australia/Lord_Howe')).toBe('gap');
  expect(zonedTime(local(2025, 10, 5, 2, 30), 'Australia/Lord_Howe')).toMatchObject({
    iso: '2025-10-05T02:30:00+11:00',
  });
  expect(zonedTime(local(2011, 12, 30, 12), 'Pacific/Apia')).toBe('gap');
});

test('a wartime summer and the years of standard time all year have the offset of then', () => {
  expect(zonedTime(local(1943, 7, 1, 12), 'Europe/London')).toMatchObject({
    iso: '1943-07-01T12:00:00+02:00',
  });
  expect(zonedTime(local(1970, 1, 1, 12), 'Europe/London')).toMatchObject({
    iso: '1970-01-01T12:00:00+01:00',
  });
});

test.each([
  ['31 February', local(2025, 2, 31, 10)],
  ['29 February of a common year', local(2100, 2, 29, 10)],
  ['month 13', local(2025, 13, 1, 10)],
  ['day 0', local(2025, 1, 0, 10)],
  ['year 0', local(0, 1, 1, 10)],
  ['hour 24', local(2025, 1, 1, 24)],
  ['minute 60', local(2025, 1, 1, 10, 60)],
  ['a leap second', local(2016, 12, 31, 23, 59, 60)],
])('%s is impossible', (_, time) => {
  expect(zonedTime(time, 'Europe/London')).toBe('impossible');
});

test('a leap day is possible where there is one', () => {
  expect(zonedTime(local(2000, 2, 29, 10), 'Europe/London')).toMatchObject({
    iso: '2000-02-29T10:00:00+00:00',
  });
});

test('a fraction of a second is kept as written', () => {
  const time = { ...local(2025, 7, 1, 10), fraction: '.250' };
  expect(zonedTime(time, 'Europe/London')).toMatchObject({
    iso: '2025-07-01T10:00:00.250+01:00',
    epochMs: Date.UTC(2025, 6, 1, 9) + 250,
  });
});

test('only names of zones are zones', () => {
  expect(isTimeZone('Europe/London')).toBe(true);
  expect(isTimeZone('Europe/Londn')).toBe(false);
});
