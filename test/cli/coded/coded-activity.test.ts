/** Coded activity in a whole adapter: from a record that comes in to the list, its receipts, the report and the page. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { openAdapter } from '../../../src/cli/adapter.ts';
import type { CodedEvent } from '../../../src/cli/coded/jobs.ts';
import { askJob } from '../../../src/cli/jobs.ts';
import { ROOT } from '../../../src/cli/load.ts';
import { type Config, loadConfig } from '../../../src/config.ts';
import { example, expectOutcome, parts } from '../../api/adapter.ts';
import { until } from '../../source/ehr/adapters.ts';

const TOKEN = 'token-of-tests';
const ODS = 'Y99001';
const DAY = '2026-02-27';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

interface Running {
  readonly url: string;
  readonly folder: string;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  send(path: string, body: string, type: string): Promise<Response>;
  /** makes the next list */
  make(path: string, headers?: Record<string, string>): Promise<Response>;
  job(name: string, asked: object): Promise<CodedEvent[]>;
}

function configured(folder: string, coded: object): Config {
  const file = {
    port: 0,
    access: { open: true },
    dataDir: join(folder, 'data'),
    nhs: { codedActivity: { since: '2026-01-01', ...coded } },
  };
  writeFileSync(join(folder, 'hedgerow.config.json'), JSON.stringify(file));
  const config = loadConfig({ cwd: folder, root: ROOT, path: 'hedgerow.config.json' });
  if (!config.ok) throw new Error(JSON.stringify(config.outcome));
  return config.value;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-activity-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(
  folder: string,
  coded: object = {},
  clock: () => number = Date.now,
): Promise<Running & { stop(): Promise<void> }> {
  const config = configured(folder, coded);
  const log = pino({ level: 'silent' });
  const adapter = await openAdapter({ config, parts: parts(), clock, log, token: TOKEN });
  let isOpen = true;
  const stop = async (): Promise<void> => {
    if (isOpen) await adapter.stop();
    isOpen = false;
  };
  undo.push(stop);
  const { url } = adapter;
  const authorization = `Bearer ${TOKEN}`;
  return {
    ...{ url, folder, stop },
    get: (path, headers = {}) => fetch(url + path, { headers: { authorization, ...headers } }),
    make: (path, headers = {}) =>
      fetch(url + path, { method: 'POST', headers: { authorization, ...headers } }),
    send: (path, body, type) =>
      fetch(url + path, { method: 'POST', body, headers: { authorization, 'content-type': type } }),
    job: async (name, asked) =>
      (await Array.fromAsync(askJob({ url, token: TOKEN, pid: 1 } as never, name, asked))) as never,
  };
}

/** Takes the referral of an adult in, and waits until it is due. */
async function take(adapter: Running): Promise<void> {
  const body = example('platform', 'referral', 'adult-referred-by-gp');
  expect((await adapter.send('/intake/platform/referral', body, 'application/json')).status).toBe(202);
  await until(async () =>
    (await adapter.job('coded-report', {})).some((one) => 'total' in one && one.total > 0),
  );
}

const CSV = { accept: 'text/csv' };

test('serves the list of a practice and day once, again under its id, and takes its receipts', async () => {
  const adapter = await start(temporaryFolder());
  await take(adapter);
  const preview = await adapter.get(`/coded-activity/${ODS}/${DAY}`, CSV);
  expect((await preview.text()).split('\r\n')).toHaveLength(3);
  const list = await adapter.make(`/coded-activity/${ODS}/${DAY}`, CSV);
  expect(list.status).toBe(201);
  const text = await list.text();
  expect(text).toContain('9990000018,Testperson,Example Ada,1948-05-17,2026-02-27,871731000000106');
  expect(text).toContain('Test Doctor,General practitioner,Y99001');
  const place = list.headers.get('content-location')!;
  expect(await (await adapter.get(place, CSV)).text()).toBe(text);
  const bundle = (await (await adapter.get(place)).json()) as Bundle;
  expect(bundle.type).toBe('collection');
  expect((await adapter.get(`/coded-activity/${ODS}/${DAY}`, CSV)).status).toBe(204);
  expect((await adapter.make(`/coded-activity/${ODS}/${DAY}`, CSV)).status).toBe(204);
  const { items } = (await (await adapter.get(`/coded-activity/${ODS}/${DAY}/batches`)).json()) as {
    items: object[];
  };
  expect(items).toMatchObject([{ practice: ODS, day: DAY, entries: 1 }]);
  const [, id] = /,([0-9a-f-]{36}),add/.exec(text)!;
  const receipts = `entry_id,action,outcome,when,by,reason\r\n${id},add,rejected,2026-03-01T09:00:00Z,Clerk,"Not ours, sorry"\r\n`;
  const rejected = await adapter.send('/coded-activity/receipts', receipts, 'text/csv');
  expect(await rejected.json()).toEqual({ taken: 1, same: 0, refused: [] });
  const report = await (await adapter.get('/coded-activity/report', CSV)).text();
  expect(report).toContain(`${ODS},rejected,add,${DAY},871731000000106`);
  expect(report).not.toContain('Not ours');
  const withReasons = await (await adapter.get('/coded-activity/report?reasons', CSV)).text();
  expect(withReasons).toContain('"Not ours, sorry"');
  const filed = JSON.stringify([
    { entry_id: id, outcome: 'filed', by: 'Clerk' },
    { entry_id: place.slice(-36), outcome: 'filed', by: 'Clerk' },
  ]);
  const taken = (await (
    await adapter.send('/coded-activity/receipts', filed, 'application/json')
  ).json()) as object;
  expect(taken).toMatchObject({ taken: 1, refused: [{ result: 'unknown' }] });
  expect(await (await adapter.get('/coded-activity/report')).json()).toMatchObject({ total: 0 });
});

test('answers nobody without the token, and says what an address, a format or a receipt lacks', async () => {
  const adapter = await start(temporaryFolder());
  for (const path of [
    `/coded-activity/${ODS}/${DAY}`,
    '/coded-activity/report',
    '/coded-activity/batches/x',
    `/coded-activity/${ODS}/${DAY}/batches`,
  ])
    expect((await fetch(adapter.url + path)).status).toBe(401);
  for (const path of ['/coded-activity/receipts', `/coded-activity/${ODS}/${DAY}`])
    expect((await fetch(adapter.url + path, { method: 'POST', body: '[]' })).status).toBe(401);
  await expectOutcome(await adapter.get(`/coded-activity/${ODS}/yesterday`), 404, 'coded-address');
  await expectOutcome(await adapter.get('/coded-activity/batches/none'), 404, 'coded-address');
  await expectOutcome(
    await adapter.make(`/coded-activity/${ODS}/${DAY}`, { accept: 'application/pdf' }),
    406,
    'coded-format',
  );
  for (const body of ['no json', '[{"entry_id":"x"}]', '[{"outcome":"filed"}]'])
    await expectOutcome(
      await adapter.send('/coded-activity/receipts', body, 'application/json'),
      400,
      'coded-receipt',
    );
});

test('makes no list for who only looks, by GET or HEAD, and for another method says which there are', async () => {
  const adapter = await start(temporaryFolder());
  await take(adapter);
  const headers = { authorization: `Bearer ${TOKEN}`, ...CSV };
  const place = `${adapter.url}/coded-activity/${ODS}/${DAY}`;
  expect((await fetch(place, { method: 'HEAD', headers })).status).toBe(200);
  expect((await fetch(place, { headers })).status).toBe(200);
  expect((await fetch(place, { method: 'PUT', headers })).status).toBe(405);
  const batches = await adapter.get(`/coded-activity/${ODS}/${DAY}/batches`);
  expect(await batches.json()).toEqual({ items: [] });
});

test('says nothing of what stands in receipts that it does not understand', async () => {
  const adapter = await start(temporaryFolder());
  const bodies = [
    ['9990000018,Testperson,filed\r\n9990000026,Elder,filed\r\n', 'text/csv'],
    ['[{"Testperson":"9990000018","outcome":"Testperson","by":9990000018}]', 'application/json'],
  ] as const;
  for (const [body, type] of bodies) {
    const answer = await adapter.send('/coded-activity/receipts', body, type);
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text).toContain('that no receipt has');
    expect(text).not.toMatch(/Testperson|Elder|99900000/);
  }
});

test('the page and the command say what is not in the record; the page names nobody', async () => {
  const adapter = await start(temporaryFolder());
  const empty = await (await fetch(`${adapter.url}/coded-activity`)).text();
  expect(empty).toContain('Nothing waits to be filed in a GP record.');
  await take(adapter);
  const page = await (await fetch(`${adapter.url}/coded-activity`)).text();
  expect(page).toContain('1 entry is not in the GP record yet');
  expect(page).toContain('Waits for the next list');
  expect(page).not.toMatch(/9990000018|Testperson/);
  const [first] = await adapter.job('coded-activity', {
    practice: ODS.toLowerCase(),
    day: DAY,
    preview: true,
  });
  expect(first).toMatchObject({ event: 'list', entries: 1 });
  const [made] = await adapter.job('coded-activity', { practice: ODS, day: DAY, format: 'fhir' });
  const { list = '' } = made as { list?: string };
  expect(await adapter.job('coded-activity', { practice: ODS, day: DAY })).toEqual([{ event: 'nothing' }]);
  expect(await adapter.job('coded-batch', { batch: list, format: 'fhir' })).toEqual([made]);
  const [groups] = await adapter.job('coded-report', { practice: ODS });
  expect(groups).toMatchObject({ total: 1, groups: [{ practice: ODS, reason: 'not-filed', entries: 1 }] });
});

test('reads files of receipts, and puts them out of the way with what is wrong of them', async () => {
  const folder = temporaryFolder();
  const receiptsFolder = join(folder, 'receipts');
  mkdirSync(receiptsFolder);
  const first = await start(folder);
  await take(first);
  const text = await (await first.make(`/coded-activity/${ODS}/${DAY}`, CSV)).text();
  await first.stop();
  const [, id] = /,([0-9a-f-]{36}),add/.exec(text)!;
  for (const [name, body] of [
    ['good.csv', `entry_id,outcome,by\n${id},filed,Clerk\n`],
    ['bad.csv', 'entry_id,outcome,by\nnone,filed,Clerk\n'],
  ] as const) {
    writeFileSync(join(receiptsFolder, name), body);
    utimesSync(join(receiptsFolder, name), 1, 1);
  }
  const second = await start(folder, { receiptsFolder }, () => Date.now() + 120_000);
  await until(async () => ['done', 'refused'].every((name) => existsSync(join(receiptsFolder, name))));
  await until(async () => readdirSync(receiptsFolder).length === 2);
  expect(readdirSync(join(receiptsFolder, 'done'))).toEqual([expect.stringContaining('good.csv')]);
  expect(readdirSync(join(receiptsFolder, 'refused')).sort()).toEqual([
    expect.stringMatching(/bad\.csv$/),
    expect.stringMatching(/bad\.csv\.outcome\.json$/),
  ]);
  expect(await (await second.get('/coded-activity/report')).json()).toMatchObject({ total: 0 });
});

test('turned on later, it looks at everybody who is there; a rule with a fault stops the start', async () => {
  const folder = temporaryFolder();
  const before = await start(folder, { since: '2026-10-01' });
  const body = example('platform', 'referral', 'adult-referred-by-gp');
  await before.send('/intake/platform/referral', body, 'application/json');
  await before.stop();
  const after = await start(folder, { since: '2026-01-01' });
  await until(async () => (await after.make(`/coded-activity/${ODS}/${DAY}`, CSV)).status === 201);
  await after.stop();
  const rule = {
    id: 'x',
    type: 'Task',
    when: 'status = ',
    date: 'authoredOn',
    author: 'owner',
    as: 'Observation',
  };
  const wrong = { rules: [{ ...rule, code: { code: '871711000000103', display: 'Declined' } }] };
  await expect(start(folder, wrong)).rejects.toThrow('Rule x of coded activity, when');
});
