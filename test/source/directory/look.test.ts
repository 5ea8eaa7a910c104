/** A directory is taken in whole, then by what changed; what it has no more is closed, and nothing is lost when it is cut off. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { ruleOf } from '../../../src/fhir/outcome.ts';
import type { DirectoryTrouble } from '../../../src/source/directory/client.ts';
import { activityKey } from '../../../src/source/directory/review.ts';
import { type Looked, lookAtDirectory } from '../../../src/source/directory/run.ts';
import { type Bench, openBench, refer, service } from './directory.ts';

const FIVE = [1, 2, 3, 4, 5].map((number) => service(number));
const HOUR_MS = 3_600_000;

function done(looked: Looked | DirectoryTrouble): Looked {
  if ('outcome' in looked) throw new Error(looked.outcome.issue[0]?.diagnostics);
  return looked;
}

function ruleIn(looked: Looked | DirectoryTrouble): string | undefined {
  return 'outcome' in looked ? ruleOf(looked.outcome.issue[0]!) : undefined;
}

const detailsOf = ({ directory }: Bench): string[] =>
  directory.asked.filter((path) => /\/services\/[^?]+$/.test(path)).map((path) => path.split('/').at(-1)!);

test('the first look takes in every service, page by page, with what each says of itself', async () => {
  const bench = await openBench(FIVE.map((one) => ({ ...one, minimum_age: 18 })));
  expect(done(await bench.look())).toEqual({ isFull: true, pages: 3, taken: 5, refused: 0, gone: 0 });
  expect(await bench.service('svc-3')).toMatchObject({
    active: true,
    name: 'Activity 3',
    extension: [{ valueRange: { low: { value: 18, code: 'a' } } }],
  });
  expect(bench.directory.answered.every((status) => status === 200)).toBe(true);
});

test('the next look asks for what was modified since, and reads only that', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  bench.nowMs += HOUR_MS;
  bench.directory.asked.length = 0;
  bench.directory.services.set(
    'svc-2',
    service(2, { name: 'New name', last_modified: '2026-06-30T12:30:00Z' }),
  );
  expect(done(await bench.look())).toEqual({ isFull: false, pages: 1, taken: 1, refused: 0, gone: 0 });
  expect(bench.directory.asked[0]).toContain(
    `modified_after=${encodeURIComponent('2026-06-30T11:55:00.000Z')}`,
  );
  expect(detailsOf(bench)).toEqual(['svc-2']);
  expect((await bench.service('svc-2'))?.name).toBe('New name');
});

test('a sweep of an unchanged directory is answered with 304, and reads no service', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  bench.directory.asked.length = 0;
  bench.directory.answered.length = 0;
  expect(done(await bench.look(true))).toEqual({ isFull: true, pages: 3, taken: 0, refused: 0, gone: 0 });
  expect(bench.directory.answered).toEqual([304, 304, 304]);
});

test('a list that tells no times hides no change: each service is asked whether it is as it was', async () => {
  const untimed = FIVE.map(({ last_modified: _, ...one }) => one);
  const bench = await openBench(untimed);
  await bench.look();
  bench.directory.services.set('svc-4', { ...untimed[3]!, minimum_age: 60 });
  bench.directory.answered.length = 0;
  expect(done(await bench.look(true))).toMatchObject({ taken: 1 });
  expect(bench.directory.answered.filter((status) => status === 304)).toHaveLength(4);
});

test('a service that is gone is marked as closed, kept, and told where a referral points to it', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  await refer(bench, activityKey('open-referral-uk', 'svc-5'));
  bench.directory.services.delete('svc-5');
  bench.nowMs += 25 * HOUR_MS;
  expect(done(await bench.look())).toMatchObject({ isFull: true, gone: 1 });
  expect(await bench.service('svc-5')).toMatchObject({ active: false, name: 'Activity 5' });
  expect(await bench.work('activity-closed')).toEqual([
    `${activityKey('open-referral-uk', 'svc-5')} is not in operation: choose another activity, or ask the provider.`,
  ]);
  expect(done(await bench.look(true))).toMatchObject({ gone: 0 });
});

test('a service that is there again is open again, though it says that nothing changed', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  bench.directory.services.delete('svc-5');
  await bench.look(true);
  bench.directory.services.set('svc-5', FIVE[4]!);
  expect(done(await bench.look(true))).toMatchObject({ taken: 1, gone: 0 });
  expect((await bench.service('svc-5'))?.active).toBe(true);
});

test('a directory that has lost most of itself closes nothing, and says so', async () => {
  const many = Array.from({ length: 9 }, (_, number) => service(number));
  const bench = await openBench(many);
  await bench.look();
  for (const { id } of many.slice(1)) bench.directory.services.delete(id);
  expect(ruleIn(await bench.look(true))).toBe('directory-mostly-gone');
  expect((await bench.service('svc-8'))?.active).toBe(true);
});

test('a look that is cut off goes on at its page, and a service seen before is not taken for gone', async () => {
  const bench = await openBench(FIVE);
  const stopping = new AbortController();
  bench.directory.interfere = ({ url }) => {
    if (url?.includes('?page=2&')) stopping.abort();
    return false;
  };
  expect('outcome' in (await lookAtDirectory(bench.options, stopping.signal))).toBe(true);
  bench.directory.asked.length = 0;
  expect(done(await bench.look())).toMatchObject({ isFull: true, pages: 2, taken: 3, gone: 0 });
  expect(bench.directory.asked[0]).toContain('?page=2&');
  for (const { id } of FIVE) expect((await bench.service(id))?.active).toBe(true);
});

test('requests keep the pace that is configured, whoever else asks', async () => {
  const bench = await openBench(FIVE, { perSecond: 5 });
  await bench.look();
  expect(bench.waits).toEqual([1, 2, 3, 4, 5, 6, 7].map((slot) => slot * 200));
});

test('a single service that cannot be read is asked for again at the next look; the others are taken in', async () => {
  const bench = await openBench(FIVE);
  bench.directory.interfere = ({ url }, response) => {
    if (!url?.endsWith('/svc-2')) return false;
    response.writeHead(500).end();
    return true;
  };
  expect(ruleIn(await bench.look())).toBe('directory-answer');
  expect(await bench.service('svc-5')).toBeDefined();
  bench.directory.interfere = undefined;
  bench.directory.asked.length = 0;
  expect(done(await bench.look())).toMatchObject({ taken: 1, gone: 0 });
  expect(detailsOf(bench)).toEqual(['svc-2']);
});

test('activities that another source knows by the same keys are those of the directory', async () => {
  const bench = await openBench(FIVE, { alsoOf: ['platform'] });
  await bench.look();
  await refer(bench, activityKey('platform', 'svc-1'));
  bench.directory.services.set(
    'svc-1',
    service(1, { status: 'temporarily closed', last_modified: '2026-06-30T12:01:00Z' }),
  );
  await bench.look();
  expect(await bench.work('activity-closed')).toHaveLength(1);
});

/** Ways in which a directory does not give a single service. */
const FAILS: Readonly<Record<string, (response: ServerResponse) => unknown>> = {
  'are refused': (response) => response.writeHead(500).end(),
  'ask to be let alone': (response) => response.writeHead(503, { 'retry-after': '3600' }).end(),
  'give no answer': (response) => response.destroy(),
};

/** @param services whose own paths fail, until `interfere` is taken back */
function failing({ directory }: Bench, how: string, services: RegExp): void {
  directory.interfere = ({ url = '' }, response) => {
    if (!services.test(url)) return false;
    FAILS[how]!(response);
    return true;
  };
}

test.each(Object.keys(FAILS))(
  'five services in a row that %s keep no look from the others for ever',
  async (how) => {
    const seven = [1, 2, 3, 4, 5, 6, 7].map((number) => service(number));
    const bench = await openBench(seven, { perPage: 10 });
    failing(bench, how, /\/svc-[1-5]$/);
    for (let look = 0; look < 6; look += 1) expect(ruleIn(await bench.look())).toMatch(/^directory-/);
    expect((await bench.service('svc-7'))?.active).toBe(true);
    bench.directory.services.set(
      'svc-6',
      service(6, { name: 'New name', last_modified: '2026-06-30T12:30:00Z' }),
    );
    bench.nowMs += HOUR_MS;
    await bench.look();
    expect((await bench.service('svc-6'))?.name).toBe('New name');
    bench.directory.interfere = undefined;
    bench.directory.asked.length = 0;
    expect(done(await bench.look())).toMatchObject({ isFull: false });
    expect(
      detailsOf(bench)
        .filter((id) => id !== 'svc-6')
        .sort(),
    ).toEqual(['svc-1', 'svc-2', 'svc-3', 'svc-4', 'svc-5']);
    for (const { id } of seven) expect((await bench.service(id))?.active).toBe(true);
  },
);

test('of services that were missed, one that asks to be let alone holds up no other', async () => {
  const bench = await openBench(FIVE);
  failing(bench, 'ask to be let alone', /\/svc-[12]$/);
  for (let look = 0; look < 3; look += 1) await bench.look();
  failing(bench, 'ask to be let alone', /\/svc-1$/);
  for (let look = 0; look < 2; look += 1) await bench.look();
  expect(await bench.service('svc-2')).toBeDefined();
});

test('what was committed and not told of when a look was cut off is told of by the next', async () => {
  const bench = await openBench(FIVE);
  const told: string[] = [];
  const cut = { ...bench.options, onChanged: () => Promise.reject(new Error('cut off')) };
  await expect(lookAtDirectory(cut, new AbortController().signal)).rejects.toThrow('cut off');
  const whole = { ...bench.options, onChanged: async (keys: readonly string[]) => void told.push(...keys) };
  await lookAtDirectory(whole, new AbortController().signal);
  expect(told).toEqual(['svc-1', 'svc-2', 'svc-3', 'svc-4', 'svc-5']);
});

test('another source that is named later knows what stands here already by its keys', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  const told: string[] = [];
  const onChanged = async (keys: readonly string[]): Promise<void> => void told.push(...keys);
  const named = { ...bench.options, alsoOf: ['platform'], onChanged };
  await lookAtDirectory(named, new AbortController().signal);
  expect(told.sort()).toEqual(['svc-1', 'svc-2', 'svc-3', 'svc-4', 'svc-5']);
  await lookAtDirectory(named, new AbortController().signal);
  expect(told).toHaveLength(5);
});

test('a clock that was ahead blinds no look when it is put right', async () => {
  const bench = await openBench(FIVE);
  bench.nowMs += 240 * HOUR_MS;
  await bench.look();
  bench.nowMs -= 240 * HOUR_MS;
  bench.directory.services.set('svc-2', service(2, { last_modified: '2026-06-30T11:59:00Z' }));
  expect(done(await bench.look())).toMatchObject({ isFull: true, taken: 1 });
});

test('an unchanged page leads on to the next that it named, not to the next number', async () => {
  const bench = await openBench(FIVE);
  const contents = [FIVE.slice(0, 3), FIVE.slice(3)];
  bench.directory.interfere = ({ url = '', headers }, response) => {
    const { searchParams } = new URL(url, 'http://a.example');
    if (!searchParams.has('page') && !searchParams.has('cursor')) return false;
    const at = searchParams.has('cursor') ? 1 : 0;
    if (at === 0 && searchParams.get('page') !== '1') response.writeHead(400).end();
    else if (headers['if-none-match'] === `"${at}"`) response.writeHead(304).end();
    else {
      const next = at === 0 ? `${bench.directory.url}/services?cursor=abc` : null;
      const head = { 'content-type': 'application/json', etag: `"${at}"` };
      response.writeHead(200, head).end(JSON.stringify({ contents: contents[at], next }));
    }
    return true;
  };
  expect(done(await bench.look())).toMatchObject({ pages: 2, taken: 5 });
  expect(done(await bench.look(true))).toMatchObject({ pages: 2, taken: 0, gone: 0 });
});

test('what spoke against an activity is taken back when it is over, and said again when it comes back', async () => {
  const bench = await openBench(FIVE);
  await bench.look();
  await refer(bench, activityKey('open-referral-uk', 'svc-1'));
  const says = async (status: string, minute: number): Promise<readonly string[]> => {
    bench.directory.services.set(
      'svc-1',
      service(1, { status, last_modified: `2026-06-30T12:0${minute}:00Z` }),
    );
    await bench.look();
    return await bench.work('activity-closed');
  };
  expect(await says('temporarily closed', 1)).toHaveLength(1);
  expect(await says('active', 2)).toEqual([]);
  expect(await says('temporarily closed', 3)).toHaveLength(1);
});
