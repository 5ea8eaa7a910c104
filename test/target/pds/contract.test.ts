/** Every request to PDS, and every answer of the simulator, is held against the published description of the API. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { pdsRecord } from '../../servers/pds-records.ts';
import { type Prism, startPrism } from '../../servers/prism.ts';
import { numbersOf, openPdsPlace, record, said } from './place.ts';

const SPEC = join(
  import.meta.dirname,
  '../../../../shared/conformance/openapi/pds/personal-demographics.yaml',
);
const isThere = existsSync(SPEC);
if (!isThere)
  console.info('The published description of PDS is not at hand: its contract test is passed over.');

test.runIf(isThere)(
  'nothing that is asked or answered is at odds with the description',
  async () => {
    let prism: Prism | undefined;
    const between = async (upstream: string): Promise<string> => {
      prism = await startPrism({ spec: SPEC, upstream });
      return prism.url;
    };
    const place = await openPdsPlace({}, { between });
    const [known, superseded, by, unknown, withdrawn, traced] = [
      '9990000018',
      '9990000026',
      '9990000034',
      '9990000042',
      '9990000050',
      '9990000069',
    ];
    for (const number of [known!, superseded!, by!, withdrawn!]) place.pds.put(pdsRecord(number));
    place.pds.put(pdsRecord(traced!, { family: 'Lone' }));
    for (const number of ['9990000077', '9990000085']) place.pds.put(pdsRecord(number, { family: 'Many' }));
    place.pds.supersede(superseded!, by!);
    place.pds.invalidate(withdrawn!);
    for (const number of [known, superseded, unknown, withdrawn])
      await place.say(record(number!, [said(number!, number)]));
    for (const family of ['Lone', 'Many', 'Nobody'])
      await place.say(
        record(family, [
          said(family, undefined, {
            name: [{ family, given: ['Robin'] }],
            address: [{ postalCode: 'LS1 1AA' }],
          }),
        ]),
      );
    // the published record of a restricted person who has died
    await place.say(
      record('r', [said('r', '9000000025', { name: [{ family: 'Smythe' }], birthDate: '2010-10-22' })]),
    );
    await place.settle();
    expect(prism!.violations()).toEqual([]);
    expect(prism!.requests()).toBe(place.pds.seen.length);
    expect(place.pds.seen.length).toBeGreaterThan(10);
    expect(numbersOf(await place.patient('r'))).toEqual(['9000000025 01']);
    expect(numbersOf(await place.patient('Lone'))).toEqual([`${traced} 01`]);
    await prism!.close();
  },
  60_000,
);
