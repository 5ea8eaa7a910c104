/** Research tables as they are given away: whole or not at all, and with nobody in them who can be known. */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Keys } from '../../src/research/deidentify/keys.ts';
import { isSuppressed, SMALL_NUMBERS } from '../../src/research/disclosure/table.ts';
import type { Held } from '../../src/research/held.ts';
import type { Made } from '../../src/research/make.ts';
import { type Format, writeTables } from '../../src/research/write-tables.ts';
import type { Store } from '../../src/store/store.ts';
import { shippedRules } from './deidentify/samples.ts';
import { folder, madeBy, optionsFor, rowsOf, storeOf } from './made-tables.ts';
import { textsIn } from './texts-in.ts';

const PEOPLE = 300;
let store: Store;
let held: readonly Held[];
let close: () => Promise<void>;
beforeAll(async () => {
  ({ store, held, close } = await storeOf(PEOPLE));
}, 120_000);
afterAll(() => close());

const ABOUT = {
  madeAt: '2026-06-01T12:00:00Z',
  version: '0.0.0',
  key: 'abcdef01',
  smallNumbers: SMALL_NUMBERS,
  counted: 'consented',
} as const;

async function written(format: Format, fill = 1): Promise<Map<string, Buffer>> {
  const out = join(folder(), 'out');
  const options = await optionsFor(store, { keys: new Keys(Buffer.alloc(32, fill)) });
  await madeBy(options, (made) => writeTables(made, out, format, ABOUT));
  return new Map(readdirSync(out).map((name) => [name, readFileSync(join(out, name))]));
}

/** What somebody could be known by, in the population that went in. */
function secretsOf(all: readonly Held[]): ReadonlySet<string> {
  const secrets = new Set<string>();
  for (const { resource, personId } of all)
    for (const { name, above, text } of textsIn(resource)) {
      if (personId === undefined) continue;
      const isName = ['family', 'line', 'postalCode', 'city'].includes(name);
      const isNumber = name === 'value' && (above === 'identifier' || above === 'telecom');
      const isDay = name === 'birthDate' && text.length === 10;
      const isId = name === 'id' && above === '' && text.length > 8;
      // a constant of all contacts
      if (above === 'serviceType') continue;
      const isWritten = ['text', 'description', 'comment', 'valueString'].includes(name) && text.length > 12;
      if (isName || isNumber || isDay || isId || isWritten) secrets.add(text);
    }
  return secrets;
}

describe.each(['csv', 'ndjson', 'parquet'] as const)('as %s', (format) => {
  test('every table is written, and no byte of it says who anybody is', async () => {
    const files = await written(format);
    const manifest = JSON.parse(files.get('manifest.json')!.toString()) as {
      tables: { name: string; rows: number }[];
    };
    const names = manifest.tables.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(20);
    expect([...files.keys()].sort()).toEqual(
      ['manifest.json', ...names.map((name) => `${name}.${format}`)].sort(),
    );
    for (const name of ['patients', 'referrals', 'contacts', 'scores', 'paired_outcomes', 'answers'])
      expect(manifest.tables.find((one) => one.name === name)!.rows).toBeGreaterThan(10);
    const secrets = secretsOf(held);
    expect(secrets.size).toBeGreaterThan(PEOPLE * 5);
    const text = [...files.values()]
      .map((bytes) => bytes.toString('latin1'))
      .join('\n')
      .toLowerCase();
    const digests = new Set(text.match(/[0-9a-f]{32,}/g) ?? []);
    const isThere = (secret: string): boolean =>
      [secret, secret.replaceAll(' ', ''), Buffer.from(secret).toString('base64').replace(/=+$/, '')].some(
        (one) => text.includes(one.toLowerCase()),
      ) ||
      ['md5', 'sha1', 'sha256'].some((hash) => digests.has(createHash(hash).update(secret).digest('hex')));
    expect([...secrets].filter(isThere)).toEqual([]);
  });
});

test('tables made under two keys have no key, and no order, in common; under one key they are the same', async () => {
  const [first, again, other] = [await written('csv', 1), await written('csv', 1), await written('csv', 2)];
  const names = [...first.keys()].filter((name) => name.endsWith('.csv'));
  for (const name of names) expect(again.get(name)!.equals(first.get(name)!), name).toBe(true);
  const keysIn = (files: ReadonlyMap<string, Buffer>): string[] =>
    names.flatMap(
      (name) =>
        files
          .get(name)!
          .toString()
          .match(/\b[0-9a-f]{32}\b/g) ?? [],
    );
  const [ours, theirs] = [new Set(keysIn(first)), keysIn(other)];
  expect(ours.size).toBeGreaterThan(PEOPLE);
  expect(theirs.filter((key) => ours.has(key))).toEqual([]);
  // who comes first under one key comes anywhere under the other
  const bands = (files: ReadonlyMap<string, Buffer>): string[] =>
    files
      .get('patients.csv')!
      .toString()
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',').slice(1, 4).join());
  expect(bands(first).sort()).toEqual(bands(other).sort());
  expect(bands(first)).not.toEqual(bands(other));
});

test('whoever did not agree, is restricted, or stands for somebody else is in no table', async () => {
  const inStudy = await madeBy(await optionsFor(store), async (made) => made.cohort);
  const persons = new Set(held.flatMap(({ personId }) => personId ?? []));
  const left = Object.values(inStudy.leftOut).reduce((sum, count) => sum + count, 0);
  expect(inStudy.size + left).toBe(persons.size);
  expect(inStudy.leftOut).toMatchObject({
    restricted: expect.any(Number),
    'consent-refused': expect.any(Number),
    'no-consent': expect.any(Number),
  });
  for (const reason of ['restricted', 'consent-refused', 'no-consent'] as const)
    expect(inStudy.leftOut[reason]).toBeGreaterThan(0);
});

test('those who look like nobody else are in no table of people, and nothing is written where that is not allowed', async () => {
  const options = await optionsFor(store);
  const by = (otherwise: 'suppress' | 'report' | 'refuse') => ({
    ...options,
    settings: {
      ...options.settings,
      kAnonymity: { k: 4, columns: ['gender', 'age_band', 'ethnic_category'], otherwise },
    },
  });
  const read = (made: Made) =>
    Promise.resolve({
      people: rowsOf(made, 'patients'),
      scores: rowsOf(made, 'scores').map((row) => row.patient_key),
      report: made.anonymity!,
    });
  const [whole, kept] = [await madeBy(by('report'), read), await madeBy(by('suppress'), read)];
  expect(kept.report.rowsBelow).toBeGreaterThan(0);
  expect(kept.people).toHaveLength(whole.people.length - kept.report.rowsBelow);
  const alike = Map.groupBy(kept.people, (row) => [row.gender, row.age_band, row.ethnic_category].join());
  for (const rows of alike.values()) expect(rows.length).toBeGreaterThanOrEqual(4);
  const keys = new Set(kept.people.map((row) => row.patient_key));
  expect(kept.scores.every((key) => keys.has(key))).toBe(true);
  await expect(madeBy(by('refuse'), read)).rejects.toThrow('nothing was written');
});

test('counts are the same whatever key there is, small ones withheld, and each person is counted once', async () => {
  const options = await optionsFor(store);
  const exactly = { ...options.settings, smallNumbers: { below: 1, roundTo: 1, keepZero: true } };
  const funnel = (settings = options.settings, counted: 'consented' | 'everyone' = 'consented') =>
    madeBy({ ...options, settings: { ...settings, counted } }, async (made) => ({
      stages: rowsOf(made, 'referral_funnel'),
      all: made.tables.flatMap((one) => (one.kind === 'aggregate' ? one.shown.rows.flat() : [])),
      people: made.cohort.size,
    }));
  const [shown, exact, everyone] = [await funnel(), await funnel(exactly), await funnel(exactly, 'everyone')];
  expect(shown.all.some(isSuppressed)).toBe(true);
  expect(exact.all.some(isSuppressed)).toBe(false);
  expect(shown.stages[0]!.people).toBe(Math.round(Number(exact.stages[0]!.people) / 5) * 5);
  expect(Number(exact.stages[0]!.people)).toBeLessThanOrEqual(exact.people);
  expect(Number(everyone.stages[0]!.people)).toBeGreaterThan(Number(exact.stages[0]!.people));
});

test('where a rule cannot be applied, nothing is written, and what was there before stays', async () => {
  const out = join(folder(), 'out');
  const options = await optionsFor(store);
  await madeBy({ ...options, names: ['patients'] }, (made) => writeTables(made, out, 'csv', ABOUT));
  const before = readFileSync(join(out, 'patients.csv'), 'utf8');
  const rules = shippedRules();
  const broken = {
    ...rules,
    rules: [
      {
        path: 'Patient.gender',
        reason: 'a test',
        method: 'generalise',
        expression: 'single(("a" | "b"))',
      } as never,
      ...rules.rules.filter(({ path }) => path !== 'Patient.gender'),
    ],
  };
  const making = madeBy({ ...options, rules: broken }, (made) => writeTables(made, out, 'csv', ABOUT));
  await expect(making).rejects.toThrow();
  expect(readFileSync(join(out, 'patients.csv'), 'utf8')).toBe(before);
  expect(readdirSync(options.folder).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('a folder with something else in it is left alone', async () => {
  const out = join(folder(), 'photos');
  mkdirSync(out);
  writeFileSync(join(out, 'garden.txt'), 'roses');
  const options = await optionsFor(store, { names: ['reach'] });
  const making = madeBy(options, (made) => writeTables(made, out, 'csv', ABOUT));
  await expect(making).rejects.toThrow('There is something else');
  expect(readdirSync(out)).toEqual(['garden.txt']);
});
