/** Lists that a way may have though nothing says so: an answer is lost, or the process ends, and then a person is listable no more. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bundle } from '@medplum/fhirtypes';
import { afterEach, expect, test } from 'vitest';
import type { CodedEntry } from '../../../src/store/coded-entries.ts';
import { createLists } from '../../../src/target/coded/list.ts';
import { createExchange } from '../../../src/wire/exchange.ts';
import { type Answer, type Scripted, startScripted } from '../../servers/scripted.ts';
import { NOW_MS } from '../../store/samples.ts';
import { temporaryStore } from '../../store/temporary.ts';
import { agreed, DAY, type Desk, openDesk, PLACES, PRACTICE, referred, registered } from './harness.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

const signal = new AbortController().signal;
const TAKEN: Answer = { status: 201 };
const LOST: Answer = { cut: 'before' };
const REFUSED: Answer = { status: 503 };

/** A server that answers so, in this order, and then takes everything. */
async function answering(...answers: readonly Answer[]): Promise<Scripted> {
  const left = [...answers];
  const server = await startScripted(() => left.shift() ?? TAKEN);
  undo.push(() => server.close());
  return server;
}

/** One person, listed for a server that leaves it open whether it has the list. */
async function listedAt(server: Scripted): Promise<Desk & { readonly entry: CodedEntry }> {
  const way = { to: 'server', url: server.url, deadlineMs: 5_000 } as const;
  const desk = openDesk(await temporaryStore(), { ways: [way], practices: [PRACTICE, 'Y99999'] });
  const person = registered('p', '9990000018');
  await desk.commit([...PLACES, person, agreed('p'), referred('r', 'p')], { key: 'P' });
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be made or put out');
  return { ...desk, entry: await onlyEntry(desk) };
}

async function onlyEntry({ store }: Desk): Promise<CodedEntry> {
  const [{ id } = { id: '' }, ...more] = await store.codedEntries.batches(PRACTICE, DAY);
  expect(more).toEqual([]);
  return (await store.codedEntries.batch(id))!.entries[0]!;
}

async function refuse(desk: Desk): Promise<void> {
  const refused = agreed('p', { status: 'inactive', dateTime: '2025-03-02' });
  await desk.commit([refused], { key: 'C', sourceTimeMs: NOW_MS + 1 });
}

async function agreeAgain(desk: Desk): Promise<void> {
  await desk.commit([agreed('p', { dateTime: '2025-03-03' })], { key: 'C', sourceTimeMs: NOW_MS + 2 });
}

/** Numbers and actions that a server was sent, list by list. */
function sent({ seen }: Scripted): readonly (readonly string[])[] {
  return seen.map(({ body }) =>
    (body as Bundle).entry!.flatMap(({ resource }) => {
      if (resource?.resourceType === 'Patient') return [resource.identifier![0]!.value!];
      return resource?.resourceType === 'Procedure' ? [resource.status!] : [];
    }),
  );
}

function filed({ id }: CodedEntry) {
  return { id, action: 'add', outcome: 'filed', atMs: NOW_MS, by: 'A. Clerk' } as const;
}

test.each([['is lost', LOST] as const, ['says nothing certain', { status: 504 }] as const])(
  'where the answer to a list %s it stays: nobody is listed again, and its receipt is taken',
  async (_what, answer) => {
    const server = await answering(answer);
    const desk = await listedAt(server);
    await refuse(desk);
    await desk.lists.putAll(signal);
    // who agrees no more is sent no second time
    expect(server.seen).toHaveLength(1);
    await agreeAgain(desk);
    expect(await desk.lists.putAll(signal)).toEqual({ lists: 0, entries: 0 });
    expect(await desk.store.codedEntries.receive([filed(desk.entry)], NOW_MS)).toEqual(['taken']);
  },
);

test('a refusal after a lost answer says nothing of the first time', async () => {
  const server = await answering(LOST, REFUSED);
  const desk = await listedAt(server);
  await expect(desk.lists.putAll(signal)).rejects.toThrow('answered 503');
  await refuse(desk);
  await desk.lists.putAll(signal);
  await agreeAgain(desk);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 0, entries: 0 });
  expect(await desk.store.codedEntries.receive([filed(desk.entry)], NOW_MS)).toEqual(['taken']);
});

test('a list that was surely refused is nobody’s: who is in it is listed anew once they may be', async () => {
  const server = await answering(REFUSED);
  const desk = await listedAt(server);
  await refuse(desk);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 0, entries: 0 });
  expect(await desk.store.codedEntries.receive([filed(desk.entry)], NOW_MS)).toEqual(['unknown']);
  await agreeAgain(desk);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
});

test('what may be in a record under a wrong number is taken out there, and the same person added under the right one', async () => {
  const server = await answering(LOST);
  const desk = await listedAt(server);
  await desk.commit([registered('p', '9990000026')], { key: 'P2', sourceTimeMs: NOW_MS + 1 });
  await desk.lists.putAll(signal);
  const [first, ...more] = sent(server);
  expect(first).toEqual(['9990000018', 'completed']);
  expect(more.flat().sort()).toEqual(['9990000018', '9990000026', 'completed', 'entered-in-error']);
});

test('who moves after a lost answer is not listed a second time at the new practice', async () => {
  const server = await answering(LOST);
  const desk = await listedAt(server);
  const moved = registered('p', '9990000018', { practice: 'other-practice' });
  await desk.commit([moved], { key: 'P2', sourceTimeMs: NOW_MS + 1 });
  await desk.lists.putAll(signal);
  expect(await desk.store.codedEntries.batches('Y99999', DAY)).toEqual([]);
  expect(await desk.store.codedEntries.receive([filed(desk.entry)], NOW_MS)).toEqual(['taken']);
});

test('of a list that a server may have, the others in it are sent again, under the same id', async () => {
  const server = await answering(LOST);
  const way = { to: 'server', url: server.url, deadlineMs: 5_000 } as const;
  const desk = openDesk(await temporaryStore(), { ways: [way] });
  await desk.commit([...PLACES, registered('p', '9990000018'), agreed('p'), referred('r', 'p')], {
    key: 'P',
  });
  await desk.commit([registered('q', '9990000026'), agreed('q'), referred('s', 'q')], { key: 'Q' });
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be made or put out');
  await refuse(desk);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 1, entries: 1 });
  expect(sent(server)[1]).toEqual(['9990000026', 'completed']);
  expect(new Set(server.seen.map(({ path }) => path)).size).toBe(1);
});

test('a process that ends right after a way took a list leaves it as it is', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-lost-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const way = { to: 'folder', folder, format: 'csv', bom: false } as const;
  const desk = openDesk(await temporaryStore(), { ways: [way] });
  await desk.commit([...PLACES, registered('p', '9990000018'), agreed('p'), referred('r', 'p')], {
    key: 'P',
  });
  const ended = (): never => {
    throw new Error('the process ended');
  };
  const { exchange, close } = createExchange();
  undo.push(close);
  const dying = createLists({
    ...{ coded: desk.coded, clock: () => NOW_MS, timeZone: 'Europe/London', ways: [way], exchange },
    store: {
      codedEntries: { ...desk.store.codedEntries, putBy: ended, put: ended, notBegun: ended },
      personOf: (id) => desk.store.personOf(id),
      job: (name) => desk.store.job(name),
    },
  });
  await expect(dying.putAll(signal)).rejects.toThrow('could not be made or put out');
  const files = readdirSync(join(folder, PRACTICE));
  expect(files).toHaveLength(2);
  const entry = await onlyEntry(desk);
  await refuse(desk);
  await desk.lists.putAll(signal);
  await agreeAgain(desk);
  expect(await desk.lists.putAll(signal)).toEqual({ lists: 0, entries: 0 });
  expect(readdirSync(join(folder, PRACTICE))).toEqual(files);
  expect(await desk.store.codedEntries.receive([filed(entry)], NOW_MS)).toEqual(['taken']);
});

test('a file that may be whole, though its manifest could not be finished, is a list that the practice may have', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hedgerow-lost-'));
  undo.push(() => rmSync(folder, { recursive: true, force: true }));
  const put = async (name: string): Promise<Desk> => {
    const way = { to: 'folder', folder: join(folder, name), format: 'csv', bom: false } as const;
    const desk = openDesk(await temporaryStore(), { ways: [way] });
    const person = registered('p', '9990000018');
    await desk.commit([...PLACES, person, agreed('p'), referred('r', 'p')], { key: 'P' });
    return desk;
  };
  // the same entries at the same time are a list of the same name
  await (await put('first')).lists.putAll(signal);
  const [name, manifest] = readdirSync(join(folder, 'first', PRACTICE)).sort();
  const desk = await put('second');
  const inTheWay = join(folder, 'second', PRACTICE, manifest!);
  mkdirSync(inTheWay, { recursive: true });
  await expect(desk.lists.putAll(signal)).rejects.toThrow('could not be written');
  expect(existsSync(join(folder, 'second', PRACTICE, name!))).toBe(true);
  const entry = await onlyEntry(desk);
  rmSync(inTheWay, { recursive: true });
  await refuse(desk);
  await desk.lists.putAll(signal);
  expect(await desk.store.codedEntries.receive([filed(entry)], NOW_MS)).toEqual(['taken']);
});

test('a list that somebody fetched goes out no other way, whatever becomes of their answer', async () => {
  const server = await answering();
  const way = { to: 'server', url: server.url, deadlineMs: 5_000 } as const;
  const desk = openDesk(await temporaryStore(), { ways: [way] });
  await desk.commit([...PLACES, registered('p', '9990000018'), agreed('p'), referred('r', 'p')], {
    key: 'P',
  });
  expect((await desk.lists.next(PRACTICE, DAY))?.entries).toHaveLength(1);
  await desk.lists.putAll(signal);
  expect(server.seen).toEqual([]);
});
