/** What is done beside the store of an adapter that does not run is put in line for all that the adapter has lines for. */
import { expect, test } from 'vitest';
import { besideStore } from '../../src/cli/again/beside.ts';
import { readJson } from '../../src/source/read-json.ts';
import { journeys } from '../faults/journeys.ts';
import { configIn, openWhole } from './whole.ts';

test('a person who is taken in beside the store waits for PDS too', async () => {
  const settings = {
    sources: [{ folder: 'mappings/platform' }],
    nhs: {
      organisation: { odsCode: 'A1001', name: 'Example Link Workers' },
      pds: { baseUrl: 'http://127.0.0.1:9' },
      bars: { dosServiceId: '2000099999', receive: { name: 'referrers', url: 'http://127.0.0.1:9' } },
    },
  };
  const whole = await openWhole(settings);
  const { targets } = whole.adapter;
  await whole.stop();
  await besideStore(configIn(whole.folder, settings), Date.now, async (shop) => {
    expect(shop.targets).toEqual(targets);
    const read = shop.sources.get('platform')!.kinds.get('referral')!;
    const records = readJson(read, JSON.stringify(journeys(1, 0)[0]!.body), { nowMs: Date.now() });
    await shop.pipelineOf().ingest('platform', 'referral', records);
    const counts = await shop.store.counts();
    expect(counts.targets).toEqual([expect.objectContaining({ target: 'pds', waiting: 1 })]);
  });
});
