/** A whole adapter with a directory: a referral to a full activity is held from a FHIR server and from a BaRS service, and goes once it fits. */
import type { ServiceRequest } from '@medplum/fhirtypes';
import { expect, test, vi } from 'vitest';
import { activityKey } from '../../../src/source/directory/review.ts';
import { startBarsReceiver } from '../../servers/bars-receiver.ts';
import { startOpenReferral } from '../../servers/open-referral.ts';
import { service } from '../../source/directory/directory.ts';
import { say } from '../../source/ehr/adapters.ts';
import {
  around,
  consent,
  idOf,
  person,
  REFERRAL,
  request,
  SERVICE,
  task,
  USE_CASE,
} from '../../target/bars/world.ts';
import { ehr } from '../../target/harness.ts';
import { closing, openWhole, type Whole } from '../whole.ts';

const soon = { timeout: 20_000, interval: 30 };
const places = (available: number): object => ({
  capacities: [{ id: 'cap-1', available }],
  last_modified: new Date().toISOString(),
});

/** A full activity and one with places, and adapters that send to an EHR and to a service of BaRS. */
async function openAll(atSending: 'warn' | 'hold') {
  const directory = await startOpenReferral([service(1, places(0)), service(2, places(4))]);
  closing(directory, (one) => one.close());
  const bars = await startBarsReceiver({ service: SERVICE.dosServiceId, useCase: USE_CASE.code });
  closing(bars, (one) => one.close());
  const council = await ehr();
  const common = { requiresVerifiedNhsNumber: false, purpose: 'refer' };
  const whole = await openWhole({
    sources: [{ folder: 'mappings/platform' }],
    targets: [
      { name: 'council', url: council.url, ...common },
      { kind: 'bars', name: 'link-workers', url: bars.url, service: SERVICE, useCase: USE_CASE, ...common },
    ],
    nhs: {
      organisation: { odsCode: 'Y12345', name: 'Example Surgery' },
      bars: { dosServiceId: '2000099999' },
    },
    directories: [{ name: 'city', url: directory.url, perSecond: 50 }],
    activities: { atSending },
  });
  const isRead = (): void => expect(whole.lines.join('')).toContain('directory read');
  await vi.waitFor(isRead, soon);
  const arrived = async (): Promise<object> => ({
    council: (await council.search('ServiceRequest')).map(({ id }) => id).sort(),
    'link-workers': [...bars.held.keys()].sort(),
  });
  return { directory, bars, whole, arrived };
}

/** A referral to the service of BaRS, for an activity of the directory. */
const to = (nth: number, id = REFERRAL): ServiceRequest & { id: string } =>
  request({
    id,
    performer: [
      { reference: `HealthcareService/${idOf('service')}` },
      { reference: activityKey('open-referral-uk', `svc-${nth}`) },
    ],
  });

async function refer({ adapter }: Whole, nth: number): Promise<void> {
  const done = await say(adapter, 'r', ...around(), person(), consent(), to(nth), task('requested'));
  expect(done.state).toBe('committed');
}

/** What is on the worklist of a rule: `kind target`. */
async function said(whole: Whole, rule = 'activity-full'): Promise<readonly string[]> {
  return (await whole.work(rule)).map(({ kind, target = '' }) => `${kind} ${target}`.trim()).sort();
}

const both = (...ids: string[]): object => ({ council: ids, 'link-workers': ids });
const HELD = ['held council', 'held link-workers', 'warning'];

test('a referral to a full activity is held, and goes to both once the directory says that a place is free', async () => {
  const { directory, whole, arrived } = await openAll('hold');
  await refer(whole, 1);
  await vi.waitFor(async () => expect(await said(whole)).toEqual(expect.arrayContaining(HELD)), soon);
  expect(await arrived()).toEqual(both());
  directory.services.set('svc-1', service(1, places(2)));
  expect(await whole.job('directory-sync', { name: 'city' })).toMatchObject([{ event: 'looked', taken: 1 }]);
  await vi.waitFor(async () => expect(await arrived()).toEqual(both(REFERRAL)), soon);
  await vi.waitFor(async () => expect(await said(whole)).toEqual([]), soon);
});

test('a referral that is held goes when another activity is chosen for it', async () => {
  const { whole, arrived } = await openAll('hold');
  await refer(whole, 1);
  await vi.waitFor(async () => expect(await said(whole)).toEqual(expect.arrayContaining(HELD)), soon);
  expect((await say(whole.adapter, 'r', to(2))).state).toBe('committed');
  await vi.waitFor(async () => expect(await arrived()).toEqual(both(REFERRAL)), soon);
  await vi.waitFor(async () => expect(await said(whole)).toEqual([]), soon);
});

test('where only warned is, a referral to a full activity goes to both, and somebody is told', async () => {
  const { whole, arrived } = await openAll('warn');
  await refer(whole, 1);
  await vi.waitFor(async () => expect(await arrived()).toEqual(both(REFERRAL)), soon);
  expect(await said(whole)).toEqual(['warning']);
});
