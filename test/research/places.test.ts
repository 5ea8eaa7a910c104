/** Where somebody lives, as far as tables need it, by postcode. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address, Patient } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Held } from '../../src/research/held.ts';
import { type Places, readPlaces, withPlace } from '../../src/research/places/places.ts';
import { readPopulation } from '../../src/research/places/population.ts';
import { type Place, Postcodes, postcodeNumber } from '../../src/research/places/postcodes.ts';
import { knownValidator } from '../validation/known.ts';

const NOW_MS = Date.parse('2026-06-01T12:00:00Z');
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'places-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function file(...lines: readonly string[]): Promise<string> {
  const path = join(folder, `${Math.random()}.csv`);
  await writeFile(path, `${lines.join('\r\n')}\r\n`);
  return path;
}

const places = async (...lines: readonly string[]): Promise<Places> =>
  readPlaces({ path: await file(...lines) });

describe('the file of postcodes', () => {
  test('names places by our columns, however postcodes are written', async () => {
    const found = await places(
      '\uFEFFPostcode,LSOA,imd_decile,neighbourhood',
      'zz99 3vz,E01000001,2,"Thornbank,  Upper"',
      'ZZ1 4AB,,,',
    );
    expect(found.count).toBe(2);
    for (const postcode of ['ZZ99 3VZ', 'zz993vz', ' ZZ99  3VZ '])
      expect(found.find(postcode)).toEqual({
        lsoa: 'E01000001',
        imdDecile: 2,
        neighbourhood: 'Thornbank, Upper',
      });
    expect([found.find('ZZ1 4AB'), found.find('ZZ1 4AC'), found.find('nowhere')]).toEqual([
      {},
      undefined,
      undefined,
    ]);
  });

  test('names places by the columns of the ONS Postcode Directory, with ranks of England', async () => {
    const path = await file(
      'pcd,pcds,lsoa11,lsoa21,imd',
      'ZZ993VZ,ZZ99 3VZ,E01000001,E01000002,3284',
      'ZZ1 4AB,ZZ1 4AB,E01000003,E01000003,3285',
      'ZZ2 3EF,ZZ2 3EF,W01000001,W01000001,12',
    );
    const found = await readPlaces({ path, ranked: 32_844 });
    expect(found.find('ZZ99 3VZ')).toEqual({ lsoa: 'E01000002', imdDecile: 1 });
    expect(found.find('ZZ1 4AB')?.imdDecile).toBe(2);
    expect(found.find('ZZ2 3EF')).toEqual({ lsoa: 'W01000001' });
    expect((await readPlaces({ path, ranked: 3_285 })).find('ZZ1 4AB')?.imdDecile).toBe(10);
    await expect(readPlaces({ path })).rejects.toThrow(/32844 in 2019/);
    await expect(readPlaces({ path, ranked: 3_284 })).rejects.toThrow(/line 3.*from 1 to 3284/);
  });

  test.each([
    [['area,decile', 'a,b'], /line 1: its head has no column postcode/],
    [['postcode,imd_decile', 'ZZ1 4AB,11'], /line 2: imd_decile/],
    [['postcode', 'ZZ1 4AB', 'Secret Street'], /line 3: this is no postcode/],
  ])('is refused by its line: %o', async (lines, message) => {
    await expect(places(...lines)).rejects.toThrow(message);
    await expect(places(...lines)).rejects.not.toThrow(/Secret/);
  });

  test('finds every postcode, in whichever order they come', () => {
    const letters = fc.constantFrom(...'ABCDEFGHJKLMNPQRSTUVWXYZ');
    const postcode = fc
      .tuple(letters, letters, fc.nat(99), fc.nat(9), letters, letters)
      .map(([a, b, district, sector, c, d]) => `${a}${b}${district} ${sector}${c}${d}`);
    fc.assert(
      fc.property(fc.uniqueArray(postcode, { minLength: 1, maxLength: 50 }), (all) => {
        const table = new Postcodes();
        for (const one of all) table.add(postcodeNumber(one)!, { lsoa: one });
        for (const one of all) expect(table.find(postcodeNumber(one)!)).toEqual({ lsoa: one });
        expect(table.find(postcodeNumber('A1 1AA')!)).toBeUndefined();
      }),
    );
  });
});

describe('a Patient', () => {
  const known: Readonly<Record<string, Place>> = {
    HOME: { lsoa: 'E01000001', imdDecile: 3, neighbourhood: 'Upper Thornbank' },
    OTHER: { imdDecile: 9 },
  };
  const table: Places = { count: 2, find: (postcode) => known[postcode] };
  const added = (address: Address[], more: Partial<Patient> = {}): Patient =>
    withPlace(
      { resource: { resourceType: 'Patient', id: 'a', address, ...more }, personId: 'a' } as Held,
      table,
      NOW_MS,
    ).resource as Patient;
  const decile = (patient: Patient): unknown =>
    patient.extension?.find(({ url }) => url?.endsWith('/imd-decile'))?.valueInteger;

  test('says where the home is, in extensions that are valid', () => {
    const patient = added([{ postalCode: 'OTHER' }, { use: 'home', postalCode: 'HOME' }]);
    expect(patient.extension).toHaveLength(3);
    expect(decile(patient)).toBe(3);
    expect(
      knownValidator()
        .validate(patient)
        .filter(({ severity }) => severity === 'error'),
    ).toEqual([]);
  });

  test('has no home where it has moved out of, or was for a while', () => {
    const over = { use: 'home' as const, postalCode: 'HOME', period: { end: '2026-05-31' } };
    expect(decile(added([over, { postalCode: 'OTHER' }]))).toBe(9);
    expect(
      decile(
        added([
          { use: 'temp', postalCode: 'HOME' },
          { use: 'old', postalCode: 'HOME' },
        ]),
      ),
    ).toBeUndefined();
    expect(decile(added([{ ...over, period: { end: '2026-06' } }]))).toBe(3);
  });

  test('keeps its other extensions, and not what was said of another home', () => {
    const before = added([{ postalCode: 'HOME' }], {
      extension: [{ url: 'http://a.example', valueBoolean: true }],
    });
    const after = added([{ postalCode: 'OTHER' }], { extension: before.extension! });
    expect(after.extension?.map(({ url }) => url)).toEqual([
      'http://a.example',
      expect.stringContaining('imd-decile'),
    ]);
    expect(added([], { extension: after.extension!.slice(1) })).not.toHaveProperty('extension');
  });

  test('is the only resource that is touched', () => {
    const task = { resource: { resourceType: 'Task', id: 't' }, personId: 'a' } as Held;
    expect(withPlace(task, table, NOW_MS)).toBe(task);
  });
});

describe('the file of denominators', () => {
  test('counts people by group, of the whole area or a place', async () => {
    const path = await file(
      'dimension,group,place,population',
      'gender,female,,1200',
      'age_band,65-74,Upper Thornbank,80',
      'neighbourhood,Upper Thornbank,,900',
    );
    expect(await readPopulation(path)).toEqual([
      { place: undefined, dimension: 'gender', group: 'female', population: 1200 },
      { place: 'Upper Thornbank', dimension: 'age_band', group: '65-74', population: 80 },
      { place: undefined, dimension: 'neighbourhood', group: 'Upper Thornbank', population: 900 },
    ]);
  });

  test.each([
    ['shoe_size,9,10', /dimension is none of/],
    ['gender,female,1.200', /whole number/],
    ['gender,male,7', /counted before/],
  ])('%s is refused by its line', async (line, message) => {
    await expect(
      readPopulation(await file('dimension,group,population', 'gender,male,5', line)),
    ).rejects.toThrow(message);
    await expect(
      readPopulation(await file('dimension,group,population', 'gender,male,5', line)),
    ).rejects.toThrow(/line 3/);
  });
});
