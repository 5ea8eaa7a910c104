/** Lists that are put out: into folders and at a server, once each way, after everybody in them was looked at once more. */
import { hash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import { keepSuccessors } from '../../../src/nhs/ods/successors.ts';
import type { CodedEntry } from '../../../src/store/coded-entries.ts';
import { createLists } from '../../../src/target/coded/list.ts';
import { codedReport } from '../../../src/target/coded/report.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { idOf, NOW_MS } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import {
  agreed,
  DAY,
  type Desk,
  declined,
  openDesk,
  PLACES,
  PRACTICE,
  referred,
  registered,
} from './harness.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'hedgerow-activity-'));
  undo.push(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

async function deskWith(
  resources: readonly object[],
  options: Parameters<typeof openDesk>[1] = {},
): Promise<Desk> {
  const desk = openDesk(await temporaryStore(), options);
  await desk.commit([...PLACES, registered('p', '9990000018'), agreed('p'), ...resources] as never, {
    key: 'P',
  });
  return desk;
}

test('puts lists of days that are over into a folder of the practice, whole, with a manifest; and no second time', async () => {
  const path = folder();
  const way = { to: 'folder', folder: path, format: 'csv', bom: false } as const;
  const today = referred('today', 'p', { authoredOn: '2025-03-03' });
  const desk = await deskWith([referred('r', 'p'), today], { ways: [way] });
  const signal = new AbortController().signal;
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  const [name, manifest, ...more] = readdirSync(join(path, PRACTICE)).sort();
  expect(more).toEqual([]);
  expect(name).toMatch(new RegExp(`^${PRACTICE}-${DAY}-[0-9a-f]{8}\\.csv$`));
  const text = readFileSync(join(path, PRACTICE, name!), 'utf8');
  expect(readFileSync(join(path, PRACTICE, manifest!), 'utf8')).toBe(
    `${hash('sha256', text, 'hex')}  ${name}\n`,
  );
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 0, entries: 0 });
});

test('a list that could not be put out is put out at the next turn, the same one', async () => {
  const path = folder();
  const blocked = join(path, 'lists');
  writeFileSync(blocked, 'no folder');
  const way = { to: 'folder', folder: blocked, format: 'fhir', bom: false } as const;
  const desk = await deskWith([referred('r', 'p')], { ways: [way] });
  const signal = new AbortController().signal;
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be made or put out');
  const [before] = await desk.store.codedEntries.batches(PRACTICE, DAY);
  rmSync(blocked);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  const after = await desk.store.codedEntries.batches(PRACTICE, DAY);
  expect(after).toEqual([before]);
  const [name] = readdirSync(join(blocked, PRACTICE)).sort();
  expect((JSON.parse(readFileSync(join(blocked, PRACTICE, name!), 'utf8')) as Bundle).id).toBe(before!.id);
});

test('puts a list at a FHIR server under its own id, again after a failure', async () => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    got.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.writeHead(got.length === 1 ? 503 : 201).end();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  undo.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/fhir`;
  const way = { to: 'server', url, deadlineMs: 5_000, token: 'secret' } as const;
  const desk = await deskWith([referred('r', 'p')], { ways: [way] });
  const signal = new AbortController().signal;
  await expect(desk.lists.putAll(signal)).rejects.toThrow('answered 503');
  await desk.lists.putAll(signal);
  const [{ id } = { id: '' }] = await desk.store.codedEntries.batches(PRACTICE, DAY);
  expect(got).toEqual(Array(2).fill(`PUT /fhir/Bundle/${id} Bearer secret`));
});

test('a way that took a list gets it no second time while another is shut', async () => {
  const path = folder();
  const shut = join(path, 'shut');
  writeFileSync(shut, 'no folder');
  const good = join(path, 'good');
  const way = { to: 'folder', format: 'csv', bom: false } as const;
  const ways = [
    { ...way, folder: shut },
    { ...way, folder: good },
  ];
  const desk = await deskWith([referred('r', 'p')], { ways });
  const signal = new AbortController().signal;
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be written');
  // the practice has taken its file away
  const [name] = readdirSync(join(good, PRACTICE));
  rmSync(join(good, PRACTICE), { recursive: true });
  rmSync(shut);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  expect(existsSync(join(good, PRACTICE))).toBe(false);
  expect(readdirSync(join(shut, PRACTICE))).toContain(name);
});

test('a way that takes no list is one item on the worklist until it does, and its entries are not said to be out', async () => {
  const shut = join(folder(), 'shut');
  writeFileSync(shut, 'no folder');
  const way = { to: 'folder', folder: shut, format: 'csv', bom: false } as const;
  const earlier = referred('s', 'p', { authoredOn: '2025-02-27' });
  const desk = await deskWith([referred('r', 'p'), earlier], { ways: [way] });
  const signal = new AbortController().signal;
  const reasons = async (): Promise<unknown> =>
    (await codedReport(desk.store, NOW_MS)).groups.map(({ reason, entries }) => [reason, entries]);
  for (const _turn of [1, 2]) {
    await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be made or put out');
    const [item, ...more] = await desk.store.worklist({ open: true, count: 10 });
    expect(more).toEqual([]);
    expect(item).toMatchObject({ rule: 'coded-not-out', target: 'coded-activity' });
    expect(item?.outcome.issue[0]?.diagnostics).toContain(`${shut}/${PRACTICE} (`);
    expect(await reasons()).toEqual([['not-out', 2]]);
  }
  rmSync(shut);
  await desk.lists.putAll(signal);
  expect(await desk.store.worklist({ open: true, count: 10 })).toEqual([]);
  expect(await reasons()).toEqual([['not-filed', 2]]);
});

test('asks for consent again before a list that waited goes out, and lists it later where it is given again', async () => {
  const path = folder();
  const blocked = join(path, 'lists');
  writeFileSync(blocked, 'no folder');
  const way = { to: 'folder', folder: blocked, format: 'csv', bom: false } as const;
  const desk = await deskWith([referred('r', 'p')], { ways: [way] });
  await desk.commit([registered('q', '9990000026'), agreed('q'), referred('s', 'q')], { key: 'Q' });
  const signal = new AbortController().signal;
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be made or put out');
  const [made] = await desk.store.codedEntries.batches(PRACTICE, DAY);
  expect(made?.entries).toBe(2);
  const refused = agreed('p', { status: 'inactive', dateTime: '2025-03-02' });
  await desk.commit([refused], { key: 'C', sourceTimeMs: NOW_MS + 1 });
  rmSync(blocked);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  const written = readdirSync(join(blocked, PRACTICE)).filter((name) => name.endsWith('.csv'));
  const text = (name: string): string => readFileSync(join(blocked, PRACTICE, name), 'utf8');
  expect(written.map(text).join('')).not.toContain('9990000018');
  expect(written.map(text).join('')).toContain('9990000026');
  expect((await codedReport(desk.store, NOW_MS)).groups.map(({ reason }) => reason).sort()).toEqual([
    'no-consent',
    'not-filed',
  ]);
  await desk.commit([agreed('p', { dateTime: '2025-03-03' })], { key: 'C', sourceTimeMs: NOW_MS + 2 });
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
});

test('a person whose entries cannot be looked at stops no list of the others, and is in none', async () => {
  const desk = await deskWith([referred('r', 'p')]);
  await desk.commit([registered('q', '9990000026'), agreed('q'), referred('s', 'q')], { key: 'Q' });
  const leftOut: number[] = [];
  const broken = {
    ...desk.coded,
    refresh: async (personId: string): Promise<void> => {
      if (personId === idOf('p')) throw new TypeError('something of this person');
      await desk.coded.refresh(personId);
    },
  };
  const { exchange } = createExchange({ maxSockets: 1 });
  const lists = createLists({
    ...{
      store: desk.store,
      coded: broken,
      clock: () => NOW_MS,
      timeZone: 'Europe/London',
      ways: [],
      exchange,
    },
    onLeftOut: (people) => leftOut.push(people),
  });
  const numbers = (entries: readonly CodedEntry[] = []): (string | undefined)[] =>
    entries.map(({ content }) => content.person?.nhsNumber);
  expect(numbers(await lists.preview(PRACTICE, DAY))).toEqual(['9990000026']);
  expect(numbers((await lists.next(PRACTICE, DAY))?.entries)).toEqual(['9990000026']);
  expect(leftOut).toEqual([1, 1]);
  expect(numbers((await desk.lists.next(PRACTICE, DAY))?.entries)).toEqual(['9990000018']);
});

test('what belongs to a practice that has closed is listed for the one that works in its place, a removal too', async () => {
  const path = folder();
  const way = { to: 'folder', folder: path, format: 'csv', bom: false } as const;
  const desk = await deskWith([referred('r', 'p')], { practices: [PRACTICE, 'Y99999'], ways: [way] });
  await desk.lists.next(PRACTICE, DAY);
  await desk.commit([declined('t', 'p')], { key: 'T' });
  const wrong = referred('r', 'p', { status: 'entered-in-error' });
  await desk.commit([wrong], { key: 'R', sourceTimeMs: NOW_MS + 1 });
  await keepSuccessors(desk.store, new Map([[PRACTICE, 'Y99999']]), NOW_MS);
  const signal = new AbortController().signal;
  await desk.lists.putAll(signal);
  const listed = await desk.store.codedEntries.batches('Y99999', DAY);
  const batches = await Promise.all(listed.map(({ id }) => desk.store.codedEntries.batch(id)));
  const said = batches
    .flatMap((batch) => batch?.entries ?? [])
    .map(({ action, content }) => `${action} ${content.rule}`);
  expect(said.sort()).toEqual(['add declined', 'remove referral']);
  expect(await desk.store.codedEntries.due({ untilDay: DAY })).toEqual([]);
});

test('leaves what belongs to a closed practice there, where no lists are made for its successor', async () => {
  const desk = await deskWith([referred('r', 'p')], { practices: [PRACTICE] });
  await keepSuccessors(desk.store, new Map([[PRACTICE, 'Y99999']]), NOW_MS);
  expect((await desk.lists.next(PRACTICE, DAY))?.entries).toHaveLength(1);
});
