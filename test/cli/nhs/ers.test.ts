/** A whole adapter that reads e-RS: what is on a list becomes a referral with its Task, once, whatever ends the process between, and is left to a case system that names it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bundle, Organization, Resource, ServiceRequest, Task } from '@medplum/fhirtypes';
import { afterEach, expect, test, vi } from 'vitest';
import { journeys } from '../../faults/journeys.ts';
import { startErsServer } from '../../servers/ers.ts';
import { pemOf, rsaKey } from '../../servers/rsa-keys.ts';
import { startTokenServer } from '../../servers/token-server.ts';
import { closing, openWhole, temporaryFolder, type Whole } from '../whole.ts';

afterEach(() => vi.unstubAllEnvs());

const API_KEY = 'the-application-itself';
const UBRN = '000000070001';
const one = { ubrn: UBRN, nhsNumber: '9990000018' };
const REVIEW = 'REFERRALS_FOR_REVIEW';
const HOUR_MS = 3_600_000;
const soon = { timeout: 20_000, interval: 30 };

/** e-RS and the endpoint of tokens on this machine, and adapters that are configured as docs/e-rs.md has it. */
async function openBoth(services: readonly string[] = ['11010']) {
  vi.stubEnv('NHS_API_KEY', API_KEY);
  const clock = { offsetMs: Date.UTC(2026, 2, 20, 6, 30) - Date.now() };
  const now = (): number => Date.now() + clock.offsetMs;
  const keys = new Map([['int-1', rsaKey('first')]]);
  const tokens = await startTokenServer({ clock: now, apiKey: API_KEY, keys });
  closing(tokens, ({ close }) => close());
  const ers = await startErsServer(services, () => tokens.tokens.at(-1) ?? '');
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'int-1.pem'), pemOf(rsaKey('first')));
  const access = {
    apiKeyEnv: 'NHS_API_KEY',
    keys: [{ kid: 'int-1', file: 'int-1.pem' }],
    tokenUrl: tokens.url,
  };
  const service = {
    services: services.map((id) => ({ id })),
    times: ['07:00', '13:00'],
    ownerOrg: 'A1001',
  };
  const settings = {
    sources: [{ folder: 'mappings/platform' }],
    nhs: { environment: 'int', access, ers: { ...service, url: ers.url } },
  };
  const open = (where = folder): Promise<Whole> => openWhole(settings, { clock: now, folder: where });
  return { clock, ers, open };
}

async function found<T extends Resource>(whole: Whole, query: string): Promise<readonly T[]> {
  const { entry = [] } = JSON.parse(await whole.get(`/fhir/R4/${query}`)) as Bundle<T>;
  return entry.map(({ resource }) => resource!);
}

const referrals = (whole: Whole, ubrn = UBRN): Promise<readonly ServiceRequest[]> =>
  found(whole, `ServiceRequest?identifier=https://fhir.nhs.uk/Id/UBRN|${ubrn}`);

const turnEnded = (whole: Whole, times = 1): Promise<void> =>
  vi.waitFor(
    () =>
      expect(whole.lines.filter((line) => line.includes('referrals of e-RS were taken in'))).toHaveLength(
        times,
      ),
    soon,
  );

test('a referral on the list comes in at its time, with its Task and its person, and the next turn changes nothing', async () => {
  const { clock, ers, open } = await openBoth();
  ers.referrals.set(UBRN, { ...one, list: REVIEW });
  const whole = await open();
  expect(ers.asked).toEqual([]);
  clock.offsetMs += HOUR_MS;
  await turnEnded(whole);
  const [request, ...more] = await referrals(whole);
  expect(more).toEqual([]);
  expect(request).toMatchObject({
    ...{
      status: 'active',
      intent: 'order',
      authoredOn: '2026-03-11T13:55:32.927Z',
      meta: { versionId: '1' },
    },
    code: { coding: [{ code: '871731000000106' }] },
  });
  const [task] = await found<Task>(whole, `Task?focus=ServiceRequest/${request!.id}`);
  expect(task).toMatchObject({ status: 'requested', for: request!.subject, owner: request!.performer![0] });
  const [person] = await found(
    whole,
    `Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|${one.nhsNumber}`,
  );
  expect(request!.subject.reference).toBe(`Patient/${person!.id}`);
  const [service] = await found(whole, 'Organization');
  expect(service).toMatchObject({ name: 'Riverside Social Prescribing' });
  expect(request!.performer).toMatchObject([{ reference: `Organization/${service!.id}` }]);
  clock.offsetMs += 6 * HOUR_MS;
  await turnEnded(whole, 2);
  expect((await referrals(whole)).map(({ meta }) => meta?.versionId)).toEqual(['1']);
  expect(ers.asked.filter((key) => key.startsWith('POST'))).toHaveLength(4);
  expect(whole.lines.join('')).not.toMatch(/9990000018|000000070001/);
});

test('a referral that was listed and not yet read when the process was killed comes in at the next turn, though it is on no list by then', async () => {
  const { clock, ers, open } = await openBoth();
  ers.referrals.set(UBRN, { ...one, list: REVIEW });
  const killed = await open();
  const reading = Promise.withResolvers<void>();
  ers.before = (key) => {
    if (!key.startsWith('GET')) return undefined;
    reading.resolve();
    return new Promise(() => {});
  };
  clock.offsetMs += HOUR_MS;
  await reading.promise;
  const left = killed.remains();
  await killed.stop();
  ers.before = undefined;
  ers.referrals.set(UBRN, one);
  const next = await open(left);
  expect(await referrals(next)).toEqual([]);
  clock.offsetMs += 6 * HOUR_MS;
  await turnEnded(next);
  expect(await referrals(next)).toMatchObject([{ status: 'active' }]);
  await next.stop();
  const again = await open(left);
  clock.offsetMs += 18 * HOUR_MS;
  ers.nextDay();
  await turnEnded(again);
  expect((await referrals(again)).map(({ meta }) => meta?.versionId)).toEqual(['1']);
});

test('a referral that the case system names too is said once: that of e-RS is taken back', async () => {
  const { clock, ers, open } = await openBoth();
  const [{ body }] = journeys(1, 0) as unknown as [{ body: { referral: { ubrn: string } } }];
  const { ubrn } = body.referral;
  ers.referrals.set(ubrn, { ...one, ubrn, list: REVIEW });
  const whole = await open();
  clock.offsetMs += HOUR_MS;
  await turnEnded(whole);
  expect(await whole.post('referral', body)).toBe(202);
  expect((await referrals(whole, ubrn)).map(({ status }) => status)).toEqual(['active', 'active']);
  clock.offsetMs += 6 * HOUR_MS;
  await turnEnded(whole, 2);
  expect((await referrals(whole, ubrn)).map(({ status }) => status).sort()).toEqual([
    'active',
    'entered-in-error',
  ]);
});

test('a referral that is sent on to another of our services is its from then on, and no turn changes it again', async () => {
  const { clock, ers, open } = await openBoth(['11010', '11020']);
  ers.referrals.set(UBRN, { ...one, list: REVIEW, service: '11010' });
  const whole = await open();
  clock.offsetMs += HOUR_MS;
  await turnEnded(whole, 2); // one for each service
  ers.referrals.set(UBRN, { ...one, list: REVIEW, service: '11020' });
  clock.offsetMs += 6 * HOUR_MS;
  await turnEnded(whole, 4);
  const performer = async (): Promise<string | undefined> => {
    const [request] = await referrals(whole);
    const id = request?.performer?.[0]?.reference?.split('/')[1];
    return (await found<Organization>(whole, 'Organization')).find((each) => each.id === id)?.name;
  };
  expect(await performer()).toBe('Hilltop Social Prescribing');
  const [moved] = await referrals(whole);
  ers.nextDay();
  clock.offsetMs += 18 * HOUR_MS;
  await turnEnded(whole, 6);
  expect(await referrals(whole)).toEqual([moved]);
});
