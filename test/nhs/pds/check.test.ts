/** Who counts as found by a search, and by what. */
import { expect, test } from 'vitest';
import { readPatientAnswer, readSearchAnswer } from '../../../src/nhs/pds/answer.ts';
import { checkPatient } from '../../../src/nhs/pds/check.ts';
import { BORN, pdsRecord } from '../../servers/pds-records.ts';

const NUMBER = '9990000018';
const patient = { id: 'p', name: [{ family: 'Example', given: ['Robin'] }], birthDate: BORN };

test.each([
  [BORN, BORN, 'traced'],
  ['1961', '1961', 'not-traced'],
  [BORN, '1961', 'not-traced'],
])('born on %s by the search and on %s by the record is %s', async (found, read, outcome) => {
  const entry = [{ search: { score: 1 }, resource: { ...pdsRecord(NUMBER), birthDate: found } }];
  const bundle = { resourceType: 'Bundle', type: 'searchset', total: 1, entry };
  const client = {
    search: async () => readSearchAnswer({ status: 200, body: bundle }),
    get: async () => readPatientAnswer({ status: 200, body: { ...pdsRecord(NUMBER), birthDate: read } }),
  };
  const idsOf = () => ({ request: 'r', correlation: 'c' });
  const { signal } = new AbortController();
  const options = { client, trace: true, idsOf, today: '2025-03-03' };
  expect(await checkPatient(options, patient, signal)).toMatchObject({ outcome });
});
