/** A directory that is configured is taken in by the adapter, served as a menu, and asked by the command line's jobs. */
import type { Bundle, HealthcareService } from '@medplum/fhirtypes';
import { expect, test, vi } from 'vitest';
import { activityKey } from '../../../src/source/directory/review.ts';
import { startOpenReferral } from '../../servers/open-referral.ts';
import { refer, service } from '../../source/directory/directory.ts';
import { closing, openWhole } from '../whole.ts';

test('the menu is there by kind and by whether it is in operation; jobs look again and judge a referral', async () => {
  const term = { id: 'a', taxonomy_term: { id: 't', name: 'Exercise' } };
  const directory = await startOpenReferral([
    service(1, { attributes: [term] }),
    service(2, { attributes: [term], status: 'inactive' }),
    service(3),
  ]);
  closing(directory, (one) => one.close());
  const { adapter, job } = await openWhole({
    directories: [{ name: 'city', url: directory.url, perSecond: 50 }],
  });
  const kind = 'https://hedgerow.example/fhir/CodeSystem/support-kind|exercise';
  const menu = async (): Promise<(string | undefined)[]> => {
    const url = `${adapter.url}/fhir/R4/HealthcareService?active=true&service-type=${encodeURIComponent(kind)}`;
    const { entry = [] } = (await (await fetch(url)).json()) as Bundle<HealthcareService>;
    return entry.map(({ resource }) => resource?.name);
  };
  await vi.waitFor(async () => expect(await menu()).toEqual(['Activity 1']), {
    timeout: 30_000,
    interval: 100,
  });

  const inoperative = activityKey('open-referral-uk', 'svc-2');
  await refer({ pipeline: adapter.pipeline, nowMs: Date.now() }, inoperative);
  expect(await job('directory-check', { request: 'onward-1' })).toEqual([
    expect.objectContaining({ event: 'misfit', rule: 'activity-closed' }),
    { event: 'judged', activities: 1, misfits: 1 },
  ]);
  const validated = await fetch(`${adapter.url}/fhir/R4/ServiceRequest/onward-1/$validate`);
  expect(await validated.text()).toContain('activity-closed');

  directory.services.delete('svc-3');
  // the adapter's own look may still be under way
  await vi.waitFor(
    async () =>
      expect(await job('directory-sync', { name: 'city', full: true })).toEqual([
        expect.objectContaining({ event: 'looked', isFull: true, gone: 1 }),
      ]),
    { timeout: 30_000, interval: 100 },
  );
  expect(await job('directory-sync', { name: 'town' })).toEqual([
    expect.objectContaining({ event: 'failed' }),
  ]);
});

test('two directories never fill one source: what one lacks would be closed for both', async () => {
  const url = 'http://127.0.0.1:1/o/v3';
  const directories = [
    { name: 'city', url },
    { name: 'county', url },
  ];
  await expect(openWhole({ directories })).rejects.toThrow(
    /directories\.county: another directory fills the source/,
  );
});
